-- Who had which slot of a terminal's user table, in order. `latest` is the packed time of the latest record that is theirs.
CREATE TABLE slot_owner (
  serial TEXT    NOT NULL,
  slot   INTEGER NOT NULL,
  place  INTEGER NOT NULL,
  number TEXT    NOT NULL,
  latest INTEGER,
  PRIMARY KEY (serial, slot, place)
) STRICT, WITHOUT ROWID;
