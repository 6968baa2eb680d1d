//! The terminals as this edge sees them now: the hub's list, and last contacts. In memory, so that a request costs one
//! look-up; what must survive a restart is in the spool.

mod days;
mod listed;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adms::Dialect;
use jiff::tz::TimeZone;
use link::{Clock, Contact, Moved, Poll, Reading, UserList, Via};
use tokio::sync::watch;

use crate::closing::Doubts;
use crate::plan::clock::Look;
use crate::plan::{Admission, Caller, Counting, Doubt, Judgement, Told, drift, judge, poll_every};
use crate::spool::terminals::Memory;
use crate::visit::addresses;
use listed::Listed;

/// Serials that are remembered without being registered; a network scan must not fill the memory.
const MAX_UNKNOWN: usize = 1000;
/// Readings that may fail before a terminal is told to be silent.
const MISSED_POLLS: u32 = 4;
/// How long a caller that was refused is told of, when it does not come again.
const REFUSAL_COUNTS_US: i64 = 3600 * 1_000_000;

/// Who is calling, and what the edge may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) is_approved: bool,
    /// How it is collected from.
    pub(crate) via: Via,
    /// It shall upload everything, because nothing of it is known yet.
    pub(crate) owes_upload: bool,
    /// Lines of its sample that are kept already.
    pub(crate) sample_lines: i64,
    pub(crate) has_commands: bool,
    /// What it speaks, as far as it has shown.
    pub(crate) dialect: Dialect,
    /// An access terminal that has registered since the start of this edge.
    pub(crate) has_registered: bool,
    /// Its address was admitted by this very request.
    pub(crate) admission: Option<Admission>,
}

/// Why a caller is not served. It keeps what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotServed {
    /// A stranger beyond the limit.
    TooMany,
    /// It is not believed to be the terminal.
    Doubted {
        /// Why.
        doubt: Doubt,
        /// Nobody has been told of it yet.
        is_news: bool,
    },
}

/// A caller that was not believed to be the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refused {
    from: IpAddr,
    doubt: Doubt,
    at_us: i64,
}

/// A log that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WholeLog {
    /// Records in it.
    pub(crate) records: i64,
    /// Punches of it that were not known.
    pub(crate) new: usize,
    /// What a person should know although the reading went well.
    pub(crate) remark: Option<String>,
    /// What its clock showed, when it told it and its zone is known.
    pub(crate) clock: Option<Clock>,
    /// The users of the terminal, when all of them were read. Its time is the steady clock's.
    pub(crate) listed: Option<UserList>,
    /// What it proves.
    pub(crate) delivered: Delivered,
}

/// A reading that may be told once the hub holds what it brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// As it is told, but for its time, which is the steady clock's: whoever sets the other one makes no reading younger.
    pub(crate) reading: Reading,
    /// Sequence of the spool up to which the hub must hold everything.
    pub(crate) up_to: i64,
}

impl Delivered {
    /// What is told of it at a time: as old as it is.
    pub(crate) fn told(&self, now: Look) -> Reading {
        Reading { read_us: told_us(self.reading.read_us, now), ..self.reading.clone() }
    }
}

/// A time of the steady clock as the other one shows it now: as long ago.
const fn told_us(steady_us: i64, now: Look) -> i64 {
    now.now_us.saturating_sub(now.steady_us.saturating_sub(steady_us))
}

#[derive(Debug, Default, Clone)]
struct Known {
    registered: Option<link::Terminal>,
    contact: Contact,
    /// When it was heard of last, or was first waited for; a clock that nobody sets.
    heard: Option<Instant>,
    owes_upload: bool,
    /// It was told to upload everything, in a handshake since the start of this edge.
    was_told: bool,
    sample_lines: i64,
    has_commands: bool,
    /// Its last poll read the whole log.
    is_at_work: bool,
    /// Something happened since it was told last.
    is_news: bool,
    /// What a heartbeat said of it last; `None` when nothing is known to have arrived.
    told: Option<Told>,
    /// What its last uploads show of its clock.
    uploads: drift::Uploads,
    /// What it speaks, and what the spool remembers of that.
    dialect: Dialect,
    remembered_dialect: Dialect,
    /// An access terminal that has registered since the start of this edge.
    has_registered: bool,
    /// The address that has shown its key.
    admission: Option<Admission>,
    /// Who was refused last.
    refused: Option<Refused>,
    /// What was in the way of the last poll.
    poll_trouble: Option<String>,
    /// Its last reading, until the hub has heard of it.
    untold: Option<Delivered>,
    /// Its users at that reading or at one before, until the hub has what it wants of them.
    listed: Option<Listed>,
    /// How its last readings ended, of which the hub has not heard, the oldest first, each with its number.
    polls: VecDeque<(u64, Poll)>,
    /// What the hub could not tell to be complete at the reading before.
    doubts: Doubts,
    /// The doubts have changed since it was read: the next reading should not wait for its turn.
    is_hurried: bool,
    /// Its days, when it only pushes.
    counting: Counting,
}

impl Known {
    /// The zone of its clock, when the hub named one that this machine knows.
    fn zone(&self) -> Option<TimeZone> {
        TimeZone::get(self.registered.as_ref()?.zone.as_deref()?).ok()
    }

    /// Whether the caller is believed. Where no key is registered, everybody is.
    fn judge(&self, caller: Caller<'_>) -> Judgement {
        let pinned = self.registered.as_ref().and_then(|terminal| terminal.push_key.as_deref());
        pinned.map_or(Judgement::Known, |pinned| judge(pinned, caller, self.admission))
    }

    fn set_refused(&mut self, refused: Option<Refused>) {
        self.refused = refused;
        self.tell_trouble();
    }

    fn set_poll_trouble(&mut self, trouble: Option<String>) {
        self.poll_trouble = trouble;
        self.tell_trouble();
    }

    /// What is told of trouble: that of both roads.
    fn tell_trouble(&mut self) {
        let refused =
            self.refused.map(|Refused { from, doubt, .. }| format!("{from} calls with this serial and {doubt}"));
        let troubles: Vec<String> = self.poll_trouble.iter().cloned().chain(refused).collect();
        let trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
        self.is_news |= self.contact.trouble != trouble;
        self.contact.trouble = trouble;
    }
}

/// All terminals of this edge.
#[derive(Debug)]
pub(crate) struct Terminals {
    /// In order, so that the same calls give the same answers.
    known: Mutex<BTreeMap<String, Known>>,
    /// Readings that have ended since the start of this edge.
    ended: AtomicU64,
    /// Counts up when a heartbeat should not wait: a serial was seen for the first time, a command has its result.
    urgent: watch::Sender<u64>,
    /// Counts up when the list or a schedule changed.
    changes: watch::Sender<u64>,
}

impl Terminals {
    pub(crate) fn new(memory: Memory) -> Self {
        let Memory { terminals, admissions, access, with_commands } = memory;
        let known = terminals.into_iter().map(|one| {
            let dialect = if access.contains(&one.serial) { Dialect::Security } else { Dialect::Attendance };
            let known = Known {
                contact: Contact { serial: one.serial.clone(), ..Contact::default() },
                registered: one.registered,
                owes_upload: one.owes_upload,
                sample_lines: one.sample_lines,
                has_commands: with_commands.contains(&one.serial),
                admission: admissions.get(&one.serial).copied(),
                dialect,
                remembered_dialect: dialect,
                ..Known::default()
            };
            (one.serial, known)
        });
        Self {
            known: Mutex::new(known.collect()),
            ended: AtomicU64::default(),
            urgent: watch::Sender::new(0),
            changes: watch::Sender::new(0),
        }
    }

    /// Notes a contact of a terminal, unless its caller is not served.
    pub(crate) fn meet(&self, serial: &str, caller: Caller<'_>, now_us: i64) -> Result<Standing, NotServed> {
        let mut known = self.lock();
        if !known.contains_key(serial) {
            if known.values().filter(|one| one.registered.is_none()).count() >= MAX_UNKNOWN {
                return Err(NotServed::TooMany);
            }
            known.insert(serial.to_owned(), stranger(serial));
            self.nudge();
        }
        let one = known.get_mut(serial).ok_or(NotServed::TooMany)?;
        let admission = match one.judge(caller) {
            Judgement::Known => None,
            Judgement::Admitted(admission) => {
                one.admission.replace(admission).is_none_or(|before| before != admission).then_some(admission)
            }
            Judgement::Doubted(doubt) => {
                let is_same = |refused: Refused| (refused.from, refused.doubt) == (caller.from, doubt);
                let is_news = !one.refused.is_some_and(is_same);
                one.set_refused(Some(Refused { from: caller.from, doubt, at_us: now_us }));
                return Err(NotServed::Doubted { doubt, is_news });
            }
        };
        let is_over =
            |refused: Refused| refused.from == caller.from || now_us.saturating_sub(refused.at_us) > REFUSAL_COUNTS_US;
        if one.refused.is_some_and(is_over) {
            one.set_refused(None);
        }
        one.contact.last_contact_us = Some(now_us);
        one.heard = Some(Instant::now());
        one.is_news = true;
        Ok(Standing {
            is_approved: one.registered.as_ref().is_some_and(|terminal| terminal.approved),
            via: one.registered.as_ref().map_or(Via::default(), |terminal| terminal.via),
            owes_upload: one.owes_upload,
            sample_lines: one.sample_lines,
            has_commands: one.has_commands,
            dialect: one.dialect,
            has_registered: one.has_registered,
            admission,
        })
    }

    /// Changes one terminal that is known.
    fn with<R>(&self, serial: &str, change: impl FnOnce(&mut Known) -> R) -> Option<R> {
        self.lock().get_mut(serial).map(change)
    }

    pub(crate) fn told_to_upload(&self, serial: &str) {
        self.with(serial, |one| one.was_told = true);
    }

    /// An upload of punches was stored. True when with it the terminal has begun to do what it was told.
    pub(crate) fn uploaded(&self, serial: &str) -> bool {
        let settle = |one: &mut Known| {
            let settles = one.owes_upload && one.was_told;
            one.owes_upload &= !settles;
            settles
        };
        self.with(serial, settle).unwrap_or(false)
    }

    /// All of its log was found by a query and stored. True when it owed that.
    pub(crate) fn has_uploaded(&self, serial: &str) -> bool {
        self.with(serial, |one| std::mem::take(&mut one.owes_upload)).unwrap_or(false)
    }

    /// Notes the dialect in which it calls. True when that is to be remembered over a restart.
    pub(crate) fn speaks(&self, serial: &str, dialect: Dialect) -> bool {
        let note = |one: &mut Known| {
            one.dialect = dialect;
            // Of strangers nothing is remembered: a scan must not fill the disk.
            let is_due = one.registered.is_some() && one.remembered_dialect != dialect;
            if is_due {
                one.remembered_dialect = dialect;
            }
            is_due
        };
        self.with(serial, note).unwrap_or(false)
    }

    /// An access terminal has registered.
    pub(crate) fn registered(&self, serial: &str) {
        self.with(serial, |one| one.has_registered = true);
    }

    pub(crate) fn sampled(&self, serial: &str, lines: i64) {
        self.with(serial, |one| one.sample_lines = lines);
    }

    /// It is to upload everything again, at its next handshake.
    pub(crate) fn owes_upload(&self, serial: &str) {
        self.with(serial, |one| (one.owes_upload, one.was_told) = (true, false));
    }

    pub(crate) fn set_has_commands(&self, serial: &str, has: bool) {
        self.with(serial, |one| one.has_commands = has);
    }

    /// It uploaded at once a punch with this time on its face, in seconds since 1970: its clock shows.
    pub(crate) fn showed_face(&self, serial: &str, face_s: i64, now_us: i64) {
        self.with(serial, |one| {
            let zone = one.zone()?;
            let clock = one.uploads.add(face_s, now_us, &zone)?;
            one.contact.clock = Some(drift::newer(one.contact.clock, clock));
            // A heartbeat may have gone since the contact.
            one.is_news = true;
            Some(())
        });
    }

    /// The zone in which its clock is to be set, when the operator wants that it is.
    pub(crate) fn zone_to_set(&self, serial: &str) -> Option<TimeZone> {
        let sets = |one: &mut Known| one.registered.as_ref().is_some_and(|terminal| terminal.sets_clock);
        self.with(serial, |one| if sets(one) { one.zone() } else { None }).flatten()
    }

    /// It told something in a live session.
    pub(crate) fn heard(&self, serial: &str, now_us: i64) {
        self.with(serial, |one| {
            one.is_news = true;
            one.heard = Some(Instant::now());
            one.contact.last_contact_us = Some(now_us);
        });
    }

    /// Notes how a poll ended: what was read, or the trouble in words.
    pub(crate) fn polled(&self, serial: &str, now_us: i64, outcome: Result<WholeLog, String>) {
        self.with(serial, |one| {
            one.is_news = true;
            match outcome {
                Ok(log) => {
                    one.is_at_work = true;
                    one.heard = Some(Instant::now());
                    one.contact.last_contact_us = Some(now_us);
                    one.contact.last_complete_read_us = Some(now_us);
                    one.contact.records_on_terminal = Some(log.records);
                    one.set_poll_trouble(log.remark);
                    one.contact.clock = log.clock.or(one.contact.clock);
                    if let Some(list) = log.listed {
                        one.listed = Some(Listed::new(list, log.delivered.up_to));
                    }
                    one.untold = Some(log.delivered);
                }
                Err(trouble) => {
                    one.is_at_work = false;
                    one.set_poll_trouble(Some(trouble));
                }
            }
        });
    }

    /// Where a terminal was found that is not at its registered address; `None` when it is there.
    pub(crate) fn set_moved(&self, serial: &str, moved: Option<Moved>) {
        self.with(serial, |one| {
            one.is_news |= one.contact.moved != moved;
            one.contact.moved = moved;
        });
    }

    /// Where it was found, as long as it is registered with the address that it was not at.
    pub(crate) fn moved(&self, serial: &str) -> Option<Moved> {
        self.with(serial, |one| one.contact.moved.clone())?
    }

    /// What the hub's list changes: the serials that it approves and that were not approved before. `None` when it says
    /// what is known already.
    pub(crate) fn newly_approved(&self, list: &[link::Terminal]) -> Option<Vec<String>> {
        let known = self.lock();
        let registered = |serial: &str| known.get(serial).and_then(|one| one.registered.as_ref());
        let registered_count = known.values().filter(|one| one.registered.is_some()).count();
        let has_changed = registered_count != list.len()
            || list.iter().any(|terminal| registered(&terminal.serial) != Some(terminal));
        let is_new = |terminal: &&link::Terminal| {
            terminal.approved && !registered(&terminal.serial).is_some_and(|before| before.approved)
        };
        has_changed.then(|| list.iter().filter(is_new).map(|terminal| terminal.serial.clone()).collect())
    }

    /// Takes over the hub's list, after the spool remembers it. What is newly approved owes an upload of everything, and
    /// the command to make it waits.
    pub(crate) fn take_over(&self, list: &[link::Terminal]) {
        let listed: HashSet<&str> = list.iter().map(|terminal| terminal.serial.as_str()).collect();
        let mut known = self.lock();
        for (_, one) in known.iter_mut().filter(|(serial, _)| !listed.contains(serial.as_str())) {
            one.registered = None;
        }
        for terminal in list {
            let one = known.entry(terminal.serial.clone()).or_insert_with(|| stranger(&terminal.serial));
            if terminal.approved && !one.registered.as_ref().is_some_and(|before| before.approved) {
                (one.owes_upload, one.was_told, one.has_commands) = (true, false, true);
            }
            if one.registered.as_ref().is_some_and(|before| before.zone != terminal.zone) {
                // What was seen of its clock was seen with another zone.
                one.uploads = drift::Uploads::default();
                one.contact.clock = None;
            }
            if one.registered.as_ref().is_some_and(|before| before.push_key != terminal.push_key) {
                one.set_refused(None);
            }
            // What waited for a visit may be its own to fetch now.
            one.has_commands |= one.registered.as_ref().is_some_and(|before| before.via != terminal.via);
            if one.contact.moved.as_ref().is_some_and(|moved| Some(&moved.from) != terminal.address.as_ref()) {
                one.contact.moved = None;
            }
            one.registered = Some(terminal.clone());
        }
        drop(known);
        self.changes.send_modify(|count| *count += 1);
    }

    /// The terminals that are to be polled.
    pub(crate) fn to_poll(&self) -> Vec<link::Terminal> {
        let known = self.lock();
        let registered = known.values().filter_map(|one| one.registered.as_ref());
        registered.filter(|one| one.approved && one.via.polls() && one.address.is_some()).cloned().collect()
    }

    /// The comm keys of polled terminals that could not be read.
    pub(crate) fn keys_of_missing(&self) -> Vec<u32> {
        let known = self.lock();
        let missing = known.values().filter(|one| !one.is_at_work).filter_map(|one| one.registered.as_ref());
        let keys: BTreeSet<u32> = missing.filter(|one| one.via.polls()).filter_map(|one| one.comm_key).collect();
        keys.into_iter().collect()
    }

    /// Where polled terminals are that could be read.
    pub(crate) fn places_at_work(&self) -> BTreeSet<Ipv4Addr> {
        let known = self.lock();
        let at_work = known.values().filter(|one| one.is_at_work);
        let places = |one: &Known| -> Vec<IpAddr> {
            if let Some(moved) = &one.contact.moved {
                return vec![moved.to.ip()];
            }
            let registered = one.registered.as_ref().and_then(|terminal| terminal.address.as_deref());
            let parsed = addresses(registered.unwrap_or_default()).filter_map(|at| at.parse().ok());
            parsed.map(|at: SocketAddr| at.ip()).collect()
        };
        let v4 = |ip| if let IpAddr::V4(v4) = ip { Some(v4) } else { None };
        at_work.flat_map(places).filter_map(v4).collect()
    }

    /// Every terminal for the local board: the hub's word, if it has one, and what was seen of it. By serial.
    pub(crate) fn board(&self) -> Vec<(Option<link::Terminal>, Contact)> {
        let known = self.lock();
        let mut rows: Vec<_> = known.values().map(|one| (one.registered.clone(), one.contact.clone())).collect();
        rows.sort_by(|a, b| a.1.serial.cmp(&b.1.serial));
        rows
    }

    /// The serials of approved terminals that were not heard of for so long, at most `limit`. A start of this edge counts as
    /// having heard of all. One that is read rarely may be silent for [`MISSED_POLLS`] of its readings.
    pub(crate) fn silent(&self, missing_after: Duration, limit: usize) -> Vec<String> {
        let mut known = self.lock();
        let is_silent = |one: &mut Known| {
            let Some(terminal) = one.registered.as_ref().filter(|terminal| terminal.approved) else { return false };
            let every = if terminal.via.polls() { poll_every(terminal, Duration::ZERO) } else { Duration::ZERO };
            one.heard.get_or_insert_with(Instant::now).elapsed() > missing_after.max(MISSED_POLLS * every)
        };
        let silent = known.iter_mut().filter_map(|(serial, one)| is_silent(one).then(|| serial.clone()));
        let mut silent: Vec<String> = silent.collect();
        silent.sort();
        silent.truncate(limit);
        silent
    }

    /// The clock of this computer was moved by so many microseconds: times that were noted by it move along.
    pub(crate) fn clock_moved(&self, by_us: i64) {
        let shift = |us: &mut Option<i64>| *us = us.map(|us| us.saturating_add(by_us));
        for one in self.lock().values_mut() {
            shift(&mut one.contact.last_contact_us);
            shift(&mut one.contact.last_complete_read_us);
            for (_, poll) in &mut one.polls {
                poll.began_us = poll.began_us.saturating_add(by_us);
            }
            if let Some(refused) = &mut one.refused {
                refused.at_us = refused.at_us.saturating_add(by_us);
            }
            // What it was compared with was another clock.
            one.uploads = drift::Uploads::default();
        }
    }

    /// Wishes for a heartbeat at once.
    pub(crate) fn nudge(&self) {
        self.urgent.send_modify(|count| *count += 1);
    }

    pub(crate) fn watch_urgent(&self) -> watch::Receiver<u64> {
        self.urgent.subscribe()
    }

    pub(crate) fn watch_changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A terminal of which nothing is known yet: whatever it holds is wanted.
fn stranger(serial: &str) -> Known {
    Known {
        contact: Contact { serial: serial.to_owned(), ..Contact::default() },
        owes_upload: true,
        ..Known::default()
    }
}
