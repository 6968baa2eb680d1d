//! The two invariants of section 22 that a store keeps (9 and 14), against the real one: made-up companies are played as the
//! replays of the golden cases are, by the calls that commands, pages and jobs use.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the companies are made for the rules' own tests, which ask more of them")]

#[path = "../../attendance/tests/invariants/company.rs"]
mod company;
#[path = "../../attendance/tests/invariants/facts.rs"]
mod facts;
mod house;
#[path = "../../attendance/tests/invariants/policies.rs"]
mod policies;
#[path = "../../attendance/tests/invariants/punches.rs"]
mod punches;
#[path = "../../attendance/tests/invariants/rosters.rs"]
mod rosters;

use std::collections::BTreeMap;

use attendance::golden::{self, ReplayOutcome, Sums};
use attendance::lateness::Lateness;
use attendance::{Change, DayRecord};
use company::{Company, DATES};

use jiff::civil::Date;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every case opens a database of its own, so by default there are few.
fn config() -> ProptestConfig {
    let few = std::env::var("PUNCHCLOCK_CASES").is_err().then_some(6);
    let config = company::config();
    ProptestConfig { cases: few.unwrap_or(config.cases), max_shrink_iters: 300, ..config }
}

/// What happens, by numbers of punches, corrections, leave and dates.
#[derive(Debug, Clone)]
struct Story {
    company: Company,
    uploads: Vec<(usize, usize, usize)>,
    locks: Vec<i64>,
    withdrawn: usize,
}

fn story() -> impl Strategy<Value = Story> {
    let uploads = prop::collection::vec((0..20usize, 0..4usize, 0..3usize), 4);
    (company::company(), uploads, prop::sample::subsequence((0..DATES).collect::<Vec<_>>(), 2), 0..4usize).prop_map(
        |(mut company, uploads, locks, withdrawn)| {
            // What happens is told by the steps: each is known when it is stated.
            company.punches.iter_mut().for_each(|one| one.recorded_at = None);
            company.overrides.iter_mut().for_each(|one| one.recorded_at = None);
            company.leaves.iter_mut().for_each(|one| one.recorded_at = None);
            company.adjustments.iter_mut().for_each(|one| one.recorded_at = None);
            // A revocation names a correction as the store numbers it, which a case cannot know.
            company.adjustments.retain(|one| !matches!(one.change, Change::Revoke { .. }));
            (company.offsite, company.calendar.holidays) = Default::default();
            for (number, leave) in company.leaves.iter_mut().enumerate() {
                leave.id = Some(format!("l{number}"));
            }
            Story { company, uploads, locks, withdrawn }
        },
    )
}

impl Story {
    /// As a golden file of one case whose expectation nobody looks at.
    fn case(&self) -> String {
        let company = &self.company;
        let at = |second: i64| jiff::Timestamp::from_second(second).unwrap().to_string();
        let midnight = company::midnight(company.zone, company.first);
        let range = [company.date(-2), company.date(DATES + 2)];
        let (mut punches, mut adjustments, mut leaves) =
            (company.punches.iter(), company.adjustments.iter(), company.leaves.iter());
        let mut come: Vec<String> = Vec::new();
        let mut steps = Vec::new();
        let mut derive = |step: Value, day: i64| {
            let mut step = step;
            step["derive"] = json!({"as_of": at(midnight + day * 86_400 + 1), "range": range});
            steps.push(step);
        };
        for (number, (of_punches, of_adjustments, of_leaves)) in (0i64..).zip(&self.uploads) {
            let arrived: Vec<_> = punches.by_ref().take(*of_punches).collect();
            come.extend(arrived.iter().map(|punch| punch.id.to_string()));
            let punch = |punch: &&attendance::Punch| json!({"id": punch.id.to_string(), "at": at(punch.at), "state": punch.state});
            // The hub refuses a correction of a punch that it does not know, and of a date that is not judged.
            let employment = &company.employment;
            let is_judged = |date: Date| {
                employment.from.is_none_or(|from| from <= date) && employment.to.is_none_or(|to| date <= to)
            };
            let date_of = |at: i64| jiff::Timestamp::from_second(at).unwrap().in_tz(company.zone).unwrap().date();
            let is_taken = |one: &&attendance::Adjustment| match &one.change {
                Change::VoidPunch { target } => {
                    let voided = company.punches.iter().find(|punch| punch.id == *target);
                    come.contains(&target.to_string()) && voided.is_some_and(|punch| is_judged(date_of(punch.at)))
                }
                Change::AddPunch { at, work_date, .. } => is_judged(work_date.unwrap_or_else(|| date_of(*at))),
                Change::Excuse { date, .. }
                | Change::ApproveOvertime { date, .. }
                | Change::WaiveBreak { date }
                | Change::Credit { date, .. } => is_judged(*date),
                Change::Revoke { .. } => true,
            };
            let add = json!({
                "punches": arrived.iter().map(punch).collect::<Vec<_>>(),
                "adjustments": adjustments.by_ref().take(*of_adjustments).filter(is_taken).collect::<Vec<_>>(),
                "leaves": leaves.by_ref().take(*of_leaves).collect::<Vec<_>>(),
            });
            derive(json!({ "add": add }), DATES + number * 3);
            if let Some(lock) = self.locks.get(number as usize) {
                let date = company.date(*lock);
                derive(json!({"lock": [date, date]}), DATES + number * 3 + 1);
            }
        }
        let stated = company.leaves.len() - leaves.count();
        let withdrawn: Vec<_> = (0..self.withdrawn.min(stated)).map(|number| format!("l{number}")).collect();
        derive(json!({"remove": {"leaves": withdrawn}}), DATES + 20);
        let count = steps.len();
        let initial = json!({
            "tz": company.zone, "policy": company.policy, "timetables": company.timetables, "assignments": company.assignments,
            "overrides": company.overrides, "modifiers": company.modifiers, "calendar": company.calendar,
            "employment": company.employment,
        });
        let input = json!({"initial": initial, "steps": steps});
        let case = json!({"id": "R", "kind": "replay", "input": input, "expect": {"steps": vec![json!({}); count]}});
        json!({"schema_version": 1, "defaults": {}, "cases": [case]}).to_string()
    }

    /// What the store holds after each step, or why it would not take one.
    fn play(&self) -> Result<Vec<ReplayOutcome>, String> {
        let mut played = Err("the case was not played".to_owned());
        let report = golden::check_with(&self.case(), &[], |case| {
            let (store, _database) = house::store();
            played = hub::golden::replay(store, case).map_err(|error| error.to_string());
            played.clone()
        });
        report.map_err(|error| error.to_string())?;
        played
    }
}

proptest! {
    #![proptest_config(config())]

    /// Invariants 9, "Counters equal the sums over log rows after any sequence of uploads, corrections and leave changes", and 14, "A
    /// locked record is byte-identical before and after any derivation".
    #[test]
    fn sums_are_those_of_the_logs_and_a_locked_record_stays_as_it_is(story in story()) {
        let outcomes = story.play().map_err(TestCaseError::fail)?;
        let mut frozen: BTreeMap<Date, String> = BTreeMap::new();
        let mut locks = story.locks.iter().map(|lock| story.company.date(*lock));
        let mut before: Vec<DayRecord> = Vec::new();
        for (number, outcome) in outcomes.iter().enumerate() {
            let late = |kind: Lateness| {
                let minutes = outcome.days.iter().map(move |day| kind.of(Some(day))).filter(|minutes| *minutes > 0);
                (minutes.clone().count() as i64, minutes.sum::<i64>())
            };
            let ((tardy_count, tardy_minutes), (left_early_count, left_early_minutes)) = (late(Lateness::Tardy), late(Lateness::LeftEarly));
            prop_assert_eq!(outcome.counters, Sums { tardy_count, tardy_minutes, left_early_count, left_early_minutes });
            // The second and the fourth step lock.
            if number == 1 || number == 3 {
                let date = locks.next().unwrap();
                let record = before.iter().find(|day| day.date == date);
                if let (true, Some(record)) = (outcome.lock_refused.is_empty(), record) {
                    frozen.entry(date).or_insert_with(|| serde_json::to_string(record).unwrap());
                }
            }
            for (date, record) in &frozen {
                let now = outcome.days.iter().find(|day| day.date == *date).unwrap();
                prop_assert_eq!(record, &serde_json::to_string(now).unwrap());
                prop_assert!(!outcome.written.contains(date));
            }
            before.clone_from(&outcome.days);
        }
    }
}
