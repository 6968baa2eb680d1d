-- What a write of a program was answered that named a key: the same write, asked for again, is answered and not done again. `asked` is the digest
-- of what was asked. Without a status it is still being done.
CREATE TABLE answer (
  tenant BIGINT NOT NULL, caller TEXT COLLATE "C" NOT NULL, idempotency_key TEXT COLLATE "C" NOT NULL, asked TEXT COLLATE "C" NOT NULL, expires_us BIGINT NOT NULL,
  status BIGINT, kind TEXT COLLATE "C", packed BYTEA,
  PRIMARY KEY (tenant, caller, idempotency_key)
);
CREATE INDEX answer_age ON answer (tenant, expires_us, caller, idempotency_key);
