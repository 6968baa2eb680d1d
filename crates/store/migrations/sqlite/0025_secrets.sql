-- What the hub shows to other systems: tokens and keys, each sealed for its place with a key that lies outside of the database.
CREATE TABLE secret (
  tenant INTEGER NOT NULL, place TEXT NOT NULL, sealed BLOB NOT NULL, at_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, place)
) STRICT, WITHOUT ROWID;
