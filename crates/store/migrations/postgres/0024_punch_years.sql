-- Punches lie in partitions by the year of their printed time, whose hour leads the fingerprint: a look-up by key or by time opens one
-- or two, however many years there are. What is printed in a year without a partition (2000, 2123, or no date at all) lies
-- in `punch_other`.
CREATE FUNCTION first_key_of_year(year INTEGER) RETURNS BYTEA IMMUTABLE LANGUAGE sql AS $$
  SELECT decode(lpad(to_hex(CAST(extract(epoch FROM make_timestamp(year, 1, 1, 0, 0, 0)) / 3600 AS BIGINT) + 2147483648), 8, '0'), 'hex') $$;

-- Makes the partition of a year. What lies in `punch_other` of it moves there, without a guard being lifted: the whole of
-- `punch_other` is filled into the table anew. Nobody else may write meanwhile.
CREATE FUNCTION make_punch_year(year INTEGER) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first BYTEA := first_key_of_year(year);
  after_last BYTEA := first_key_of_year(year + 1);
  partition TEXT := format('CREATE TABLE punch_%s PARTITION OF punch FOR VALUES FROM (%L) TO (%L)', year, first, after_last);
BEGIN
  IF to_regclass('punch_' || year) IS NOT NULL THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM punch_other WHERE fingerprint >= first AND fingerprint < after_last) THEN
    EXECUTE partition;
    RETURN;
  END IF;
  ALTER TABLE punch DETACH PARTITION punch_other;
  ALTER TABLE punch_other RENAME TO punch_before;
  ALTER INDEX punch_other_pkey RENAME TO punch_before_pkey;
  EXECUTE partition;
  CREATE TABLE punch_other PARTITION OF punch DEFAULT;
  INSERT INTO punch SELECT * FROM punch_before;
  DROP TABLE punch_before;
END $$;

ALTER TABLE punch RENAME TO punch_whole;
ALTER INDEX punch_pkey RENAME TO punch_whole_pkey;
CREATE TABLE punch (
  tenant BIGINT NOT NULL, fingerprint BYTEA NOT NULL,
  origin TEXT COLLATE "C" NOT NULL, user_number TEXT COLLATE "C" NOT NULL,
  printed_seconds BIGINT, printed_raw BYTEA,
  state BIGINT, verify BIGINT, work_code TEXT COLLATE "C",
  channel TEXT COLLATE "C" NOT NULL, received_us BIGINT NOT NULL, original BYTEA NOT NULL,
  PRIMARY KEY (tenant, fingerprint)
) PARTITION BY RANGE (fingerprint);
CREATE TABLE punch_other PARTITION OF punch DEFAULT;
CREATE TRIGGER punch_is_never_changed BEFORE UPDATE ON punch FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER punch_is_only_erased BEFORE DELETE ON punch FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();

-- The years that have punches, this year and the next one. Clocks that nobody has set print years before 2010 and after that.
DO $$ DECLARE this INTEGER := extract(year FROM now()); one INTEGER; BEGIN
  FOR one IN
    SELECT DISTINCT CAST(extract(year FROM to_timestamp(printed_seconds) AT TIME ZONE 'UTC') AS INTEGER) FROM punch_whole
      WHERE fingerprint >= first_key_of_year(2010) AND fingerprint < first_key_of_year(this + 2)
    UNION SELECT this UNION SELECT this + 1
  LOOP
    PERFORM make_punch_year(one);
  END LOOP; END $$;
INSERT INTO punch (tenant, fingerprint, origin, user_number, printed_seconds, printed_raw, state, verify, work_code, channel, received_us, original)
  SELECT tenant, fingerprint, origin, user_number, printed_seconds, printed_raw, state, verify, work_code, channel, received_us, original
  FROM punch_whole;
DROP TABLE punch_whole;
