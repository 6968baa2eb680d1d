//! The hub: the real one over its real store, killed, restored and asked by events.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use attendance::punch::{Fingerprint, PrintedTime};
use edge::UplinkError;
use hub::{Actor, Company, Cure, Hub, NewTerminal, Store};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use link::closeout::printed_date;
use link::{Ack, Batch, Closeout, Heartbeat, Item, Orders, Outcome, What};
use store::closeouts::StoredDay;
use store::people::UserNumber;
use store::terminals::Terminal as Registered;

use crate::branch::note_commit;
use crate::bug::Bug;
use crate::disk::{self, Disk};
use crate::plan::MINUTE;
use crate::story::{Span, Violation};
use crate::wire::{Answer, Call};
use crate::world::{Event, Fact, Held, World};

/// How long a person waits before stating again what did not go through, or was lost.
const STATE_AGAIN_AFTER: i64 = 10 * MINUTE;

/// The hub and what goes with it.
pub(crate) struct Centre {
    pub(crate) disk: Disk,
    running: Option<(Hub, Store)>,
    doomed: Option<i64>,
    /// Reasons for which its disk is full.
    pub(crate) full_disks: u32,
    backup: Option<PathBuf>,
    /// How often it was restored.
    pub(crate) restores: u32,
    /// What it has acknowledged, less what a restore took.
    pub(crate) acked: BTreeSet<Fingerprint>,
    /// It was restored, and has not started since.
    is_older: bool,
    /// Facts that were stated, of all that there are, in their order.
    stated: usize,
    /// For the broken variants: batches that were seen, ends of commits.
    seen: BTreeMap<(i64, i64), u32>,
    commits: Vec<u64>,
}

impl Centre {
    pub(crate) fn new(disk: Disk) -> Self {
        Self {
            disk,
            running: None,
            doomed: None,
            full_disks: 0,
            backup: None,
            restores: 0,
            acked: BTreeSet::new(),
            is_older: false,
            stated: 0,
            seen: BTreeMap::new(),
            commits: Vec::new(),
        }
    }

    pub(crate) fn doom(&mut self, away: i64) {
        self.doomed = Some(away);
    }

    pub(crate) fn hub(&self) -> Option<&Hub> {
        self.running.as_ref().map(|(hub, _)| hub)
    }

    pub(crate) fn store(&self) -> Option<&Store> {
        self.running.as_ref().map(|(_, store)| store)
    }
}

/// Who states facts.
pub(crate) fn clerk() -> Actor {
    Actor::new("clerk")
}

/// Opens a hub with its company and people, whose numbers are nobody's yet.
pub(crate) fn found_company(store: &Store, world: &World<'_>, now: Timestamp) -> Held<Hub> {
    let hub = Hub::new(store.clone());
    let company = Company { zone: Some(world.plan.zone.to_owned()), ..hub.company()? };
    hub.set_company(&clerk(), &company, now)?;
    let from = now.to_zoned(world.tz.clone()).date();
    let rows: String = world.plan.people.iter().map(|person| format!("{},,{from}\n", person.code)).collect();
    hub.import_employees(&clerk(), format!("code,numbers,from\n{rows}").as_bytes(), false, now)?;
    Ok(hub)
}

/// States a fact at a hub.
pub(crate) fn state(hub: &Hub, world: &World<'_>, fact: &Fact, now: Timestamp) -> Result<(), hub::Error> {
    match fact {
        Fact::Register { terminal, zone } => {
            let Some(terminal) = world.terminals.get(*terminal) else { return Ok(()) };
            let new = NewTerminal {
                serial: terminal.serial().to_owned(),
                address: Some("10.0.0.9".to_owned()),
                zone: Some((*zone).to_owned()),
                via: Some(terminal.plan.via),
                ..NewTerminal::default()
            };
            hub.add_terminal(&clerk(), &new, now).map(drop)
        }
        Fact::Assign { person } => {
            let Some(person) = world.plan.people.get(*person) else { return Ok(()) };
            let (user, employee) = (person.number.clone(), person.code.clone());
            hub.cure(&clerk(), &Cure::Assign { user, employee, create: false, from: None, to: None }, now).map(drop)
        }
    }
}

impl World<'_> {
    pub(crate) fn open_company(&mut self) -> Held {
        let store = Store::open(&self.centre.disk.file())?;
        let hub = found_company(&store, self, self.timestamp())?;
        self.centre.running = Some((hub, store));
        self.centre.commits = vec![self.centre.disk.committed_bytes()];
        Ok(())
    }

    /// Does something at the hub. `None` when it is away, or was killed by it before anybody heard.
    fn hub_does<T>(&mut self, act: impl FnOnce(&Self, &Hub, &Store) -> T) -> Held<Option<T>> {
        let Some((hub, store)) = self.centre.running.clone() else { return Ok(None) };
        let before = if self.centre.doomed.is_some() { self.centre.disk.committed_bytes() } else { 0 };
        let value = act(self, &hub, &store);
        drop((hub, store));
        if self.bug == Some(Bug::HubNotFlushed) {
            note_commit(&mut self.centre.commits, self.centre.disk.committed_bytes());
        }
        let Some(away) = self.centre.doomed.take() else { return Ok(Some(value)) };
        let after = self.centre.disk.committed_bytes();
        // A log that was folded in meanwhile begins anew: then all of it is on the disk.
        let written = usize::try_from(after.saturating_sub(before)).unwrap_or(0);
        let cut = if after < before { after } else { before + self.tears.below(written + 1) as u64 };
        let is_heard = cut == after && self.tears.permille(500);
        self.kill_hub(cut, away)?;
        Ok(is_heard.then_some(value))
    }

    fn kill_hub(&mut self, cut: u64, away: i64) -> Held {
        let Some(running) = self.centre.running.take() else { return Ok(()) };
        let cut = match (self.bug, self.centre.commits.len()) {
            (Some(Bug::HubNotFlushed), commits @ 1..) => {
                let back = self.tears.below(commits.min(6));
                self.centre.commits.get(commits - 1 - back).copied().unwrap_or(cut).min(cut)
            }
            _ => cut,
        };
        let from = self.centre.disk.file();
        self.centre.disk.begin_from(&from, Some(cut), &[])?;
        drop(running);
        disk::remove(&from);
        self.turn(format!("the hub is killed, and away for {}", Span(away)));
        self.after(away, Event::HubStarts);
        Ok(())
    }

    pub(crate) fn hub_starts(&mut self) -> Held {
        if self.centre.running.is_some() {
            return Ok(());
        }
        let store = Store::open(&self.centre.disk.file())?;
        self.centre.commits = vec![self.centre.disk.committed_bytes()];
        let mut lost = Vec::new();
        for of in self.centre.acked.clone() {
            if !store.read(|read| read.holds(of))? {
                self.centre.acked.remove(&of);
                lost.push(of);
            }
        }
        if !lost.is_empty() && !std::mem::take(&mut self.centre.is_older) {
            let says = format!("{} punches are gone that the hub had acknowledged", lost.len());
            return Err(Violation { says, about: lost });
        }
        self.centre.is_older = false;
        self.centre.running = Some((Hub::new(store.clone()), store));
        self.turn("the hub starts");
        Ok(())
    }

    pub(crate) fn back_up(&mut self) -> Held {
        if self.centre.running.is_some() && !self.is_quiet() {
            self.centre.backup = Some(self.copy_of_hub("backup.sqlite")?);
            self.turn("the hub is backed up");
        }
        Ok(())
    }

    /// Its disk is replaced by the last backup. People state again what they had stated.
    pub(crate) fn restore_hub(&mut self, away: i64) -> Held {
        let Some(backup) = self.centre.backup.clone() else { return Ok(()) };
        drop(self.centre.running.take());
        disk::remove(&self.centre.disk.file());
        self.centre.disk.begin_from(&backup, None, &[])?;
        (self.centre.is_older, self.centre.restores) = (true, self.centre.restores + 1);
        self.turn(format!("the hub is restored from its last backup, and away for {}", Span(away)));
        self.after(away, Event::HubStarts);
        self.centre.stated = 0;
        self.after(away + STATE_AGAIN_AFTER, Event::State);
        Ok(())
    }

    /// People state what is due, each fact after those before it.
    pub(crate) fn state(&mut self) -> Held {
        while self.facts.get(self.centre.stated).is_some_and(|(at, _)| *at <= self.now) {
            if !self.state_next()? {
                self.after(STATE_AGAIN_AFTER, Event::State);
                break;
            }
            self.centre.stated += 1;
        }
        Ok(())
    }

    /// False when the hub could not be told.
    fn state_next(&mut self) -> Held<bool> {
        let Some((_, fact)) = self.facts.get(self.centre.stated).cloned() else { return Ok(true) };
        let (now, bug) = (self.timestamp(), self.bug);
        let done = self.hub_does(|world, hub, store| match (&fact, bug) {
            (Fact::Assign { person }, Some(Bug::AssignedOnlyFromNow)) => assign_only(world, store, *person),
            (Fact::Register { terminal, zone }, Some(Bug::ZoneOnlyFromNow)) => {
                rezone_only(world, hub, store, (*terminal, zone), now)
            }
            _ => state(hub, world, &fact, now).map_err(Violation::from),
        })?;
        let Some(done) = done else { return Ok(false) };
        done?;
        let text = match fact {
            Fact::Register { terminal, zone } => {
                let serial = self.terminals.get(terminal).map(|terminal| terminal.serial().to_owned());
                format!("{} is registered with zone {zone}", serial.unwrap_or_default())
            }
            Fact::Assign { person } => {
                let person = self.plan.people.get(person);
                person
                    .map(|person| format!("number {} is assigned to {}", person.number, person.code))
                    .unwrap_or_default()
            }
        };
        self.turn(text);
        Ok(true)
    }

    /// What the hub does every hour: it judges what is due.
    pub(crate) fn hub_turn(&mut self) -> Held {
        let now = self.timestamp();
        let done = self.hub_does(|_, hub, _| {
            hub.mark_due(now)?;
            hub.derive_all(now, |_| {})
        })?;
        done.transpose()?;
        self.what_is_closed_is_complete(None)
    }

    pub(crate) fn call_arrives(&mut self, number: u64, call: Call, is_first: bool) -> Held {
        let answer = match self.centre.running {
            None => Some(Err(UplinkError::new("the hub refused the connection"))),
            Some(_) if self.centre.full_disks > 0 => {
                let retry_after = Some(Duration::from_secs(30));
                Some(Err(UplinkError { message: "the hub answered 503: its disk is full".to_owned(), retry_after }))
            }
            Some(_) => self.hub_answers(call)?.map(Ok),
        };
        let is_lost = !self.is_quiet() && self.net.permille(self.plan.to_hub.lost);
        if let Some(answer) = answer
            && is_first
            && !is_lost
            && !self.is_line_cut()
        {
            let travel = self.net.between(10, 2000) * 1000;
            self.after(travel, Event::CallEnds { number, answer });
        }
        Ok(())
    }

    fn hub_answers(&mut self, call: Call) -> Held<Option<Answer>> {
        match call {
            Call::Punches(batch) => self.takes_batch(batch),
            Call::Beat(beat) => self.takes_beat(*beat),
        }
    }

    fn takes_batch(&mut self, mut batch: Batch) -> Held<Option<Answer>> {
        let (now, told) = (self.timestamp(), batch.items.clone());
        self.break_batch(&mut batch);
        let ack = self.hub_does(|_, hub, _| hub.ingest(&batch, now))?.transpose()?;
        let about: Vec<Fingerprint> = told.iter().filter_map(fingerprint).collect();
        let Some(ack) = ack else {
            self.story.event(self.now, about, "the hub gets a batch and is killed");
            return Ok(None);
        };
        let is_taken = ack.high_seq >= batch.up_to && batch.up_to > 0;
        let how = if is_taken { "takes" } else { "does not take" };
        let (first, last) = (batch.follows, batch.up_to);
        let text = format!(
            "the hub {how} a batch of {} punches, {first} to {last}; it holds up to {}",
            about.len(),
            ack.high_seq
        );
        if is_taken {
            self.centre.acked.extend(about.iter().copied());
        }
        self.story.event(self.now, about, text);
        self.break_taken(&batch, &ack)?;
        Ok(Some(Answer::Punches(ack)))
    }

    fn takes_beat(&mut self, mut beat: Heartbeat) -> Held<Option<Answer>> {
        let now = self.timestamp();
        if self.bug == Some(Bug::WatermarkTooEarly) {
            for reading in &mut beat.readings {
                reading.read_us = beat.now_us;
            }
        }
        // A claim beyond what was sent comes only from a hub that knows of no spools.
        if matches!(self.bug, Some(Bug::SpoolsMixedUp | Bug::UnclampedPosition)) {
            beat.spool.clear();
        }
        beat.readings.append(&mut self.branch.premature);
        let orders = self.hub_does(|_, hub, _| hub.heartbeat(&beat, now))?.transpose()?;
        if orders.is_some() && self.centre.running.is_some() {
            for reading in &beat.readings {
                self.what_is_closed_is_complete(Some(&reading.serial))?;
            }
        }
        let is_silent = self.bug == Some(Bug::RestoreNotNoticed);
        let orders = orders.map(|orders| if is_silent { Orders { high_seq: None, ..orders } } else { orders });
        Ok(orders.map(Answer::Beat))
    }

    /// What the broken variants do to a batch before the hub has it.
    fn break_batch(&mut self, batch: &mut Batch) {
        match self.bug {
            Some(Bug::RestoreNotNoticed) => batch.follows = 0,
            Some(Bug::SpoolsMixedUp | Bug::UnclampedPosition) => batch.spool.clear(),
            Some(Bug::HalfABatch) => batch.items.truncate(batch.items.len().div_ceil(2)),
            Some(Bug::RetryIsNew) => {
                let times = self.centre.seen.entry((batch.follows, batch.up_to)).or_insert(0);
                *times += 1;
                let again = i64::from(*times - 1);
                shift(batch, |seconds, _| seconds + again);
            }
            Some(Bug::ResolvedIdentity) => {
                let zones = self.zones_at_hub();
                let home = self.tz.clone();
                shift(batch, |seconds, serial| {
                    let there = zones.get(serial).unwrap_or(&home);
                    moved(seconds, there, &home).unwrap_or(seconds)
                });
            }
            _ => {}
        }
    }

    fn zones_at_hub(&self) -> BTreeMap<String, TimeZone> {
        let terminals = self.centre.store().and_then(|store| store.read(|read| read.terminals()).ok());
        let zone = |terminal: Registered| Some((terminal.serial, TimeZone::get(&terminal.zone?).ok()?));
        terminals.into_iter().flatten().filter_map(|(terminal, _)| zone(terminal)).collect()
    }

    /// What the broken variants do after the hub has taken a batch.
    fn break_taken(&self, batch: &Batch, ack: &Ack) -> Held {
        let Some((hub, store)) = &self.centre.running else { return Ok(()) };
        match self.bug {
            Some(Bug::HeldRowsLost) => {
                let held: BTreeSet<i64> = ack.held.iter().map(|held| held.seq).collect();
                for of in batch.items.iter().filter(|item| held.contains(&item.seq)).filter_map(fingerprint) {
                    let dismiss = Cure::Dismiss { fingerprint: of, reason: "lost".to_owned() };
                    hub.cure(&clerk(), &dismiss, self.timestamp())?;
                }
            }
            Some(Bug::KnownCountsAsNew) => {
                for (item, outcome) in batch.items.iter().zip(&ack.outcomes) {
                    let What::Punch(punch) = &item.what else { continue };
                    let Ok(said) = punch.raw() else { continue };
                    if let (Outcome::Known, Some(date)) = (outcome, printed_date(&said)) {
                        let mut more = Closeout::default();
                        more.add(said.fingerprint());
                        let more = StoredDay { origin: said.origin, date, set: more };
                        store.write(|write| write.add_stored_days(&[more]))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn assign_only(world: &World<'_>, store: &Store, person: usize) -> Held {
    let Some(person) = world.plan.people.get(person) else { return Ok(()) };
    store.write(|write| {
        let Some(employee) = write.employee_by_code(&person.code)? else { return Ok(()) };
        let (valid_from, valid_to) = (jiff::civil::Date::constant(1, 1, 1), jiff::civil::Date::constant(9999, 12, 31));
        write.put_user_number(&UserNumber {
            group: String::new(),
            number: person.number.clone(),
            valid_from,
            valid_to,
            employee: employee.id,
        })
    })?;
    Ok(())
}

fn rezone_only(
    world: &World<'_>,
    hub: &Hub,
    store: &Store,
    (place, zone): (usize, &'static str),
    now: Timestamp,
) -> Held {
    let Some(terminal) = world.terminals.get(place) else { return Ok(()) };
    let known = store.read(|read| read.terminal(terminal.serial()))?;
    match known.filter(|known| known.is_approved) {
        Some(known) => {
            Ok(store.write(|write| write.put_terminal(&Registered { zone: Some(zone.to_owned()), ..known }))?)
        }
        None => Ok(state(hub, world, &Fact::Register { terminal: place, zone }, now)?),
    }
}

/// The identity of an item's punch.
fn fingerprint(item: &Item) -> Option<Fingerprint> {
    match &item.what {
        What::Punch(punch) => punch.raw().ok().map(|said| said.fingerprint()),
        What::User(_) => None,
    }
}

/// Changes the printed seconds of every punch, given them and the serial.
fn shift(batch: &mut Batch, changed: impl Fn(i64, &str) -> i64) {
    for item in &mut batch.items {
        if let What::Punch(punch) = &mut item.what {
            punch.seconds = punch.seconds.map(|seconds| changed(seconds, &punch.origin));
        }
    }
}

/// What a clock at home shows when one there shows `seconds`.
fn moved(seconds: i64, there: &TimeZone, home: &TimeZone) -> Option<i64> {
    let civil = PrintedTime::Seconds(seconds).civil()?;
    let at = there.to_ambiguous_timestamp(civil).compatible().ok()?;
    PrintedTime::from_civil(at.to_zoned(home.clone()).datetime()).seconds()
}
