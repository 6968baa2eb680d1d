-- Whether the last failed attempt at an event of a day was refused: then other days of the employee do not wait for it.
ALTER TABLE outbox ADD COLUMN is_refused BIGINT NOT NULL DEFAULT 0;
