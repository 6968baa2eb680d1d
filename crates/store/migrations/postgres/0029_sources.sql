-- What is read from other systems by itself: a source with its settings as JSON, and how it stands with it. `position` says how far it was
-- read, `tried_us` when it was asked last and `read_us` when it answered last; `down_us` is since when it does not answer, `says` why.
CREATE TABLE source (
  tenant BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL, is_paused BIGINT NOT NULL, position TEXT COLLATE "C" NOT NULL,
  tried_us BIGINT, read_us BIGINT, down_us BIGINT, says TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, name)
);

-- What an address of a source answered last, and the mark to ask with whether it has anything new.
CREATE TABLE source_page (
  tenant BIGINT NOT NULL, source TEXT COLLATE "C" NOT NULL, address TEXT COLLATE "C" NOT NULL, mark TEXT COLLATE "C", body BYTEA NOT NULL, read_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, source, address)
);
