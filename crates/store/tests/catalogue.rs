//! Every statement is prepared on both engines; the schemas have the same tables and columns.
#![allow(missing_docs)]

use std::collections::BTreeSet;

use anyhow::Context as _;
use store::Store;
use store::day_list::{ANY, DayQuery, OUTLIER, Order};
use testkit::Database;

/// Before the policy had versions.
const POSTGRES_OLDER: &str = concat!(
    include_str!("../migrations/postgres/0001_spine.sql"),
    include_str!("../migrations/postgres/0002_commands_and_clocks.sql"),
    include_str!("../migrations/postgres/0003_facts.sql"),
    include_str!("../migrations/postgres/0004_lateness_and_locks.sql"),
    include_str!("../migrations/postgres/0005_closeouts.sql")
);
const POSTGRES_POLICIES: &str = include_str!("../migrations/postgres/0006_policies.sql");
const SQLITE_OLDER: [&str; 4] = [
    FIRST,
    include_str!("../migrations/sqlite/0002_commands_and_clocks.sql"),
    include_str!("../migrations/sqlite/0003_facts.sql"),
    include_str!("../migrations/sqlite/0004_lateness_and_locks.sql"),
];
const FIRST: &str = include_str!("../migrations/sqlite/0001_spine.sql");
const POSTGRES_FIRST: &str = include_str!("../migrations/postgres/0001_spine.sql");
/// What is stored by the first script: a terminal, two punches of it, and three days.
const FIRST_ROWS: &str = "
    INSERT INTO terminal (tenant, serial, name, is_approved, via, first_seen_us) VALUES (1, 'A1', 'Door', 1, 'push', 7);
    INSERT INTO punch (tenant, fingerprint, origin, user_number, printed_seconds, channel, received_us, original)
    VALUES (1, X'80078bd90b0f76b8b13ef0fec0200412', 'A1', '12', 1780391700, 'push', 7, X'00'),
    (1, X'000000004d548ee45be81914849e3b57', 'A1', '12', NULL, 'push', 7, X'00');
    INSERT INTO employee (tenant, id, code, name, is_confirmed) VALUES (1, 7, 'E7', '', 1);
    INSERT INTO day (tenant, employee, date, status, exceptions, worked_minutes, tardy_minutes, left_early_minutes, is_outlier, record,
      inputs, engine, revision, derived_us) VALUES
    (1, 7, '2026-06-01', 'present', ',clock_in_too_late,tardy,', 300, 180, 0, 1, '{}', X'00', '', 1, 0),
    (1, 7, '2026-06-02', 'absent', ',absent,', 0, 0, 0, 0, '{}', X'00', '', 1, 0),
    (1, 7, '2026-06-03', 'present', '', 480, 0, 0, 0, '{}', X'00', '', 1, 0);
    INSERT INTO audit (tenant, number, at_us, actor, action, object, detail) VALUES (1, 1, 7, 'ann', 'x', 'y', '');";

/// An empty database of PostgreSQL.
fn empty() -> anyhow::Result<Option<(Database, postgres::Client)>> {
    let Some(database) = Database::create()? else { return Ok(None) };
    let client = postgres::Client::connect(&database.superuser_url(), postgres::NoTls)?;
    Ok(Some((database, client)))
}

/// One with the tables of the store.
fn postgres() -> anyhow::Result<Option<(Database, postgres::Client)>> {
    let Some((database, client)) = empty()? else { return Ok(None) };
    Store::connect(&database.url(), None)?;
    Ok(Some((database, client)))
}

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
    let Some((_database, mut client)) = postgres()? else { return Ok(()) };
    for (name, sql) in store::statements() {
        client.prepare(&sql).with_context(|| format!("{name}: {sql}"))?;
    }
    Ok(())
}

/// Names and types of what a statement yields: of a plain column its own, of an expression none on SQLite.
#[test]
fn both_engines_yield_the_same_columns() -> anyhow::Result<()> {
    let Some((_database, mut client)) = postgres()? else { return Ok(()) };
    let (_folder, connection) = sqlite()?;
    let mut compared = 0;
    for (name, sql) in store::statements() {
        let there = client.prepare(&sql).with_context(|| format!("{name}: {sql}"))?;
        let here = connection.prepare(&sql)?;
        assert_eq!(here.column_count(), there.columns().len(), "{name}: {sql}");
        if !sql.starts_with("SELECT") || sql.contains("($") {
            continue;
        }
        // A view knows the types; it has no parameters.
        let view = format!("CREATE TEMP VIEW yields AS {}", without_parameters(&sql));
        connection
            .execute_batch(&format!("DROP VIEW IF EXISTS yields; {view}"))
            .with_context(|| format!("{name}: {sql}"))?;
        let mut columns = connection.prepare("SELECT name, type FROM pragma_table_info('yields') ORDER BY cid")?;
        let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns = columns.collect::<Result<Vec<(String, String)>, _>>()?;
        for ((here, declared), there) in columns.iter().zip(there.columns()) {
            let told = || format!("column {here} of {name}: {sql}");
            let is_portable = matches!(there.type_().name(), "int8" | "int4" | "text" | "bytea" | "bool");
            assert!(is_portable, "{} is {}", told(), there.type_());
            let same = match declared.as_str() {
                "INTEGER" => "int8",
                "TEXT" => "text",
                "BLOB" => "bytea",
                _ => continue,
            };
            assert_eq!(there.type_().name(), same, "{}", told());
            // A subquery is called by its text on SQLite, and the second column of a name is told apart there.
            if !here.starts_with('(') {
                assert_eq!(here.split(':').next(), Some(there.name()), "{}", told());
            }
            compared += 1;
        }
    }
    assert!(compared > 1000, "only {compared} columns were compared");
    Ok(())
}

fn without_parameters(sql: &str) -> String {
    let mut parts = sql.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| done + "NULL" + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

/// Primary keys and indexes: table, name, whether it is unique, whether it is of some rows only, columns.
#[test]
fn both_engines_have_the_same_keys_and_indexes() -> anyhow::Result<()> {
    type Index = (String, String, bool, bool, String);
    let Some((_database, mut client)) = postgres()? else { return Ok(()) };
    let rows = client.query(
        "SELECT t.relname::text, CASE WHEN i.indisprimary THEN 'key' ELSE x.relname::text END, i.indisunique, i.indpred IS NOT NULL,
            (SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY k (number, place)
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number)
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
         WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition",
        &[],
    )?;
    let there: BTreeSet<Index> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect();
    let (_folder, connection) = sqlite()?;
    let mut statement = connection.prepare(
        "SELECT m.name, CASE i.origin WHEN 'pk' THEN 'key' ELSE i.name END, i.\"unique\", i.partial,
            (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
         FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table'",
    )?;
    let here = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    let here = here.collect::<Result<BTreeSet<Index>, _>>()?;
    assert_eq!(here, there);
    assert!(here.iter().all(|(.., columns)| columns.starts_with("tenant")), "the tenant leads every key");
    Ok(())
}

#[test]
fn every_table_is_among_those_that_are_moved() -> anyhow::Result<()> {
    let (folder, connection) = sqlite()?;
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")?;
    let there = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let moved = store::moving::summaries(&Store::open(&folder.path().join("hub.sqlite"))?)?;
    assert_eq!(there, moved.iter().map(|moved| moved.table).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn both_engines_have_the_same_tables_and_columns() -> anyhow::Result<()> {
    let Some((_database, mut client)) = postgres()? else { return Ok(()) };
    let rows = client.query(
        "SELECT table_name::text, column_name::text, is_nullable::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_version'
           AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition)",
        &[],
    )?;
    let there: BTreeSet<(String, String, bool)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get::<_, String>(2) == "YES")).collect();
    let (_folder, connection) = sqlite()?;
    let mut statement = connection.prepare(
        "SELECT m.name, c.name, c.\"notnull\" = 0 FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
    )?;
    let here = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let here = here.collect::<Result<BTreeSet<(String, String, bool)>, _>>()?;
    assert_eq!(here, there);
    Ok(())
}

#[test]
fn a_file_of_the_first_version_keeps_its_rows_and_becomes_as_a_new_one() -> anyhow::Result<()> {
    let tables = |connection: &rusqlite::Connection| -> anyhow::Result<BTreeSet<String>> {
        let mut statement = connection.prepare(
            "SELECT m.type || ' ' || m.name || ' ' || COALESCE(c.name || ' ' || c.type || ' ' || c.\"notnull\", '')
             FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c",
        )?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.sqlite");
    let old = rusqlite::Connection::open(&path)?;
    old.execute_batch(&format!("{FIRST} {FIRST_ROWS} PRAGMA user_version = 1"))?;
    has_kept_its_rows(&Store::open(&path)?)?;
    let (_folder, fresh) = sqlite()?;
    assert_eq!(tables(&old)?, tables(&fresh)?);
    Ok(())
}

fn has_kept_its_rows(store: &Store) -> anyhow::Result<()> {
    let terminal = store.read(|read| read.terminal("A1"))?.context("the terminal")?;
    assert_eq!((terminal.name.as_str(), terminal.sets_clock, terminal.push_key_file), ("Door", false, None));
    let held = store.read(|read| read.stored_day("A1", jiff::civil::date(2026, 6, 2)))?;
    assert_eq!((held.punches, held.digest.to_string().as_str()), (1, "80078bd90b0f76b8b13ef0fec0200412"));
    assert_eq!(store.read(|read| Ok::<_, store::Error>((read.punch_count()?, read.unsealed_count()?)))?, (2, 3));
    // Each day is found under its exceptions, in each order.
    let found = |exception: &str, order| {
        let exception = Some(exception.to_owned());
        let query = DayQuery { exception, order, limit: 9, ..DayQuery::default() };
        let days = store.read(|read| read.list_days(&query, None))?;
        Ok::<Vec<i8>, store::Error>(days.iter().map(|listed| listed.day.date.day()).collect())
    };
    assert_eq!(found(ANY, Order::Worked)?, [2, 1]);
    assert_eq!(found(OUTLIER, Order::Tardy)?, [1]);
    assert_eq!((found("tardy", Order::Employee)?, found("absent", Order::Date)?), (vec![1], vec![2]));
    let status = Some("absent".to_owned());
    let absent = DayQuery { exception: Some(ANY.to_owned()), status, ..DayQuery::default() };
    assert_eq!(store.read(|read| read.count_days(&absent))?, Some(1));
    Ok(())
}

/// All that scripts make. Partitions are those of the years that were printed: `partitions.rs`.
const MADE: &str = "
    WITH made AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND NOT relispartition)
    SELECT concat_ws(' ', 'table', relname, relkind, relrowsecurity, relforcerowsecurity) FROM made
    UNION ALL SELECT concat_ws(' ', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname,
        a.attstorage, pg_get_expr(d.adbin, d.adrelid))
      FROM made c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_collation l ON l.oid = a.attcollation
    UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN made c ON c.oid = i.indrelid
    UNION ALL SELECT concat_ws(' ', c.relname, n.conname, pg_get_constraintdef(n.oid))
      FROM pg_constraint n JOIN made c ON c.oid = n.conrelid
    UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN made c ON c.oid = t.tgrelid
    UNION ALL SELECT concat_ws(' ', 'policy', c.relname, p.polname, p.polcmd, pg_get_expr(p.polqual, p.polrelid),
        pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p JOIN made c ON c.oid = p.polrelid
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace";

#[test]
fn a_postgres_database_of_the_first_version_keeps_its_rows_and_becomes_as_a_new_one() -> anyhow::Result<()> {
    let Some((database, _)) = empty()? else { return Ok(()) };
    // As a hub, which owns what it makes.
    let mut old = postgres::Client::connect(&database.url(), postgres::NoTls)?;
    let rows = FIRST_ROWS.replace("X'", "'\\x");
    old.batch_execute(&format!(
        "{POSTGRES_FIRST} {rows} CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (1)"
    ))?;
    has_kept_its_rows(&Store::connect(&database.url(), None)?)?;
    let Some((_database, mut fresh)) = postgres()? else { return Ok(()) };
    let made = |client: &mut postgres::Client| -> anyhow::Result<BTreeSet<String>> {
        Ok(client.query(MADE, &[])?.iter().map(|row| row.get(0)).collect())
    };
    let (upgraded, fresh) = (made(&mut old)?, made(&mut fresh)?);
    assert_eq!(upgraded, fresh);
    for kind in ["table ", "column ", "CREATE INDEX", "CREATE TRIGGER", "policy ", "CREATE OR REPLACE FUNCTION"] {
        assert!(fresh.iter().any(|one| one.starts_with(kind)), "nothing compared is a {kind}");
    }
    Ok(())
}

#[test]
fn days_of_an_older_file_get_their_logs_and_sums() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.sqlite");
    let old = rusqlite::Connection::open(&path)?;
    old.execute_batch(&SQLITE_OLDER.concat())?;
    for (date, status, tardy) in
        [("2026-02-02", "present", 12), ("2026-02-03", "present", 5), ("2026-02-04", "deferred", 9)]
    {
        old.execute(
            "INSERT INTO day (tenant, employee, date, status, exceptions, worked_minutes, tardy_minutes, left_early_minutes,
             is_outlier, record, inputs, engine, revision, derived_us) VALUES (1, 7, ?1, ?2, '', 0, ?3, 0, 0, '{}', X'00', '', 1, 0)",
            rusqlite::params![date, status, tardy],
        )?;
    }
    // One of them was derived again since there are logs.
    old.execute_batch(
        "INSERT INTO lateness (tenant, employee, kind, date, minutes) VALUES (1, 7, 'tardy', '2026-02-03', 5);
         INSERT INTO lateness_sum (tenant, employee, kind, days, minutes) VALUES (1, 7, 'tardy', 1, 5);
         PRAGMA user_version = 4",
    )?;
    let store = Store::open(&path)?;
    let sums = store
        .read(|read| Ok::<_, store::Error>((read.lateness_sum(7, "tardy")?, read.lateness_sum(7, "left_early")?)))?;
    assert_eq!(sums, ((2, 17), (0, 0)));
    Ok(())
}

#[test]
fn the_resolved_punches_of_an_older_file_tell_when_they_were_received_and_where() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.sqlite");
    let old = rusqlite::Connection::open(&path)?;
    old.execute_batch(&SQLITE_OLDER.concat())?;
    old.execute_batch(
        "INSERT INTO punch (tenant, fingerprint, origin, user_number, printed_seconds, state, channel, received_us, original)
           VALUES (1, X'00112233445566778899AABBCCDDEEFF', 'A1', '12', 60, 0, 'push', 7000000, X'31');
         INSERT INTO resolved_punch (tenant, employee, at_us, fingerprint, state)
           VALUES (1, 7, 60000000, X'00112233445566778899AABBCCDDEEFF', 0);
         PRAGMA user_version = 4",
    )?;
    let (punches, origins) = Store::open(&path)?.read(|read| read.punches_of(7, 0, 100_000_000))?;
    assert_eq!(
        punches.iter().map(|punch| (punch.at_us, punch.received_us)).collect::<Vec<_>>(),
        [(60_000_000, 7_000_000)]
    );
    assert_eq!(origins.into_iter().collect::<Vec<_>>(), ["A1"]);
    Ok(())
}

/// A company as it was stored while its policy had no versions, and as it is stored since.
const OLD_COMPANY: &str =
    r#"{"zone":"Asia/Manila","policy":{"settle_delay":30,"pay_rules":[{"code":"OT"},{"code":"HOL"}]},"timetables":{}}"#;
const NEW_COMPANY: &str = r#"{"zone":"Asia/Manila","timetables":{},"policies":[{"policy":{"settle_delay":30,"pay_rules":[{"code":"OT"},{"code":"HOL"}]}}]}"#;

#[test]
fn the_policy_of_an_older_file_holds_from_the_beginning() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.sqlite");
    let old = rusqlite::Connection::open(&path)?;
    old.execute_batch(&SQLITE_OLDER.concat())?;
    old.execute(
        "INSERT INTO setting (tenant, name, value) VALUES (1, 'company', ?1), (1, 'other', 'no json')",
        [OLD_COMPANY],
    )?;
    old.execute_batch("PRAGMA user_version = 4")?;
    let stored = Store::open(&path)?.read(|read| read.setting("company"))?.context("the company")?;
    assert_eq!(stored, NEW_COMPANY);
    Ok(())
}

#[test]
fn postgres_moves_an_older_policy_as_sqlite_does() -> anyhow::Result<()> {
    let Some((_database, mut client)) = empty()? else { return Ok(()) };
    client.batch_execute(POSTGRES_OLDER)?;
    let insert = "INSERT INTO setting (tenant, name, value) VALUES (1, 'company', $1)";
    client.execute(insert, &[&OLD_COMPANY])?;
    for _ in 0..2 {
        client.batch_execute(POSTGRES_POLICIES)?;
        let question = "SELECT value::jsonb = $1::text::jsonb, value FROM setting WHERE name = 'company'";
        let answer = client.query_one(question, &[&NEW_COMPANY])?;
        assert!(answer.get::<_, bool>(0), "{}", answer.get::<_, String>(1));
    }
    Ok(())
}
