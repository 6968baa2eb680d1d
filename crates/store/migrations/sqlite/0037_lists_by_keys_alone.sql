-- The list of a large company's days: each filter has an index of each order, which has all that is asked for.
DROP INDEX day_by_date;
DROP INDEX day_by_status;
DROP INDEX day_by_worked;
DROP INDEX day_by_tardy;
DROP INDEX day_with_exception;
CREATE INDEX day_by_date ON day (tenant, date, employee, worked_minutes, tardy_minutes);
CREATE INDEX day_by_employee ON day (tenant, employee, date, status, worked_minutes, tardy_minutes);
CREATE INDEX day_by_worked ON day (tenant, worked_minutes, date, employee);
CREATE INDEX day_by_tardy ON day (tenant, tardy_minutes, date, employee);
CREATE INDEX day_by_status ON day (tenant, status, date, employee, worked_minutes, tardy_minutes);
CREATE INDEX day_by_status_worked ON day (tenant, status, worked_minutes, date, employee);
CREATE INDEX day_by_status_tardy ON day (tenant, status, tardy_minutes, date, employee);
-- Each day with an exception is found under `any`, too, and each with a clock outlier under `outlier`.
DROP TABLE day_exception;
CREATE TABLE day_exception (
  tenant INTEGER NOT NULL, exception TEXT NOT NULL, date TEXT NOT NULL, employee INTEGER NOT NULL,
  status TEXT NOT NULL, worked_minutes INTEGER NOT NULL, tardy_minutes INTEGER NOT NULL,
  PRIMARY KEY (tenant, exception, date, employee)
) STRICT, WITHOUT ROWID;
INSERT INTO day_exception (tenant, exception, date, employee, status, worked_minutes, tardy_minutes)
  SELECT d.tenant, x.value, d.date, d.employee, d.status, d.worked_minutes, d.tardy_minutes FROM day d
  CROSS JOIN json_each('["' || replace(trim(d.exceptions, ','), ',', '","') || '","any"]') x WHERE d.exceptions <> '' ORDER BY 1, 2, 3, 4;
INSERT INTO day_exception (tenant, exception, date, employee, status, worked_minutes, tardy_minutes)
  SELECT tenant, 'outlier', date, employee, status, worked_minutes, tardy_minutes FROM day WHERE is_outlier = 1;
CREATE INDEX day_exception_by_employee ON day_exception (tenant, exception, employee, date, status, worked_minutes, tardy_minutes);
CREATE INDEX day_exception_by_worked ON day_exception (tenant, exception, worked_minutes, date, employee, status);
CREATE INDEX day_exception_by_tardy ON day_exception (tenant, exception, tardy_minutes, date, employee, status);
CREATE INDEX day_exception_by_status ON day_exception (tenant, exception, status, date, employee, worked_minutes, tardy_minutes);
-- What the planner is to think of a company's days, whether there are few or many: it never counts them itself.
DELETE FROM sqlite_stat1 WHERE tbl IN ('day', 'day_exception');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('day', 'day', '1000000 1000000 400 1'), ('day', 'day_by_date', '1000000 1000000 3000 1 1 1'),
  ('day', 'day_by_employee', '1000000 1000000 400 1 1 1 1'),
  ('day', 'day_by_worked', '1000000 1000000 2000 10 1'), ('day', 'day_by_tardy', '1000000 1000000 2000 10 1'),
  ('day', 'day_by_status', '1000000 1000000 100000 300 1 1 1'),
  ('day', 'day_by_status_worked', '1000000 1000000 100000 300 2 1'),
  ('day', 'day_by_status_tardy', '1000000 1000000 100000 300 2 1'),
  ('day_exception', 'day_exception', '200000 200000 10000 40 1'),
  ('day_exception', 'day_exception_by_employee', '200000 200000 10000 10 1 1 1 1'),
  ('day_exception', 'day_exception_by_worked', '200000 200000 10000 40 2 1 1'),
  ('day_exception', 'day_exception_by_tardy', '200000 200000 10000 40 2 1 1'),
  ('day_exception', 'day_exception_by_status', '200000 200000 10000 2000 10 1 1 1');
