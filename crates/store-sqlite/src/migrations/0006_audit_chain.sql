ALTER TABLE audit_log ADD COLUMN result TEXT NOT NULL DEFAULT 'done' CHECK (result IN ('done', 'denied'));
ALTER TABLE audit_log ADD COLUMN reason TEXT;
ALTER TABLE audit_log ADD COLUMN impersonated_user_id BLOB;
ALTER TABLE audit_log ADD COLUMN before_fields TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(before_fields));
ALTER TABLE audit_log ADD COLUMN after_fields TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(after_fields));
ALTER TABLE audit_log ADD COLUMN device_name TEXT;

-- What was refused is said so from the first row on.
DROP TRIGGER audit_log_is_not_changed;
UPDATE audit_log SET result = 'denied' WHERE action IN
    ('login.denied', 'reauthentication.denied', 'session.refresh_reused', 'session.proof_refused');
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

-- Where the log begins since its oldest rows were deleted by the rule.
CREATE TABLE audit_cuts (
    number      INTEGER PRIMARY KEY,
    seal_number INTEGER NOT NULL,
    to_sequence INTEGER NOT NULL,
    head        BLOB NOT NULL CHECK (length(head) = 32),
    cut_at      INTEGER NOT NULL,
    key_version INTEGER NOT NULL,
    signature   BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_cuts_have_no_gap BEFORE INSERT ON audit_cuts
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit_cuts)
BEGIN
    SELECT RAISE(ABORT, 'cuts of the audit log are only added to');
END;
CREATE TRIGGER audit_cuts_are_not_changed BEFORE UPDATE ON audit_cuts
BEGIN
    SELECT RAISE(ABORT, 'cuts of the audit log are only added to');
END;
CREATE TRIGGER audit_cuts_are_not_deleted BEFORE DELETE ON audit_cuts
BEGIN
    SELECT RAISE(ABORT, 'cuts of the audit log are only added to');
END;

-- The chain: a link for each sealed row, and a signed head over some rows that follow each other.
CREATE TABLE audit_links (
    sequence INTEGER PRIMARY KEY,
    link     BLOB NOT NULL CHECK (length(link) = 32)
) STRICT;
CREATE TABLE audit_seals (
    number        INTEGER PRIMARY KEY,
    from_sequence INTEGER NOT NULL,
    to_sequence   INTEGER NOT NULL,
    previous_head BLOB NOT NULL CHECK (length(previous_head) = 32),
    head          BLOB NOT NULL CHECK (length(head) = 32),
    sealed_at     INTEGER NOT NULL,
    key_version   INTEGER NOT NULL,
    signature     BLOB NOT NULL
) STRICT;
CREATE INDEX audit_seals_by_time ON audit_seals (sealed_at, number);

CREATE TRIGGER audit_links_have_no_gap BEFORE INSERT ON audit_links
WHEN EXISTS (SELECT 1 FROM audit_links) AND NEW.sequence <> (SELECT max(sequence) + 1 FROM audit_links)
BEGIN
    SELECT RAISE(ABORT, 'links of the audit log are only added to');
END;
CREATE TRIGGER audit_links_are_not_changed BEFORE UPDATE ON audit_links
BEGIN
    SELECT RAISE(ABORT, 'links of the audit log are only added to');
END;
CREATE TRIGGER audit_links_are_not_deleted BEFORE DELETE ON audit_links
WHEN OLD.sequence > (SELECT coalesce(max(to_sequence), 0) FROM audit_cuts)
BEGIN
    SELECT RAISE(ABORT, 'links of the audit log are only added to');
END;
CREATE TRIGGER audit_seals_have_no_gap BEFORE INSERT ON audit_seals
WHEN EXISTS (SELECT 1 FROM audit_seals) AND NEW.number <> (SELECT max(number) + 1 FROM audit_seals)
BEGIN
    SELECT RAISE(ABORT, 'seals of the audit log are only added to');
END;
CREATE TRIGGER audit_seals_are_not_changed BEFORE UPDATE ON audit_seals
BEGIN
    SELECT RAISE(ABORT, 'seals of the audit log are only added to');
END;
CREATE TRIGGER audit_seals_are_not_deleted BEFORE DELETE ON audit_seals
WHEN OLD.number > (SELECT coalesce(max(seal_number), 0) FROM audit_cuts)
BEGIN
    SELECT RAISE(ABORT, 'seals of the audit log are only added to');
END;

-- Rows before the newest cut may be deleted, no others; a log that is copied begins where it was cut.
DROP TRIGGER audit_log_has_no_gap;
CREATE TRIGGER audit_log_has_no_gap BEFORE INSERT ON audit_log
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit_log)
    AND (EXISTS (SELECT 1 FROM audit_log)
        OR NEW.sequence > (SELECT coalesce(max(to_sequence), 0) + 1 FROM audit_cuts))
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to, without gaps');
END;
DROP TRIGGER audit_log_is_not_shortened;
CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
WHEN OLD.sequence > (SELECT coalesce(max(to_sequence), 0) FROM audit_cuts)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

-- An index for each way in which the log is asked for, in the order in which it is listed.
DROP INDEX audit_log_by_organization;
CREATE INDEX audit_log_by_time ON audit_log (at, sequence);
CREATE INDEX audit_log_by_organization ON audit_log (organization_id, at, sequence);
CREATE INDEX audit_log_by_action ON audit_log (action, at, sequence, organization_id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_user_id, at, sequence);
CREATE INDEX audit_log_by_session ON audit_log (session_id, at, sequence);
CREATE INDEX audit_log_by_target ON audit_log (target, at, sequence);
CREATE INDEX audit_log_impersonated ON audit_log (impersonated_user_id, at, sequence)
    WHERE impersonated_user_id IS NOT NULL;
CREATE INDEX audit_log_denied ON audit_log (at, sequence, organization_id) WHERE result = 'denied';
