-- What the edge holds until the hub has it, and for a while longer.
CREATE TABLE IF NOT EXISTS entry (
  seq         INTEGER PRIMARY KEY,
  fingerprint BLOB    NOT NULL UNIQUE,
  received_us INTEGER NOT NULL,
  payload     BLOB    NOT NULL
) STRICT;

-- Later copies of a known punch that say something else (another state, say).
CREATE TABLE IF NOT EXISTS differing_copy (
  fingerprint BLOB    NOT NULL,
  payload     BLOB    NOT NULL,
  received_us INTEGER NOT NULL,
  PRIMARY KEY (fingerprint, payload)
) STRICT, WITHOUT ROWID;

-- `last` is the highest sequence ever given, also when its entry is gone; the hub holds everything up to `acked`.
CREATE TABLE IF NOT EXISTS position (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  last  INTEGER NOT NULL,
  acked INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO position (id, last, acked) VALUES (1, 0, 0);

-- Terminals that were seen or that the hub listed. `registered` is the hub's word as JSON, NULL for an unknown serial.
CREATE TABLE IF NOT EXISTS terminal (
  serial       TEXT    PRIMARY KEY,
  registered   TEXT,
  owes_upload  INTEGER NOT NULL,
  sample_lines INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS command (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  serial  TEXT    NOT NULL,
  word    TEXT    NOT NULL,
  sent_us INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS command_by_serial ON command (serial);

-- Records that name a slot which the user table of their terminal did not know when they were read.
CREATE TABLE IF NOT EXISTS unknown_slot (
  serial  TEXT    NOT NULL,
  slot    INTEGER NOT NULL,
  printed TEXT    NOT NULL,
  payload BLOB    NOT NULL,
  PRIMARY KEY (serial, slot, printed)
) STRICT, WITHOUT ROWID;
