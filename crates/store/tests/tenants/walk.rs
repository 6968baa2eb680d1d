//! Every statement of the store is run for a tenant that has nothing, with the keys of another one: it finds what it would find in an
//! empty database, and changes nothing that is the other's.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};

use crate::EXEMPT;
use crate::ground::{Ground, Outcome};
use crate::statement::{Said, Use, read};
use crate::value::Value;

/// Whose rows are there.
const OWNER: i64 = 1;
/// Who asks with their keys.
const STRANGER: i64 = 2;

/// Type and nullability of each column, by table.
pub(crate) type Schema = BTreeMap<String, Vec<(String, String)>>;

pub(crate) fn schema() -> Result<Schema> {
    let Ground::Sqlite(connection, _folder) = Ground::sqlite()? else { anyhow::bail!("no file") };
    let mut statement = connection.prepare(
        "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid",
    )?;
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut schema = Schema::new();
    for column in columns {
        let (table, column, of): (String, String, String) = column?;
        schema.entry(table).or_default().push((column, of));
    }
    Ok(schema)
}

/// What every column of a type holds.
fn usual(of: &str) -> Value {
    match of {
        "INTEGER" => Value::Number(7),
        "BLOB" => Value::Bytes(vec![7; 16]),
        _ => Value::Text(String::from("x")),
    }
}

/// A row as the statement looks for it: how it is inserted, and its values.
pub(crate) fn row(schema: &Schema, table: &str, said: &Said, tenant: i64) -> Result<(String, Vec<Value>)> {
    let columns = schema.get(table).with_context(|| format!("a table {table}"))?;
    let value = |(column, of): &(String, String)| match said.wanted.get(&(table.to_owned(), column.clone())) {
        _ if column == "tenant" => Value::Number(tenant),
        Some(wanted) => wanted.clone(),
        None => usual(of),
    };
    let names: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("${place}")).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    Ok((sql, columns.iter().map(value).collect()))
}

/// The keys of the owner's rows, for whoever asks.
fn values(schema: &Schema, said: &Said, parameters: usize, tenant: i64) -> Result<Vec<Value>> {
    let of = |(table, column): &(String, String)| {
        let columns = schema.get(table).with_context(|| format!("a table {table}"))?;
        let (_, of) = columns.iter().find(|(name, _)| name == column).with_context(|| format!("{table}.{column}"))?;
        Ok::<_, anyhow::Error>(of.as_str())
    };
    let value = |place: usize| {
        if said.tenants.contains(&place) {
            return Ok(Value::Number(tenant));
        }
        Ok(match said.uses.get(&place) {
            Some(Use::Limit) => Value::Number(50),
            Some(Use::Offset) => Value::Number(0),
            Some(Use::Written(column)) => match of(column)? {
                "INTEGER" => Value::Number(8),
                "BLOB" => Value::Bytes(vec![8; 16]),
                _ => Value::Text(String::from("y")),
            },
            Some(Use::Equals(column)) => match said.wanted.get(column) {
                Some(wanted) if *wanted != Value::Null => wanted.clone(),
                _ => usual(of(column)?),
            },
            Some(Use::Below(column)) => match of(column)? {
                "INTEGER" => Value::Number(-1),
                "BLOB" => Value::Bytes(Vec::new()),
                _ => Value::Text(String::new()),
            },
            Some(Use::Above(column)) => match of(column)? {
                "INTEGER" => Value::Number(1_000_000_000),
                "BLOB" => Value::Bytes(vec![255; 16]),
                _ => Value::Text(String::from("~")),
            },
            // Looked for within a text, between commas.
            None => Value::Text(String::from(",x,")),
        })
    };
    (1..=parameters).map(value).collect()
}

/// How many parameters a statement has.
fn parameters(sql: &str) -> usize {
    let after = sql.split('$').skip(1);
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    after.filter_map(number).max().unwrap_or(0)
}

/// The statement with everything that it needs.
struct Try<'a> {
    sql: &'a str,
    /// Its values for the owner and for a stranger.
    values: [Vec<Value>; 2],
    /// What the rows of the owner are made by.
    rows: Vec<(String, Vec<Value>)>,
    /// The tables that it touches.
    tables: &'a BTreeSet<String>,
}

/// What a statement does, and what is the owner's afterwards; nothing, where it was refused.
type Done = (Outcome, Vec<Outcome>);

impl Try<'_> {
    /// What it does for a stranger alone, what it does beside the owner's rows, and what it does for the owner, whose rows
    /// come first. Nothing of it stays.
    fn run(&self, ground: &mut Ground) -> Result<(Vec<Outcome>, [Done; 3])> {
        ground.tell("BEGIN; SAVEPOINT before")?;
        let [owners, strangers] = &self.values;
        let alone = self.step(ground, strangers)?;
        for (insert, values) in &self.rows {
            let made = ground.run(insert, values)?;
            ensure!(made == Outcome::Changed(1), "{insert}: {made:?}");
        }
        let rows = self.owners(ground)?;
        ground.tell("SAVEPOINT before")?;
        let beside = self.step(ground, strangers)?;
        let own = self.step(ground, owners)?;
        ground.tell("ROLLBACK")?;
        Ok((rows, [alone, beside, own]))
    }

    fn step(&self, ground: &mut Ground, values: &[Value]) -> Result<Done> {
        let outcome = ground.run(self.sql, values)?;
        // On PostgreSQL nothing is answered any more once something was refused.
        let left = if matches!(outcome, Outcome::Refused(_)) { Vec::new() } else { self.owners(ground)? };
        ground.tell("ROLLBACK TO before")?;
        Ok((outcome, left))
    }

    fn owners(&self, ground: &mut Ground) -> Result<Vec<Outcome>> {
        let rows = |table: &String| ground.run(&format!("SELECT * FROM {table} WHERE tenant = {OWNER}"), &[]);
        self.tables.iter().map(rows).collect()
    }
}

fn walk(mut ground: Ground) -> Result<()> {
    let schema = schema()?;
    let is_exempt = |name: &str| EXEMPT.iter().any(|(exempt, _)| *exempt == name);
    let mut walked = 0;
    for (name, sql) in store::statements().into_iter().filter(|(name, _)| !is_exempt(name)) {
        let said = read(&sql)?;
        let places = parameters(&sql);
        let one = Try {
            sql: &sql,
            values: [values(&schema, &said, places, OWNER)?, values(&schema, &said, places, STRANGER)?],
            rows: said.tables.iter().map(|table| row(&schema, table, &said, OWNER)).collect::<Result<_>>()?,
            tables: &said.tables,
        };
        let told = || format!("{name}: {sql}\n{:?}", one.values);
        let (rows, [alone, beside, own]) = one.run(&mut ground).with_context(told)?;
        assert_eq!(beside.0, alone.0, "the rows of another tenant show in {}", told());
        assert_eq!(beside.1, rows, "the rows of another tenant are changed by {}", told());
        // Nothing is proved of a statement that would not find its own tenant's rows with these values.
        assert!(own.0 != alone.0 || own.1 != rows, "the owner's rows do not show in {}", told());
        walked += 1;
    }
    assert!(walked > 1_000, "only {walked} statements were run");
    Ok(())
}

#[test]
fn no_statement_shows_or_changes_the_rows_of_another_tenant() -> Result<()> {
    walk(Ground::sqlite()?)
}

#[test]
fn no_statement_on_postgres_shows_or_changes_the_rows_of_another_tenant() -> Result<()> {
    Ground::postgres()?.map_or(Ok(()), walk)
}
