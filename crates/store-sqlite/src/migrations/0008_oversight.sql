-- Whether those who look after impersonations were told that one lasted for long. What is over before this is known is not
-- told any more.
ALTER TABLE sessions ADD COLUMN impersonation_told_at INTEGER;
UPDATE sessions SET impersonation_told_at = impersonation_end_noted_at WHERE impersonation_end_noted_at IS NOT NULL;
CREATE INDEX sessions_by_untold_impersonation ON sessions (created_at, id)
    WHERE impersonator_session_id IS NOT NULL AND impersonation_told_at IS NULL;

-- The months that were told of.
CREATE TABLE impersonation_months (
    month   TEXT PRIMARY KEY CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]'),
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE oversight_letters (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    matter        TEXT NOT NULL CHECK (json_valid(matter)),
    channel       TEXT NOT NULL CHECK (channel IN ('mail', 'webhook')),
    address       TEXT NOT NULL,
    made_at       INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    tries         INTEGER NOT NULL,
    next_try_at   INTEGER NOT NULL,
    claim         BLOB CHECK (length(claim) = 16),
    claimed_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX oversight_letters_that_wait ON oversight_letters (next_try_at, id) WHERE state = 'waiting';
CREATE INDEX oversight_letters_by_age ON oversight_letters (made_at) WHERE state <> 'waiting';
