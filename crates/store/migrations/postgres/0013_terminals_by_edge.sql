-- Each edge is told of its own terminals: those that it saw last, and those that no edge has seen. So that both are found by an
-- index, every terminal has its row of contacts.
INSERT INTO terminal_contact (tenant, serial, punches)
SELECT tenant, serial, 0 FROM terminal WHERE true ON CONFLICT (tenant, serial) DO NOTHING;
CREATE INDEX terminal_contact_by_edge ON terminal_contact (tenant, edge);
