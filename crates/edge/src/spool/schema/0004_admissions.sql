-- The address from which a pinned terminal showed its key in a handshake, and the hash of that key.
CREATE TABLE admission (
  serial   TEXT PRIMARY KEY,
  address  TEXT NOT NULL,
  key_hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
