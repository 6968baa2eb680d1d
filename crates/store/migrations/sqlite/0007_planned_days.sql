-- Results: the plans of dates to come, as they were last generated. All of it can be computed again; days are not made of it.
CREATE TABLE planned_day (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, date TEXT NOT NULL, plan TEXT NOT NULL, generated_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, employee, date)
) STRICT, WITHOUT ROWID;
