-- Which spool this is: the hub tells by it whose sequences it holds. Empty in one that was there before; a new file is given a word.
ALTER TABLE position ADD COLUMN spool TEXT NOT NULL DEFAULT '';
