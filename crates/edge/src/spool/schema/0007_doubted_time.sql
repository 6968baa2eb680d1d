-- The clock of the edge was not believed when the entry was received: nothing is judged by `received_us`.
ALTER TABLE entry ADD COLUMN is_time_doubted INTEGER NOT NULL DEFAULT 0;
