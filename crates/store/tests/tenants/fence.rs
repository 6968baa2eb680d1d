//! Row-level security: what a session of the tables' owner sees and does, whatever its statements forget.

use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context as _, Result};
use postgres::{Client, NoTls};
use store::backup::{self, Restore, Target};
use store::{Store, moving};
use testkit::Database;

use crate::statement::Said;
use crate::value::Value;
use crate::walk::{Schema, row, schema};

/// A database in which each table has a row of tenant 1 and one of tenant 2.
struct House {
    schema: Schema,
    /// As a hub connects: the owner of the tables, who is no superuser.
    owner: Client,
    /// Sees everything.
    superuser: Client,
    database: Database,
}

impl House {
    fn new() -> Result<Option<Self>> {
        let Some(database) = Database::create()? else { return Ok(None) };
        Store::connect(&database.url(), None)?;
        let owner = Client::connect(&database.url(), NoTls)?;
        let mut superuser = Client::connect(&database.superuser_url(), NoTls)?;
        let schema = schema()?;
        for (table, tenant) in schema.keys().flat_map(|table| [(table, 1), (table, 2)]) {
            let (insert, values) = row(&schema, table, &Said::default(), tenant)?;
            superuser.execute(&insert, &as_params(&values)).with_context(|| insert)?;
        }
        // While something is being erased, insert-only tables let it go.
        superuser.batch_execute("DELETE FROM erasing")?;
        Ok(Some(Self { schema, owner, superuser, database }))
    }

    /// The tables with rows.
    fn tables(&self) -> Vec<String> {
        self.schema.keys().filter(|table| *table != "erasing").cloned().collect()
    }
}

fn as_params(values: &[Value]) -> Vec<&(dyn postgres::types::ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

fn count(client: &mut impl postgres::GenericClient, sql: &str) -> Result<i64> {
    Ok(client.query_one(sql, &[]).with_context(|| sql.to_owned())?.get(0))
}

#[test]
fn a_session_that_does_not_say_its_tenant_sees_nothing_and_writes_nothing() -> Result<()> {
    let Some(mut house) = House::new()? else { return Ok(()) };
    for table in house.tables() {
        let all = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(count(&mut house.owner, &all)?, 0, "{table}");
        assert_eq!(count(&mut house.superuser, &all)?, 2, "{table}");
        let (insert, mut values) = row(&house.schema, &table, &Said::default(), 1)?;
        for value in &mut values {
            // Another key than that which is there.
            *value = match value {
                Value::Number(7) => Value::Number(9),
                Value::Text(_) => Value::Text(String::from("z")),
                Value::Bytes(_) => Value::Bytes(vec![9; 16]),
                Value::Number(number) => Value::Number(*number),
                Value::Null => Value::Null,
            };
        }
        let refused = house.owner.execute(&insert, &as_params(&values)).err().context(insert)?;
        let said = refused.as_db_error().context("the server's words")?.message();
        assert!(said.contains("row-level security"), "{table}: {said}");
    }
    Ok(())
}

#[test]
fn a_statement_that_forgets_its_tenant_reaches_no_other_tenants_rows() -> Result<()> {
    let Some(mut house) = House::new()? else { return Ok(()) };
    for table in house.tables() {
        let of_first = format!(
            "SELECT COUNT(*) FROM {table} t WHERE tenant = 1 AND t::text = ANY (SELECT t::text FROM {table} t)"
        );
        let kept = count(&mut house.superuser, &of_first)?;
        let mut run = |sql: &str| -> Result<String> {
            let mut transaction = house.owner.transaction()?;
            transaction.batch_execute("SET LOCAL punchclock.tenant = '2'")?;
            assert_eq!(count(&mut transaction, &format!("SELECT COUNT(*) FROM {table}"))?, 1, "{table}");
            let done = transaction.execute(sql, &[]);
            Ok(match done {
                Ok(rows) => {
                    transaction.commit()?;
                    format!("{rows} rows")
                }
                Err(error) => error.as_db_error().context("the server's words")?.message().to_owned(),
            })
        };
        let taken = run(&format!("UPDATE {table} SET tenant = 1"))?;
        assert!(taken.contains("row-level security") || taken.contains("insert only"), "{table}: {taken}");
        let deleted = run(&format!("DELETE FROM {table}"))?;
        assert!(deleted == "1 rows" || deleted.contains("insert only"), "{table}: {deleted}");
        assert_eq!((kept, count(&mut house.superuser, &of_first)?), (1, 1), "{table}");
    }
    Ok(())
}

#[test]
fn every_table_with_a_tenant_is_fenced_for_its_owner_too() -> Result<()> {
    let Some(mut house) = House::new()? else { return Ok(()) };
    let open = house.superuser.query(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity
           AND c.relforcerowsecurity AND 1 = (SELECT COUNT(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_fence'))",
        &[],
    )?;
    let open: Vec<String> = open.iter().map(|row| row.get(0)).collect();
    assert!(open.is_empty(), "not fenced: {open:?}");
    let owner =
        house.owner.query_one("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user", &[])?;
    assert!(!owner.get::<_, bool>(0), "for the owner of these tests there is no fence");
    Ok(())
}

#[test]
fn a_user_for_whom_there_is_no_fence_is_noticed() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    assert_eq!(Store::connect(&house.database.url(), None)?.is_fenced()?, Some(true));
    assert_eq!(Store::connect(&house.database.superuser_url(), None)?.is_fenced()?, Some(false));
    let folder = tempfile::tempdir()?;
    assert_eq!(Store::open(&folder.path().join("hub.sqlite"))?.is_fenced()?, None);
    Ok(())
}

#[test]
fn a_store_finds_what_is_its_tenants_and_moves_nothing_else() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let store = Store::connect(&house.database.url(), None)?;
    for tenant in [1, 2] {
        let store = store.of_tenant(NonZeroU32::new(tenant).context("a tenant")?);
        let held = moving::summaries(&store)?;
        let rows = |table: &str| held.iter().find(|part| part.table == table).map(|part| part.rows);
        assert!(house.tables().iter().all(|table| rows(table) == Some(1)), "{held:?}");
    }
    let nobody = store.of_tenant(NonZeroU32::new(3).context("a tenant")?);
    assert!(moving::summaries(&nobody)?.iter().all(|part| part.rows == 0));
    Ok(())
}

fn backup_of(store: &Store, folder: &Path) -> Result<std::path::PathBuf> {
    let file = folder.join("hub.backup");
    backup::make(store, &file, 1, "0.0.1", &|_| {})?;
    Ok(file)
}

#[test]
fn a_database_that_is_another_tenants_too_is_not_replaced_by_a_backup() -> Result<()> {
    let Some(mut house) = House::new()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let store = Store::connect(&house.database.url(), None)?;
    let file = backup_of(&store, folder.path())?;
    let restore = || {
        let how = Restore { file: &file, overwrites: true, at_us: 2, actor: "ann" };
        let target = Target::Server { store: store.clone(), folder: folder.path().to_owned() };
        backup::restore(&how, &target, &|_| {})
    };
    let refused = restore().err().context("it was replaced")?.to_string();
    assert!(refused.contains("another tenant"), "{refused}");
    assert_eq!(count(&mut house.superuser, "SELECT COUNT(*) FROM punch")?, 2);
    // Alone in its database it is replaced, and fenced as before.
    let tables = house.tables().join(", ");
    house.superuser.batch_execute(&format!("INSERT INTO erasing (tenant) VALUES (1); TRUNCATE {tables}, erasing"))?;
    restore()?;
    assert_eq!(count(&mut house.superuser, "SELECT COUNT(*) FROM punch WHERE tenant = 1")?, 1);
    assert_eq!(count(&mut house.owner, "SELECT COUNT(*) FROM punch")?, 0);
    Ok(())
}
