-- Decisions: what people stated about working time: who works when, leave, offsite work, corrections, holidays. Appended; what was
-- withdrawn or replaced stays, with the instant of that.
CREATE TABLE fact (
  tenant INTEGER NOT NULL, number INTEGER NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  first_date TEXT NOT NULL, last_date TEXT NOT NULL, body TEXT NOT NULL,
  stated_us INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, withdrawn_us INTEGER, withdrawn_by TEXT,
  PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX fact_in_force ON fact (tenant, subject, kind, key) WHERE withdrawn_us IS NULL;
CREATE INDEX fact_by_date ON fact (tenant, subject, last_date);
ALTER TABLE employee ADD COLUMN group_name TEXT;

-- Results: tardy and left-early logs, at most one per employee and work date, and their sums.
CREATE TABLE lateness (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, kind TEXT NOT NULL, date TEXT NOT NULL, minutes INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, kind, date)
) STRICT, WITHOUT ROWID;
CREATE TABLE lateness_sum (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, kind TEXT NOT NULL, days INTEGER NOT NULL, minutes INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, kind)
) STRICT, WITHOUT ROWID;

-- Decisions: locked dates, and what came too late for them.
CREATE TABLE locked_period (
  tenant INTEGER NOT NULL, first_date TEXT NOT NULL, last_date TEXT NOT NULL,
  locked_us INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (tenant, first_date)
) STRICT, WITHOUT ROWID;
CREATE TABLE delta (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL, body TEXT NOT NULL, found_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, date)
) STRICT, WITHOUT ROWID;
CREATE TABLE posted_delta (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL, posted_us INTEGER NOT NULL, body TEXT NOT NULL,
  into_date TEXT NOT NULL, actor TEXT NOT NULL,
  PRIMARY KEY (tenant, employee, date, posted_us)
) STRICT, WITHOUT ROWID;
