-- Since when the hub holds what: everything up to `seq`, since `at_us` or earlier. A row an hour at most.
CREATE TABLE acknowledged (
  seq   INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL
) STRICT;
