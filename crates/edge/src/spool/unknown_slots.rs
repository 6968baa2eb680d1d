//! Punches that name only a slot of the user table, and a slot that the table does not know (punch identity, "Old
//! 8-byte records"). They have no user number, so no fingerprint: they wait here until a later reading of the table
//! knows the slot.

use attendance::punch::{Channel, PrintedTime, RawPunch};

use super::{Entry, Spool, SpoolError, encode_punch, payload};

/// A punch whose user is only known by slot; `punch.user` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPunch {
    /// Place in the user table of the terminal.
    pub slot: u16,
    /// Everything but the user.
    pub punch: RawPunch,
}

impl Spool {
    /// Keeps punches with unknown slots of one terminal. Returns how many it has now.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn keep_unknown_slots(&self, serial: String, punches: Vec<SlotPunch>) -> Result<i64, SpoolError> {
        self.change(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT OR IGNORE INTO unknown_slot (serial, slot, printed, payload) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for SlotPunch { slot, punch } in &punches {
                let payload = encode_punch(Channel::Poll, punch);
                insert.execute((&serial, slot, printed(&punch.time), payload))?;
            }
            connection
                .prepare_cached("SELECT count(*) FROM unknown_slot WHERE serial = ?1")?
                .query_row([&serial], |row| row.get(0))
        })
        .await
    }

    /// Moves the punches whose slot `number_of` now knows into the spool. Returns how many.
    ///
    /// # Errors
    /// When the write fails; all of them wait on.
    pub async fn resolve_slots<F>(&self, serial: String, received_us: i64, number_of: F) -> Result<usize, SpoolError>
    where
        F: Fn(u16) -> Option<String> + Send + 'static,
    {
        let believed = self.inner.believed.clone();
        self.change(move |connection| {
            let waiting: Vec<(u16, String, Vec<u8>)> = connection
                .prepare_cached("SELECT slot, printed, payload FROM unknown_slot WHERE serial = ?1")?
                .query_map([&serial], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut remove = connection
                .prepare_cached("DELETE FROM unknown_slot WHERE serial = ?1 AND slot = ?2 AND printed = ?3")?;
            let mut resolved = 0;
            for (slot, printed, payload) in waiting {
                let (Some(user), Some(punch)) = (number_of(slot), payload::punch_of(&payload)) else { continue };
                let entry = Entry::punch(Channel::Poll, &RawPunch { user, ..punch }, received_us);
                super::writer::append(connection, &[entry], believed.since_us())?;
                remove.execute((&serial, slot, printed))?;
                resolved += 1;
            }
            Ok(resolved)
        })
        .await
    }
}

fn printed(time: &PrintedTime) -> String {
    match time {
        PrintedTime::Seconds(seconds) => seconds.to_string(),
        PrintedTime::Raw(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
