//! The outbox against a receiver that fails in every way: whatever days do and whoever sends, both have the same in the end.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use attendance::{DateRange, DayKind, DayRecord, Status};
use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use roads::sink::{Answer, Fields, Letter, Sink};
use roads::template::Template;
use serde_json::{Value, json};
use store::Store;
use store::days::Day;
use store::people::Employee;
use testkit::{Chance, how_many};

use super::deliver::queue_first;
use super::letter::Ready;
use super::{DryRun, Mode, NewSink, ODOO, OdooSettings, Queued, SinkSettings, Which, desk};
use crate::jobs::{Claimed, Ended, built_in};
use crate::keep::Keeper;
use crate::outbox::{Deliver, Delivered, EntryState};
use crate::{Actor, Hub};

mod barred;
mod events;
mod keys;
mod overlaps;
mod receivers;

const CRM: &str = "crm";
const PEOPLE: i64 = 3;
const DAYS: i64 = 4;

fn now() -> Timestamp {
    "2026-03-20T12:00:00Z".parse().unwrap()
}

fn date(day: i64) -> Date {
    Date::constant(2026, 3, 2).saturating_add(day.days())
}

fn at_nine(on: Date) -> i64 {
    on.at(9, 0, 0, 0).in_tz("UTC").unwrap().timestamp().as_second()
}

/// What a day may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Becomes {
    Worked(i64),
    Absent,
    Deferred,
    Gone,
}

fn day(employee: i64, on: Date, becomes: Becomes) -> Option<Day> {
    let mut record = DayRecord::new(on, Status::Present, DayKind::Workday);
    match becomes {
        Becomes::Gone => return None,
        Becomes::Deferred => record.status = Status::Deferred,
        Becomes::Absent => record.status = Status::Absent,
        Becomes::Worked(minutes) => {
            record.first_in = Some(at_nine(on));
            record.worked_minutes = minutes;
        }
    }
    Some(Day {
        employee,
        date: on,
        status: record.status.as_str().to_owned(),
        exceptions: String::new(),
        worked_minutes: record.worked_minutes,
        tardy_minutes: 0,
        left_early_minutes: 0,
        is_outlier: false,
        record: serde_json::to_string(&record).unwrap(),
        inputs: Vec::new(),
        engine: String::new(),
        revision: 0,
        derived_us: 0,
    })
}

struct Place {
    hub: Hub,
    people: Vec<i64>,
    _on: Box<dyn std::any::Any>,
}

/// A hub with people, of the engine that the tests run on, and without a sink.
fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("hub.key");
    let (store, on): (Store, Box<dyn std::any::Any>) = match testkit::Database::asked_for().unwrap() {
        Some(database) => (Store::connect(&database.url(), None).unwrap(), Box::new((database, folder))),
        None => (Store::open(&folder.path().join("hub.sqlite")).unwrap(), Box::new(folder)),
    };
    let people = (1..=PEOPLE).map(|number| {
        let person = Employee { code: format!("E{number}"), is_confirmed: true, ..Employee::default() };
        store.write(|write| write.add_employee(&person)).unwrap()
    });
    let people = people.collect();
    Place { hub: Hub::new(store).with_key_file(key_file), people, _on: on }
}

impl Place {
    fn with_sink() -> Self {
        let place = place();
        let template = json!({"who": "{user_id}", "on": "{date}", "in": "{clock_in}", "minutes": "{worked_minutes}", "gone": "{is_gone}"});
        let settings = SinkSettings { template: Some(template), ..SinkSettings::new("crm", "https://crm.example") };
        let new = NewSink { name: CRM.into(), settings, token: "t".into(), signing_secret: None };
        place.hub.add_sink(&Actor::new("clerk"), &new, now()).unwrap();
        place
    }

    /// As a derivation writes it.
    fn becomes(&self, employee: i64, on: Date, becomes: Becomes) {
        self.becomes_at(now(), employee, on, becomes);
    }

    fn becomes_at(&self, at: Timestamp, employee: i64, on: Date, becomes: Becomes) {
        let changed = self.hub.store.write(|write| {
            let stored = write.days_of(employee, on, on)?.pop();
            let mut keeper = Keeper::new(write, DateRange { from: on, to: on }, at)?;
            let mut of = keeper.of(employee);
            let day = day(employee, on, becomes);
            let changed = of.keep(on, stored.as_ref(), day.as_ref())?;
            of.finish()?;
            keeper.finish()?;
            Ok::<_, crate::Error>(changed)
        });
        changed.unwrap();
    }

    fn deliver(&self, receiver: &Receiver, which: Which) -> Delivered {
        self.hub.deliver(CRM, receiver, which, 0, &now, &|| false).unwrap()
    }

    fn count(&self, state: EntryState) -> usize {
        self.hub.sink_entries(CRM, state, 1_000).unwrap().len()
    }

    /// What the receiver should have of a day.
    fn told(&self, employee: i64, on: Date) -> Option<Value> {
        let day = self.hub.store.read(|read| read.days_of(employee, on, on)).unwrap().pop()?;
        let record: DayRecord = serde_json::from_str(&day.record).unwrap();
        record.first_in.map(|_| json!(record.worked_minutes))
    }
}

#[derive(Default)]
struct Taken {
    /// By record: the highest revision that it took, and the body.
    days: BTreeMap<String, (i64, Value)>,
    /// By key: the body that had an effect.
    effects: BTreeMap<String, Value>,
    /// Those keys, as they came.
    order: Vec<String>,
    repeats: u32,
    lost_replies: u32,
    calls: u32,
}

/// A receiver that keeps keys; with `minds_revisions` it ignores what is older than what it has.
struct Receiver {
    template: Template,
    minds_revisions: bool,
    chance: Mutex<Option<Chance>>,
    refuses: Mutex<Option<String>>,
    /// Of whose records it says nothing in time.
    is_slow: Mutex<Option<String>>,
    refusal: Mutex<fn(String) -> Answer>,
    taken: Mutex<Taken>,
}

impl Receiver {
    fn new(minds_revisions: bool) -> Self {
        let body = json!({"event": "{event}", "who": "{user_id}", "on": "{date}", "in": "{clock_in}", "minutes": "{worked_minutes}", "gone": "{is_gone}"});
        let template = Template::new(body).unwrap();
        Self {
            template,
            minds_revisions,
            chance: Mutex::default(),
            refuses: Mutex::default(),
            is_slow: Mutex::default(),
            refusal: Mutex::new(Answer::Refused),
            taken: Mutex::default(),
        }
    }

    fn take(&self, letter: &Letter) {
        let mut taken = self.taken.lock().unwrap();
        let body = self.template.render(&letter.fields);
        if let Some(before) = taken.effects.get(&letter.key()) {
            assert_eq!(before, &body, "what comes with a known key is what was taken with it");
            taken.repeats += 1;
            return;
        }
        taken.effects.insert(letter.key(), body.clone());
        taken.order.push(letter.key());
        let has = taken.days.get(&letter.id).map_or(0, |(revision, _)| *revision);
        if !self.minds_revisions || letter.revision > has {
            taken.days.insert(letter.id.clone(), (letter.revision, body));
        }
    }

    /// What it has of a day: the minutes, nothing for one that is gone.
    fn has(&self, employee: i64, on: Date) -> Option<Value> {
        let taken = self.taken.lock().unwrap();
        let (_, body) = taken.days.get(&format!("{CRM}/{employee}/{on}"))?;
        (body["gone"] != json!(true)).then(|| body["minutes"].clone())
    }
}

impl Sink for Receiver {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        let one = |letter: &Letter| {
            self.taken.lock().unwrap().calls += 1;
            if self.is_slow.lock().unwrap().as_ref().is_some_and(|what| letter.id.contains(what)) {
                return Answer::NotNow("no answer in time".into());
            }
            if self.refuses.lock().unwrap().as_ref().is_some_and(|what| letter.id.contains(what)) {
                return (self.refusal.lock().unwrap())("422".into());
            }
            match self.chance.lock().unwrap().as_mut().map_or(9, |chance| chance.below(10)) {
                0 | 1 => Answer::NotNow("500".into()),
                2 | 3 => {
                    self.take(letter);
                    self.taken.lock().unwrap().lost_replies += 1;
                    Answer::NotNow("no answer in time".into())
                }
                4 => Answer::Refused("422".into()),
                _ => {
                    self.take(letter);
                    Answer::Taken("201 Created".into())
                }
            }
        };
        letters.iter().map(one).collect()
    }

    fn render(&self, fields: &Fields) -> Value {
        self.template.render(fields)
    }

    fn test(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

/// A sender that stopped for a while: what it took, and whether it has sent it.
struct Stale {
    settings: SinkSettings,
    taken: Vec<Ready>,
    answers: Option<Vec<Answer>>,
}

impl Stale {
    fn begin(place: &Place, receiver: &Receiver) -> Self {
        let (settings, _) = place.hub.sink_to_send_to(CRM).unwrap();
        let waiting = |read: &store::Read<'_>| super::deliver::waiting(read, CRM, &settings, Which::All, 1_000);
        let mut round = super::plan::Round::new(&place.hub.store.read(waiting).unwrap());
        let taken = place.hub.take(CRM, &settings, &round.wave(), receiver, now()).unwrap().unwrap();
        Self { settings, taken, answers: None }
    }

    /// What it does next; `None` once it is done.
    fn goes_on(mut self, place: &Place, receiver: &Receiver) -> Option<Self> {
        let letters: Vec<_> = self.taken.iter().map(|ready| ready.letter.clone()).collect();
        match &self.answers {
            None => self.answers = Some(receiver.deliver(&letters)),
            Some(answers) => {
                place.hub.mark(CRM, &self.settings, &self.taken, answers, now()).unwrap();
                return None;
            }
        }
        Some(self)
    }
}

/// With `overlaps`, several senders are under way at a time, and the receiver ignores what is older than what it has.
fn play(seed: u64, overlaps: bool) -> u32 {
    let (place, receiver) = (Place::with_sink(), Receiver::new(overlaps));
    let mut chance = Chance::new(seed);
    *receiver.chance.lock().unwrap() = Some(Chance::new(seed ^ 7));
    let mut stale: Vec<Stale> = Vec::new();
    for _ in 0..60 {
        let employee = place.people[chance.below(PEOPLE as u64) as usize];
        let on = date(chance.below(DAYS as u64) as i64);
        match chance.below(10) {
            0..=3 => {
                let becomes = match chance.below(6) {
                    0 => Becomes::Gone,
                    1 => Becomes::Deferred,
                    2 => Becomes::Absent,
                    _ => Becomes::Worked(400 + chance.below(3) as i64),
                };
                place.becomes(employee, on, becomes);
            }
            4 => drop(place.deliver(&receiver, Which::New)),
            5 => drop(place.deliver(&receiver, Which::Failed)),
            6 if overlaps => stale.push(Stale::begin(&place, &receiver)),
            // It ends between taking, sending and marking.
            6 => {
                let one = Stale::begin(&place, &receiver);
                if chance.below(2) == 0 {
                    one.goes_on(&place, &receiver);
                }
            }
            7 if !stale.is_empty() => drop(stale.swap_remove(chance.below(stale.len() as u64) as usize)),
            _ if !stale.is_empty() => {
                let one = stale.swap_remove(chance.below(stale.len() as u64) as usize);
                stale.extend(one.goes_on(&place, &receiver));
            }
            _ => {}
        }
    }
    for one in stale.drain(..) {
        let one = one.goes_on(&place, &receiver);
        one.and_then(|one| one.goes_on(&place, &receiver));
    }
    // All is judged, and nothing fails any more.
    *receiver.chance.lock().unwrap() = None;
    for employee in &place.people {
        for on in (0..DAYS).map(date) {
            let stored = place.hub.store.read(|read| read.days_of(*employee, on, on)).unwrap().pop();
            if stored.is_some_and(|day| day.status == Status::Deferred.as_str()) {
                place.becomes(*employee, on, Becomes::Worked(500));
            }
        }
    }
    place.hub.requeue_failed(&Actor::new("clerk"), CRM, now()).unwrap();
    place.deliver(&receiver, Which::All);
    assert_eq!((place.count(EntryState::Waiting), place.count(EntryState::Failed)), (0, 0), "seed {seed}");
    for employee in &place.people {
        for on in (0..DAYS).map(date) {
            assert_eq!(
                receiver.has(*employee, on),
                place.told(*employee, on),
                "seed {seed}, employee {employee}, {on}"
            );
        }
    }
    let taken = receiver.taken.lock().unwrap();
    taken.lost_replies.min(taken.repeats)
}

/// `PUNCHCLOCK_OUTBOX_SEEDS=10000` plays that many.
#[test]
fn whatever_days_receiver_and_several_senders_do_the_receiver_has_the_hubs_days_in_the_end() {
    let seeds = how_many("PUNCHCLOCK_OUTBOX_SEEDS", 25) as u64;
    let lost: u32 = (0..seeds).map(|seed| play(seed, true)).sum();
    assert!(lost > 0, "no reply was lost, or no record came twice");
}

#[test]
fn a_receiver_that_minds_no_revisions_has_them_too_when_senders_die_and_do_not_overlap() {
    for seed in 0..how_many("PUNCHCLOCK_OUTBOX_SEEDS", 25) as u64 {
        play(seed, false);
    }
}

#[test]
fn only_judged_days_with_punches_are_told_and_one_that_is_no_more_is_told_if_it_may_be_known() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, on) = (place.people[0], date(0));
    for becomes in [Becomes::Deferred, Becomes::Absent, Becomes::Gone] {
        place.becomes(ann, on, becomes);
        assert_eq!(place.deliver(&receiver, Which::All), Delivered::default(), "{becomes:?}");
    }
    // Judged, and deferred again before anybody sent it.
    place.becomes(ann, on, Becomes::Worked(480));
    place.becomes(ann, on, Becomes::Deferred);
    assert_eq!(place.deliver(&receiver, Which::All), Delivered::default());
    place.becomes(ann, on, Becomes::Worked(480));
    assert_eq!(place.deliver(&receiver, Which::All).sent, 1);
    place.becomes(ann, on, Becomes::Gone);
    assert_eq!(place.deliver(&receiver, Which::All).sent, 1);
    assert_eq!(receiver.has(ann, on), None);
    // It comes back, and goes on counting.
    let revision = || place.hub.sink_entries(CRM, EntryState::Sent, 10).unwrap()[0].revision;
    let before = revision();
    place.becomes(ann, on, Becomes::Worked(481));
    assert_eq!(place.deliver(&receiver, Which::All).sent, 1);
    assert!(revision() > before && receiver.has(ann, on) == Some(json!(481)));
}

#[test]
fn a_day_that_changed_in_what_the_receiver_does_not_hear_is_not_sent_again_unless_forced() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, on) = (place.people[0], date(0));
    place.becomes(ann, on, Becomes::Worked(480));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    place.becomes(ann, on, Becomes::Worked(490));
    place.becomes(ann, on, Becomes::Worked(480));
    let done = place.deliver(&receiver, Which::New);
    assert_eq!((done.sent, done.in_step, place.count(EntryState::Waiting)), (0, 1, 0));
    let force = Queued { force: true, ..Queued::default() };
    assert_eq!(place.hub.queue_days(&Actor::new("clerk"), CRM, &force, now()).unwrap(), 1);
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
}

#[test]
fn three_attempts_and_a_record_is_failed_until_somebody_asks_or_its_day_changes_and_holds_up_nobody() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, bad, good) = (place.people[0], date(0), date(1));
    *receiver.refuses.lock().unwrap() = Some(bad.to_string());
    place.becomes(ann, bad, Becomes::Worked(480));
    place.becomes(ann, good, Becomes::Worked(480));
    let done = place.deliver(&receiver, Which::New);
    assert_eq!((done.refused, done.sent), (1, 1), "what is refused holds up nobody");
    assert_eq!(place.deliver(&receiver, Which::New), Delivered::default(), "`send` takes what was not tried");
    for _ in 0..2 {
        assert_eq!(place.deliver(&receiver, Which::Failed).refused, 1);
    }
    assert_eq!((place.count(EntryState::Failed), place.deliver(&receiver, Which::All)), (1, Delivered::default()));
    assert_eq!(place.hub.requeue_failed(&Actor::new("clerk"), CRM, now()).unwrap(), 1);
    assert_eq!(place.hub.sink_entries(CRM, EntryState::Waiting, 10).unwrap()[0].attempts, 0);
    for which in [Which::New, Which::Failed, Which::Failed] {
        place.deliver(&receiver, which);
    }
    assert_eq!(place.count(EntryState::Failed), 1);
    *receiver.refuses.lock().unwrap() = None;
    place.becomes(ann, bad, Becomes::Worked(481));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1, "a changed day is a new record");
}

#[test]
fn what_is_not_there_for_a_receiver_is_refused_and_holds_up_nobody_unless_nothing_is() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, bea, clerk) = (place.people[0], place.people[1], Actor::new("clerk"));
    *receiver.refusal.lock().unwrap() = Answer::Barred;
    *receiver.refuses.lock().unwrap() = Some(format!("{CRM}/{ann}/"));
    // Nothing was taken ever: whoever set it up is to look, and no attempt is counted.
    place.becomes(ann, date(0), Becomes::Worked(480));
    let done = place.deliver(&receiver, Which::New);
    assert_eq!((done.refused, place.hub.sinks().unwrap()[0].paused.clone()), (0, done.paused.clone()));
    assert!(done.paused.unwrap().contains("look at its URL"));
    place.hub.pause_sink(&clerk, CRM, false, now()).unwrap();
    // A hundred of them, before and after one that is taken.
    (1..100).for_each(|day| place.becomes(ann, date(day), Becomes::Worked(480)));
    place.becomes(bea, date(0), Becomes::Worked(480));
    let done = place.deliver(&receiver, Which::New);
    assert_eq!((done.refused, done.sent, done.paused), (100, 1, None));
    for _ in 0..2 {
        let done = place.deliver(&receiver, Which::Failed);
        assert_eq!((done.refused, done.sent, done.paused), (100, 0, None), "it has taken others before");
    }
    assert_eq!(place.count(EntryState::Failed), 100);
    // So many that were not tried before, and nothing else: it may have gone. Where it is there, it goes on.
    place.hub.requeue_failed(&clerk, CRM, now()).unwrap();
    assert!(place.deliver(&receiver, Which::New).paused.is_some());
    place.becomes(bea, date(1), Becomes::Worked(480));
    place.hub.pause_sink(&clerk, CRM, false, now()).unwrap();
    let done = place.deliver(&receiver, Which::New);
    assert_eq!((done.refused, done.sent, done.paused), (100, 1, None));
    // Of one alone nobody knows whether it is the record or the receiver: the next that is taken tells.
    place.becomes(ann, date(200), Becomes::Worked(480));
    for _ in 0..4 {
        let done = place.deliver(&receiver, Which::New);
        assert_eq!((done.refused, done.sent, done.paused), (0, 0, None));
        assert!(done.says.unwrap().contains("took none of 1 records"));
    }
    place.becomes(bea, date(2), Becomes::Worked(480));
    let done = place.deliver(&receiver, Which::New);
    assert_eq!((done.refused, done.sent, done.paused), (1, 1, None));
}

#[test]
fn a_receiver_that_is_gone_hears_of_a_few_records_and_not_of_all() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    *receiver.refusal.lock().unwrap() = Answer::Barred;
    *receiver.refuses.lock().unwrap() = Some(format!("{CRM}/"));
    for (person, day) in place.people.iter().flat_map(|person| (0..400).map(move |day| (*person, day))) {
        place.becomes(person, date(day), Becomes::Worked(480));
    }
    assert!(place.deliver(&receiver, Which::New).paused.is_some());
    let waiting = place.hub.store.read(|read| read.outbox_in_state(CRM, "waiting", 10_000)).unwrap();
    let offered = waiting.iter().filter(|entry| entry.offered > 0).count();
    assert!(waiting.len() >= 800 && (200..=400).contains(&offered), "{offered} of {}", waiting.len());
}

#[test]
fn days_before_the_sink_are_told_when_asked_for_and_a_removed_sink_leaves_nothing() {
    let (place, receiver) = (place(), Receiver::new(true));
    let ann = place.people[0];
    place.becomes(ann, date(0), Becomes::Worked(480));
    let settings = SinkSettings::new("crm", "https://crm.example");
    let new = NewSink { name: CRM.into(), settings, token: "t".into(), signing_secret: Some("s".into()) };
    let clerk = Actor::new("clerk");
    place.hub.add_sink(&clerk, &new, now()).unwrap();
    place.becomes(ann, date(1), Becomes::Worked(480));
    assert_eq!(place.count(EntryState::Waiting), 1);
    assert_eq!(place.hub.queue_days(&clerk, CRM, &Queued::default(), now()).unwrap(), 1);
    assert_eq!(place.deliver(&receiver, Which::New).sent, 2);
    assert_eq!(place.hub.check_secrets().unwrap(), 2);
    place.hub.remove_sink(&clerk, CRM, now()).unwrap();
    assert_eq!((place.hub.sinks().unwrap(), place.hub.check_secrets().unwrap()), (Vec::new(), 0));
    place.becomes(ann, date(2), Becomes::Worked(480));
    assert!(place.hub.store.read(|read| read.outbox_counts(CRM)).unwrap().is_empty());
    let audit: String = place.hub.audit(100).unwrap().into_iter().map(|entry| entry.action + " ").collect();
    assert!(audit.contains("sink.remove sink.queue sink.add"), "{audit}");
}

fn takes_all(_: &NewSink) -> Result<Box<dyn Sink>, String> {
    Ok(Box::new(Receiver::new(true)))
}

#[test]
fn what_is_asked_for_by_hand_waits_for_its_turn_is_waited_for_and_goes_on_when_who_asked_is_gone() {
    let place = Place::with_sink();
    let hub = &place.hub;
    let at = |seconds: i64| now().checked_add(seconds.seconds()).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let works = built_in().with(Deliver::by(takes_all).heard_by(tell)).only("deliver");
    let ask = || hub.store.write(|write| Hub::ask_for_deliveries(write, false, now())).unwrap();
    let by_servers = |at| hub.claim_jobs(&works, "server", 9, at).unwrap();
    let by_hand = |id, at| hub.claim_of_sink((CRM, id), &works, "console", at).unwrap();
    let perform = |job: &Claimed| hub.perform(&works, job, || at(1), 0.5, &false.into()).unwrap();
    (0..3).for_each(|day| place.becomes(place.people[0], date(day), Becomes::Worked(480)));

    // A server delivers: nobody else does, and what is asked for by hand comes after it.
    ask();
    let asked = hub.ask_for_delivery(&Actor::new("clerk"), CRM, Which::All, 2, now()).unwrap();
    let first = by_servers(at(0)).remove(0);
    assert!(first.id < asked && by_hand(asked, at(0)).is_none());
    place.becomes(place.people[0], date(3), Becomes::Worked(480));
    assert_eq!(perform(&first), Ended::Done);
    assert_eq!(told.recv().unwrap().1.sent, 4);
    // No server takes it, and what is asked for after it waits until it has ended.
    (0..3).for_each(|day| place.becomes(place.people[0], date(day), Becomes::Worked(500)));
    ask();
    assert!(by_servers(at(1)).is_empty());
    // Nor does somebody else who asks by hand.
    let other = hub.ask_for_delivery(&Actor::new("clerk"), CRM, Which::All, 0, at(1)).unwrap();
    assert!(by_hand(other, at(1)).is_none());
    let mine = by_hand(asked, at(1)).unwrap();
    assert!(mine.id == asked && by_servers(at(1)).is_empty() && by_hand(other, at(1)).is_none());
    assert_eq!(perform(&mine), Ended::Done);
    let (id, done) = told.recv().unwrap();
    assert_eq!((id, done.sent), (asked, 2), "as many as were asked for");
    assert_eq!(perform(&by_servers(at(1)).remove(0)), Ended::Done);
    assert_eq!(perform(&by_hand(other, at(1)).unwrap()), Ended::Done);

    // Whoever asked keeps the place; once they do not any more, a server goes on with what they wanted.
    let asked = hub.ask_for_delivery(&Actor::new("clerk"), CRM, Which::All, 0, at(2)).unwrap();
    assert!(hub.keep_place(asked, at(50)).unwrap() && by_servers(at(100)).is_empty());
    let taken = by_servers(at(111)).remove(0);
    assert!(taken.id == asked && !hub.keep_place(asked, at(111)).unwrap());
    // And where no server is, who asks by hand also does what waits, before its time.
    perform(&taken);
    ask();
    let asked = hub.ask_for_delivery(&Actor::new("clerk"), CRM, Which::All, 0, at(2)).unwrap();
    let earlier = by_hand(asked, at(111)).unwrap();
    assert!(earlier.id < asked);
    perform(&earlier);
    assert_eq!(by_hand(asked, at(111)).unwrap().id, asked);
}

#[test]
fn a_dry_run_looks_at_no_more_people_than_it_shows() {
    let place = Place::with_sink();
    for (person, number) in place.people.iter().flat_map(|person| (0..DAYS).map(move |number| (*person, number))) {
        place.becomes(person, date(number), Becomes::Worked(480));
    }
    let all = Queued { force: true, ..Queued::default() };
    let queued = |most| {
        let queued = place.hub.store.write(|write| {
            let settings = desk::settings_of(write, CRM)?;
            queue_first(write, (CRM, &settings), &all, most, now())
        });
        queued.unwrap()
    };
    let days = DAYS as u64;
    assert_eq!([1, 4, 5, 50].map(queued), [days, days, 2 * days, 3 * days]);
}
