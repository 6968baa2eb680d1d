//! One reading of a terminal, outside of the schedule: what `punchclock terminal poll` does.

use std::collections::HashMap;

use attendance::punch::RawPunch;

use crate::names;
use crate::reading::{Tables, Trouble, punch, read_terminal};

/// A terminal's whole log with the users that it lists.
#[derive(Debug)]
pub struct Reading {
    /// Its records as punches; the identity is that of the pushed lines. A record whose user is a slot that the table
    /// does not know is left to the regular poll, which keeps it until the table knows it.
    pub punches: Vec<RawPunch>,
    /// User number and name.
    pub users: Vec<(String, String)>,
    /// Records that the terminal says it holds.
    pub told: Option<u32>,
    /// Records left out because nobody has their slot.
    pub unknown_slots: usize,
    /// How far its clock was off; `None` when it does not tell its time, or its zone is not known.
    pub clock: Option<link::Clock>,
}

/// Why a terminal was not read: what happened, and the cure.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ReadError(#[from] Trouble);

/// Reads a terminal now.
///
/// # Errors
/// [`ReadError`]. A partly read log is an error: nothing of it is returned.
pub async fn read_once(terminal: &link::Terminal) -> Result<Reading, ReadError> {
    let Tables { users, log, clock } = read_terminal(terminal, zk::client::Options::default().idle_timeout).await?;
    if let (Some(told), Some(false)) = (log.told, log.is_complete()) {
        return Err(Trouble::Incomplete { read: log.records.len(), told }.into());
    }
    let numbers: HashMap<u16, String> = users.iter().map(|user| (user.slot, user.number.clone())).collect();
    let all = log.iter().map(|(record, raw)| punch(&terminal.serial, &numbers, record, raw));
    let (punches, unknown): (Vec<RawPunch>, Vec<RawPunch>) = all.partition(|punch| !punch.user.is_empty());
    let users = users.into_iter().map(|user| (user.number, names::decode(&user.name_raw))).collect();
    Ok(Reading { punches, users, told: log.told, unknown_slots: unknown.len(), clock })
}
