-- The keys of a terminal, sealed (see `seal`). In `registered` stands none of them; an empty push key there says that there is one.
ALTER TABLE terminal ADD COLUMN secrets BLOB;
