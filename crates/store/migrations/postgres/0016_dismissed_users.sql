-- Decisions: a user of a terminal, as it was called when somebody said so, is none of the employees.
CREATE TABLE dismissed_user (
  tenant BIGINT NOT NULL, origin TEXT COLLATE "C" NOT NULL, user_number TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL,
  dismissed_us BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, origin, user_number)
);
