-- Where judged days go: a sink is another system with its settings as JSON; `paused` says why nothing is sent to it now.
CREATE TABLE sink (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL, paused TEXT COLLATE "C",
  PRIMARY KEY (tenant, name)
);

-- What a sink knows of a day, and what it is to be told. `revision` counts the changes that it is to hear of, `offered` is the highest that
-- was ever on its way, `sent` the highest that it took. `seq` is the order in which the days of one employee changed.
CREATE TABLE outbox (
  tenant BIGINT NOT NULL, sink TEXT COLLATE "C" NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL,
  revision BIGINT NOT NULL, offered BIGINT NOT NULL, sent BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL, attempts BIGINT NOT NULL,
  changed_us BIGINT NOT NULL, tried_us BIGINT, sent_us BIGINT, digest BYTEA, receipt TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, sink, employee, date)
);
CREATE INDEX outbox_state ON outbox (tenant, sink, state, employee, seq, date);
