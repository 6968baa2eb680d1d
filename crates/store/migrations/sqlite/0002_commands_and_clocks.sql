-- Work: commands that people asked of terminals that push, and what became of them.
CREATE TABLE terminal_command (
  tenant INTEGER NOT NULL, id INTEGER NOT NULL, serial TEXT NOT NULL, command TEXT NOT NULL,
  asked_by TEXT NOT NULL, asked_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,
  state TEXT NOT NULL, sent_times INTEGER NOT NULL, result_code INTEGER, result_text TEXT NOT NULL, changed_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX terminal_command_by_state ON terminal_command (tenant, state, id);
CREATE INDEX terminal_command_by_serial ON terminal_command (tenant, serial, id);

-- What a terminal must show when it pushes, and whether its handshake may set its clock.
ALTER TABLE terminal ADD COLUMN push_key_file TEXT;
ALTER TABLE terminal ADD COLUMN sets_clock INTEGER NOT NULL DEFAULT 0;

-- The edge that saw it last, which also brings it commands; and how far its clock was off.
ALTER TABLE terminal_contact ADD COLUMN edge TEXT;
ALTER TABLE terminal_contact ADD COLUMN clock_offset_s INTEGER;
ALTER TABLE terminal_contact ADD COLUMN clock_how TEXT;
ALTER TABLE terminal_contact ADD COLUMN clock_us INTEGER;
