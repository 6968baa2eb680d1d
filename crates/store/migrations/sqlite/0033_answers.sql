-- What a write of a program was answered that named a key: the same write, asked for again, is answered and not done again. `asked` is the digest
-- of what was asked. Without a status it is still being done.
CREATE TABLE answer (
  tenant INTEGER NOT NULL, caller TEXT NOT NULL, idempotency_key TEXT NOT NULL, asked TEXT NOT NULL, expires_us INTEGER NOT NULL,
  status INTEGER, kind TEXT, packed BLOB,
  PRIMARY KEY (tenant, caller, idempotency_key)
) STRICT;
CREATE INDEX answer_age ON answer (tenant, expires_us, caller, idempotency_key);
