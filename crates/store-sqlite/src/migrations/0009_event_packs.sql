-- Single events of one organisation and one minute out of one batch are one row: a JSON array with an array for each of
-- them. The view `session_events` shows each as a row again.

CREATE TABLE event_packs (
    sequence        INTEGER PRIMARY KEY,
    organization_id BLOB CHECK (length(organization_id) = 16),
    minute          INTEGER NOT NULL,
    events          INTEGER NOT NULL CHECK (events > 0),
    body            TEXT NOT NULL
) STRICT;
CREATE INDEX event_packs_by_organization ON event_packs (organization_id, minute);

INSERT INTO event_packs (organization_id, minute, events, body)
    SELECT organization_id, at / 60000, count(*), json_group_array(json_array(at, kind, outcome, reason,
        iif(user_id IS NULL, NULL, lower(hex(user_id))), iif(site_id IS NULL, NULL, lower(hex(site_id))),
        iif(session_id IS NULL, NULL, lower(hex(session_id))), ip_address, network, device_name, device_kind, client_kind,
        latency_us, duration_seconds) ORDER BY sequence)
    FROM session_events GROUP BY organization_id, at / 60000;
DROP TABLE session_events;

CREATE VIEW session_events AS
    SELECT p.sequence * 1000000 + e.key AS sequence, e.value ->> 0 AS at, e.value ->> 1 AS kind, e.value ->> 2 AS outcome,
        e.value ->> 3 AS reason, unhex(e.value ->> 4) AS user_id, p.organization_id, unhex(e.value ->> 5) AS site_id,
        unhex(e.value ->> 6) AS session_id, e.value ->> 7 AS ip_address, e.value ->> 8 AS network,
        e.value ->> 9 AS device_name, e.value ->> 10 AS device_kind, e.value ->> 11 AS client_kind,
        e.value ->> 12 AS latency_us, e.value ->> 13 AS duration_seconds
    FROM event_packs p, json_each(p.body) e;
