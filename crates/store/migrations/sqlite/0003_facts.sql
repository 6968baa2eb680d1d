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
