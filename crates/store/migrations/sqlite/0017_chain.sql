-- Evidence and audit are chained by hash. What waits for the sealer: one row per transaction that appended rows.
CREATE TABLE arrival (
  tenant INTEGER NOT NULL, number INTEGER NOT NULL, entries BLOB NOT NULL,
  PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE seal (
  tenant INTEGER NOT NULL, number INTEGER NOT NULL, sealed_us INTEGER NOT NULL, digest BLOB NOT NULL, entries BLOB NOT NULL,
  PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;

-- What was erased of the chain, in places of 12 bytes: seal and place in it. While something is being erased its transaction has a row
-- in `erasing`, which nobody else ever sees.
CREATE TABLE erasure (
  tenant INTEGER NOT NULL, number INTEGER NOT NULL, at_us INTEGER NOT NULL, actor TEXT NOT NULL, object TEXT NOT NULL, reason TEXT NOT NULL,
  places BLOB NOT NULL,
  PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE erasing (tenant INTEGER NOT NULL, PRIMARY KEY (tenant)) STRICT, WITHOUT ROWID;

-- Insert only; what is erased on record may go.
DROP TRIGGER punch_is_never_deleted;
DROP TRIGGER audit_is_never_deleted;
DROP TRIGGER doubted_receipt_is_never_deleted;
CREATE TRIGGER punch_is_only_erased BEFORE DELETE ON punch
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) BEGIN SELECT RAISE(ABORT, 'punches are evidence: insert only'); END;
CREATE TRIGGER audit_is_only_erased BEFORE DELETE ON audit
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) BEGIN SELECT RAISE(ABORT, 'the audit trail is insert only'); END;
CREATE TRIGGER doubted_receipt_is_only_erased BEFORE DELETE ON doubted_receipt
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) BEGIN SELECT RAISE(ABORT, 'receipts are evidence: insert only'); END;
CREATE TRIGGER differing_copy_is_only_erased BEFORE DELETE ON differing_copy
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) BEGIN SELECT RAISE(ABORT, 'copies are evidence: insert only'); END;
CREATE TRIGGER differing_copy_is_never_changed BEFORE UPDATE ON differing_copy BEGIN SELECT RAISE(ABORT, 'copies are evidence: insert only'); END;
CREATE TRIGGER punch_statement_is_only_erased BEFORE DELETE ON punch_statement
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) BEGIN SELECT RAISE(ABORT, 'statements are insert only'); END;
CREATE TRIGGER punch_statement_is_never_changed BEFORE UPDATE ON punch_statement BEGIN SELECT RAISE(ABORT, 'statements are insert only'); END;
CREATE TRIGGER fact_is_only_erased BEFORE DELETE ON fact
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) BEGIN SELECT RAISE(ABORT, 'facts are insert only'); END;
CREATE TRIGGER fact_is_only_withdrawn BEFORE UPDATE ON fact
  WHEN OLD.withdrawn_us IS NOT NULL OR (OLD.tenant, OLD.number, OLD.subject, OLD.kind, OLD.key, OLD.first_date, OLD.last_date, OLD.body,
    OLD.stated_us, OLD.actor, OLD.reason) IS NOT (NEW.tenant, NEW.number, NEW.subject, NEW.kind, NEW.key, NEW.first_date, NEW.last_date,
    NEW.body, NEW.stated_us, NEW.actor, NEW.reason) BEGIN SELECT RAISE(ABORT, 'facts are insert only'); END;
CREATE TRIGGER seal_is_never_deleted BEFORE DELETE ON seal BEGIN SELECT RAISE(ABORT, 'seals are insert only'); END;
CREATE TRIGGER seal_is_only_blanked BEFORE UPDATE ON seal
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) BEGIN SELECT RAISE(ABORT, 'seals are insert only'); END;
CREATE TRIGGER erasure_is_never_changed BEFORE UPDATE ON erasure BEGIN SELECT RAISE(ABORT, 'erasures are insert only'); END;
CREATE TRIGGER erasure_is_never_deleted BEFORE DELETE ON erasure BEGIN SELECT RAISE(ABORT, 'erasures are insert only'); END;
