-- Edges that are invited: the hash of the one-time token in the code, until the edge has shown its own token or the time is up.
CREATE TABLE invitation (
  tenant BIGINT NOT NULL, edge TEXT COLLATE "C" NOT NULL, token_hash BYTEA NOT NULL, created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, edge)
);
CREATE UNIQUE INDEX invitation_token ON invitation (tenant, token_hash);

-- Tokens that were given and not shown yet. Shown for the first time, one takes the place of that in `token`.
CREATE TABLE next_token (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, token_hash BYTEA NOT NULL, created_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE UNIQUE INDEX next_token_hash ON next_token (tenant, token_hash);
