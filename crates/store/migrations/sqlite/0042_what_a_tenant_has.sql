-- What the planner is to think of the tables, whether they have few rows or many: it never counts them itself, and without this it takes
-- the tenant for a selective column, and reads all that a tenant has rather than using an index that leads elsewhere in the table.
-- Not of employees: it would make a filter of all of them for a page of their days.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('held_punch', 'held_punch', '100000 100000 25000 1000 100 1 noskipscan'),
  ('held_punch', 'held_punch_by_fingerprint', '100000 100000 1 noskipscan'),
  ('outbox', 'outbox', '1000000 1000000 500000 400 1 noskipscan'),
  ('outbox', 'outbox_state', '1000000 1000000 500000 250000 300 1 1 noskipscan'),
  ('outbox_event', 'outbox_event', '1000000 1000000 500000 100 1 1 noskipscan'),
  ('outbox_event', 'outbox_event_order', '1000000 1000000 500000 100 1 1 1 noskipscan');
INSERT INTO sqlite_stat1 (tbl, idx, stat)
WITH sizes AS (
  SELECT t.name AS tbl, t.sql LIKE '%WITHOUT ROWID' AS is_clustered, CASE
    WHEN t.name IN ('punch', 'resolved_punch', 'punch_statement', 'stored_day', 'closeout', 'planned_day', 'lateness', 'fact', 'audit', 'arrival',
      'job', 'envelope_part') THEN 1000000
    WHEN t.name IN ('account', 'department', 'erasing', 'locked_period', 'setting', 'sink', 'site', 'site_zone', 'source') THEN 100
    ELSE 10000 END AS row_count
  FROM sqlite_schema t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT IN (SELECT tbl FROM sqlite_stat1) AND t.name <> 'employee'
), indexes AS (
  SELECT s.tbl, CASE WHEN i.origin = 'pk' AND s.is_clustered THEN s.tbl ELSE i.name END AS idx, i.name, i."unique" AS is_unique,
    CASE i.partial WHEN 1 THEN s.row_count / 100 ELSE s.row_count END AS row_count
  FROM sizes s JOIN pragma_index_list(s.tbl) i
)
-- All rows are of one tenant; each further column leaves a hundredth, and the last one of a key leaves one.
SELECT x.tbl, x.idx, x.row_count || ' ' || (
  SELECT group_concat(CASE
    WHEN c.seqno = 0 THEN x.row_count
    WHEN c.seqno = (SELECT MAX(seqno) FROM pragma_index_info(x.name)) THEN CASE x.is_unique WHEN 1 THEN 1 ELSE 10 END
    ELSE MAX(x.row_count / CASE c.seqno WHEN 1 THEN 100 WHEN 2 THEN 10000 ELSE 1000000 END, 1) END, ' ' ORDER BY c.seqno)
  FROM pragma_index_info(x.name) c) || ' noskipscan'
FROM indexes x;
-- From now on, not from the next start on.
ANALYZE sqlite_schema;
