-- Edges are watched from afar. `health` is what the last heartbeat told, as JSON; empty from an older edge. The clock is compared at
-- every contact: from `clock_since_us` on it has only drifted, from `clock_since_ahead_us` to what it is now; then it was moved
-- by `clock_jump_us`.
ALTER TABLE edge ADD COLUMN health TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE edge ADD COLUMN clock_since_us BIGINT;
ALTER TABLE edge ADD COLUMN clock_since_ahead_us BIGINT;
ALTER TABLE edge ADD COLUMN clock_jump_us BIGINT;
ALTER TABLE edge ADD COLUMN is_silent BIGINT NOT NULL DEFAULT 0;

-- What is still to be posted about edges, in order: one row per silence and per return.
CREATE TABLE edge_notice (
  tenant BIGINT NOT NULL, edge TEXT COLLATE "C" NOT NULL, at_us BIGINT NOT NULL, body TEXT COLLATE "C" NOT NULL,
  tries BIGINT NOT NULL, due_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, edge, at_us)
);

-- What the clock of an edge showed when it received a punch, where the edge did not believe it. The punch is stored with the time at
-- which it came here.
CREATE TABLE doubted_receipt (
  tenant BIGINT NOT NULL, fingerprint BYTEA NOT NULL, edge_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, fingerprint)
);
CREATE TRIGGER doubted_receipt_is_never_changed BEFORE UPDATE OR DELETE ON doubted_receipt FOR EACH ROW EXECUTE FUNCTION refuse_change();
