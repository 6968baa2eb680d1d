//! What a terminal's tables say goes into the spool, as if it had been pushed.
//!
//! What was stored of a log is remembered by its length and hash while the edge runs: a log that only grew is stored from there
//! on, and one for which the spool has no room is stored in parts, as room comes with what the hub takes. (Were each reading to
//! begin anew, it would drive out what the one before it had stored, and never come to the end.) Each reading closes the latest days of the log ([`close`]), and sends once more what the hub says that it lacks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use attendance::punch::{Channel, PrintedTime, RawPunch};
use link::{TerminalUser, UserList};
use zk::{AttendanceLog, AttendanceRecord, InvalidTime, User, UserRef};

use crate::closing::{Closing, Doubts, close};
use crate::counters::Counters;
use crate::names::name_of;
use crate::plan::Slots;
use crate::spool::unknown_slots::SlotPunch;
use crate::spool::{Entry, Spool, SpoolError};
use crate::terminals::{Delivered, WholeLog};
use crate::timekeeper::Timekeeper;
use crate::{Tables, Trouble};

/// Records that go to the spool together.
const STEP_RECORDS: usize = 1000;
/// Latest dates of a reading whose punches in the spool are counted; of earlier ones only those that are in doubt.
const COUNTED_DATES: usize = 2;

/// Takes readings into the spool.
pub(crate) struct Intake {
    spool: Spool,
    counters: Arc<Counters>,
    time: Arc<Timekeeper>,
    /// By serial.
    stored: Mutex<HashMap<String, Stored>>,
}

/// A punch of a log and its place there.
type Placed = (usize, RawPunch);

/// The part of a log that is in the spool already, or was and has been acknowledged.
struct Stored {
    records: usize,
    hash: blake3::Hash,
}

impl Intake {
    pub(crate) fn new(spool: Spool, counters: Arc<Counters>, time: Arc<Timekeeper>) -> Self {
        Self { spool, counters, time, stored: Mutex::default() }
    }

    /// Stores what is new of tables that were read at `read_us` (microseconds of the steady clock), or later: what was punched
    /// before that is in them.
    pub(crate) async fn take(
        &self,
        serial: &str,
        tables: &Tables,
        read_us: i64,
        doubts: &Doubts,
    ) -> Result<WholeLog, Trouble> {
        let Tables { users, has_all_users, log, clock } = tables;
        let now_us = self.time.now_us();
        self.take_users(serial, users, now_us).await?;
        let mut slots = self.slots(serial, users, log).await?;
        let (new, waiting) = self.take_punches(serial, log, &mut slots, now_us).await?;
        if let (Some(told), Some(false)) = (log.told, log.is_complete()) {
            return Err(Trouble::Incomplete { read: log.records.len(), told, new });
        }
        let remark = (waiting > 0).then(|| {
            format!("{waiting} records name a place in the terminal's user table that is empty; they are held until somebody has it")
        });
        let closing = close(serial, log, &mut slots, doubts, read_us);
        let delivered = deliver(&self.spool, &self.counters, closing, Channel::Poll, now_us).await?;
        let named = users.iter().map(|user| (user.number.clone(), name_of(user)));
        let listed = if *has_all_users { UserList::of(serial, read_us, named) } else { None };
        Ok(WholeLog { records: log.records.len() as i64, new, remark, clock: *clock, listed, delivered })
    }

    async fn take_users(&self, serial: &str, users: &[User], now_us: i64) -> Result<(), SpoolError> {
        let sightings = users.iter().map(|user| {
            let (user, name) = (user.number.clone(), name_of(user));
            Entry::user(&TerminalUser { origin: serial.to_owned(), user, name }, now_us)
        });
        self.spool.append_patiently(sightings.collect()).await.map(drop)
    }

    /// Returns how many punches were new, and how many wait for the owner of their slot.
    async fn take_punches(
        &self,
        serial: &str,
        log: &AttendanceLog,
        slots: &mut Slots,
        now_us: i64,
    ) -> Result<(usize, i64), Trouble> {
        let (known, unknown) = self.told_apart(serial, slots, log);
        // First the owners: a record that is stored without them could go to somebody else the next time.
        self.spool.remember_slot_owners(serial.to_owned(), slots.changes()).await?;
        let waiting = self.spool.keep_unknown_slots(serial.to_owned(), unknown).await?;
        let (mut rest, mut new) = (known.as_slice(), 0);
        let outcome = self.append(&mut rest, &mut new, now_us).await;
        let (read, taken) = (log.records.len(), rest.first().map_or(log.records.len(), |(place, _)| *place));
        self.remember_stored(serial, log, taken);
        outcome.map_err(|error| match error {
            full @ SpoolError::Full(_) if taken > 0 => Trouble::NoRoom { taken, read, new, full },
            error => Trouble::Spool(error),
        })?;
        let owners = slots.owners_now();
        let owner = move |slot| owners.get(&slot).cloned();
        let resolved = self.spool.resolve_slots(serial.to_owned(), now_us, owner).await?;
        Ok((new + resolved, waiting.saturating_sub(resolved as i64)))
    }

    /// Appends punches in steps, which become smaller where the room does; what could not be stored is left in `rest`, and `new` counts
    /// what was not known.
    async fn append(&self, rest: &mut &[Placed], new: &mut usize, now_us: i64) -> Result<(), SpoolError> {
        let mut most = STEP_RECORDS;
        while !rest.is_empty() {
            let (step, later) = rest.split_at(most.min(rest.len()));
            let entries = step.iter().map(|(_, punch)| Entry::punch(Channel::Poll, punch, now_us)).collect();
            match self.spool.append_patiently(entries).await {
                Ok(appended) => {
                    *rest = later;
                    *new += appended.new;
                    self.counters.punches_new.add(appended.new);
                    self.counters.punches_known.add(appended.known);
                    self.counters.punches_differing.add(appended.differing);
                }
                Err(SpoolError::Full(_)) if most > 1 => most /= 2,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The owners of slots, for a log that names them.
    async fn slots(&self, serial: &str, users: &[User], log: &AttendanceLog) -> Result<Slots, SpoolError> {
        if !log.records.iter().any(|record| matches!(record.user, UserRef::Slot(_))) {
            return Ok(Slots::default());
        }
        let known = self.spool.slot_owners(serial.to_owned()).await?;
        Ok(Slots::new(known, users.iter().map(|user| (user.slot, user.number.clone()))))
    }

    /// What is new in the log: punches, and those whose user is only a slot that nobody has had.
    fn told_apart(&self, serial: &str, slots: &mut Slots, log: &AttendanceLog) -> (Vec<Placed>, Vec<SlotPunch>) {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for (place, (record, raw)) in log.iter().enumerate().skip(self.already_stored(serial, log)) {
            match &record.user {
                UserRef::Number(number) => known.push((place, punch(serial, &number.text(), record, raw))),
                UserRef::Slot(slot) => match slots.give(*slot, record.time) {
                    Some(number) => known.push((place, punch(serial, number, record, raw))),
                    None => unknown.push(SlotPunch { slot: *slot, punch: punch(serial, "", record, raw) }),
                },
            }
        }
        (known, unknown)
    }

    /// How many records at the head of the log an earlier reading stored.
    fn already_stored(&self, serial: &str, log: &AttendanceLog) -> usize {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stored) = stored.get(serial) else { return 0 };
        let head = log.raw().get(..stored.records * log.layout.width());
        if head.is_some_and(|head| blake3::hash(head) == stored.hash) { stored.records } else { 0 }
    }

    fn remember_stored(&self, serial: &str, log: &AttendanceLog, records: usize) {
        let head = log.raw().get(..records * log.layout.width()).unwrap_or_default();
        let stored = Stored { records, hash: blake3::hash(head) };
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).insert(serial.to_owned(), stored);
    }
}

/// Sends once more what the hub lacks; the reading may be told when the hub has acknowledged all that is in the spool now.
pub(crate) async fn deliver(
    spool: &Spool,
    counters: &Counters,
    closing: Closing,
    road: Channel,
    now_us: i64,
) -> Result<Delivered, SpoolError> {
    let Closing { mut reading, again } = closing;
    for step in again.chunks(STEP_RECORDS) {
        let entries = step.iter().map(|punch| Entry::punch(road, punch, now_us)).collect();
        spool.send_again(entries).await?;
    }
    if !again.is_empty() {
        counters.punches_sent_again.add(again.len());
        tracing::warn!(
            serial = reading.serial,
            punches = again.len(),
            "the hub lacks punches; their days are sent again"
        );
    }
    let newest = reading.days.len().saturating_sub(COUNTED_DATES);
    for (place, day) in reading.days.iter_mut().enumerate() {
        if place >= newest || day.listed.is_some() {
            day.in_spool = Some(spool.count_of(reading.serial.clone(), day.date).await?);
        }
    }
    let up_to = spool.depth().await?.last;
    Ok(Delivered { reading, up_to })
}

/// The record as the terminal would print it, so that its identity is that of the pushed line.
pub(crate) fn punch(serial: &str, user: &str, record: &AttendanceRecord, raw: &[u8]) -> RawPunch {
    let printed = record.time.civil().unwrap_or_else(InvalidTime::printed).to_string();
    RawPunch {
        origin: serial.to_owned(),
        user: user.to_owned(),
        time: PrintedTime::parse(&printed),
        state: Some(i32::from(record.state)),
        verify: Some(i32::from(record.verify)),
        work_code: (record.work_code != 0).then(|| record.work_code.to_string()),
        original: raw.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_print_as_the_pushed_line_does() {
        let record = AttendanceRecord::of_number("0012".into(), zk::PackedTime(-964_223_993));
        let said = punch("A1", "0012", &record, b"raw");
        assert_eq!((said.user.as_str(), said.time.seconds()), ("0012", Some(7)));
        let no_date = AttendanceRecord::of_number("0012".into(), zk::PackedTime(840_931_200));
        let said = punch("A1", "0012", &no_date, b"raw");
        assert_eq!(said.time, PrintedTime::Raw(b"2026-02-31 00:00:00".to_vec()));
    }
}
