-- Where judged days go: a sink is another system with its settings as JSON; `paused` says why nothing is sent to it now.
CREATE TABLE sink (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, paused TEXT,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What a sink knows of a day, and what it is to be told. `revision` counts the changes that it is to hear of, `offered` is the highest that
-- was ever on its way, `sent` the highest that it took. `seq` is the order in which the days of one employee changed.
CREATE TABLE outbox (
  tenant INTEGER NOT NULL, sink TEXT NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL, seq INTEGER NOT NULL,
  revision INTEGER NOT NULL, offered INTEGER NOT NULL, sent INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  changed_us INTEGER NOT NULL, tried_us INTEGER, sent_us INTEGER, digest BLOB, receipt TEXT NOT NULL,
  PRIMARY KEY (tenant, sink, employee, date)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_state ON outbox (tenant, sink, state, employee, seq, date);
