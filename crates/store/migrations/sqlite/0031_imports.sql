-- Which tables of punches were brought, by whom, how they were to be read, and what became of their rows. `is_trial` is 1 for a dry run whose
-- file was kept. The note stays when the file and the report are gone.
CREATE TABLE punch_import (
  tenant INTEGER NOT NULL, id INTEGER NOT NULL, at_us INTEGER NOT NULL, actor TEXT NOT NULL, name TEXT NOT NULL, size_bytes INTEGER NOT NULL,
  digest TEXT NOT NULL, mapping TEXT NOT NULL, source TEXT NOT NULL, asked TEXT NOT NULL, is_trial INTEGER NOT NULL,
  stored INTEGER NOT NULL, known INTEGER NOT NULL, held INTEGER NOT NULL, refused INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX punch_import_source ON punch_import (tenant, source, id);
CREATE INDEX punch_import_digest ON punch_import (tenant, digest, id);

-- A file as it came, once, however often: packed with gzip, by the digest (BLAKE3) of its bytes.
CREATE TABLE envelope (
  tenant INTEGER NOT NULL, digest TEXT NOT NULL, last_us INTEGER NOT NULL, packed BLOB NOT NULL,
  PRIMARY KEY (tenant, digest)
) STRICT;
CREATE INDEX envelope_age ON envelope (tenant, last_us, digest);

-- What became of each row of an import: a line of JSON each, packed with gzip.
CREATE TABLE import_report (
  tenant INTEGER NOT NULL, import INTEGER NOT NULL, at_us INTEGER NOT NULL, packed BLOB NOT NULL,
  PRIMARY KEY (tenant, import)
) STRICT;
CREATE INDEX import_report_age ON import_report (tenant, at_us, import);
