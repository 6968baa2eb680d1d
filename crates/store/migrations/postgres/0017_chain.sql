-- Evidence and audit are chained by hash. What waits for the sealer: one row per transaction that appended rows.
CREATE TABLE arrival (
  tenant BIGINT NOT NULL, number BIGINT NOT NULL, entries BYTEA NOT NULL,
  PRIMARY KEY (tenant, number)
);
CREATE TABLE seal (
  tenant BIGINT NOT NULL, number BIGINT NOT NULL, sealed_us BIGINT NOT NULL, digest BYTEA NOT NULL, entries BYTEA NOT NULL,
  PRIMARY KEY (tenant, number)
);

-- What was erased of the chain, in places of 12 bytes: seal and place in it. While something is being erased its transaction has a row
-- in `erasing`, which nobody else ever sees.
CREATE TABLE erasure (
  tenant BIGINT NOT NULL, number BIGINT NOT NULL, at_us BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, object TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL, places BYTEA NOT NULL,
  PRIMARY KEY (tenant, number)
);
CREATE TABLE erasing (tenant BIGINT NOT NULL, PRIMARY KEY (tenant));

-- Hashes and random bytes do not shrink.
ALTER TABLE seal ALTER COLUMN entries SET STORAGE EXTERNAL;
ALTER TABLE arrival ALTER COLUMN entries SET STORAGE EXTERNAL;

-- Insert only; what is erased on record may go.
CREATE FUNCTION refuse_unless_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant) THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
CREATE FUNCTION refuse_unless_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.withdrawn_us IS NULL AND (OLD.tenant, OLD.number, OLD.subject, OLD.kind, OLD.key, OLD.first_date, OLD.last_date, OLD.body,
    OLD.stated_us, OLD.actor, OLD.reason) IS NOT DISTINCT FROM (NEW.tenant, NEW.number, NEW.subject, NEW.kind, NEW.key, NEW.first_date,
    NEW.last_date, NEW.body, NEW.stated_us, NEW.actor, NEW.reason) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
DROP TRIGGER punch_is_never_changed ON punch;
DROP TRIGGER audit_is_never_changed ON audit;
DROP TRIGGER doubted_receipt_is_never_changed ON doubted_receipt;
CREATE TRIGGER punch_is_never_changed BEFORE UPDATE ON punch FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER punch_is_only_erased BEFORE DELETE ON punch FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_is_only_erased BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER doubted_receipt_is_never_changed BEFORE UPDATE ON doubted_receipt FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER doubted_receipt_is_only_erased BEFORE DELETE ON doubted_receipt FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER differing_copy_is_never_changed BEFORE UPDATE ON differing_copy FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER differing_copy_is_only_erased BEFORE DELETE ON differing_copy FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER punch_statement_is_never_changed BEFORE UPDATE ON punch_statement FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER punch_statement_is_only_erased BEFORE DELETE ON punch_statement FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER fact_is_only_withdrawn BEFORE UPDATE ON fact FOR EACH ROW EXECUTE FUNCTION refuse_unless_withdrawn();
CREATE TRIGGER fact_is_only_erased BEFORE DELETE ON fact FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER seal_is_only_blanked BEFORE UPDATE ON seal FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER seal_is_never_deleted BEFORE DELETE ON seal FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erasure_is_never_changed BEFORE UPDATE OR DELETE ON erasure FOR EACH ROW EXECUTE FUNCTION refuse_change();
