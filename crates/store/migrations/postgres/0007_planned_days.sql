-- Results: the plans of dates to come, as they were last generated. All of it can be computed again; days are not made of it.
CREATE TABLE planned_day (
  tenant BIGINT NOT NULL, employee BIGINT NOT NULL, date TEXT COLLATE "C" NOT NULL, plan TEXT NOT NULL, generated_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, employee, date)
);
