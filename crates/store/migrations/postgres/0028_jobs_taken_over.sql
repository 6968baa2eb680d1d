-- Whether a job was claimed last from a worker whose lease had ended.
ALTER TABLE job ADD COLUMN is_taken_over BIGINT NOT NULL DEFAULT 0;
