-- What of the readings of a source is for a person to see, as JSON; empty where there is nothing.
ALTER TABLE source ADD COLUMN notes TEXT COLLATE "C" NOT NULL DEFAULT '';
