-- What is read from other systems by itself: a source with its settings as JSON, and how it stands with it. `position` says how far it was
-- read, `tried_us` when it was asked last and `read_us` when it answered last; `down_us` is since when it does not answer, `says` why.
CREATE TABLE source (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, is_paused INTEGER NOT NULL, position TEXT NOT NULL,
  tried_us INTEGER, read_us INTEGER, down_us INTEGER, says TEXT NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What an address of a source answered last, and the mark to ask with whether it has anything new.
CREATE TABLE source_page (
  tenant INTEGER NOT NULL, source TEXT NOT NULL, address TEXT NOT NULL, mark TEXT, body BLOB NOT NULL, read_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, source, address)
) STRICT, WITHOUT ROWID;
