-- How the last readings of each terminal ended, as edges told them: a list for people, of each terminal so many rows. Without an edge it was read
-- from here, by hand. A reading that is told again is known by its begin as it was told; the other one is by a right clock.
CREATE TABLE terminal_poll (
  tenant INTEGER NOT NULL, serial TEXT NOT NULL, told_us INTEGER NOT NULL, began_us INTEGER NOT NULL, took_ms INTEGER NOT NULL, outcome TEXT NOT NULL, says TEXT NOT NULL,
  records INTEGER, new_punches INTEGER, edge TEXT,
  PRIMARY KEY (tenant, serial, told_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX terminal_poll_began ON terminal_poll (tenant, serial, began_us);
CREATE INDEX terminal_poll_age ON terminal_poll (tenant, began_us, serial);
