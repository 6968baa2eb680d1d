-- Days that were derived before there were logs contribute what they hold; sums are the fold of the logs.
INSERT INTO lateness (tenant, employee, kind, date, minutes)
  SELECT tenant, employee, 'tardy', date, tardy_minutes FROM day WHERE tardy_minutes > 0 AND status <> 'deferred'
  ON CONFLICT (tenant, employee, kind, date) DO NOTHING;
INSERT INTO lateness (tenant, employee, kind, date, minutes)
  SELECT tenant, employee, 'left_early', date, left_early_minutes FROM day WHERE left_early_minutes > 0 AND status <> 'deferred'
  ON CONFLICT (tenant, employee, kind, date) DO NOTHING;
DELETE FROM lateness_sum;
INSERT INTO lateness_sum (tenant, employee, kind, days, minutes)
  SELECT tenant, employee, kind, COUNT(*), SUM(minutes) FROM lateness GROUP BY tenant, employee, kind;
