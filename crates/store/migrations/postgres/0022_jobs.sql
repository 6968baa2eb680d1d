-- Work that survives: one row per job, and its history once it has ended. `due_us` is when it may be claimed: its due time, or the end
-- of the lease of who runs it. Each claim counts the fence up; whoever holds an older one changes nothing any more. A due time
-- of a schedule (`slot_us`) is there once, whoever inserts it. Jobs of one lane run one after another, in the order of their numbers.
CREATE TABLE job (
  tenant BIGINT NOT NULL, id BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, lane TEXT COLLATE "C", body TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL,
  due_us BIGINT NOT NULL, slot_us BIGINT, attempts BIGINT NOT NULL, fence BIGINT NOT NULL, owner TEXT COLLATE "C" NOT NULL,
  created_us BIGINT NOT NULL, started_us BIGINT, ended_us BIGINT, outcome TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX job_slot ON job (tenant, kind, slot_us) WHERE slot_us IS NOT NULL;
CREATE INDEX job_open ON job (tenant, due_us, id) WHERE ended_us IS NULL;
CREATE INDEX job_in_lane ON job (tenant, lane, id) WHERE ended_us IS NULL;
CREATE INDEX job_dead ON job (tenant, id) WHERE state = 'dead';

-- What is to be posted about edges is a job like others.
INSERT INTO job (tenant, id, kind, lane, body, state, due_us, attempts, fence, owner, created_us, outcome)
  SELECT tenant, ROW_NUMBER() OVER (PARTITION BY tenant ORDER BY at_us, edge), 'notice', 'notice ' || edge, body, 'waiting', due_us, 0, 0,
  '', at_us, '' FROM edge_notice;
INSERT INTO counter (tenant, name, value) SELECT tenant, 'job', COUNT(*) FROM job GROUP BY tenant;
DROP TABLE edge_notice;
