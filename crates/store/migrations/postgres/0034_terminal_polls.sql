-- How the last readings of each terminal ended, as edges told them: a list for people, of each terminal so many rows. Without an edge it was read
-- from here, by hand. A reading that is told again is known by its begin as it was told; the other one is by a right clock.
CREATE TABLE terminal_poll (
  tenant BIGINT NOT NULL, serial TEXT COLLATE "C" NOT NULL, told_us BIGINT NOT NULL, began_us BIGINT NOT NULL, took_ms BIGINT NOT NULL, outcome TEXT COLLATE "C" NOT NULL, says TEXT COLLATE "C" NOT NULL,
  records BIGINT, new_punches BIGINT, edge TEXT COLLATE "C",
  PRIMARY KEY (tenant, serial, told_us)
);
CREATE INDEX terminal_poll_began ON terminal_poll (tenant, serial, began_us);
CREATE INDEX terminal_poll_age ON terminal_poll (tenant, began_us, serial);
