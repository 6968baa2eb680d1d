//! The second fence between tenants: row-level security on PostgreSQL. The first is the tenant in each condition of each statement.
//! One of the places where engines differ; a file of SQLite is that of one tenant, and has no such thing.
//!
//! Invariants:
//! * Each transaction says whose it is ([`of`]), together with its `BEGIN`, so that it costs no question of its own. One that does
//!   not say it sees no row and writes none; with its end the word is forgotten.
//! * Every table with a tenant is fenced, also one that a later script makes: a migration ends with [`Session::close_fence`]. Its owner
//!   is fenced as everybody is (`FORCE`); a superuser is not, nor whoever has `BYPASSRLS`.
//! * The policy compares a column with one value, as the statements do. So PostgreSQL knows that both are the same: it compares
//!   them once per statement, and looks up and estimates rows as without the policy.
//! * The fence is lifted only within a transaction that no other one runs beside, for what is done to all tenants at once: a
//!   migration, the partition of a new year, and the look whether a database may be replaced. Nobody else ever sees it lifted.
//!
//! What it proves: a statement that forgot its tenant reads and changes nothing of another one. Whoever may run statements of their
//! own choice can also say another tenant; against that, only another database helps.

use super::{Error, Session};

/// Says whose the transaction is.
pub(super) fn of(tenant: i64) -> String {
    format!("SET LOCAL punchclock.tenant = '{tenant}'")
}

const CLOSE: &str = "DO $$ DECLARE t regclass; BEGIN
  FOR t IN SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = t AND polname = 'tenant_fence') THEN
      EXECUTE format('CREATE POLICY tenant_fence ON %s USING (tenant =
        (SELECT CAST(NULLIF(current_setting(''punchclock.tenant'', true), '''') AS BIGINT)))', t);
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
  END LOOP; END $$";
const LIFT: &str = "DO $$ DECLARE t regclass; BEGIN
  FOR t IN SELECT polrelid FROM pg_policy WHERE polname = 'tenant_fence' LOOP
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', t);
  END LOOP; END $$";

impl Session<'_> {
    /// Fences every table with a tenant.
    pub(crate) fn close_fence(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => connection.batch(CLOSE),
        }
    }

    /// Lets this transaction past the fences, as the owner of the tables. It must close them again.
    pub(crate) fn lift_fence(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => connection.batch(LIFT),
        }
    }
}
