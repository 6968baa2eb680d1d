-- The list of a large company's days: for each filter and each order there is an index that tells which days, so that only the
-- rows that are shown are read.
CREATE INDEX day_by_status ON day (tenant, status, date, employee);
CREATE INDEX day_by_worked ON day (tenant, worked_minutes, date, employee, status, exceptions);
CREATE INDEX day_by_tardy ON day (tenant, tardy_minutes, date, employee, status, exceptions);
CREATE INDEX day_with_exception ON day (tenant, date, employee, status, exceptions) WHERE exceptions <> '';
-- The exceptions of the stored days, each under its code.
CREATE TABLE day_exception (
  tenant BIGINT NOT NULL, exception TEXT COLLATE "C" NOT NULL, date TEXT COLLATE "C" NOT NULL, employee BIGINT NOT NULL,
  PRIMARY KEY (tenant, exception, date, employee)
);
INSERT INTO day_exception (tenant, exception, date, employee) SELECT tenant, unnest(string_to_array(trim(BOTH ',' FROM exceptions), ',')), date, employee FROM day WHERE exceptions <> '';
