//! One reading of a terminal, outside of the schedule: what `punchclock terminal poll` does.

use std::collections::HashMap;

use attendance::punch::RawPunch;
use jiff::tz::TimeZone;

use crate::names;
use crate::reading::punch;
use crate::{Tables, Trouble, Visit};

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

/// Reads what a terminal holds, now.
///
/// # Errors
/// [`Trouble`]: what happened, and the cure. A partly read log is an error: nothing of it is returned.
pub async fn read_once(visit: &mut Visit, serial: &str, zone: &TimeZone) -> Result<Reading, Trouble> {
    let Tables { users, log, clock } = visit.read_tables(Some(zone)).await?;
    if let (Some(told), Some(false)) = (log.told, log.is_complete()) {
        return Err(Trouble::Incomplete { read: log.records.len(), told });
    }
    let numbers: HashMap<u16, String> = users.iter().map(|user| (user.slot, user.number.clone())).collect();
    let all = log.iter().map(|(record, raw)| punch(serial, &numbers, record, raw));
    let (punches, unknown): (Vec<RawPunch>, Vec<RawPunch>) = all.partition(|punch| !punch.user.is_empty());
    let users = users.into_iter().map(|user| (user.number, names::decode(&user.name_raw))).collect();
    Ok(Reading { punches, users, told: log.told, unknown_slots: unknown.len(), clock })
}
