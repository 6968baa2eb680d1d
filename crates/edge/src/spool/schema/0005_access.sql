-- Terminals that speak the security dialect.
CREATE TABLE access_terminal (serial TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
