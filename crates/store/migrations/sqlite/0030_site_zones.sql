-- Reference: the zone of a site from a date on. On dates without one it is the company's.
CREATE TABLE site_zone (
  tenant INTEGER NOT NULL, site TEXT NOT NULL, from_date TEXT NOT NULL, zone TEXT NOT NULL,
  PRIMARY KEY (tenant, site, from_date)
) STRICT, WITHOUT ROWID;
