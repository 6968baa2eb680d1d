//! Forward-only migrations, one script per engine. `user_version` of an SQLite file, and the table `schema_version` on PostgreSQL,
//! count those that ran.

use rusqlite::TransactionBehavior;

use crate::engine::{Error, Session, postgres};

/// The scripts of both engines, by name.
macro_rules! scripts {
    ($($name:literal),* $(,)?) => {
        pub(crate) const SQLITE: &[&str] = &[$(include_str!(concat!("../migrations/sqlite/", $name, ".sql"))),*];
        const POSTGRES: &[&str] = &[$(include_str!(concat!("../migrations/postgres/", $name, ".sql"))),*];
    };
}
scripts![
    "0001_spine",
    "0002_commands_and_clocks",
    "0003_facts",
    "0004_lateness_and_locks",
    "0005_closeouts",
    "0006_policies",
    "0007_planned_days",
    "0008_lateness_of_older_days",
    "0009_enrolment",
    "0010_edges_watched",
    "0011_resolved_punches_stand_alone",
    "0012_spools",
    "0013_terminals_by_edge",
    "0014_poll_schedule",
    "0015_live",
    "0016_dismissed_users",
    "0017_chain",
    "0018_number_groups",
    "0019_merged_employees",
    "0020_places",
    "0021_lists_of_many_days",
    "0022_jobs",
    "0023_tenants_fenced",
    "0024_punch_years",
    "0025_secrets",
    "0026_outbox",
    "0027_replays_marked",
    "0028_jobs_taken_over",
    "0029_sources",
    "0030_site_zones",
    "0031_imports",
    "0032_outbox_events",
    "0033_answers",
    "0034_terminal_polls",
    "0035_truncate_refused",
    "0036_source_notes",
    "0037_lists_by_keys_alone",
    "0038_refused_events",
    "0039_files_in_parts",
    "0040_jobs_by_end",
    "0041_users_gone",
    "0042_what_a_tenant_has",
];
/// The script that begins the chain of hashes.
const CHAIN: usize = 17;
/// The newest schema that this version knows.
pub(crate) const NEWEST: usize = SQLITE.len();
/// The script whose table counts the punches that are stored already.
const CLOSEOUTS: usize = 5;

/// Brings an SQLite file to the newest schema, under a write lock.
pub(crate) fn run_sqlite(connection: &mut rusqlite::Connection) -> Result<(), Error> {
    // A file that is up to date is opened without a write: reading goes on when the disk is full.
    if connection.query_row("PRAGMA user_version", [], |row| row.get::<_, usize>(0))? == SQLITE.len() {
        return Ok(());
    }
    // Indexes of large tables are sorted in files, not in memory.
    connection.pragma_update(None, "temp_store", "file")?;
    let migrated = migrate_sqlite(connection);
    connection.pragma_update(None, "temp_store", "memory")?;
    migrated
}

fn migrate_sqlite(connection: &mut rusqlite::Connection) -> Result<(), Error> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done: usize = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    run(Session::Sqlite(&tx), SQLITE, done)?;
    tx.pragma_update(None, "user_version", SQLITE.len())?;
    tx.commit()?;
    Ok(())
}

/// Whether an SQLite file is of an older schema than the newest. Refuses a newer one.
pub(crate) fn is_older_sqlite(connection: &rusqlite::Connection) -> Result<bool, Error> {
    let (found, known) = (connection.query_row("PRAGMA user_version", [], |row| row.get(0))?, SQLITE.len());
    if found > known { Err(Error::NewerSchema { found, known }) } else { Ok(found < known) }
}

/// Brings a PostgreSQL database to the newest schema, while nobody else writes to it.
pub(crate) fn run_postgres(connection: &postgres::Connection) -> Result<(), Error> {
    let session = Session::Postgres(connection);
    if version(session)? == Some(POSTGRES.len()) {
        return Ok(());
    }
    session.batch(&postgres::migrate())?;
    let done = version(session)?;
    // Another hub was first, or is of a newer version: no table is locked for nothing.
    if let Some(found) = done.filter(|done| *done >= POSTGRES.len()) {
        session.batch("ROLLBACK")?;
        return if found > NEWEST { Err(Error::NewerSchema { found, known: NEWEST }) } else { Ok(()) };
    }
    if done.is_none() {
        session.batch(
            "CREATE TABLE schema_version (version BIGINT NOT NULL);
             INSERT INTO schema_version (version) VALUES (0)",
        )?;
    }
    // What scripts change are the rows of all tenants.
    session.lift_fence()?;
    run(session, POSTGRES, done.unwrap_or(0))?;
    session.close_fence()?;
    session.batch(&format!("UPDATE schema_version SET version = {}", POSTGRES.len()))?;
    session.batch(postgres::COMMIT)
}

/// The years whose punches have no partition on PostgreSQL, from the first in which a clock that somebody set prints, to the next one: each
/// with whether there is always one for it, with its first key, and with that after its last.
const YEARS_WITHOUT: &str = "SELECT CAST(year AS BIGINT), CAST(CAST(year >= this AS INTEGER) AS BIGINT), first_key_of_year(year), first_key_of_year(year + 1)
    FROM (SELECT CAST(extract(year FROM now()) AS INTEGER) AS this) AS today, generate_series(2010, this + 1) AS year
    WHERE to_regclass('punch_' || year) IS NULL";
/// Those of them that punches are waiting for.
const YEARS_IN_OTHER: &str =
    "SELECT DISTINCT CAST(extract(year FROM to_timestamp(printed_seconds) AT TIME ZONE 'UTC') AS BIGINT)
    FROM punch_other WHERE fingerprint >= first_key_of_year(2010)
    AND fingerprint < first_key_of_year(CAST(extract(year FROM now()) AS INTEGER) + 2)";
/// How long the partition of a year waits for those who read punches. Whoever comes behind it waits as well.
const WAIT_FOR_READERS: &str = "SET LOCAL lock_timeout = 2000";

/// Makes the partitions of punches on PostgreSQL that are missing, while nobody else writes: of this year and the next, of years of which
/// there will be punches between a first key and the one after the last, and of those that have come by then. Who reads for long puts it
/// off to another start of a hub: until then such punches lie in `punch_other`, and are moved when it is made.
pub(crate) fn make_years(
    connection: &postgres::Connection,
    mut will_have: impl FnMut(&[u8], &[u8]) -> Result<bool, Error>,
) -> Result<(), Error> {
    let session = Session::Postgres(connection);
    let without = session.prepare(YEARS_WITHOUT)?.all(&[], |row| {
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)? == 1, row.get::<Vec<u8>>(2)?, row.get::<Vec<u8>>(3)?))
    })?;
    let mut years = Vec::new();
    for (year, is_due, first, after) in without {
        if is_due || will_have(&first, &after)? {
            years.push(year);
        }
    }
    if years.is_empty() {
        return Ok(());
    }
    let make = || {
        session.batch(&postgres::migrate())?;
        session.batch(WAIT_FOR_READERS)?;
        session.lift_fence()?;
        years.extend(session.prepare(YEARS_IN_OTHER)?.all(&[], |row| row.get::<i64>(0))?);
        for year in years {
            session.batch(&format!("SELECT make_punch_year({year})"))?;
        }
        session.close_fence()?;
        session.batch(postgres::COMMIT)
    };
    match make() {
        Err(Error::Busy) => session.batch("ROLLBACK"),
        made => made,
    }
}

/// The scripts after those that are done.
fn run(session: Session<'_>, scripts: &[&str], done: usize) -> Result<(), Error> {
    let Some(due) = scripts.get(done..) else {
        return Err(Error::NewerSchema { found: done, known: scripts.len() });
    };
    for script in due {
        session.batch(script)?;
    }
    if done < CLOSEOUTS {
        crate::closeouts::count_stored(session)?;
    }
    if done < CHAIN {
        crate::chain::await_sealing(session)?;
    }
    Ok(())
}

/// Scripts that ran on a PostgreSQL database; `None` for an empty one.
fn version(session: Session<'_>) -> Result<Option<usize>, Error> {
    let has_table = "SELECT to_regclass('schema_version') IS NOT NULL";
    if session.prepare(has_table)?.one(&[], |row| row.get(0))? != Some(true) {
        return Ok(None);
    }
    let version = session.prepare("SELECT version FROM schema_version")?.one(&[], |row| row.get::<u32>(0))?;
    Ok(version.map(|version| version as usize))
}
