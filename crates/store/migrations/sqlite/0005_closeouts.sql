-- Completeness: what the hub holds of each source and printed date, kept in the transactions that store punches. `digest` is
-- the sum of the fingerprints, 16 bytes, big-endian.
CREATE TABLE stored_day (
  tenant INTEGER NOT NULL, origin TEXT NOT NULL, date TEXT NOT NULL, punches INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (tenant, date, origin)
) STRICT, WITHOUT ROWID;

-- The last reading of a terminal's whole log whose punches an edge saw acknowledged. It tells of dates from `first_date` on.
CREATE TABLE terminal_reading (
  tenant INTEGER NOT NULL, serial TEXT NOT NULL, read_us INTEGER NOT NULL, first_date TEXT,
  PRIMARY KEY (tenant, serial)
) STRICT, WITHOUT ROWID;

-- What such readings told of a date: the largest set. `proven` is the digest of the hub's set that was seen to hold all of what
-- the last reading told; `missing` are punches that it lacked then, those that are known listed as JSON.
CREATE TABLE closeout (
  tenant INTEGER NOT NULL, serial TEXT NOT NULL, date TEXT NOT NULL, punches INTEGER NOT NULL, digest BLOB NOT NULL,
  nameless INTEGER NOT NULL, in_spool INTEGER, read_us INTEGER NOT NULL,
  proven BLOB, missing INTEGER NOT NULL, missing_list TEXT NOT NULL,
  PRIMARY KEY (tenant, date, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX closeout_missing ON closeout (tenant, serial, date) WHERE missing > 0;
