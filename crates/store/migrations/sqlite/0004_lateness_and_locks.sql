-- Results: tardy and left-early logs, at most one per employee and work date, and their sums.
CREATE TABLE lateness (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, kind TEXT NOT NULL, date TEXT NOT NULL, minutes INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, kind, date)
) STRICT, WITHOUT ROWID;
CREATE TABLE lateness_sum (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, kind TEXT NOT NULL, days INTEGER NOT NULL, minutes INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, kind)
) STRICT, WITHOUT ROWID;

-- Decisions: locked dates, and what came too late for them. A delta stands until it is posted or the facts agree again.
CREATE TABLE locked_period (
  tenant INTEGER NOT NULL, first_date TEXT NOT NULL, last_date TEXT NOT NULL,
  locked_us INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (tenant, first_date)
) STRICT, WITHOUT ROWID;
CREATE TABLE delta (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL, body TEXT NOT NULL, found_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, date, employee)
) STRICT, WITHOUT ROWID;
CREATE TABLE posted_delta (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL, posted_us INTEGER NOT NULL, body TEXT NOT NULL,
  into_date TEXT NOT NULL, actor TEXT NOT NULL,
  PRIMARY KEY (tenant, employee, date, posted_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX posted_delta_by_date ON posted_delta (tenant, into_date, employee);
