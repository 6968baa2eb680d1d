//! Forward-only migrations, one folder per engine; `user_version` counts those that ran.

use rusqlite::{Connection, TransactionBehavior};

use crate::engine::{Error, Session};

const SQLITE: &[&str] = &[
    include_str!("../migrations/sqlite/0001_spine.sql"),
    include_str!("../migrations/sqlite/0002_commands_and_clocks.sql"),
    include_str!("../migrations/sqlite/0003_facts.sql"),
    include_str!("../migrations/sqlite/0004_lateness_and_locks.sql"),
    include_str!("../migrations/sqlite/0005_closeouts.sql"),
    include_str!("../migrations/sqlite/0006_policies.sql"),
    include_str!("../migrations/sqlite/0007_planned_days.sql"),
    include_str!("../migrations/sqlite/0008_lateness_of_older_days.sql"),
    include_str!("../migrations/sqlite/0009_enrolment.sql"),
    include_str!("../migrations/sqlite/0010_edges_watched.sql"),
    include_str!("../migrations/sqlite/0011_resolved_punches_stand_alone.sql"),
    include_str!("../migrations/sqlite/0012_spools.sql"),
];
/// The script whose table counts the punches that are stored already.
const CLOSEOUTS: usize = 5;

/// Brings an SQLite file to the newest schema, under a write lock.
pub(crate) fn run(connection: &mut Connection) -> Result<(), Error> {
    // A file that is up to date is opened without a write: reading goes on when the disk is full.
    if connection.query_row("PRAGMA user_version", [], |row| row.get::<_, usize>(0))? == SQLITE.len() {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done: usize = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if done > SQLITE.len() {
        return Err(Error::NewerSchema { found: done, known: SQLITE.len() });
    }
    for script in &SQLITE[done..] {
        tx.execute_batch(script)?;
    }
    if done < CLOSEOUTS {
        crate::closeouts::count_stored(Session::Sqlite(&tx))?;
    }
    tx.pragma_update(None, "user_version", SQLITE.len())?;
    tx.commit()?;
    Ok(())
}
