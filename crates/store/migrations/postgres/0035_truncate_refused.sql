-- TRUNCATE asks no guard of a row. Evidence that is insert only refuses it, too, unless its transaction is erasing; that is how a
-- database is emptied which a backup replaces.
CREATE FUNCTION refuse_truncate_unless_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM erasing) THEN RETURN NULL; END IF;
  RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
CREATE FUNCTION refuse_truncate(guarded REGCLASS) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER truncate_is_refused BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate_unless_erasing()',
    guarded);
END $$;
-- A partition can be truncated alone, so each has its own guard.
SELECT refuse_truncate(guarded) FROM (
  SELECT unnest(ARRAY['audit', 'differing_copy', 'doubted_receipt', 'erasure', 'fact', 'punch', 'punch_statement', 'seal'])::regclass
  UNION SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'punch'::regclass
) AS evidence (guarded);

-- As it was, and what it makes is guarded.
CREATE OR REPLACE FUNCTION make_punch_year(year INTEGER) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first BYTEA := first_key_of_year(year);
  after_last BYTEA := first_key_of_year(year + 1);
  made TEXT := 'punch_' || year;
  partition TEXT := format('CREATE TABLE %s PARTITION OF punch FOR VALUES FROM (%L) TO (%L)', made, first, after_last);
BEGIN
  IF to_regclass(made) IS NOT NULL THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM punch_other WHERE fingerprint >= first AND fingerprint < after_last) THEN
    EXECUTE partition;
    PERFORM refuse_truncate(made);
    RETURN;
  END IF;
  ALTER TABLE punch DETACH PARTITION punch_other;
  ALTER TABLE punch_other RENAME TO punch_before;
  ALTER INDEX punch_other_pkey RENAME TO punch_before_pkey;
  EXECUTE partition;
  CREATE TABLE punch_other PARTITION OF punch DEFAULT;
  INSERT INTO punch SELECT * FROM punch_before;
  DROP TABLE punch_before;
  PERFORM refuse_truncate(made), refuse_truncate('punch_other');
END $$;
