-- What a day refers to carries its organisation.
CREATE UNIQUE INDEX tills_of_organization ON tills (organization_id, id);

CREATE TABLE till_days (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    till_id         uuid NOT NULL,
    opened_at       bigint NOT NULL,
    opened_by       uuid NOT NULL CONSTRAINT till_days_opened_by REFERENCES users (id),
    float_cents     bigint NOT NULL,
    closed_at       bigint,
    closed_by       uuid CONSTRAINT till_days_closed_by REFERENCES users (id),
    counted_cents   bigint,
    expected_cents  bigint,
    comment         text NOT NULL,
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK ((closed_at IS NULL) = (counted_cents IS NULL)),
    CHECK ((closed_at IS NULL) = (expected_cents IS NULL)),
    CHECK (closed_at IS NULL OR counted_cents = expected_cents OR comment <> ''),
    UNIQUE (organization_id, id),
    CONSTRAINT till_days_till FOREIGN KEY (organization_id, till_id) REFERENCES tills (organization_id, id)
);
CREATE UNIQUE INDEX till_days_open ON till_days (till_id) WHERE closed_at IS NULL;
CREATE INDEX till_days_by_organization ON till_days (organization_id, opened_at, id);
CREATE INDEX till_days_by_till ON till_days (till_id, opened_at, id);

-- What is closed stays as it is.
CREATE FUNCTION refuse_to_change_a_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a closed day stays closed';
END $$;
CREATE TRIGGER till_days_stay_closed BEFORE UPDATE ON till_days
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_to_change_a_closed_day();

ALTER TABLE sales ADD COLUMN till_day_id uuid;
ALTER TABLE sales ADD CONSTRAINT sales_till_day FOREIGN KEY (organization_id, till_day_id)
    REFERENCES till_days (organization_id, id);
CREATE INDEX sales_by_till_day ON sales (till_day_id) WHERE till_day_id IS NOT NULL;
