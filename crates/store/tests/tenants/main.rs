//! Tenants are apart: the rules of the schema and of the statements, and what a stranger sees and changes.
#![allow(missing_docs, clippy::panic)]

mod fence;
mod ground;
mod statement;
mod value;
mod walk;

use std::collections::BTreeSet;

use anyhow::Result;
use testkit::Database;

/// Tables that are nobody's, and why.
const GLOBAL: &[(&str, &str)] = &[("schema_version", "it counts the scripts that made the tables of all tenants")];
/// Statements that read the rows of all tenants, and why.
pub(crate) const EXEMPT: &[(&str, &str)] =
    &[("store::closeouts::EVERY_PUNCH", "a migration counts what is stored of every tenant, while nobody else writes")];

#[test]
fn every_statement_holds_each_of_its_tables_to_the_tenant_of_a_parameter() -> Result<()> {
    let (mut free, mut read) = (BTreeSet::new(), 0);
    for (name, sql) in store::statements() {
        let said = statement::read(&sql)?;
        assert!(!said.tables.is_empty(), "no table was read in {name}: {sql}");
        read += said.tables.len();
        if !said.free.is_empty() {
            free.insert(name);
            assert!(EXEMPT.iter().any(|(exempt, _)| *exempt == name), "nothing holds {:?} in {name}: {sql}", said.free);
        }
    }
    assert_eq!(free.len(), EXEMPT.len(), "an exemption is not needed any more");
    assert!(read > 1_000, "only {read} tables were read");
    Ok(())
}

#[test]
fn a_statement_that_forgets_the_tenant_of_one_table_is_noticed() -> Result<()> {
    let free = |sql: &str| Ok::<_, anyhow::Error>(statement::read(sql)?.free);
    for sql in [
        "SELECT a FROM punch",
        "SELECT a FROM punch WHERE fingerprint = $1",
        "SELECT a FROM punch WHERE tenant = $1 OR origin = $2",
        "SELECT p.a FROM held_punch h JOIN punch p ON p.fingerprint = h.fingerprint WHERE h.tenant = $1",
        "SELECT p.a FROM held_punch h, punch p WHERE h.tenant = $1 AND p.fingerprint = h.fingerprint",
        "SELECT p.a FROM punch p LEFT JOIN held_punch h ON h.tenant = p.tenant AND p.tenant = $1",
        "SELECT a FROM held_punch WHERE tenant = $1 AND EXISTS (SELECT 1 FROM punch WHERE origin = $2)",
        "WITH some AS (SELECT a FROM punch) SELECT a FROM some",
        "UPDATE punch SET origin = $1 WHERE fingerprint = $2",
        "DELETE FROM punch WHERE fingerprint = $1",
        "INSERT INTO punch (tenant, fingerprint) SELECT tenant, fingerprint FROM punch",
        "INSERT INTO punch (fingerprint) VALUES ($1)",
    ] {
        assert!(!free(sql)?.is_empty(), "{sql}");
    }
    for sql in [
        "SELECT p.a FROM held_punch h JOIN punch p ON p.tenant = h.tenant WHERE h.tenant = $1",
        "SELECT p.a FROM punch p LEFT JOIN held_punch h ON h.tenant = p.tenant WHERE p.tenant = $1",
        "SELECT a FROM held_punch h WHERE h.tenant = $1 AND EXISTS (SELECT 1 FROM punch p WHERE p.tenant = h.tenant)",
        "INSERT INTO punch (tenant, fingerprint) SELECT $1, $2 FROM punch WHERE tenant = $1",
    ] {
        assert!(free(sql)?.is_empty(), "{sql}");
    }
    Ok(())
}

#[test]
fn the_tenant_leads_every_key_and_index_and_there_is_no_reference_and_no_sequence() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    store::Store::connect(&database.url(), None)?;
    let mut client = postgres::Client::connect(&database.superuser_url(), postgres::NoTls)?;
    let tables = client.query(
        "SELECT t.relname::text, EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant' AND a.attnotnull
           AND a.atttypid = 'bigint'::regtype), EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
         FROM pg_class t WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')",
        &[],
    )?;
    assert!(tables.len() > 40, "only {} tables", tables.len());
    for table in &tables {
        let (name, has_tenant, has_key): (String, bool, bool) = (table.get(0), table.get(1), table.get(2));
        let is_global = GLOBAL.iter().any(|(global, _)| *global == name);
        assert!(
            is_global != has_tenant,
            "the table {name} has no tenant, and is not named among those that are nobody's"
        );
        assert!(is_global || has_key, "the table {name} has no key");
    }
    let leads = client.query(
        "SELECT t.relname || ' ' || x.relname, a.attname::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
           JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
         WHERE t.relnamespace = 'public'::regnamespace",
        &[],
    )?;
    for lead in &leads {
        assert_eq!(lead.get::<_, Option<&str>>(1), Some("tenant"), "leads {}", lead.get::<_, &str>(0));
    }
    // A sequence counts for all tenants, also behind `serial` and an identity column.
    let others = client.query(
        "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE contype = 'f'
         UNION ALL SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'S'",
        &[],
    )?;
    let others: Vec<String> = others.iter().map(|row| row.get(0)).collect();
    assert!(others.is_empty(), "references and sequences: {others:?}");
    Ok(())
}
