-- Reference: the zone of a site from a date on. On dates without one it is the company's.
CREATE TABLE site_zone (
  tenant BIGINT NOT NULL, site TEXT COLLATE "C" NOT NULL, from_date TEXT COLLATE "C" NOT NULL, zone TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, site, from_date)
);
