-- Minutes between two readings of a terminal's log; as the edge's setting says where there is none.
ALTER TABLE terminal ADD COLUMN poll_minutes INTEGER;
