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

-- Results: tardy and left-early logs, at most one per employee and work date, and their sums.
CREATE TABLE lateness (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, date TEXT COLLATE "C" NOT NULL, minutes BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, kind, date)
);
CREATE TABLE lateness_sum (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, days BIGINT NOT NULL, minutes BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, kind)
);

-- Decisions: locked dates, and what came too late for them.
CREATE TABLE locked_period (
  tenant BIGINT NOT NULL, first_date TEXT COLLATE "C" NOT NULL, last_date TEXT COLLATE "C" NOT NULL,
  locked_us BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, first_date)
);
CREATE TABLE delta (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL, found_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, date)
);
CREATE TABLE posted_delta (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL, posted_us BIGINT NOT NULL, body TEXT COLLATE "C" NOT NULL,
  into_date TEXT COLLATE "C" NOT NULL, actor TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, employee, date, posted_us)
);
