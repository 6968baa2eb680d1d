-- Decisions: a user of a terminal, as it was called when somebody said so, is none of the employees.
CREATE TABLE dismissed_user (
  tenant INTEGER NOT NULL, origin TEXT NOT NULL, user_number TEXT NOT NULL, name TEXT NOT NULL,
  dismissed_us INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (tenant, origin, user_number)
) STRICT, WITHOUT ROWID;
