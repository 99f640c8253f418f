-- A category that tills sell no longer stays with what was sold.
ALTER TABLE categories ADD COLUMN archived_at bigint;
