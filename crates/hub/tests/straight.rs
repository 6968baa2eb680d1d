//! The state of the straight run: whatever comes twice, late, at the same time, or breaks off in the middle, in the end there is what
//! there is when each thing happens once, in order, and nothing fails. `PUNCHCLOCK_ORDERS=1000` plays that many made-up orders.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use std::error::Error;
use std::sync::atomic::AtomicBool;
use std::thread;

use attendance::bank::{Event, Preset};
use attendance::{Change, PunchState};
use house::{House, clerk, house, log, now};
use hub::jobs::{Claimed, DERIVE, Finished, Kind, LEASE, Run, Schedule, Schedules, Work, Works, built_in};
use hub::{Company, Cure, Hub, moving};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use link::Batch;
use testkit::{Chance, how_many};

const ORDERS: usize = 15;
/// Turns of chance between two inputs.
const TURNS: u64 = 6;
const BATCHES: usize = 8;
const ON: Date = date(2026, 3, 3);
/// Tables whose rows tell how often and when it was worked on, and not only what came of it. What came of it is compared as people
/// read it: days, and the audit trail without what was asked of jobs. An `arrival` is what waits to be sealed.
const OF_RUNS: [&str; 5] = ["arrival", "audit", "counter", "day", "job"];

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

/// Two people, their terminal, and a bank.
fn workplace() -> House {
    let house = house();
    let bank = Some(Preset::named("PH_CSC_DBM").unwrap().policy);
    let company = Company { bank, zone: Some("Asia/Manila".to_owned()), ..house.hub.company().unwrap() };
    house.hub.set_company(&clerk(), &company, now()).unwrap();
    house.register("A1", "Asia/Manila");
    for code in ["12", "0012"] {
        let (user, employee) = (code.to_owned(), code.to_owned());
        let assign = Cure::Assign { user, employee, create: true, from: None, to: None };
        house.hub.cure(&clerk(), &assign, now()).unwrap();
    }
    house
}

/// All that came of it.
fn state(house: &House) -> Vec<String> {
    let tables = moving::summaries(&house.store).unwrap().into_iter();
    let tables = tables.filter(|table| !OF_RUNS.contains(&table.table));
    let mut state: Vec<String> =
        tables.map(|table| format!("{}: {} rows, digest {:x}", table.table, table.rows, table.digest)).collect();
    state.extend(house.files());
    for code in ["12", "0012"] {
        state.push(format!("{:?}", house.hub.bank(code, ON, now()).unwrap()));
    }
    let audit = house.hub.audit(u32::MAX).unwrap().into_iter().filter(|entry| !entry.action.starts_with("job."));
    state.extend(audit.map(|entry| format!("{entry:?}")));
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
    house: &'a House,
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
    fn new(house: &'a House, seed: u64) -> Self {
        let hubs = [house.another_hub(), house.another_hub()];
        let (chance, works) = (Chance::new(seed), built_in());
        Self { house, hubs, chance, at: now(), works, held: Vec::new(), delivered: Vec::new() }
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
        match self.chance.below(9) {
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
            2 => self.hubs[number] = self.house.another_hub(),
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
        let house = workplace();
        let inputs = inputs(&house);
        let mut chaos = Chaos::new(&house, order as u64);
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
        inputs.iter().for_each(|input| take(&straight.hub, input, now()));
        for house in [&house, &straight] {
            house.hub.mark_due(at).unwrap();
            house.hub.derive_all(at, |_| {}).unwrap();
        }
        assert_eq!(state(&house), state(&straight), "order {order}");
    }
}

#[test]
fn the_comparison_sees_a_punch_that_counts_twice_and_a_day_that_was_not_derived() {
    let [one, other] = [workplace(), workplace()];
    let lines = ["12\t2026-02-10 08:00:00\t1\t0\t1\t0"];
    for house in [&one, &other] {
        house.hub.ingest(&house.batch("A1", &lines, 1), now()).unwrap();
        house.derive();
    }
    assert_eq!(state(&one), state(&other));
    other.hub.ingest(&other.batch("A1", &["12\t2026-02-10 17:00:00\t1\t0\t1\t0"], 2), now()).unwrap();
    assert_ne!(state(&one), state(&other));
}
