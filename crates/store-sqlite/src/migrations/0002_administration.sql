-- Somebody who stands above all organisations; when somebody last signed in outlives the session's row.
ALTER TABLE users ADD COLUMN super_admin INTEGER NOT NULL DEFAULT 0 CHECK (super_admin IN (0, 1));
ALTER TABLE users ADD COLUMN last_sign_in_at INTEGER;
UPDATE users SET last_sign_in_at = (SELECT max(created_at) FROM sessions WHERE user_id = users.id);

ALTER TABLE sites ADD COLUMN archived_at INTEGER;

CREATE TABLE tills (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    site_id         BLOB NOT NULL,
    name            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    archived_at     INTEGER,
    FOREIGN KEY (organization_id, site_id) REFERENCES sites (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tills_by_name ON tills (site_id, name) WHERE archived_at IS NULL;
CREATE INDEX tills_by_organization ON tills (organization_id);

-- `device_key` is the SHA-256 thumbprint (RFC 7638) of the key that the refresh token is bound to.
ALTER TABLE sessions ADD COLUMN device_key BLOB CHECK (length(device_key) = 32);
ALTER TABLE sessions ADD COLUMN reauthenticated_at INTEGER;

-- Lists are read in pages, by the time of creation and the id.
DROP INDEX sessions_by_user;
DROP INDEX sessions_by_organization;
DROP INDEX sessions_by_creation;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_by_organization ON sessions (organization_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_by_creation ON sessions (created_at, id) WHERE revoked_at IS NULL;

-- What has ended is deleted in the order of its end.
CREATE INDEX sessions_by_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at) WHERE revoked_at IS NULL;

ALTER TABLE session_settings ADD COLUMN device_limit INTEGER;

CREATE TABLE sign_in_places (
    user_id       BLOB NOT NULL REFERENCES users (id),
    kind          TEXT NOT NULL CHECK (kind IN ('device', 'network')),
    fingerprint   BLOB NOT NULL CHECK (length(fingerprint) = 32),
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE security_notices (
    id      BLOB PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL
        CHECK (kind IN ('new_device', 'new_network', 'device_limit', 'password_changed', 'proof_refused')),
    detail  TEXT NOT NULL CHECK (json_valid(detail)),
    seen_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX security_notices_by_user ON security_notices (user_id, at, id);
