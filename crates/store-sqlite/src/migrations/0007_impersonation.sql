-- Somebody above all organisations at work as somebody else: a session of its own without a refresh token, that hangs on the
-- session it was begun from. Its end is noted by its own mark; the other one is set from the start, since it is none of the
-- sessions that figures are about.
ALTER TABLE sessions ADD COLUMN impersonator_user_id BLOB REFERENCES users (id);
ALTER TABLE sessions ADD COLUMN impersonator_session_id BLOB
    CHECK ((impersonator_session_id IS NULL) = (impersonator_user_id IS NULL));
ALTER TABLE sessions ADD COLUMN impersonation_reason TEXT
    CHECK ((impersonation_reason IS NULL) = (impersonator_user_id IS NULL));
ALTER TABLE sessions ADD COLUMN impersonation_end_noted_at INTEGER;

CREATE INDEX sessions_by_impersonator ON sessions (impersonator_session_id) WHERE impersonator_session_id IS NOT NULL;
CREATE INDEX sessions_by_unnoted_impersonation ON sessions (expires_at)
    WHERE impersonator_session_id IS NOT NULL AND impersonation_end_noted_at IS NULL;

CREATE TABLE impersonation_settings (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    allowed_networks TEXT NOT NULL CHECK (json_valid(allowed_networks)),
    tell_target      INTEGER NOT NULL CHECK (tell_target IN (0, 1))
) STRICT;

-- The same notices, of two kinds more.
CREATE TABLE more_security_notices (
    id      BLOB PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL
        CHECK (kind IN ('new_device', 'new_network', 'device_limit', 'password_changed', 'proof_refused', 'impersonated',
            'impersonation_started')),
    detail  TEXT NOT NULL CHECK (json_valid(detail)),
    seen_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO more_security_notices SELECT id, user_id, at, kind, detail, seen_at FROM security_notices;
DROP TABLE security_notices;
ALTER TABLE more_security_notices RENAME TO security_notices;
CREATE INDEX security_notices_by_user ON security_notices (user_id, at, id);
