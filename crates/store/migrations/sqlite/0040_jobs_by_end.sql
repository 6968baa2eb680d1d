-- Which job of a kind ended last: one that was asked for by hand has a higher number than one that was planned before it and ends later.
CREATE INDEX job_ended ON job (tenant, kind, ended_us, id) WHERE ended_us IS NOT NULL;
