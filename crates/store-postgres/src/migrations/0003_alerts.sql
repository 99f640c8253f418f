CREATE TABLE monitoring_settings (
    organization_id           uuid PRIMARY KEY CONSTRAINT monitoring_settings_organization REFERENCES organizations (id),
    retention_days            bigint NOT NULL,
    refresh_failure_percent   bigint NOT NULL,
    refresh_least             bigint NOT NULL,
    login_failures_of_account bigint,
    login_failures_of_network bigint,
    no_refresh_minutes        bigint,
    opening_hours             text NOT NULL CHECK (opening_hours::json IS NOT NULL),
    time_zone                 text NOT NULL,
    recipients                text NOT NULL CHECK (recipients::json IS NOT NULL),
    language                  text NOT NULL CHECK (language IN ('french', 'english')),
    repeat_minutes            bigint,
    webhook_url               text
);

-- The one way to a mail server; the password is sealed under a key that is not in this database.
CREATE TABLE mail_settings (
    one             bigint PRIMARY KEY CHECK (one = 1),
    host            text NOT NULL,
    port            bigint NOT NULL CHECK (port BETWEEN 0 AND 65535),
    security        text NOT NULL CHECK (security IN ('starttls', 'tls', 'none')),
    sender          text NOT NULL,
    recipient       text,
    username        text,
    sealed_password bytea
);

CREATE TABLE alerts (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL CONSTRAINT alerts_organization REFERENCES organizations (id),
    kind            text NOT NULL,
    subject_key     text NOT NULL,
    subject         text,
    began_at        bigint NOT NULL,
    stood_at        bigint NOT NULL,
    ended_at        bigint,
    worst_count     bigint NOT NULL,
    worst_of        bigint
);
-- Of several that begin the same alert at once, one does.
CREATE UNIQUE INDEX alerts_that_last ON alerts (organization_id, kind, subject_key) WHERE ended_at IS NULL;
CREATE INDEX alerts_that_ended ON alerts (organization_id, began_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX alerts_by_end ON alerts (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE alert_messages (
    id            uuid PRIMARY KEY,
    alert_id      uuid NOT NULL CONSTRAINT alert_messages_alert REFERENCES alerts (id),
    channel       text NOT NULL CHECK (channel IN ('mail', 'webhook')),
    address       text NOT NULL,
    occasion      text NOT NULL CHECK (occasion IN ('began', 'lasts', 'ended')),
    number        bigint NOT NULL,
    made_at       bigint NOT NULL,
    state         text NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    tries         bigint NOT NULL,
    next_try_at   bigint NOT NULL,
    claim         uuid,
    claimed_until bigint,
    UNIQUE (alert_id, channel, address, occasion, number)
);
CREATE INDEX alert_messages_that_wait ON alert_messages (next_try_at, id) WHERE state = 'waiting';
