-- A number may mean different people at different groups of terminals. The empty group is that of every terminal which is in no
-- other one, and what was given so far belongs to it.
ALTER TABLE terminal ADD COLUMN number_group TEXT NOT NULL DEFAULT '';
CREATE TABLE user_number_of_group (
  tenant INTEGER NOT NULL, number_group TEXT NOT NULL, number TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL,
  employee INTEGER NOT NULL,
  PRIMARY KEY (tenant, number_group, number, valid_from)
) STRICT, WITHOUT ROWID;
INSERT INTO user_number_of_group (tenant, number_group, number, valid_from, valid_to, employee)
  SELECT tenant, '', number, valid_from, valid_to, employee FROM user_number;
DROP TABLE user_number;
ALTER TABLE user_number_of_group RENAME TO user_number;
CREATE INDEX user_number_of ON user_number (tenant, employee);
