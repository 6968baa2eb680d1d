//! The plans of the lists of punches, jobs, imports, readings and records of sinks on both engines (those of days: `day_list.rs`): what a filter names is found by an
//! index, and rows come in the order of an index, so that a page costs what it shows. What no index serves stands in [`UNSERVED`] with the reason.
#![allow(missing_docs)]

use anyhow::{Context as _, Result, ensure};
use store::Store;
use testkit::Database;

/// Orders and filters that no index serves, and why.
const UNSERVED: [(&str, &str); 16] = [
    (
        "ORDER BY p.printed_seconds",
        "the key leads with the hour, so what is sorted are the hours that the filter leaves",
    ),
    ("AND p.user_number =", "evidence has its key alone: an index more would be written with every punch"),
    ("AND p.origin =", "as user numbers"),
    ("ORDER BY j.due_us", "jobs are kept for a month, and an index would be written with every step of each"),
    ("ORDER BY j.kind", "as due times"),
    (
        "AND j.state =",
        "as due times; the open and the dead, which are looked for all the time, have an index of their own",
    ),
    ("AND j.kind =", "as due times"),
    ("ORDER BY COALESCE(j.ended_us", "as due times"),
    ("ORDER BY i.source", "an index has it; of few that a date or a state leaves, PostgreSQL would rather sort them"),
    ("AND i.is_trial =", "files are brought some times a day: those of years are looked through at once"),
    ("AND i.at_us >=", "as dry runs; the numbers go with time"),
    ("AND i.at_us <", "as dry runs; the numbers go with time"),
    ("ORDER BY p.took_ms", "of each terminal a hundred readings are kept: those of all are put in order at once"),
    ("ORDER BY p.outcome", "as durations"),
    ("ORDER BY COALESCE(p.records", "as durations"),
    ("ORDER BY COALESCE(p.new_punches", "as durations"),
];

type Served = (&'static str, &'static str, &'static str);

/// A condition of a list, and what the plan's search must have of it: on SQLite, on PostgreSQL.
const SERVED: [Served; 9] = [
    ("AND e.code =", "code=?", "(code = "),
    ("AND p.fingerprint >=", "fingerprint>?", "(fingerprint >= "),
    ("AND p.fingerprint <", "fingerprint<?", "(fingerprint < "),
    ("AND h.reason =", "reason=?", "(reason = "),
    ("AND o.state =", "state=?", "(state = "),
    ("AND o.employee =", "employee=?", "(employee = "),
    ("AND i.source =", "source=?", "(source = "),
    ("AND i.digest =", "digest=?", "(digest = "),
    ("AND p.serial =", "serial=?", "(serial = "),
];

/// What is wrong with the plan of a list.
struct Engine {
    /// Reads a table from its first row to its last.
    reads_all: fn(&str) -> bool,
    /// Puts all rows into their order, rather than those that share the first terms of it.
    sorts_all: fn(&str) -> bool,
    /// Of [`SERVED`].
    search: fn(&Served) -> &'static str,
    is_search: fn(&str) -> bool,
}

const SQLITE: Engine = Engine {
    reads_all: |step| step.starts_with("SCAN"),
    sorts_all: |step| step == "USE TEMP B-TREE FOR ORDER BY",
    search: |served| served.1,
    is_search: |step| step.starts_with("SEARCH"),
};
const POSTGRES: Engine = Engine {
    reads_all: |step| step.contains("Seq Scan on"),
    sorts_all: |step| step.contains("Sort  (") && !step.contains("Incremental Sort"),
    search: |served| served.2,
    is_search: |step| step.contains("Index Cond:"),
};

impl Engine {
    fn check(&self, sql: &str, plan: &[String]) -> Result<()> {
        let told = || format!("{sql}\n{}", plan.join("\n"));
        ensure!(!plan.iter().any(|step| (self.reads_all)(step)), "a table is read as a whole: {}", told());
        let is_sorted = plan.iter().any(|step| (self.sorts_all)(step));
        let is_unserved = |part: &str| UNSERVED.iter().any(|(unserved, _)| *unserved == part);
        let orders = [
            "p.printed_seconds",
            "j.id",
            "j.due_us",
            "j.kind",
            "COALESCE(j.ended_us",
            "o.employee",
            "i.id",
            "i.source",
            "i.digest",
            "p.began_us",
            "p.took_ms",
            "p.outcome",
            "COALESCE(p.records",
            "COALESCE(p.new_punches",
        ];
        let order = orders.map(|by| format!("ORDER BY {by}")).into_iter().find(|order| sql.contains(order));
        let order = order.with_context(|| format!("a list in no known order: {sql}"))?;
        ensure!(is_unserved(&order) || !is_sorted, "no index has the order: {}", told());
        let is_served = |served: &&Served| {
            let search = (self.search)(served);
            plan.iter().any(|step| (self.is_search)(step) && step.contains(search))
        };
        let asked: Vec<&Served> = SERVED.iter().filter(|served| sql.contains(served.0)).collect();
        let served = asked.iter().filter(|served| is_served(served)).count();
        // The best suffices: held ones, those of one person, or some hours.
        let wanted = asked.len().min(1);
        ensure!(served >= wanted, "no index is searched by all of its conditions: {}", told());
        Ok(())
    }
}

/// Every form of the lists, and that each part of it is either served or known not to be.
fn lists() -> Vec<String> {
    let all = store::statements().into_iter();
    all.filter(|(name, _)| name.ends_with("::list")).map(|(_, sql)| sql).collect()
}

#[test]
fn sqlite_finds_the_rows_of_every_list_by_an_index() -> Result<()> {
    let (_folder, connection) = sqlite()?;
    for sql in lists() {
        SQLITE.check(&sql, &sqlite_plan(&connection, &sql)?)?;
    }
    Ok(())
}

#[test]
fn sqlite_finds_who_is_merged_into_somebody_without_reading_everybody() -> Result<()> {
    let (_folder, connection) = sqlite()?;
    let all = store::statements().into_iter();
    let (_, sql) = all.into_iter().find(|(_, sql)| sql.contains("merged_into = $2")).context("no such statement")?;
    let plan = sqlite_plan(&connection, &sql)?;
    let is_found = plan.iter().any(|step| step.contains("employee_merged (tenant=? AND merged_into=?)"));
    ensure!(is_found, "{sql}\n{}", plan.join("\n"));
    Ok(())
}

/// Without what 0042 says of it, the planner takes no index but the key where all lead with the tenant.
#[test]
fn sqlite_uses_every_index_and_knows_what_is_in_it() -> Result<()> {
    let (_folder, connection) = sqlite()?;
    let mut plans = Vec::new();
    for (_, sql) in store::statements() {
        plans.extend(sqlite_plan(&connection, &sql)?);
    }
    let mut indexes = connection.prepare(
        "SELECT t.name, i.name, i.origin = 'pk', EXISTS (SELECT 1 FROM sqlite_stat1 s WHERE s.tbl = t.name AND s.idx IN (t.name, i.name))
         FROM sqlite_schema t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    )?;
    let indexes = indexes.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let indexes = indexes.collect::<Result<Vec<(String, String, bool, bool)>, _>>()?;
    for (table, index, is_key, is_told) in &indexes {
        let is_used = *is_key || plans.iter().any(|step| step.contains(&format!("INDEX {index} (")));
        ensure!(is_used, "no statement finds anything by {index} of {table}");
        ensure!(*is_told || table == "employee", "the planner is told nothing of {index} of {table}: see 0042");
    }
    Ok(())
}

/// A file with the tables of the store, in a folder that goes with it.
fn sqlite() -> Result<(tempfile::TempDir, rusqlite::Connection)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.sqlite");
    Store::open(&path)?;
    Ok((folder, rusqlite::Connection::open(path)?))
}

fn sqlite_plan(connection: &rusqlite::Connection, sql: &str) -> Result<Vec<String>> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let plan = explain.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<_, _>>()?;
    Ok(plan)
}

#[test]
fn postgres_finds_the_rows_of_every_list_by_an_index() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    Store::connect(&database.url(), None)?;
    let mut client = postgres::Client::connect(&database.superuser_url(), postgres::NoTls)?;
    client.batch_execute(MADE_ROWS)?;
    // As a hub asks, behind row-level security.
    let mut client = postgres::Client::connect(&database.url(), postgres::NoTls)?;
    client.batch_execute(NO_OTHER_WAY)?;
    for sql in lists() {
        let values = VALUES.iter().fold(sql.clone(), |sql, (before, value)| with_value(&sql, before, value));
        let rows = client.query(&format!("EXPLAIN {values}"), &[]).with_context(|| values.clone())?;
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        POSTGRES.check(&sql, &plan)?;
    }
    Ok(())
}

#[test]
fn postgres_pages_readings_that_began_together_without_skipping_or_repeating_one() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    Store::connect(&database.url(), None)?;
    let mut client = postgres::Client::connect(&database.superuser_url(), postgres::NoTls)?;
    client.batch_execute(
        "INSERT INTO terminal_poll (tenant, serial, told_us, began_us, took_ms, outcome, says)
           SELECT 1, 'A' || n % 20, n, 7, 1, 'whole', '' FROM generate_series(1, 600) n",
    )?;
    // The statement says the order by itself, whichever way its rows are found.
    client.batch_execute("SET enable_indexscan = off; SET enable_bitmapscan = off")?;
    let all = store::statements().into_iter();
    let lists: Vec<String> = all.filter(|(name, _)| *name == "store::polls::list").map(|(_, sql)| sql).collect();
    ensure!(lists.len() == 20, "five orders both ways, of all terminals and of one: {lists:?}");
    for sql in &lists {
        let wanted = if sql.contains("p.serial =") { 30 } else { 600 };
        let mut seen = std::collections::BTreeSet::new();
        for offset in (0..wanted).step_by(29) {
            let offset = offset.to_string();
            let values = [("tenant =", "1"), ("p.serial =", "'A7'"), ("LIMIT", "29"), ("OFFSET", offset.as_str())];
            let sql = values.iter().fold(sql.clone(), |sql, (before, value)| with_value(&sql, before, value));
            for row in client.query(&sql, &[])? {
                let reading: (String, i64) = (row.get("serial"), row.get("told_us"));
                ensure!(seen.insert(reading.clone()), "{reading:?} is shown twice: {sql}");
            }
        }
        ensure!(seen.len() == wanted, "{} of {wanted} are shown: {sql}", seen.len());
    }
    Ok(())
}

/// What each parameter is for a plan, by the text before it.
const VALUES: [(&str, &str); 24] = [
    ("tenant =", "1"),
    ("e.code =", "'E7'"),
    ("p.fingerprint >=", "'\\x00000100'"),
    ("p.fingerprint <", "'\\x00000104'"),
    ("p.printed_seconds >=", "5000"),
    ("p.printed_seconds <", "5100"),
    ("user_number =", "'7'"),
    ("p.origin =", "'A1'"),
    ("h.reason =", "'unknown_user'"),
    ("j.state =", "'dead'"),
    ("j.kind =", "'derive'"),
    ("o.sink =", "'crm'"),
    ("o.state =", "'failed'"),
    ("o.employee =", "7"),
    ("o.date >=", "'2026-01-02'"),
    ("o.date <=", "'2026-01-03'"),
    ("i.source =", "'commute-log'"),
    ("i.digest =", "'D7'"),
    ("i.is_trial =", "1"),
    ("i.at_us >=", "5000"),
    ("i.at_us <", "5100"),
    ("p.serial =", "'A7'"),
    ("LIMIT", "50"),
    ("OFFSET", "0"),
];

/// The statement with a value for each parameter that follows this text.
fn with_value(sql: &str, before: &str, value: &str) -> String {
    let parameter = format!("{before} $");
    let mut parts = sql.split(&parameter);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| {
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
        format!("{done}{before} {value}{rest}")
    })
}

/// Enough rows for an index to be worth something; the tables are small enough to be read as a whole, which is not what is asked.
const MADE_ROWS: &str = "
    INSERT INTO employee (tenant, id, code, name, is_confirmed)
      SELECT 1, n, 'E' || n, '', 1 FROM generate_series(1, 200) n;
    INSERT INTO punch (tenant, fingerprint, origin, user_number, printed_seconds, channel, received_us, original)
      SELECT 1, DECODE(LPAD(TO_HEX(n / 20), 8, '0') || MD5(CAST(n AS TEXT)), 'hex'), 'A1', CAST(n % 200 AS TEXT), n, 'push', n, ''
      FROM generate_series(1, 12000) n;
    INSERT INTO resolved_punch (tenant, employee, at_us, fingerprint, received_us, origin)
      SELECT 1, 1 + printed_seconds % 200, printed_seconds, fingerprint, received_us, origin FROM punch WHERE printed_seconds % 10 > 0;
    INSERT INTO held_punch (tenant, reason, origin, user_number, fingerprint)
      SELECT 1, CASE printed_seconds % 400 WHEN 0 THEN 'unknown_user' ELSE 'implausible_time' END, origin, user_number,
        fingerprint FROM punch WHERE printed_seconds % 10 = 0;
    INSERT INTO job (tenant, id, kind, body, state, due_us, attempts, fence, owner, created_us, outcome)
      SELECT 1, n, CASE n % 20 WHEN 0 THEN 'derive' ELSE 'notice' END, '', CASE n % 30 WHEN 0 THEN 'dead' ELSE 'done' END, n, 1, 1, '', n, ''
      FROM generate_series(1, 6000) n;
    INSERT INTO outbox (tenant, sink, employee, date, seq, revision, offered, sent, state, attempts, changed_us, receipt)
      SELECT 1, 'crm', 1 + n % 200, '2026-01-' || LPAD(CAST(1 + n / 200 AS TEXT), 2, '0'), n, 1, 1, 1,
        CASE n % 50 WHEN 0 THEN 'failed' ELSE 'sent' END, 0, n, '' FROM generate_series(0, 5999) n;
    INSERT INTO punch_import (tenant, id, at_us, actor, name, size_bytes, digest, mapping, source, asked, is_trial, stored, known, held, refused)
      SELECT 1, n, n, 'ann', 'log.csv', 1, 'D' || n % 500, 'generic', 'gate ' || n % 20, '{}', n % 7 / 6, 1, 0, 0, 0
      FROM generate_series(1, 6000) n;
    INSERT INTO terminal_poll (tenant, serial, told_us, began_us, took_ms, outcome, says)
      SELECT 1, 'A' || n % 50, n, n, 1, 'whole', '' FROM generate_series(1, 5000) n;
    ANALYZE";
const NO_OTHER_WAY: &str = "SET punchclock.tenant = '1';
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
