-- Whether those who look after impersonations were told that one lasted for long. What is over before this is known is not
-- told any more.
ALTER TABLE sessions ADD COLUMN impersonation_told_at bigint;
UPDATE sessions SET impersonation_told_at = impersonation_end_noted_at WHERE impersonation_end_noted_at IS NOT NULL;
CREATE INDEX sessions_by_untold_impersonation ON sessions (created_at, id)
    WHERE impersonator_session_id IS NOT NULL AND impersonation_told_at IS NULL;

-- The months that were told of.
CREATE TABLE impersonation_months (
    month   text PRIMARY KEY CHECK (month ~ '^[0-9]{4}-[01][0-9]$'),
    made_at bigint NOT NULL
);

CREATE TABLE oversight_letters (
    id            uuid PRIMARY KEY,
    matter        text NOT NULL CHECK (matter::json IS NOT NULL),
    channel       text NOT NULL CHECK (channel IN ('mail', 'webhook')),
    address       text NOT NULL,
    made_at       bigint NOT NULL,
    state         text NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    tries         bigint NOT NULL,
    next_try_at   bigint NOT NULL,
    claim         uuid,
    claimed_until bigint
);
CREATE INDEX oversight_letters_that_wait ON oversight_letters (next_try_at, id) WHERE state = 'waiting';
CREATE INDEX oversight_letters_by_age ON oversight_letters (made_at) WHERE state <> 'waiting';
