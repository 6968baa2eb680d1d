//! Commands that wait for a terminal to fetch them (adms 7). Hand-out and change of state are one transaction, because
//! two polls may overlap; a command without a result is handed out again, because a terminal may restart in between. So
//! commands here must do no harm when they are done twice.

use std::time::Duration;

use adms::{Command, CommandLine, Dialect};
use rusqlite::Connection;

use super::{Spool, SpoolError, micros};

/// After this time without a result a command is handed out again.
const RESULT_TIMEOUT: Duration = Duration::from_secs(300);
/// Commands in one reply.
const PER_REPLY: i64 = 50;

/// A command that the edge sends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Read the settings again, and upload again what they ask for.
    Check,
    /// Send the user table.
    QueryUsers,
}

impl Errand {
    const fn word(self) -> &'static str {
        match self {
            Self::Check => "CHECK",
            Self::QueryUsers => "QUERY USERS",
        }
    }

    fn command(word: &str) -> Option<Command> {
        match word {
            "CHECK" => Some(Command::Check),
            "QUERY USERS" => Some(Command::QueryUsers),
            _ => None,
        }
    }
}

impl Spool {
    /// Queues errands for a terminal; one that already waits is not queued twice.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn queue(&self, serial: String, errands: Vec<Errand>) -> Result<(), SpoolError> {
        self.change(move |connection| queue(connection, &serial, &errands)).await
    }

    /// The commands that a terminal gets now; they count as sent. A word that this version does not know (an older or
    /// newer one queued it) is taken out of the queue.
    ///
    /// # Errors
    /// When the write fails; they stay in the queue.
    pub async fn hand_out(&self, serial: String, now_us: i64) -> Result<Vec<CommandLine>, SpoolError> {
        self.change(move |connection| hand_out(connection, &serial, now_us)).await
    }

    /// Takes a command out of the queue, as its result has come. A result for an unknown id changes nothing.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn settle(&self, serial: String, ids: Vec<i64>) -> Result<(), SpoolError> {
        self.change(move |connection| {
            let mut statement = connection.prepare_cached("DELETE FROM command WHERE id = ?1 AND serial = ?2")?;
            ids.iter().try_for_each(|id| statement.execute((id, &serial)).map(drop))
        })
        .await
    }

    /// The serials for which a command waits.
    ///
    /// # Errors
    /// When the file can't be read.
    pub async fn serials_with_commands(&self) -> Result<Vec<String>, SpoolError> {
        self.read(|connection| {
            connection.prepare_cached("SELECT DISTINCT serial FROM command")?.query_map([], |row| row.get(0))?.collect()
        })
        .await
    }
}

/// As [`Spool::queue`], inside the current transaction.
pub(super) fn queue(connection: &Connection, serial: &str, errands: &[Errand]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO command (serial, word) SELECT ?1, ?2
         WHERE NOT EXISTS (SELECT 1 FROM command WHERE serial = ?1 AND word = ?2)",
    )?;
    errands.iter().try_for_each(|errand| statement.execute((serial, errand.word())).map(drop))
}

fn hand_out(connection: &Connection, serial: &str, now_us: i64) -> rusqlite::Result<Vec<CommandLine>> {
    let due: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT id, word FROM command WHERE serial = ?1 AND (sent_us IS NULL OR sent_us <= ?2) ORDER BY id LIMIT ?3",
        )?
        .query_map((serial, now_us.saturating_sub(micros(RESULT_TIMEOUT)), PER_REPLY), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut mark = connection.prepare_cached("UPDATE command SET sent_us = ?2 WHERE id = ?1")?;
    let mut remove = connection.prepare_cached("DELETE FROM command WHERE id = ?1")?;
    let mut lines = Vec::with_capacity(due.len());
    for (id, word) in due {
        match Errand::command(&word)
            .and_then(|command| CommandLine::new(id.to_string(), &command, Dialect::Attendance).ok())
        {
            Some(line) => {
                mark.execute((id, now_us))?;
                lines.push(line);
            }
            None => {
                remove.execute([id])?;
                tracing::warn!(serial, word, "a command that this version does not know was taken out of the queue");
            }
        }
    }
    Ok(lines)
}
