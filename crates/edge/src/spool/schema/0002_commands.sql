-- Commands of the hub, and errands of the edge itself, which have no `hub_id`. `id` is what the terminal sees; it never
-- comes again. `command` is the hub's word as JSON.
ALTER TABLE command RENAME COLUMN word TO command;
ALTER TABLE command ADD COLUMN hub_id INTEGER;
ALTER TABLE command ADD COLUMN state TEXT NOT NULL DEFAULT 'handed_over';
ALTER TABLE command ADD COLUMN expires_us INTEGER;
ALTER TABLE command ADD COLUMN sent_times INTEGER NOT NULL DEFAULT 0;
ALTER TABLE command ADD COLUMN code INTEGER;
ALTER TABLE command ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE command ADD COLUMN changed_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE command ADD COLUMN is_told INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX command_by_hub_id ON command (hub_id);
CREATE INDEX command_untold ON command (changed_us) WHERE is_told = 0;

UPDATE command SET
  command = CASE command WHEN 'CHECK' THEN '{"do":"upload_again"}' WHEN 'QUERY USERS' THEN '{"do":"send_users"}' ELSE '{"do":"unknown"}' END,
  state = CASE WHEN sent_us IS NULL THEN 'handed_over' ELSE 'sent' END,
  sent_times = CASE WHEN sent_us IS NULL THEN 0 ELSE 1 END;
