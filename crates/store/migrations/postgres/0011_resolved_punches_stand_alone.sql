-- A resolved punch tells when it was received and where it was made: the days of an employee are judged from one range of
-- keys, without a look at the evidence of each punch, which lies by the hour among everybody's.
ALTER TABLE resolved_punch ADD COLUMN received_us BIGINT, ADD COLUMN origin TEXT COLLATE "C";
UPDATE resolved_punch r SET received_us = p.received_us, origin = p.origin FROM punch p
  WHERE p.tenant = r.tenant AND p.fingerprint = r.fingerprint;
ALTER TABLE resolved_punch ALTER COLUMN received_us SET NOT NULL, ALTER COLUMN origin SET NOT NULL;
