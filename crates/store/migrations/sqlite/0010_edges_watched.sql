-- Edges are watched from afar. `health` is what the last heartbeat told, as JSON; empty from an older edge. The clock is compared at
-- every contact: from `clock_since_us` on it has only drifted, from `clock_since_ahead_us` to what it is now; then it was moved
-- by `clock_jump_us`.
ALTER TABLE edge ADD COLUMN health TEXT NOT NULL DEFAULT '';
ALTER TABLE edge ADD COLUMN clock_since_us INTEGER;
ALTER TABLE edge ADD COLUMN clock_since_ahead_us INTEGER;
ALTER TABLE edge ADD COLUMN clock_jump_us INTEGER;
ALTER TABLE edge ADD COLUMN is_silent INTEGER NOT NULL DEFAULT 0;

-- What is still to be posted about edges, in order: one row per silence and per return.
CREATE TABLE edge_notice (
  tenant INTEGER NOT NULL, edge TEXT NOT NULL, at_us INTEGER NOT NULL, body TEXT NOT NULL,
  tries INTEGER NOT NULL, due_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, edge, at_us)
) STRICT, WITHOUT ROWID;

-- What the clock of an edge showed when it received a punch, where the edge did not believe it. The punch is stored with the time at
-- which it came here.
CREATE TABLE doubted_receipt (
  tenant INTEGER NOT NULL, fingerprint BLOB NOT NULL, edge_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER doubted_receipt_is_never_changed BEFORE UPDATE ON doubted_receipt BEGIN SELECT RAISE(ABORT, 'receipts are evidence: insert only'); END;
CREATE TRIGGER doubted_receipt_is_never_deleted BEFORE DELETE ON doubted_receipt BEGIN SELECT RAISE(ABORT, 'receipts are evidence: insert only'); END;
