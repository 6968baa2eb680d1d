-- That a number is no longer on a terminal is known since a time, as its name is: what was seen before that does not bring it back.
ALTER TABLE terminal_user ADD COLUMN is_gone INTEGER NOT NULL DEFAULT 0;
