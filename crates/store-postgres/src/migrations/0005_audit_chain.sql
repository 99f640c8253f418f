ALTER TABLE audit_log
    ADD COLUMN result text NOT NULL DEFAULT 'done' CHECK (result IN ('done', 'denied')),
    ADD COLUMN reason text,
    ADD COLUMN impersonated_user_id uuid,
    ADD COLUMN before_fields text NOT NULL DEFAULT '{}' CHECK (before_fields::json IS NOT NULL),
    ADD COLUMN after_fields text NOT NULL DEFAULT '{}' CHECK (after_fields::json IS NOT NULL),
    ADD COLUMN device_name text;

-- What was refused is said so from the first row on.
DROP TRIGGER audit_log_is_not_changed ON audit_log;
UPDATE audit_log SET result = 'denied' WHERE action IN
    ('login.denied', 'reauthentication.denied', 'session.refresh_reused', 'session.proof_refused');
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_audit_log();

-- Where the log begins since its oldest rows were deleted by the rule.
CREATE TABLE audit_cuts (
    number      bigint PRIMARY KEY,
    seal_number bigint NOT NULL,
    to_sequence bigint NOT NULL,
    head        bytea NOT NULL CHECK (length(head) = 32),
    cut_at      bigint NOT NULL,
    key_version bigint NOT NULL,
    signature   bytea NOT NULL
);

-- The chain: a link for each sealed row, and a signed head over some rows that follow each other.
CREATE TABLE audit_links (
    sequence bigint PRIMARY KEY,
    link     bytea NOT NULL CHECK (length(link) = 32)
);
CREATE TABLE audit_seals (
    number        bigint PRIMARY KEY,
    from_sequence bigint NOT NULL,
    to_sequence   bigint NOT NULL,
    previous_head bytea NOT NULL CHECK (length(previous_head) = 32),
    head          bytea NOT NULL CHECK (length(head) = 32),
    sealed_at     bigint NOT NULL,
    key_version   bigint NOT NULL,
    signature     bytea NOT NULL
);
CREATE INDEX audit_seals_by_time ON audit_seals (sealed_at, number);

CREATE TRIGGER audit_cuts_are_not_changed BEFORE UPDATE OR DELETE ON audit_cuts
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_audit_log();
CREATE TRIGGER audit_cuts_are_not_emptied BEFORE TRUNCATE ON audit_cuts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();
CREATE TRIGGER audit_links_are_not_changed BEFORE UPDATE ON audit_links
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_audit_log();
CREATE TRIGGER audit_links_are_not_emptied BEFORE TRUNCATE ON audit_links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();
CREATE TRIGGER audit_seals_are_not_changed BEFORE UPDATE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_audit_log();
CREATE TRIGGER audit_seals_are_not_emptied BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();

-- Rows before the newest cut may be deleted, no others.
CREATE FUNCTION refuse_to_shorten_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cut record;
BEGIN
    SELECT coalesce(max(to_sequence), 0) AS to_sequence, coalesce(max(seal_number), 0) AS seal_number
        INTO cut FROM audit_cuts;
    IF TG_TABLE_NAME = 'audit_seals' THEN
        IF OLD.number > cut.seal_number THEN
            RAISE EXCEPTION 'the audit log is only added to';
        END IF;
    ELSIF OLD.sequence > cut.to_sequence THEN
        RAISE EXCEPTION 'the audit log is only added to';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_to_shorten_the_audit_log();
CREATE TRIGGER audit_links_are_not_deleted BEFORE DELETE ON audit_links
    FOR EACH ROW EXECUTE FUNCTION refuse_to_shorten_the_audit_log();
CREATE TRIGGER audit_seals_are_not_deleted BEFORE DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_to_shorten_the_audit_log();

-- A log that is copied begins where it was cut.
CREATE OR REPLACE FUNCTION take_a_place_in_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1447643977, TG_RELID::int);
    SELECT max(sequence) INTO last FROM audit_log;
    IF NEW.sequence IS NULL THEN
        NEW.sequence := coalesce(last, 0) + 1;
    ELSIF last IS NOT NULL AND NEW.sequence <> last + 1 THEN
        RAISE EXCEPTION 'the audit log is only added to, without gaps';
    ELSIF last IS NULL AND NEW.sequence > (SELECT coalesce(max(to_sequence), 0) + 1 FROM audit_cuts) THEN
        RAISE EXCEPTION 'the audit log is only added to, without gaps';
    END IF;
    RETURN NEW;
END $$;

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
