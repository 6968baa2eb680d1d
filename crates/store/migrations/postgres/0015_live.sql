-- Whether a terminal's punches are heard as they happen, and until when its edge leaves it to somebody else for a while.
ALTER TABLE terminal ADD COLUMN live BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN live_rests_until_us BIGINT;
