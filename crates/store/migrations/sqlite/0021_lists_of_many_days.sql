-- The list of a large company's days: for each filter and each order there is an index that tells which days, so that only the
-- rows that are shown are read.
CREATE INDEX day_by_status ON day (tenant, status, date, employee);
CREATE INDEX day_by_worked ON day (tenant, worked_minutes, date, employee, status, exceptions);
CREATE INDEX day_by_tardy ON day (tenant, tardy_minutes, date, employee, status, exceptions);
CREATE INDEX day_with_exception ON day (tenant, date, employee, status, exceptions) WHERE exceptions <> '';
-- The exceptions of the stored days, each under its code.
CREATE TABLE day_exception (
  tenant INTEGER NOT NULL, exception TEXT NOT NULL, date TEXT NOT NULL, employee INTEGER NOT NULL,
  PRIMARY KEY (tenant, exception, date, employee)
) STRICT, WITHOUT ROWID;
INSERT INTO day_exception (tenant, exception, date, employee) SELECT d.tenant, x.value, d.date, d.employee FROM day d
  JOIN json_each('["' || replace(trim(d.exceptions, ','), ',', '","') || '"]') x WHERE d.exceptions <> '';
-- What the planner is to think of a company's days, whether there are few or many: it never counts them itself.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('day', 'day', '1000000 1000000 400 1'), ('day', 'day_by_date', '1000000 1000000 3000 1'),
  ('day', 'day_by_status', '1000000 1000000 100000 300 1'), ('day', 'day_with_exception', '100000 100000 300 1 1 1'),
  ('day', 'day_by_worked', '1000000 1000000 2000 10 1 1 1'), ('day', 'day_by_tardy', '1000000 1000000 2000 10 1 1 1');
