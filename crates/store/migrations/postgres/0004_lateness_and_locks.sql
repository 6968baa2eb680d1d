-- Results: tardy and left-early logs, at most one per employee and work date, and their sums.
CREATE TABLE lateness (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, date TEXT COLLATE "C" NOT NULL, minutes BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, kind, date)
);
CREATE TABLE lateness_sum (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, days BIGINT NOT NULL, minutes BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, kind)
);

-- Decisions: locked dates, and what came too late for them. A delta stands until it is posted or the facts agree again.
CREATE TABLE locked_period (
  tenant BIGINT NOT NULL, first_date TEXT COLLATE "C" NOT NULL, last_date TEXT COLLATE "C" NOT NULL,
  locked_us BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, first_date)
);
CREATE TABLE delta (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL, found_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, date, employee)
);
CREATE TABLE posted_delta (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL, posted_us BIGINT NOT NULL, body TEXT COLLATE "C" NOT NULL,
  into_date TEXT COLLATE "C" NOT NULL, actor TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, employee, date, posted_us)
);
CREATE INDEX posted_delta_by_date ON posted_delta (tenant, into_date, employee);
