//! The spool's tables, forward only: `user_version` counts the scripts that ran. A new file runs all of them, so that it
//! is as one that was brought up.

use std::cmp::Ordering;

use rusqlite::{Connection, TransactionBehavior};

const SCRIPTS: [&str; 9] = [
    include_str!("schema/0001_spool.sql"),
    include_str!("schema/0002_commands.sql"),
    include_str!("schema/0003_slots.sql"),
    include_str!("schema/0004_admissions.sql"),
    include_str!("schema/0005_access.sql"),
    include_str!("schema/0006_secrets.sql"),
    include_str!("schema/0007_doubted_time.sql"),
    include_str!("schema/0008_spool.sql"),
    include_str!("schema/0009_tail.sql"),
];

/// Brings a file to this version's tables, in one transaction.
///
/// # Errors
/// In words: what SQLite says, or that a newer version wrote the file.
pub(super) fn bring_up(connection: &mut Connection) -> Result<(), String> {
    let words = |error: rusqlite::Error| error.to_string();
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(words)?;
    let done: usize = change.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(words)?;
    let Some(due) = SCRIPTS.get(done..) else { return Err(newer(done)) };
    for script in due {
        change.execute_batch(script).map_err(words)?;
    }
    if done == 0 {
        change.execute("UPDATE position SET spool = lower(hex(randomblob(16)))", []).map_err(words)?;
    }
    change.pragma_update(None, "user_version", SCRIPTS.len()).map_err(words)?;
    change.commit().map_err(words)
}

/// Whether a file has the tables of this version; nothing is changed.
///
/// # Errors
/// In words: what SQLite says, or what to do about another version.
pub(super) fn is_of_this_version(connection: &Connection) -> Result<(), String> {
    let done: usize =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|error| error.to_string())?;
    let known = SCRIPTS.len();
    match done.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(newer(done)),
        Ordering::Less => Err(format!(
            "an older punchclock wrote it (schema {done}, this one knows {known}); start the edge of this version once, which brings it up"
        )),
    }
}

fn newer(done: usize) -> String {
    let known = SCRIPTS.len();
    format!("a newer punchclock wrote it (schema {done}, this one knows {known}); use the newer one")
}
