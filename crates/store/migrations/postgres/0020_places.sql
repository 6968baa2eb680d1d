-- Reference: sites and departments, which terminal and which employee belongs to which from when on, and from when until when an
-- employee is employed. `employee.employed_from` and `employed_to` are the ends of all of an employee's employments.
CREATE TABLE site (
  tenant BIGINT NOT NULL, code TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, code)
);
CREATE TABLE department (
  tenant BIGINT NOT NULL, code TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, parent TEXT COLLATE "C",
  PRIMARY KEY (tenant, code)
);
CREATE TABLE terminal_site (
  tenant BIGINT NOT NULL, serial TEXT COLLATE "C" NOT NULL, from_date TEXT COLLATE "C" NOT NULL, site TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, serial, from_date)
);
CREATE TABLE employee_place (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, from_date TEXT COLLATE "C" NOT NULL, site TEXT COLLATE "C", department TEXT COLLATE "C",
  PRIMARY KEY (tenant, employee, from_date)
);
CREATE TABLE employment (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, from_date TEXT COLLATE "C" NOT NULL, to_date TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, employee, from_date)
);
INSERT INTO employment (tenant, employee, from_date, to_date)
  SELECT tenant, id, COALESCE(employed_from, '0001-01-01'), COALESCE(employed_to, '9999-12-31') FROM employee
  WHERE employed_from IS NOT NULL OR employed_to IS NOT NULL;
