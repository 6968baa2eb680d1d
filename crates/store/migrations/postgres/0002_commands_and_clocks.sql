-- Work: commands that people asked of terminals that push, and what became of them.
CREATE TABLE terminal_command (
  tenant BIGINT NOT NULL, id BIGINT NOT NULL, serial TEXT COLLATE "C" NOT NULL, command TEXT COLLATE "C" NOT NULL,
  asked_by TEXT COLLATE "C" NOT NULL, asked_us BIGINT NOT NULL, expires_us BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL, sent_times BIGINT NOT NULL, result_code BIGINT, result_text TEXT COLLATE "C" NOT NULL, changed_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX terminal_command_by_state ON terminal_command (tenant, state, id);
CREATE INDEX terminal_command_by_serial ON terminal_command (tenant, serial, id);

-- What a terminal must show when it pushes, and whether its handshake may set its clock.
ALTER TABLE terminal ADD COLUMN push_key_file TEXT COLLATE "C";
ALTER TABLE terminal ADD COLUMN sets_clock BIGINT NOT NULL DEFAULT 0;

-- The edge that saw it last, which also brings it commands; and how far its clock was off.
ALTER TABLE terminal_contact ADD COLUMN edge TEXT COLLATE "C";
ALTER TABLE terminal_contact ADD COLUMN clock_offset_s BIGINT;
ALTER TABLE terminal_contact ADD COLUMN clock_how TEXT COLLATE "C";
ALTER TABLE terminal_contact ADD COLUMN clock_us BIGINT;
