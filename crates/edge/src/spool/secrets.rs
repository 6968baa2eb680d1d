//! The keys of terminals in the spool's file: sealed, each bound to its serial.

use link::Terminal;
use rusqlite::{Connection, TransactionBehavior};
use safe::{Key, KeyError};
use serde::{Deserialize, Serialize};

use super::terminals::as_json;

/// What is secret of a terminal.
#[derive(Serialize, Deserialize)]
struct Secrets {
    comm_key: Option<u32>,
    push_key: Option<String>,
}

/// One row of the table of terminals, as it is taken over.
type Row = (String, Option<String>, i64, i64, Option<Vec<u8>>);

/// A terminal without its keys, and those sealed. An empty push key stays where there was one, so that nobody is admitted
/// while it can't be opened.
///
/// # Errors
/// [`KeyError::NoChance`].
pub(super) fn take_out(mut terminal: Terminal, key: &Key) -> Result<(Terminal, Option<Vec<u8>>), KeyError> {
    if !has_any(&terminal) {
        return Ok((terminal, None));
    }
    let secrets = Secrets { comm_key: terminal.comm_key.take(), push_key: terminal.push_key.clone() };
    if let Some(push_key) = &mut terminal.push_key {
        push_key.clear();
    }
    let plain = serde_json::to_vec(&secrets).map_err(|error| KeyError::NoChance(error.to_string()))?;
    let sealed = key.seal(&plain, &terminal.serial)?;
    Ok((terminal, Some(sealed)))
}

/// Puts the keys back into their terminal; false when this key does not open them.
pub(super) fn give_back(terminal: &mut Terminal, sealed: &[u8], key: &Key) -> bool {
    let plain = key.open(sealed, &terminal.serial);
    let Some(secrets) = plain.and_then(|plain| serde_json::from_slice::<Secrets>(&plain).ok()) else { return false };
    (terminal.comm_key, terminal.push_key) = (secrets.comm_key, secrets.push_key);
    true
}

fn has_any(terminal: &Terminal) -> bool {
    terminal.comm_key.is_some() || terminal.push_key.as_deref().is_some_and(|key| !key.is_empty())
}

/// Seals the keys that an edge of before left in plain text, and wipes the pages where they stood.
///
/// # Errors
/// In words; nothing has changed then, and plain keys are read as before.
pub(super) fn seal_what_is_plain(connection: &mut Connection, key: &Key) -> Result<(), String> {
    let words = |error: rusqlite::Error| error.to_string();
    let plain =
        |json: &Option<String>| json.as_deref().and_then(|json| serde_json::from_str(json).ok()).filter(has_any);
    let rows = rows(connection).map_err(words)?;
    if rows.iter().all(|(_, json, ..)| plain(json).is_none()) {
        return Ok(());
    }
    let mut sealed = Vec::with_capacity(rows.len());
    for (serial, mut json, owes_upload, sample_lines, mut secrets) in rows {
        if let Some(terminal) = plain(&json) {
            let (terminal, taken) = take_out(terminal, key).map_err(|error| error.to_string())?;
            (json, secrets) = (Some(as_json(&terminal).map_err(words)?), taken);
        }
        sealed.push((serial, json, owes_upload, sample_lines, secrets));
    }
    store_anew(connection, &sealed).map_err(words)?;
    tracing::info!("the keys of terminals in the spool are sealed now");
    Ok(())
}

fn rows(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    let mut all = connection.prepare("SELECT serial, registered, owes_upload, sample_lines, secrets FROM terminal")?;
    all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?.collect()
}

/// Writes the rows into a new table. Where an update would leave old bytes behind, a dropped table's pages are wiped, and so
/// is the log that holds their copies.
fn store_anew(connection: &mut Connection, rows: &[Row]) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    change.execute_batch(
        "ALTER TABLE terminal RENAME TO terminal_in_plain_text;
         CREATE TABLE terminal (
           serial       TEXT    PRIMARY KEY,
           registered   TEXT,
           owes_upload  INTEGER NOT NULL,
           sample_lines INTEGER NOT NULL,
           secrets      BLOB
         ) STRICT, WITHOUT ROWID;",
    )?;
    for row in rows {
        let add =
            "INSERT INTO terminal (serial, registered, owes_upload, sample_lines, secrets) VALUES (?1, ?2, ?3, ?4, ?5)";
        change.prepare_cached(add)?.execute((&row.0, &row.1, row.2, row.3, &row.4))?;
    }
    change.execute_batch("DROP TABLE terminal_in_plain_text")?;
    change.commit()?;
    connection.pragma_update_and_check(None, "secure_delete", false, |_| Ok(()))?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
