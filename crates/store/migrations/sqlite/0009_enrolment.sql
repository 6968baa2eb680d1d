-- Edges that are invited: the hash of the one-time token in the code, until the edge has shown its own token or the time is up.
CREATE TABLE invitation (
  tenant INTEGER NOT NULL, edge TEXT NOT NULL, token_hash BLOB NOT NULL, created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, edge)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitation_token ON invitation (tenant, token_hash);

-- Tokens that were given and not shown yet. Shown for the first time, one takes the place of that in `token`.
CREATE TABLE next_token (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, token_hash BLOB NOT NULL, created_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX next_token_hash ON next_token (tenant, token_hash);
