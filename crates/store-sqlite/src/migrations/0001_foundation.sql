-- Ids are UUIDs as 16-byte blobs, times are milliseconds since 1970 UTC, money is whole cents, weight whole grams.
-- A key that crosses organisations cannot be written: every reference carries the organisation's id with it.

CREATE TABLE organizations (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sites (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    UNIQUE (organization_id, name),
    UNIQUE (organization_id, id)
) STRICT;

-- A user may belong to several organisations: the memberships carry the organisation.
CREATE TABLE users (
    id                BLOB PRIMARY KEY CHECK (length(id) = 16),
    username          TEXT NOT NULL UNIQUE,
    display_name      TEXT NOT NULL,
    password_hash     TEXT NOT NULL,
    one_time_password INTEGER NOT NULL CHECK (one_time_password IN (0, 1)),
    created_at        INTEGER NOT NULL,
    disabled_at       INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    joined          INTEGER PRIMARY KEY,
    user_id         BLOB NOT NULL REFERENCES users (id),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    site_id         BLOB,
    role            TEXT NOT NULL CHECK (role IN ('user', 'manager', 'admin', 'owner')),
    UNIQUE (user_id, organization_id),
    FOREIGN KEY (organization_id, site_id) REFERENCES sites (organization_id, id)
) STRICT;
CREATE INDEX memberships_by_organization ON memberships (organization_id);

CREATE TABLE session_settings (
    organization_id            BLOB PRIMARY KEY REFERENCES organizations (id),
    token_expiration_minutes   INTEGER NOT NULL,
    activity_threshold_minutes INTEGER NOT NULL,
    idle_timeout_minutes       INTEGER NOT NULL,
    session_max_hours          INTEGER NOT NULL,
    lock_after_minutes         INTEGER
) STRICT, WITHOUT ROWID;

-- `attempts` holds the last attempts, oldest first, 20 bytes each: the generation that was tried as a big-endian
-- number of 4 bytes, then 16 bytes of the attempt's hash. One refresh so writes one row.
CREATE TABLE sessions (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    user_id         BLOB NOT NULL REFERENCES users (id),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    site_id         BLOB,
    device_kind     TEXT NOT NULL CHECK (device_kind IN ('till', 'desk')),
    device_name     TEXT NOT NULL,
    generation      INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    attempts        BLOB NOT NULL CHECK (length(attempts) % 20 = 0),
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER NOT NULL,
    last_input_at   INTEGER NOT NULL,
    rotated_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    revoke_reason   TEXT,
    ip_address      TEXT NOT NULL,
    user_agent      TEXT NOT NULL,
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL)),
    FOREIGN KEY (organization_id, site_id) REFERENCES sites (organization_id, id)
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_by_organization ON sessions (organization_id, created_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_by_creation ON sessions (created_at) WHERE revoked_at IS NULL;

-- What has ended stays ended.
CREATE TRIGGER sessions_stay_revoked BEFORE UPDATE OF revoked_at, revoke_reason ON sessions
WHEN OLD.revoked_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a revoked session stays revoked');
END;

CREATE TABLE categories (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    id              BLOB NOT NULL CHECK (length(id) = 16),
    name            TEXT NOT NULL,
    price_cents     INTEGER,
    shortcut        TEXT,
    position        INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT;

CREATE TABLE sales (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    site_id         BLOB,
    operator_id     BLOB NOT NULL REFERENCES users (id),
    idempotency_key BLOB NOT NULL CHECK (length(idempotency_key) = 16),
    body_hash       BLOB NOT NULL CHECK (length(body_hash) = 32),
    total_cents     INTEGER NOT NULL,
    note            TEXT NOT NULL,
    finished_at     INTEGER NOT NULL,
    received_at     INTEGER NOT NULL,
    UNIQUE (organization_id, idempotency_key),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, site_id) REFERENCES sites (organization_id, id)
) STRICT;
CREATE INDEX sales_by_operator ON sales (organization_id, operator_id, received_at);

CREATE TABLE sale_lines (
    organization_id  BLOB NOT NULL,
    sale_id          BLOB NOT NULL,
    position         INTEGER NOT NULL,
    category_id      BLOB NOT NULL,
    quantity         INTEGER NOT NULL,
    weight_grams     INTEGER NOT NULL,
    unit_price_cents INTEGER NOT NULL,
    PRIMARY KEY (sale_id, position),
    FOREIGN KEY (organization_id, sale_id) REFERENCES sales (organization_id, id),
    FOREIGN KEY (organization_id, category_id) REFERENCES categories (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sale_payments (
    organization_id BLOB NOT NULL,
    sale_id         BLOB NOT NULL,
    position        INTEGER NOT NULL,
    method          TEXT NOT NULL CHECK (method IN ('cash', 'card', 'cheque')),
    amount_cents    INTEGER NOT NULL,
    PRIMARY KEY (sale_id, position),
    FOREIGN KEY (organization_id, sale_id) REFERENCES sales (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
    sequence        INTEGER PRIMARY KEY,
    id              BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    at              INTEGER NOT NULL,
    organization_id BLOB,
    actor_user_id   BLOB,
    session_id      BLOB,
    action          TEXT NOT NULL,
    target          TEXT,
    detail          TEXT NOT NULL CHECK (json_valid(detail)),
    ip_address      TEXT NOT NULL,
    user_agent      TEXT NOT NULL,
    request_id      TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_by_organization ON audit_log (organization_id, sequence);

CREATE TRIGGER audit_log_has_no_gap BEFORE INSERT ON audit_log
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit_log)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to, without gaps');
END;
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

-- One row that a readiness check writes to, to know that writing works.
CREATE TABLE probe (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    written INTEGER NOT NULL
) STRICT;
INSERT INTO probe (one, written) VALUES (1, 0);
