//! The state of the straight run: whatever comes twice, late, at the same time, or breaks off in the middle, in the end there is what
//! there is when each thing happens once, in order, and nothing fails. `PUNCHCLOCK_ORDERS=1000` plays that many made-up orders.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use attendance::bank::{Event, Preset};
use attendance::{Change, PunchState};
use house::{House, clerk, house, log, now};
use hub::jobs::{Claimed, DERIVE, Finished, Kind, LEASE, Run, Schedule, Schedules, Work, Works, built_in};
use hub::{Company, Cure, EntryState, Hub, NewSink, SinkSettings, Which, moving};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use link::Batch;
use roads::sink::{Answer, Fields, Letter, Sink};
use serde_json::Value;
use testkit::{Chance, how_many};

const ORDERS: usize = 15;
/// Turns of chance between two inputs.
const TURNS: u64 = 6;
const BATCHES: usize = 8;
const ON: Date = date(2026, 3, 3);
const CRM: &str = "crm";
/// Tables whose rows tell how often and when it was worked on, and not only what came of it. What came of it is compared as people
/// read it: days, the records of a sink, and the audit trail without what was asked of jobs and sinks. An `arrival` is what waits to be
/// sealed, and a `secret` is sealed with chance.
const OF_RUNS: [&str; 7] = ["arrival", "audit", "counter", "day", "job", "outbox", "secret"];

/// What comes from outside.
enum Input {
    /// An edge delivers.
    Batch(Batch),
    /// Somebody clocked out late, and says so.
    Correct,
    /// Somebody takes time off for what the days have earned.
    UseBank,
}

fn inputs(house: &House) -> Vec<Input> {
    let log = log();
    let size = log.len().div_ceil(BATCHES);
    let batch = |(number, lines): (usize, &[String])| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Input::Batch(house.batch("A1", &lines, i64::try_from(number * size).unwrap() + 1))
    };
    let mut inputs: Vec<Input> = log.chunks(size).enumerate().map(batch).collect();
    inputs.insert(BATCHES / 2, Input::Correct);
    inputs.push(Input::UseBank);
    inputs
}

fn take(hub: &Hub, input: &Input, at: Timestamp) {
    match input {
        Input::Batch(batch) => drop(hub.ingest(batch, now()).unwrap()),
        Input::Correct => {
            let until: Timestamp = "2026-02-05T21:00:00+08:00".parse().unwrap();
            let change = Change::AddPunch { at: until.as_second(), state: PunchState::Out, work_date: None };
            hub.correct(&clerk(), "12", &change, "stayed late", now()).unwrap();
        }
        Input::UseBank => {
            hub.derive_all(at, |_| {}).unwrap();
            let taken = Event::Use { date: ON, id: "a".to_owned(), minutes: 240 };
            hub.use_bank(&clerk(), "0012", &taken, "a long weekend", now()).unwrap();
        }
    }
}

/// Two people, their terminal, a bank, and a receiver of their days.
fn workplace() -> Workplace {
    let mut house = house();
    let folder = tempfile::tempdir().unwrap();
    house.hub = house.hub.with_key_file(folder.path().join("hub.key"));
    let settings = SinkSettings { all_days: true, ..SinkSettings::new("crm", "https://crm.example") };
    let sink = NewSink { name: CRM.to_owned(), settings, token: "t".to_owned(), signing_secret: None };
    house.hub.add_sink(&clerk(), &sink, now()).unwrap();
    let bank = Some(Preset::named("PH_CSC_DBM").unwrap().policy);
    let company = Company { bank, zone: Some("Asia/Manila".to_owned()), ..house.hub.company().unwrap() };
    house.hub.set_company(&clerk(), &company, now()).unwrap();
    house.register("A1", "Asia/Manila");
    for code in ["12", "0012"] {
        let (user, employee) = (code.to_owned(), code.to_owned());
        let assign = Cure::Assign { user, employee, create: true, from: None, to: None };
        house.hub.cure(&clerk(), &assign, now()).unwrap();
    }
    Workplace { house, receiver: Receiver::default() }
}

struct Workplace {
    house: House,
    receiver: Receiver,
}

/// A receiver that takes each revision once and ignores lower ones, as the contract asks.
#[derive(Default)]
struct Receiver {
    /// By record: the revision that it has, and what that says.
    has: Mutex<BTreeMap<String, (i64, Fields)>>,
    /// What befalls it; nothing when `None`.
    chance: Mutex<Option<Chance>>,
}

impl Receiver {
    fn answer(&self, letter: &Letter) -> Answer {
        let luck = self.chance.lock().unwrap().as_mut().map(|chance| chance.below(8));
        match luck {
            Some(0) => return Answer::NotNow("on its way there it was lost".to_owned()),
            Some(1) => return Answer::Refused("it does not like it".to_owned()),
            _ => {}
        }
        let mut has = self.has.lock().unwrap();
        if has.get(&letter.id).is_none_or(|(revision, _)| *revision < letter.revision) {
            has.insert(letter.id.clone(), (letter.revision, letter.fields.clone()));
        }
        match luck {
            Some(2) => Answer::NotNow("the answer was lost".to_owned()),
            _ => Answer::Taken("ok".to_owned()),
        }
    }

    /// What it has of days that there are.
    fn days(&self) -> Vec<(String, i64, Fields)> {
        let has = self.has.lock().unwrap();
        let days = has.iter().filter(|(_, (_, fields))| fields.get("is_gone") != Some(&Value::Bool(true)));
        days.map(|(id, (revision, fields))| (id.clone(), *revision, fields.clone())).collect()
    }
}

impl Sink for Receiver {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        letters.iter().map(|letter| self.answer(letter)).collect()
    }

    fn render(&self, fields: &Fields) -> Value {
        Value::Object(fields.clone())
    }

    fn test(&self) -> Result<String, String> {
        Ok("it is here".to_owned())
    }
}

impl Workplace {
    fn deliver(&self, hub: &Hub, which: Which, at: Timestamp) {
        hub.deliver(CRM, &self.receiver, which, 0, &|| at, &|| false).unwrap();
    }

    /// Nothing befalls the receiver any more, and it is told of all that is left.
    fn deliver_all(&self, at: Timestamp) {
        *self.receiver.chance.lock().unwrap() = None;
        self.house.hub.requeue_failed(&clerk(), CRM, at).unwrap();
        self.deliver(&self.house.hub, Which::All, at);
    }

    /// The records of the outbox, each with how it stands to what the receiver has; how often a record changed on the way is left out,
    /// and so is one of a day that came and went.
    fn outbox(&self) -> Vec<String> {
        let mut told = Vec::new();
        let has = self.receiver.days();
        let people: BTreeMap<String, i64> =
            self.house.store.read(|read| read.employees()).unwrap().into_iter().map(|one| (one.code, one.id)).collect();
        for state in EntryState::ALL {
            for row in self.house.hub.sink_entries(CRM, state, u32::MAX).unwrap() {
                let id = format!("{CRM}/{}/{}", people[&row.code], row.date);
                let revision = has.iter().find(|(known, ..)| *known == id).map(|(_, revision, _)| *revision);
                if revision.is_some() || state != EntryState::Sent {
                    let is_in_step = revision == Some(row.revision);
                    told.push(format!("{} {} {}: in step {is_in_step}", row.code, row.date, state.word()));
                }
            }
        }
        told.sort();
        told
    }
}

/// All that came of it.
fn state(of: &Workplace) -> Vec<String> {
    let house = &of.house;
    let tables = moving::summaries(&house.store).unwrap().into_iter();
    let tables = tables.filter(|table| !OF_RUNS.contains(&table.table));
    let mut state: Vec<String> =
        tables.map(|table| format!("{}: {} rows, digest {:x}", table.table, table.rows, table.digest)).collect();
    state.extend(house.files());
    for code in ["12", "0012"] {
        state.push(format!("{:?}", house.hub.bank(code, ON, now()).unwrap()));
    }
    let asked = |action: &str| action.starts_with("job.") || action == "sink.requeue";
    let audit = house.hub.audit(u32::MAX).unwrap().into_iter().filter(|entry| !asked(&entry.action));
    state.extend(audit.map(|entry| format!("{entry:?}")));
    state.extend(of.outbox());
    state.extend(of.receiver.days().into_iter().map(|(id, _, fields)| format!("{id} {fields:?}")));
    state
}

/// A job that fails.
struct Bad;

impl Work for Bad {
    fn kind(&self) -> &'static Kind {
        &DERIVE
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn Error + Send + Sync>> {
        // In the middle of its transaction.
        Ok(run.finish(|write| {
            write.mark_count()?;
            Err(hub::Error::NotFound("luck".to_owned()))
        })?)
    }
}

/// Two hubs of two processes, and what befalls them.
struct Chaos<'a> {
    place: &'a Workplace,
    hubs: [Hub; 2],
    chance: Chance,
    at: Timestamp,
    works: Works,
    /// Jobs of workers that are slow: they come too late, or never.
    held: Vec<Claimed>,
    /// What was delivered already.
    delivered: Vec<Batch>,
}

impl<'a> Chaos<'a> {
    fn new(place: &'a Workplace, seed: u64) -> Self {
        let hubs = [place.house.another_hub(), place.house.another_hub()];
        let (chance, works) = (Chance::new(seed), built_in());
        *place.receiver.chance.lock().unwrap() = Some(Chance::new(seed));
        Self { place, hubs, chance, at: now(), works, held: Vec::new(), delivered: Vec::new() }
    }

    fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.chance.below(count as u64)).unwrap()
    }

    fn perform(&self, hub: &Hub, works: &Works, job: &Claimed) {
        hub.perform(works, job, || self.at, 1.0, &AtomicBool::new(false)).unwrap();
    }

    /// One hub takes what comes, while the other may derive.
    fn take(&mut self, input: &Input) {
        let (turn, at) = (self.one_of(2), self.at);
        let (hub, other) = (&self.hubs[turn], &self.hubs[1 - turn]);
        thread::scope(|scope| {
            scope.spawn(|| other.derive_all(at, |_| {}).unwrap());
            take(hub, input, at);
        });
        if let Input::Batch(batch) = input {
            self.delivered.push(batch.clone());
        }
    }

    fn turn(&mut self) {
        let number = self.one_of(2);
        let hub = self.hubs[number].clone();
        match self.chance.below(11) {
            // The answer was lost.
            0 if !self.delivered.is_empty() => {
                let batch = self.one_of(self.delivered.len());
                hub.ingest(&self.delivered[batch], now()).unwrap();
            }
            1 => thread::scope(|scope| {
                for hub in &self.hubs {
                    scope.spawn(|| hub.derive_all(self.at, |_| {}).unwrap());
                }
            }),
            // It is killed, and started again.
            2 => self.hubs[number] = self.place.house.another_hub(),
            3 => {
                let hourly = Schedules::from([(DERIVE.name, Schedule::parse(":05").unwrap())]);
                hub.plan_jobs(&hourly, self.chance.below(4) == 0, self.at).unwrap();
            }
            4 => drop(hub.ask_for_job(&clerk(), "derive", self.at).unwrap()),
            5 => self.held.extend(hub.claim_jobs(&self.works, "slow", 1, self.at).unwrap()),
            6 if !self.held.is_empty() => {
                let late = self.one_of(self.held.len());
                let job = self.held.swap_remove(late);
                self.perform(&hub, &self.works, &job);
            }
            7 => {
                let bad = Works::default().with(Bad);
                for job in hub.claim_jobs(&bad, "unlucky", 1, self.at).unwrap() {
                    self.perform(&hub, &bad, &job);
                }
                hub.retry_all_jobs(&clerk(), self.at).unwrap();
            }
            8 => {
                let (place, at) = (self.place, self.at);
                thread::scope(|scope| {
                    for (hub, which) in self.hubs.iter().zip([Which::New, Which::All]) {
                        scope.spawn(move || place.deliver(hub, which, at));
                    }
                });
            }
            9 => {
                hub.requeue_failed(&clerk(), CRM, self.at).unwrap();
                self.place.deliver(&hub, Which::Failed, self.at);
            }
            _ => {
                let wait =
                    i64::try_from(LEASE.as_secs()).unwrap() * (1 + i64::try_from(self.chance.below(200)).unwrap());
                self.at = self.at.checked_add(wait.seconds()).unwrap();
                for job in hub.claim_jobs(&self.works, "quick", 3, self.at).unwrap() {
                    self.perform(&hub, &self.works, &job);
                }
            }
        }
    }
}

#[test]
fn any_order_of_crashes_retries_and_hubs_at_the_same_time_leaves_the_state_of_the_straight_run() {
    for order in 0..how_many("PUNCHCLOCK_ORDERS", ORDERS) {
        let place = workplace();
        let inputs = inputs(&place.house);
        let mut chaos = Chaos::new(&place, order as u64);
        for input in &inputs {
            for _ in 0..chaos.chance.below(TURNS) {
                chaos.turn();
            }
            chaos.take(input);
        }
        for _ in 0..TURNS {
            chaos.turn();
        }
        let at = chaos.at;

        let straight = workplace();
        inputs.iter().for_each(|input| take(&straight.house.hub, input, now()));
        for place in [&place, &straight] {
            place.house.hub.mark_due(at).unwrap();
            place.house.hub.derive_all(at, |_| {}).unwrap();
            place.deliver_all(at);
        }
        let told = straight.outbox();
        assert!(told.len() > 40 && told.iter().all(|row| row.ends_with("sent: in step true")), "{told:#?}");
        assert_eq!(state(&place), state(&straight), "order {order}");
    }
}

#[test]
fn the_comparison_sees_a_punch_that_counts_twice_and_a_day_that_was_not_derived() {
    let [one, other] = [workplace(), workplace()];
    let lines = ["12\t2026-02-10 08:00:00\t1\t0\t1\t0"];
    for place in [&one, &other] {
        place.house.hub.ingest(&place.house.batch("A1", &lines, 1), now()).unwrap();
        place.house.derive();
        place.deliver_all(now());
    }
    assert_eq!(state(&one), state(&other));
    let more = other.house.batch("A1", &["12\t2026-02-10 17:00:00\t1\t0\t1\t0"], 2);
    other.house.hub.ingest(&more, now()).unwrap();
    assert_ne!(state(&one), state(&other));
    // The day of both is the same again; the receiver was not told of it.
    one.house.hub.ingest(&one.house.batch("A1", &["12\t2026-02-10 17:00:00\t1\t0\t1\t0"], 2), now()).unwrap();
    one.house.derive();
    one.deliver_all(now());
    other.house.derive();
    assert_ne!(state(&one), state(&other));
    other.deliver_all(now());
    assert_eq!(state(&one), state(&other));
}
