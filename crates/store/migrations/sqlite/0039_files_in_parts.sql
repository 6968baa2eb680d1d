-- Files and reports lie in parts: a large one is neither one row nor held whole. `parts` says how many there are, and 0 while not all of them
-- are: while they are written, and once they go. What was kept before is the only part. `is_finished` is 0 while an import runs, and for ever
-- when it was broken off.
CREATE TABLE envelope_part (
  tenant INTEGER NOT NULL, digest TEXT NOT NULL, part INTEGER NOT NULL, packed BLOB NOT NULL,
  PRIMARY KEY (tenant, digest, part)
) STRICT;
INSERT INTO envelope_part (tenant, digest, part, packed) SELECT tenant, digest, 0, packed FROM envelope;
ALTER TABLE envelope DROP COLUMN packed;
ALTER TABLE envelope ADD COLUMN parts INTEGER NOT NULL DEFAULT 1;

CREATE TABLE import_report_part (
  tenant INTEGER NOT NULL, import INTEGER NOT NULL, part INTEGER NOT NULL, packed BLOB NOT NULL,
  PRIMARY KEY (tenant, import, part)
) STRICT;
INSERT INTO import_report_part (tenant, import, part, packed) SELECT tenant, import, 0, packed FROM import_report;
ALTER TABLE import_report DROP COLUMN packed;
ALTER TABLE import_report ADD COLUMN parts INTEGER NOT NULL DEFAULT 1;

ALTER TABLE punch_import ADD COLUMN is_finished INTEGER NOT NULL DEFAULT 1;
