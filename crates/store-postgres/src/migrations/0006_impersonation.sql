-- Somebody above all organisations at work as somebody else: a session of its own without a refresh token, that hangs on the
-- session it was begun from. Its end is noted by its own mark; the other one is set from the start, since it is none of the
-- sessions that figures are about. No refresh changes a column that the indexes are about.
ALTER TABLE sessions
    ADD COLUMN impersonator_user_id uuid CONSTRAINT sessions_impersonator REFERENCES users (id),
    ADD COLUMN impersonator_session_id uuid,
    ADD COLUMN impersonation_reason text,
    ADD COLUMN impersonation_end_noted_at bigint,
    ADD CHECK ((impersonator_session_id IS NULL) = (impersonator_user_id IS NULL)),
    ADD CHECK ((impersonation_reason IS NULL) = (impersonator_user_id IS NULL));

CREATE INDEX sessions_by_impersonator ON sessions (impersonator_session_id) WHERE impersonator_session_id IS NOT NULL;
CREATE INDEX sessions_by_unnoted_impersonation ON sessions (expires_at)
    WHERE impersonator_session_id IS NOT NULL AND impersonation_end_noted_at IS NULL;

CREATE TABLE impersonation_settings (
    one              bigint PRIMARY KEY CHECK (one = 1),
    allowed_networks text NOT NULL CHECK (allowed_networks::json IS NOT NULL),
    tell_target      boolean NOT NULL
);

ALTER TABLE security_notices DROP CONSTRAINT security_notices_kind_check;
ALTER TABLE security_notices ADD CONSTRAINT security_notices_kind_check CHECK (kind IN ('new_device', 'new_network',
    'device_limit', 'password_changed', 'proof_refused', 'impersonated', 'impersonation_started'));
