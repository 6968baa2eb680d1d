-- The spool that `high_seq` is of. Empty for an older edge, and for a spool that an older edge began.
ALTER TABLE edge ADD COLUMN spool TEXT NOT NULL DEFAULT '';
