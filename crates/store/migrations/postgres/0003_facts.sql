-- Decisions: what people stated about working time: who works when, leave, offsite work, corrections, holidays. Appended; what was
-- withdrawn or replaced stays, with the instant of that.
CREATE TABLE fact (
  tenant BIGINT NOT NULL, number BIGINT NOT NULL, subject TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL,
  first_date TEXT COLLATE "C" NOT NULL, last_date TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL,
  stated_us BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL, withdrawn_us BIGINT, withdrawn_by TEXT COLLATE "C",
  PRIMARY KEY (tenant, number)
);
CREATE UNIQUE INDEX fact_in_force ON fact (tenant, subject, kind, key) WHERE withdrawn_us IS NULL;
CREATE INDEX fact_by_date ON fact (tenant, subject, last_date);
ALTER TABLE employee ADD COLUMN group_name TEXT COLLATE "C";
