-- A resolved punch tells when it was received and where it was made: the days of an employee are judged from one range of
-- keys, without a look at the evidence of each punch, which lies by the hour among everybody's.
CREATE TABLE resolved_punch_told (
  tenant INTEGER NOT NULL, employee INTEGER NOT NULL, at_us INTEGER NOT NULL, fingerprint BLOB NOT NULL, state INTEGER,
  received_us INTEGER NOT NULL, origin TEXT NOT NULL,
  PRIMARY KEY (tenant, employee, at_us, fingerprint)
) STRICT, WITHOUT ROWID;
INSERT INTO resolved_punch_told (tenant, employee, at_us, fingerprint, state, received_us, origin)
  SELECT r.tenant, r.employee, r.at_us, r.fingerprint, r.state, p.received_us, p.origin FROM resolved_punch r
  JOIN punch p ON p.tenant = r.tenant AND p.fingerprint = r.fingerprint
  ORDER BY r.tenant, r.employee, r.at_us, r.fingerprint;
DROP TABLE resolved_punch;
ALTER TABLE resolved_punch_told RENAME TO resolved_punch;
CREATE INDEX resolved_punch_by_fingerprint ON resolved_punch (tenant, fingerprint);
