-- For sinks that hear of every revision of a day as an event: what is still to be sent, each with what was known of the day when it was
-- noted. It goes when it was taken. `event` of the outbox is the last event of a day.
CREATE TABLE outbox_event (
  tenant INTEGER NOT NULL, sink TEXT NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL, revision INTEGER NOT NULL, seq INTEGER NOT NULL,
  event TEXT NOT NULL, fields TEXT NOT NULL,
  PRIMARY KEY (tenant, sink, employee, date, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_event_order ON outbox_event (tenant, sink, employee, seq, date, revision);
ALTER TABLE outbox ADD COLUMN event TEXT;
