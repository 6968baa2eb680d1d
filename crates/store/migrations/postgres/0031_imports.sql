-- Which tables of punches were brought, by whom, how they were to be read, and what became of their rows. `is_trial` is 1 for a dry run whose
-- file was kept. The note stays when the file and the report are gone.
CREATE TABLE punch_import (
  tenant BIGINT NOT NULL, id BIGINT NOT NULL, at_us BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, size_bytes BIGINT NOT NULL,
  digest TEXT COLLATE "C" NOT NULL, mapping TEXT COLLATE "C" NOT NULL, source TEXT COLLATE "C" NOT NULL, asked TEXT COLLATE "C" NOT NULL, is_trial BIGINT NOT NULL,
  stored BIGINT NOT NULL, known BIGINT NOT NULL, held BIGINT NOT NULL, refused BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX punch_import_source ON punch_import (tenant, source, id);
CREATE INDEX punch_import_digest ON punch_import (tenant, digest, id);

-- A file as it came, once, however often: packed with gzip, by the digest (BLAKE3) of its bytes.
CREATE TABLE envelope (
  tenant BIGINT NOT NULL, digest TEXT COLLATE "C" NOT NULL, last_us BIGINT NOT NULL, packed BYTEA NOT NULL,
  PRIMARY KEY (tenant, digest)
);
CREATE INDEX envelope_age ON envelope (tenant, last_us, digest);

-- What became of each row of an import: a line of JSON each, packed with gzip.
CREATE TABLE import_report (
  tenant BIGINT NOT NULL, import BIGINT NOT NULL, at_us BIGINT NOT NULL, packed BYTEA NOT NULL,
  PRIMARY KEY (tenant, import)
);
CREATE INDEX import_report_age ON import_report (tenant, at_us, import);
