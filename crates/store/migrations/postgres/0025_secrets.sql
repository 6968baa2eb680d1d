-- What the hub shows to other systems: tokens and keys, each sealed for its place with a key that lies outside of the database.
CREATE TABLE secret (
  tenant BIGINT NOT NULL, place TEXT COLLATE "C" NOT NULL, sealed BYTEA NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, place)
);
