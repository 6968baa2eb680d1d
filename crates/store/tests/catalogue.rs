//! Every statement is prepared on both engines; the schemas have the same tables and columns.
#![allow(missing_docs)]

use std::collections::BTreeSet;

use anyhow::Context as _;
use store::Store;
use testkit::Postgres;

const POSTGRES: &str = include_str!("../migrations/postgres/0001_spine.sql");

fn sqlite() -> anyhow::Result<(tempfile::TempDir, rusqlite::Connection)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.sqlite");
    Store::open(&path)?;
    Ok((folder, rusqlite::Connection::open(path)?))
}

#[test]
fn sqlite_takes_every_statement_and_binds_by_position() -> anyhow::Result<()> {
    let (_folder, connection) = sqlite()?;
    for (name, sql) in store::statements() {
        let statement = connection.prepare(&sql).with_context(|| format!("{name}: {sql}"))?;
        for place in 1..=statement.parameter_count() {
            assert_eq!(statement.parameter_name(place), Some(format!("${place}").as_str()), "{name}: {sql}");
        }
    }
    Ok(())
}

#[test]
fn postgres_takes_every_statement() -> anyhow::Result<()> {
    let Some(server) = Postgres::start()? else { return Ok(()) };
    let mut client = postgres::Client::connect(&server.url(), postgres::NoTls)?;
    client.batch_execute(POSTGRES)?;
    for (name, sql) in store::statements() {
        client.prepare(&sql).with_context(|| format!("{name}: {sql}"))?;
    }
    Ok(())
}

#[test]
fn both_engines_have_the_same_tables_and_columns() -> anyhow::Result<()> {
    let Some(server) = Postgres::start()? else { return Ok(()) };
    let mut client = postgres::Client::connect(&server.url(), postgres::NoTls)?;
    client.batch_execute(POSTGRES)?;
    let rows = client.query(
        "SELECT table_name::text, column_name::text, is_nullable::text FROM information_schema.columns WHERE table_schema = 'public'",
        &[],
    )?;
    let there: BTreeSet<(String, String, bool)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get::<_, String>(2) == "YES")).collect();
    let (_folder, connection) = sqlite()?;
    let mut statement = connection.prepare(
        "SELECT m.name, c.name, c.\"notnull\" = 0 FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
    )?;
    let here = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let here = here.collect::<Result<BTreeSet<(String, String, bool)>, _>>()?;
    assert_eq!(here, there);
    Ok(())
}
