-- A number may mean different people at different groups of terminals. The empty group is that of every terminal which is in no
-- other one, and what was given so far belongs to it.
ALTER TABLE terminal ADD COLUMN number_group TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE TABLE user_number_of_group (
  tenant BIGINT NOT NULL, number_group TEXT COLLATE "C" NOT NULL, number TEXT COLLATE "C" NOT NULL, valid_from TEXT COLLATE "C" NOT NULL, valid_to TEXT COLLATE "C" NOT NULL,
  employee BIGINT NOT NULL,
  PRIMARY KEY (tenant, number_group, number, valid_from)
);
INSERT INTO user_number_of_group (tenant, number_group, number, valid_from, valid_to, employee)
  SELECT tenant, '', number, valid_from, valid_to, employee FROM user_number;
DROP TABLE user_number;
ALTER TABLE user_number_of_group RENAME TO user_number;
ALTER INDEX user_number_of_group_pkey RENAME TO user_number_pkey;
CREATE INDEX user_number_of ON user_number (tenant, employee);
