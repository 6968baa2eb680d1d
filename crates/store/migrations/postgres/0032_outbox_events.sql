-- For sinks that hear of every revision of a day as an event: what is still to be sent, each with what was known of the day when it was
-- noted. It goes when it was taken. `event` of the outbox is the last event of a day.
CREATE TABLE outbox_event (
  tenant BIGINT NOT NULL, sink TEXT COLLATE "C" NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL, revision BIGINT NOT NULL,
  seq BIGINT NOT NULL, event TEXT COLLATE "C" NOT NULL, fields TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, sink, employee, date, revision)
);
CREATE INDEX outbox_event_order ON outbox_event (tenant, sink, employee, seq, date, revision);
ALTER TABLE outbox ADD COLUMN event TEXT COLLATE "C";
