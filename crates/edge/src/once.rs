//! One reading of a terminal, outside of the schedule: what `punchclock terminal poll` does.

use std::collections::HashMap;

use attendance::punch::RawPunch;
use jiff::tz::TimeZone;
use zk::UserRef;

use crate::names::name_of;
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
    /// Its records name slots of the user table, which were read as they are given now: whoever had them before is not known
    /// here, as it is to the regular poll.
    pub names_slots: bool,
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
    let Tables { users, log, clock, .. } = visit.read_tables(Some(zone)).await?;
    if let (Some(told), Some(false)) = (log.told, log.is_complete()) {
        return Err(Trouble::Incomplete { read: log.records.len(), told, new: 0 });
    }
    let names_slots = log.records.iter().any(|record| matches!(record.user, UserRef::Slot(_)));
    let numbers: HashMap<u16, &str> = users.iter().map(|user| (user.slot, user.number.as_str())).collect();
    let mut punches = Vec::new();
    let mut unknown_slots = 0;
    for (record, raw) in log.iter() {
        match &record.user {
            UserRef::Number(number) => punches.push(punch(serial, &number.text(), record, raw)),
            UserRef::Slot(slot) => match numbers.get(slot) {
                Some(number) => punches.push(punch(serial, number, record, raw)),
                None => unknown_slots += 1,
            },
        }
    }
    let users = users.iter().map(|user| (user.number.clone(), name_of(user))).collect();
    Ok(Reading { punches, users, told: log.told, names_slots, unknown_slots, clock })
}
