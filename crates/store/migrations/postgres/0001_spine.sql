-- Evidence: what the terminals said. Insert only.
CREATE TABLE punch (
  tenant BIGINT NOT NULL, fingerprint BYTEA NOT NULL,
  origin TEXT COLLATE "C" NOT NULL, user_number TEXT COLLATE "C" NOT NULL,
  printed_seconds BIGINT, printed_raw BYTEA,
  state BIGINT, verify BIGINT, work_code TEXT COLLATE "C",
  channel TEXT COLLATE "C" NOT NULL, received_us BIGINT NOT NULL, original BYTEA NOT NULL,
  PRIMARY KEY (tenant, fingerprint)
);

-- A copy of a known punch that differs in state, method or work code. The first copy wins; this one is kept.
CREATE TABLE differing_copy (
  tenant BIGINT NOT NULL, fingerprint BYTEA NOT NULL, original BYTEA NOT NULL,
  channel TEXT COLLATE "C" NOT NULL, received_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, fingerprint, original)
);

-- Interpretation: each punch is in exactly one of these three. All of it can be computed again.
CREATE TABLE resolved_punch (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, at_us BIGINT NOT NULL, fingerprint BYTEA NOT NULL, state BIGINT,
  PRIMARY KEY (tenant, employee, at_us, fingerprint)
);
CREATE INDEX resolved_punch_by_fingerprint ON resolved_punch (tenant, fingerprint);
CREATE TABLE held_punch (
  tenant BIGINT NOT NULL, reason TEXT COLLATE "C" NOT NULL, origin TEXT COLLATE "C" NOT NULL, user_number TEXT COLLATE "C" NOT NULL, fingerprint BYTEA NOT NULL,
  PRIMARY KEY (tenant, reason, origin, user_number, fingerprint)
);
CREATE INDEX held_punch_by_fingerprint ON held_punch (tenant, fingerprint);
CREATE TABLE dismissed_punch (
  tenant BIGINT NOT NULL, fingerprint BYTEA NOT NULL,
  PRIMARY KEY (tenant, fingerprint)
);

-- Decisions: what a person stated about one punch. Appended; the last one counts.
CREATE TABLE punch_statement (
  tenant BIGINT NOT NULL, fingerprint BYTEA NOT NULL, at_us BIGINT NOT NULL,
  user_number TEXT COLLATE "C", printed_seconds BIGINT, is_dismissed BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, fingerprint, at_us)
);

-- Reference.
CREATE TABLE setting (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, value TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE TABLE terminal (
  tenant BIGINT NOT NULL, serial TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, is_approved BIGINT NOT NULL,
  address TEXT COLLATE "C", comm_key_file TEXT COLLATE "C", zone TEXT COLLATE "C", via TEXT COLLATE "C" NOT NULL, first_seen_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, serial)
);
CREATE TABLE terminal_contact (
  tenant BIGINT NOT NULL, serial TEXT COLLATE "C" NOT NULL,
  punches BIGINT NOT NULL, last_contact_us BIGINT, last_complete_read_us BIGINT, records_on_terminal BIGINT, trouble TEXT COLLATE "C",
  PRIMARY KEY (tenant, serial)
);
CREATE TABLE terminal_user (
  tenant BIGINT NOT NULL, origin TEXT COLLATE "C" NOT NULL, user_number TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, seen_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, origin, user_number)
);
CREATE TABLE employee (
  tenant BIGINT NOT NULL, id BIGINT NOT NULL, code TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, is_confirmed BIGINT NOT NULL,
  zone TEXT COLLATE "C", employed_from TEXT COLLATE "C", employed_to TEXT COLLATE "C", first_punch TEXT COLLATE "C", last_punch TEXT COLLATE "C",
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX employee_code ON employee (tenant, code);
CREATE TABLE user_number (
  tenant BIGINT NOT NULL, number TEXT COLLATE "C" NOT NULL, valid_from TEXT COLLATE "C" NOT NULL, valid_to TEXT COLLATE "C" NOT NULL, employee BIGINT NOT NULL,
  PRIMARY KEY (tenant, number, valid_from)
);
CREATE INDEX user_number_of ON user_number (tenant, employee);

-- Results.
CREATE TABLE day (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL, exceptions TEXT COLLATE "C" NOT NULL, worked_minutes BIGINT NOT NULL, tardy_minutes BIGINT NOT NULL,
  left_early_minutes BIGINT NOT NULL, is_outlier BIGINT NOT NULL,
  record TEXT COLLATE "C" NOT NULL, inputs BYTEA NOT NULL, engine TEXT COLLATE "C" NOT NULL, revision BIGINT NOT NULL, derived_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, date)
);
CREATE INDEX day_by_date ON day (tenant, date, employee);

-- Work: what has to be derived again. A mark is cleared only if it is still the one that was read; its number never
-- comes again. A replay is a fact whose punches are still to be resolved again.
CREATE TABLE counter (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, value BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE TABLE dirty_week (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, week TEXT COLLATE "C" NOT NULL, mark BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, week)
);
CREATE TABLE replay (
  tenant BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, subject TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, kind, subject)
);
CREATE TABLE edge (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, high_seq BIGINT NOT NULL, version TEXT COLLATE "C" NOT NULL,
  last_seen_us BIGINT NOT NULL, clock_ahead_us BIGINT NOT NULL, queued BIGINT NOT NULL, oldest_unsent_us BIGINT,
  PRIMARY KEY (tenant, name)
);

-- Access and audit.
CREATE TABLE account (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, password_hash TEXT COLLATE "C" NOT NULL, role TEXT COLLATE "C" NOT NULL,
  is_disabled BIGINT NOT NULL, created_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE TABLE session (
  tenant BIGINT NOT NULL, token_hash BYTEA NOT NULL, account TEXT COLLATE "C" NOT NULL, expires_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, token_hash)
);
CREATE TABLE token (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, token_hash BYTEA NOT NULL,
  created_us BIGINT NOT NULL, revoked_us BIGINT,
  PRIMARY KEY (tenant, name)
);
CREATE UNIQUE INDEX token_hash ON token (tenant, token_hash);
CREATE TABLE audit (
  tenant BIGINT NOT NULL, number BIGINT NOT NULL, at_us BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL, object TEXT COLLATE "C" NOT NULL, detail TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, number)
);

-- Evidence and audit are insert only.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is insert only', TG_TABLE_NAME; END $$;
CREATE TRIGGER punch_is_never_changed BEFORE UPDATE OR DELETE ON punch FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
