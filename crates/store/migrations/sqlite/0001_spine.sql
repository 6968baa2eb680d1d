-- Evidence: what the terminals said. Insert only.
CREATE TABLE punch (
  tenant INTEGER NOT NULL, fingerprint BLOB NOT NULL,
  origin TEXT NOT NULL, user_number TEXT NOT NULL,
  printed_seconds INTEGER, printed_raw BLOB,
  state INTEGER, verify INTEGER, work_code TEXT,
  channel TEXT NOT NULL, received_us INTEGER NOT NULL, original BLOB NOT NULL,
  PRIMARY KEY (tenant, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER punch_is_never_changed BEFORE UPDATE ON punch BEGIN SELECT RAISE(ABORT, 'punches are evidence: insert only'); END;
CREATE TRIGGER punch_is_never_deleted BEFORE DELETE ON punch BEGIN SELECT RAISE(ABORT, 'punches are evidence: insert only'); END;

-- A copy of a known punch that differs in state, method or work code. The first copy wins; this one is kept.
CREATE TABLE differing_copy (
  tenant INTEGER NOT NULL, fingerprint BLOB NOT NULL, original BLOB NOT NULL,
  channel TEXT NOT NULL, received_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, fingerprint, original)
) STRICT, WITHOUT ROWID;

-- Interpretation: each punch is in exactly one of these three. All of it can be computed again.
CREATE TABLE resolved_punch (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, at_us INTEGER NOT NULL, fingerprint BLOB NOT NULL, state INTEGER,
  PRIMARY KEY (tenant, employee, at_us, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX resolved_punch_by_fingerprint ON resolved_punch (tenant, fingerprint);
CREATE TABLE held_punch (
  tenant INTEGER NOT NULL, reason TEXT NOT NULL, origin TEXT NOT NULL, user_number TEXT NOT NULL, fingerprint BLOB NOT NULL,
  PRIMARY KEY (tenant, reason, origin, user_number, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_punch_by_fingerprint ON held_punch (tenant, fingerprint);
CREATE TABLE dismissed_punch (
  tenant INTEGER NOT NULL, fingerprint BLOB NOT NULL,
  PRIMARY KEY (tenant, fingerprint)
) STRICT, WITHOUT ROWID;

-- Decisions: what a person stated about one punch. Appended; the last one counts.
CREATE TABLE punch_statement (
  tenant INTEGER NOT NULL, fingerprint BLOB NOT NULL, at_us INTEGER NOT NULL,
  user_number TEXT, printed_seconds INTEGER, is_dismissed INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (tenant, fingerprint, at_us)
) STRICT, WITHOUT ROWID;

-- Reference.
CREATE TABLE setting (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE terminal (
  tenant INTEGER NOT NULL, serial TEXT NOT NULL, name TEXT NOT NULL, is_approved INTEGER NOT NULL,
  address TEXT, comm_key_file TEXT, zone TEXT, via TEXT NOT NULL, first_seen_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, serial)
) STRICT, WITHOUT ROWID;
CREATE TABLE terminal_contact (
  tenant INTEGER NOT NULL, serial TEXT NOT NULL,
  punches INTEGER NOT NULL, last_contact_us INTEGER, last_complete_read_us INTEGER, records_on_terminal INTEGER, trouble TEXT,
  PRIMARY KEY (tenant, serial)
) STRICT, WITHOUT ROWID;
CREATE TABLE terminal_user (
  tenant INTEGER NOT NULL, origin TEXT NOT NULL, user_number TEXT NOT NULL, name TEXT NOT NULL, seen_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, origin, user_number)
) STRICT, WITHOUT ROWID;
CREATE TABLE employee (
  tenant INTEGER NOT NULL, id INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, is_confirmed INTEGER NOT NULL,
  zone TEXT, employed_from TEXT, employed_to TEXT, first_punch TEXT, last_punch TEXT,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX employee_code ON employee (tenant, code);
CREATE TABLE user_number (
  tenant INTEGER NOT NULL, number TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, employee INTEGER NOT NULL,
  PRIMARY KEY (tenant, number, valid_from)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_number_of ON user_number (tenant, employee);

-- Results.
CREATE TABLE day (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL,
  status TEXT NOT NULL, exceptions TEXT NOT NULL, worked_minutes INTEGER NOT NULL, tardy_minutes INTEGER NOT NULL,
  left_early_minutes INTEGER NOT NULL, is_outlier INTEGER NOT NULL,
  record TEXT NOT NULL, inputs BLOB NOT NULL, engine TEXT NOT NULL, revision INTEGER NOT NULL, derived_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, date)
) STRICT, WITHOUT ROWID;
CREATE INDEX day_by_date ON day (tenant, date, employee);

-- Work: what has to be derived again. A mark is cleared only if it is still the one that was read; its number never
-- comes again. A replay is a fact whose punches are still to be resolved again.
CREATE TABLE counter (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE dirty_week (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, week TEXT NOT NULL, mark INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, week)
) STRICT, WITHOUT ROWID;
CREATE TABLE replay (
  tenant INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE edge (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, high_seq INTEGER NOT NULL, version TEXT NOT NULL,
  last_seen_us INTEGER NOT NULL, clock_ahead_us INTEGER NOT NULL, queued INTEGER NOT NULL, oldest_unsent_us INTEGER,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- Access and audit.
CREATE TABLE account (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, password_hash TEXT NOT NULL, role TEXT NOT NULL,
  is_disabled INTEGER NOT NULL, created_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
  tenant INTEGER NOT NULL, token_hash BLOB NOT NULL, account TEXT NOT NULL, expires_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, token_hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE token (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, token_hash BLOB NOT NULL,
  created_us INTEGER NOT NULL, revoked_us INTEGER,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX token_hash ON token (tenant, token_hash);
CREATE TABLE audit (
  tenant INTEGER NOT NULL, number INTEGER NOT NULL, at_us INTEGER NOT NULL, actor TEXT NOT NULL,
  action TEXT NOT NULL, object TEXT NOT NULL, detail TEXT NOT NULL,
  PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is insert only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is insert only'); END;
