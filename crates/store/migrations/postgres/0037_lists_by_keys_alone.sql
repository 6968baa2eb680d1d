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
  tenant BIGINT NOT NULL, exception TEXT COLLATE "C" NOT NULL, date TEXT COLLATE "C" NOT NULL, employee BIGINT NOT NULL,
  status TEXT COLLATE "C" NOT NULL, worked_minutes BIGINT NOT NULL, tardy_minutes BIGINT NOT NULL,
  PRIMARY KEY (tenant, exception, date, employee)
);
INSERT INTO day_exception (tenant, exception, date, employee, status, worked_minutes, tardy_minutes)
  SELECT tenant, unnest(string_to_array(trim(BOTH ',' FROM exceptions), ',') || 'any'::TEXT), date, employee, status, worked_minutes,
  tardy_minutes FROM day WHERE exceptions <> '';
INSERT INTO day_exception (tenant, exception, date, employee, status, worked_minutes, tardy_minutes)
  SELECT tenant, 'outlier', date, employee, status, worked_minutes, tardy_minutes FROM day WHERE is_outlier = 1;
CREATE INDEX day_exception_by_employee ON day_exception (tenant, exception, employee, date, status, worked_minutes, tardy_minutes);
CREATE INDEX day_exception_by_worked ON day_exception (tenant, exception, worked_minutes, date, employee, status);
CREATE INDEX day_exception_by_tardy ON day_exception (tenant, exception, tardy_minutes, date, employee, status);
CREATE INDEX day_exception_by_status ON day_exception (tenant, exception, status, date, employee, worked_minutes, tardy_minutes);
