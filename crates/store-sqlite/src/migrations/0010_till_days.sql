-- What a day refers to carries its organisation.
CREATE UNIQUE INDEX tills_of_organization ON tills (organization_id, id);

CREATE TABLE till_days (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL,
    till_id         BLOB NOT NULL,
    opened_at       INTEGER NOT NULL,
    opened_by       BLOB NOT NULL REFERENCES users (id),
    float_cents     INTEGER NOT NULL,
    closed_at       INTEGER,
    closed_by       BLOB REFERENCES users (id),
    counted_cents   INTEGER,
    expected_cents  INTEGER,
    comment         TEXT NOT NULL,
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK ((closed_at IS NULL) = (counted_cents IS NULL)),
    CHECK ((closed_at IS NULL) = (expected_cents IS NULL)),
    CHECK (closed_at IS NULL OR counted_cents = expected_cents OR comment <> ''),
    FOREIGN KEY (organization_id, till_id) REFERENCES tills (organization_id, id)
) STRICT;
CREATE UNIQUE INDEX till_days_open ON till_days (till_id) WHERE closed_at IS NULL;
CREATE INDEX till_days_by_organization ON till_days (organization_id, opened_at, id);
CREATE INDEX till_days_by_till ON till_days (till_id, opened_at, id);

-- What is closed stays as it is.
CREATE TRIGGER till_days_stay_closed BEFORE UPDATE ON till_days
WHEN OLD.closed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a closed day stays closed');
END;

ALTER TABLE sales ADD COLUMN till_day_id BLOB REFERENCES till_days (id);
CREATE INDEX sales_by_till_day ON sales (till_day_id) WHERE till_day_id IS NOT NULL;

-- A column that is added refers to one column only: this holds the organisation to it.
CREATE TRIGGER sales_are_of_their_organizations_day BEFORE INSERT ON sales
WHEN NEW.till_day_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM till_days WHERE id = NEW.till_day_id AND organization_id = NEW.organization_id
)
BEGIN
    SELECT RAISE(ABORT, 'a sale names a day of its organization');
END;
