CREATE TABLE monitoring_settings (
    organization_id           BLOB PRIMARY KEY REFERENCES organizations (id),
    retention_days            INTEGER NOT NULL,
    refresh_failure_percent   INTEGER NOT NULL,
    refresh_least             INTEGER NOT NULL,
    login_failures_of_account INTEGER,
    login_failures_of_network INTEGER,
    no_refresh_minutes        INTEGER,
    opening_hours             TEXT NOT NULL CHECK (json_valid(opening_hours)),
    time_zone                 TEXT NOT NULL,
    recipients                TEXT NOT NULL CHECK (json_valid(recipients)),
    language                  TEXT NOT NULL CHECK (language IN ('french', 'english')),
    repeat_minutes            INTEGER,
    webhook_url               TEXT
) STRICT, WITHOUT ROWID;

-- The one way to a mail server; the password is sealed under a key that is not in this database.
CREATE TABLE mail_settings (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    host            TEXT NOT NULL,
    port            INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    security        TEXT NOT NULL CHECK (security IN ('starttls', 'tls', 'none')),
    sender          TEXT NOT NULL,
    recipient       TEXT,
    username        TEXT,
    sealed_password BLOB
) STRICT;

CREATE TABLE alerts (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    kind            TEXT NOT NULL,
    subject_key     TEXT NOT NULL,
    subject         TEXT,
    began_at        INTEGER NOT NULL,
    stood_at        INTEGER NOT NULL,
    ended_at        INTEGER,
    worst_count     INTEGER NOT NULL,
    worst_of        INTEGER
) STRICT, WITHOUT ROWID;
-- Of several that begin the same alert at once, one does.
CREATE UNIQUE INDEX alerts_that_last ON alerts (organization_id, kind, subject_key) WHERE ended_at IS NULL;
CREATE INDEX alerts_that_ended ON alerts (organization_id, began_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX alerts_by_end ON alerts (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE alert_messages (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    alert_id      BLOB NOT NULL REFERENCES alerts (id),
    channel       TEXT NOT NULL CHECK (channel IN ('mail', 'webhook')),
    address       TEXT NOT NULL,
    occasion      TEXT NOT NULL CHECK (occasion IN ('began', 'lasts', 'ended')),
    number        INTEGER NOT NULL,
    made_at       INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    tries         INTEGER NOT NULL,
    next_try_at   INTEGER NOT NULL,
    claim         BLOB CHECK (length(claim) = 16),
    claimed_until INTEGER,
    UNIQUE (alert_id, channel, address, occasion, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_messages_that_wait ON alert_messages (next_try_at, id) WHERE state = 'waiting';
