-- Reference: sites and departments, which terminal and which employee belongs to which from when on, and from when until when an
-- employee is employed. `employee.employed_from` and `employed_to` are the ends of all of an employee's employments.
CREATE TABLE site (
  tenant INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (tenant, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE department (
  tenant INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, parent TEXT,
  PRIMARY KEY (tenant, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE terminal_site (
  tenant INTEGER NOT NULL, serial TEXT NOT NULL, from_date TEXT NOT NULL, site TEXT NOT NULL,
  PRIMARY KEY (tenant, serial, from_date)
) STRICT, WITHOUT ROWID;
CREATE TABLE employee_place (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, from_date TEXT NOT NULL, site TEXT, department TEXT,
  PRIMARY KEY (tenant, employee, from_date)
) STRICT, WITHOUT ROWID;
CREATE TABLE employment (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, from_date TEXT NOT NULL, to_date TEXT NOT NULL,
  PRIMARY KEY (tenant, employee, from_date)
) STRICT, WITHOUT ROWID;
INSERT INTO employment (tenant, employee, from_date, to_date)
  SELECT tenant, id, COALESCE(employed_from, '0001-01-01'), COALESCE(employed_to, '9999-12-31') FROM employee
  WHERE employed_from IS NOT NULL OR employed_to IS NOT NULL;
