-- A replay that is noted again while it runs is due again: its mark is another one then.
ALTER TABLE replay ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
