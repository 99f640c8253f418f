-- What happens to sessions. `session_events` are single events, which are kept as long as each organisation sets;
-- `_minutes` and `_hours` are their sums by the minute and the hour since 1970, each named by its first minute; `_totals` only
-- grow. Ids that are not known are the nil UUID in sums, where they are part of a key. A batch of events is known again by
-- its id, so that it counts once however often it is sent.

ALTER TABLE sessions ADD COLUMN end_noted_at INTEGER;
CREATE INDEX sessions_by_unnoted_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL AND end_noted_at IS NULL;
CREATE INDEX sessions_by_unnoted_expiry ON sessions (expires_at) WHERE revoked_at IS NULL AND end_noted_at IS NULL;

CREATE TABLE session_events (
    sequence         INTEGER PRIMARY KEY,
    at               INTEGER NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('refresh', 'login', 'end')),
    outcome          TEXT NOT NULL CHECK (outcome IN ('success', 'failure', 'rejected')),
    reason           TEXT NOT NULL,
    user_id          BLOB,
    organization_id  BLOB,
    site_id          BLOB,
    session_id       BLOB,
    ip_address       TEXT NOT NULL,
    network          TEXT NOT NULL,
    device_name      TEXT NOT NULL,
    device_kind      TEXT,
    client_kind      TEXT NOT NULL,
    latency_us       INTEGER,
    duration_seconds INTEGER
) STRICT;
CREATE INDEX session_events_by_organization ON session_events (organization_id, at);

CREATE TABLE event_batches (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event_minutes (
    minute          INTEGER NOT NULL,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    site_id         BLOB NOT NULL CHECK (length(site_id) = 16),
    kind            TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    events          INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, site_id, kind, outcome, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_hours (
    minute          INTEGER NOT NULL,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    site_id         BLOB NOT NULL CHECK (length(site_id) = 16),
    kind            TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    events          INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, site_id, kind, outcome, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE failure_minutes (
    minute          INTEGER NOT NULL,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    site_id         BLOB NOT NULL CHECK (length(site_id) = 16),
    network         TEXT NOT NULL,
    user_id         BLOB NOT NULL CHECK (length(user_id) = 16),
    kind            TEXT NOT NULL,
    reason          TEXT NOT NULL,
    events          INTEGER NOT NULL,
    last_minute     INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, site_id, network, user_id, kind, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE failure_hours (
    minute          INTEGER NOT NULL,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    site_id         BLOB NOT NULL CHECK (length(site_id) = 16),
    network         TEXT NOT NULL,
    user_id         BLOB NOT NULL CHECK (length(user_id) = 16),
    kind            TEXT NOT NULL,
    reason          TEXT NOT NULL,
    events          INTEGER NOT NULL,
    last_minute     INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, site_id, network, user_id, kind, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE latency_minutes (
    minute          INTEGER NOT NULL,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    bucket          INTEGER NOT NULL,
    events          INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE latency_hours (
    minute          INTEGER NOT NULL,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    bucket          INTEGER NOT NULL,
    events          INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_minutes (
    minute               INTEGER NOT NULL,
    organization_id      BLOB NOT NULL CHECK (length(organization_id) = 16),
    site_id              BLOB NOT NULL CHECK (length(site_id) = 16),
    device_name          TEXT NOT NULL,
    observed_seconds     INTEGER NOT NULL,
    offline_seconds      INTEGER NOT NULL,
    server_fault_seconds INTEGER NOT NULL,
    refreshes            INTEGER NOT NULL,
    incidents            INTEGER NOT NULL,
    last_minute          INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, site_id, device_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_hours (
    minute               INTEGER NOT NULL,
    organization_id      BLOB NOT NULL CHECK (length(organization_id) = 16),
    site_id              BLOB NOT NULL CHECK (length(site_id) = 16),
    device_name          TEXT NOT NULL,
    observed_seconds     INTEGER NOT NULL,
    offline_seconds      INTEGER NOT NULL,
    server_fault_seconds INTEGER NOT NULL,
    refreshes            INTEGER NOT NULL,
    incidents            INTEGER NOT NULL,
    last_minute          INTEGER NOT NULL,
    PRIMARY KEY (minute, organization_id, site_id, device_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_totals (
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    site_id         BLOB NOT NULL CHECK (length(site_id) = 16),
    kind            TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    events          INTEGER NOT NULL,
    PRIMARY KEY (organization_id, site_id, kind, outcome, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE latency_totals (
    bucket INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    sum_us INTEGER NOT NULL
) STRICT;

CREATE TABLE duration_totals (
    bucket      INTEGER PRIMARY KEY,
    events      INTEGER NOT NULL,
    sum_seconds INTEGER NOT NULL
) STRICT;
