-- Completeness: what the hub holds of each source and printed date, kept in the transactions that store punches. `digest` is
-- the sum of the fingerprints, 16 bytes, big-endian.
CREATE TABLE stored_day (
  tenant BIGINT NOT NULL, origin TEXT COLLATE "C" NOT NULL, date TEXT COLLATE "C" NOT NULL, punches BIGINT NOT NULL, digest BYTEA NOT NULL,
  PRIMARY KEY (tenant, date, origin)
);

-- The last reading of a terminal's whole log whose punches an edge saw acknowledged. It tells of dates from `first_date` on.
CREATE TABLE terminal_reading (
  tenant BIGINT NOT NULL, serial TEXT COLLATE "C" NOT NULL, read_us BIGINT NOT NULL, first_date TEXT COLLATE "C",
  PRIMARY KEY (tenant, serial)
);

-- What such readings told of a date: the largest set. `proven` is the digest of the hub's set that was seen to hold all of what
-- the last reading told; `missing` are punches that it lacked then, those that are known listed as JSON.
CREATE TABLE closeout (
  tenant BIGINT NOT NULL, serial TEXT COLLATE "C" NOT NULL, date TEXT COLLATE "C" NOT NULL, punches BIGINT NOT NULL, digest BYTEA NOT NULL,
  nameless BIGINT NOT NULL, in_spool BIGINT, read_us BIGINT NOT NULL,
  proven BYTEA, missing BIGINT NOT NULL, missing_list TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, date, serial)
);
CREATE INDEX closeout_missing ON closeout (tenant, serial, date) WHERE missing > 0;
