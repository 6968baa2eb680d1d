//! What the spool remembers of terminals, so that the edge works alone: the hub's list, and serials that wait for
//! approval.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Row};

use super::commands::{self, Errand};
use super::{Entry, Spool, SpoolError, secrets, writer};
use crate::plan::Admission;

/// Lines of an unapproved terminal that are kept for the operator to see.
pub const SAMPLE_LINES: i64 = 100;

/// One remembered terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Its serial.
    pub serial: String,
    /// The hub's word, `None` for a serial that the hub does not know yet.
    pub registered: Option<link::Terminal>,
    /// True until it uploaded after it was asked to upload everything.
    pub owes_upload: bool,
    /// Lines kept of the time before its approval.
    pub sample_lines: i64,
}

/// All that an edge remembers of terminals when it starts.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) terminals: Vec<Remembered>,
    /// Addresses that have shown a key, by serial.
    pub(crate) admissions: HashMap<String, Admission>,
    /// Those that speak the security dialect.
    pub(crate) access: HashSet<String>,
    /// Those for which a command waits.
    pub(crate) with_commands: HashSet<String>,
}

impl Spool {
    /// All that is remembered of terminals.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) async fn memory(&self) -> Result<Memory, SpoolError> {
        Ok(Memory {
            terminals: self.terminals().await?,
            admissions: self.admissions().await?.into_iter().collect(),
            access: self.access_terminals().await?.into_iter().collect(),
            with_commands: self.serials_with_commands().await?.into_iter().collect(),
        })
    }

    /// All remembered terminals, by serial. Of one whose keys the key file does not open, nobody knows the comm key, and the
    /// push key is empty: nobody is admitted in its name until the hub's list comes.
    ///
    /// # Errors
    /// When the file can't be read.
    pub async fn terminals(&self) -> Result<Vec<Remembered>, SpoolError> {
        let rows: Vec<(Remembered, Option<Vec<u8>>)> = self
            .read(|connection| {
                let all = "SELECT serial, registered, owes_upload, sample_lines, secrets FROM terminal ORDER BY serial";
                connection.prepare_cached(all)?.query_map([], |row| Ok((remembered(row)?, row.get(4)?)))?.collect()
            })
            .await?;
        let mut closed = 0;
        let opened = rows.into_iter().map(|(mut one, sealed)| {
            if let (Some(registered), Some(sealed)) = (&mut one.registered, sealed) {
                closed += usize::from(!secrets::give_back(registered, &sealed, &self.inner.key));
            }
            one
        });
        let opened = opened.collect();
        if closed > 0 {
            tracing::error!(
                terminals = closed,
                "the keys of terminals can't be opened with the key file {}: put back the one that sealed them, or wait until the hub \
                 sends them again with the next heartbeat; punches are not affected",
                self.inner.key.file().display()
            );
        }
        Ok(opened)
    }

    /// Remembers the hub's list. A terminal that is not in it any more is as if it were never approved. Those in
    /// `approved`, serials of the list, owe an upload of everything and are sent for it: list and errands are one
    /// transaction, so that no approval is remembered without its errands.
    ///
    /// # Errors
    /// When the write fails; the old list stays.
    pub async fn remember_terminals(
        &self,
        terminals: Vec<link::Terminal>,
        approved: Vec<String>,
    ) -> Result<(), SpoolError> {
        let sealed = terminals.into_iter().map(|terminal| secrets::take_out(terminal, &self.inner.key));
        let sealed: Vec<_> =
            sealed.collect::<Result<_, _>>().map_err(|error| SpoolError::NotStored(error.to_string().into()))?;
        self.change(move |connection| {
            connection.execute("UPDATE terminal SET registered = NULL, secrets = NULL", [])?;
            let mut statement = connection.prepare_cached(
                "INSERT INTO terminal (serial, registered, secrets, owes_upload, sample_lines) VALUES (?1, ?2, ?3, 1, 0)
                 ON CONFLICT (serial) DO UPDATE SET registered = excluded.registered, secrets = excluded.secrets",
            )?;
            for (terminal, secrets) in &sealed {
                statement.execute((&terminal.serial, as_json(terminal)?, secrets))?;
            }
            approved.iter().try_for_each(|serial| {
                set_owes_upload(connection, serial, true)?;
                commands::queue(connection, serial, &[Errand::UploadAgain, Errand::SendUsers])
            })
        })
        .await
    }

    /// Remembers whether a terminal still has to upload everything.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn set_owes_upload(&self, serial: String, owes: bool) -> Result<(), SpoolError> {
        self.change(move |connection| set_owes_upload(connection, &serial, owes)).await
    }

    /// Keeps the first lines of an unapproved terminal, [`SAMPLE_LINES`] of them over all its attempts. Returns how
    /// many it has now.
    ///
    /// # Errors
    /// When the write fails; nothing is kept then.
    pub async fn keep_sample(&self, serial: String, entries: Vec<Entry>) -> Result<i64, SpoolError> {
        let believed = self.inner.believed.clone();
        self.change(move |connection| keep_sample(connection, &serial, &entries, believed.since_us())).await
    }
}

/// All remembered terminals, without their keys.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Remembered>> {
    connection
        .prepare_cached("SELECT serial, registered, owes_upload, sample_lines FROM terminal ORDER BY serial")?
        .query_map([], remembered)?
        .collect()
}

/// The hub's word as it stands in the file.
pub(super) fn as_json(terminal: &link::Terminal) -> rusqlite::Result<String> {
    serde_json::to_string(terminal).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn set_owes_upload(connection: &Connection, serial: &str, owes: bool) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("UPDATE terminal SET owes_upload = ?2 WHERE serial = ?1")?;
    statement.execute((serial, owes)).map(drop)
}

fn keep_sample(
    connection: &Connection,
    serial: &str,
    entries: &[Entry],
    believed_since_us: i64,
) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO terminal (serial, registered, owes_upload, sample_lines) VALUES (?1, NULL, 1, 0)",
        )?
        .execute([serial])?;
    let mut kept: i64 = connection
        .prepare_cached("SELECT sample_lines FROM terminal WHERE serial = ?1")?
        .query_row([serial], |row| row.get(0))?;
    for entry in entries {
        if kept >= SAMPLE_LINES {
            break;
        }
        kept += i64::from(writer::append(connection, std::slice::from_ref(entry), believed_since_us)?.new == 1);
    }
    connection.prepare_cached("UPDATE terminal SET sample_lines = ?2 WHERE serial = ?1")?.execute((serial, kept))?;
    Ok(kept)
}

/// A registration that can't be read (from a newer version, say) counts as none: the terminal waits for the next list.
fn remembered(row: &Row<'_>) -> rusqlite::Result<Remembered> {
    let json: Option<String> = row.get(1)?;
    Ok(Remembered {
        serial: row.get(0)?,
        registered: json.and_then(|json| serde_json::from_str(&json).ok()),
        owes_upload: row.get(2)?,
        sample_lines: row.get(3)?,
    })
}
