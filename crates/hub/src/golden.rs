//! Plays a `replay` case of the golden cases against a real store, by the calls that commands, pages and jobs use.

use std::collections::HashMap;

use attendance::golden::{Additions, Replay, ReplayOutcome, ReplayStep, Sums};
use attendance::lateness::Lateness;
use attendance::punch::{Channel, Fingerprint, PrintedTime, RawPunch};
use attendance::{Calendar, DateRange, DayRecord, PunchState};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::{Batch, Item, Punch, What};
use store::Store;
use store::days::Day;
use store::people::Employee;

use crate::keep::record;
use crate::resolve::{ALWAYS, provisional};
use crate::{Actor, Company, Error, Hub, Locking, NewTerminal, Scope, Stated, Whom};

/// The only employee of a case, and their user number.
const WHO: &str = "1";
/// The only terminal of a case. Its clock shows UTC, so that every instant can be printed.
const TERMINAL: &str = "golden";

/// Plays a case against an empty store; what the store held after each step.
///
/// # Errors
/// What the hub refuses, or of the store.
pub fn replay(store: Store, case: &Replay) -> Result<Vec<ReplayOutcome>, Error> {
    let mut player = Player::begin(store, case)?;
    case.steps.iter().map(|step| player.step(step)).collect()
}

struct Player {
    hub: Hub,
    store: Store,
    employee: i64,
    whom: Whom,
    actor: Actor,
    /// The identity of each named punch.
    punches: HashMap<String, Fingerprint>,
    last_seq: i64,
    /// The last derivation's instant and dates.
    now: Timestamp,
    range: Option<DateRange>,
}

impl Player {
    fn begin(store: Store, case: &Replay) -> Result<Self, Error> {
        let (hub, actor, now) = (Hub::new(store.clone()), Actor::new("replay"), Timestamp::UNIX_EPOCH);
        let company = Company {
            zone: Some(case.zone_name.clone()),
            earliest_date: ALWAYS.0,
            wait_for_terminals_days: 0,
            policies: case.policy.clone().into(),
            timetables: case.timetables.clone(),
            assignments: case.assignments.clone(),
            calendar: Calendar { holidays: Vec::new(), unavailable: Vec::new(), ..case.calendar.clone() },
            bank: None,
        };
        hub.set_company(&actor, &company, now)?;
        hub.add_terminal(&actor, &NewTerminal::of_file(TERMINAL, "UTC"), now)?;
        hub.import_employees(&actor, format!("code,numbers\n{WHO},{WHO}\n").as_bytes(), false, now)?;
        let employee = store.write(|write| {
            let known = write.employee_by_code(WHO)?;
            let known = known.ok_or_else(|| Error::NotFound(format!("employee {WHO}")))?;
            // Employed from the first date that the store's clock knows: a case without dates means "always".
            let from = case.employment.from.unwrap_or(Date::constant(1970, 1, 1));
            let dated = Employee {
                employed_from: Some(from),
                employed_to: case.employment.to,
                id: known.id,
                is_confirmed: true,
                ..provisional(WHO)
            };
            write.change_employee(&dated)?;
            Ok::<_, Error>(known.id)
        })?;
        let mut player = Self {
            hub,
            store,
            employee,
            whom: Whom::Employee(WHO.to_owned()),
            actor,
            punches: HashMap::new(),
            last_seq: 0,
            now,
            range: None,
        };
        for one in &case.overrides {
            player.state(&player.whom, &Stated::Override(one.clone()), one.recorded_at)?;
        }
        for one in &case.modifiers {
            player.state(&player.whom, &Stated::Modifier(one.clone()), None)?;
        }
        for one in &case.calendar.holidays {
            player.state(&Whom::Company, &Stated::Holiday(one.clone()), one.recorded_at)?;
        }
        player.set_unavailable(&case.calendar.unavailable)?;
        player.add(&case.initial)?;
        Ok(player)
    }

    fn step(&mut self, step: &ReplayStep) -> Result<ReplayOutcome, Error> {
        if let Some((at, range)) = step.derive {
            self.now = instant(at);
            self.range = Some(range);
        }
        for date in &step.removed_holidays {
            self.withdraw("holiday", |stated| matches!(stated, Stated::Holiday(one) if one.date == *date))?;
        }
        for key in &step.removed_leaves {
            self.withdraw("leave", |stated| matches!(stated, Stated::Leave(one) if one.id.as_ref() == Some(key)))?;
        }
        if let Some(unavailable) = &step.unavailable {
            self.set_unavailable(unavailable)?;
        }
        self.add(&step.add)?;
        if let Some(range) = step.unlock {
            self.hub.unlock(&self.actor, (range.from, range.to), "replayed", self.now)?;
        }
        let before = self.days()?;
        let lock_refused = match step.lock {
            Some(range) => match self.hub.lock(&self.actor, (range.from, range.to), None, self.now)? {
                Locking::Locked => Vec::new(),
                Locking::Refused(open) => open.into_iter().map(|(_, date)| date).collect(),
            },
            None => Vec::new(),
        };
        if step.derive.is_some() {
            self.derive()?;
        }
        self.outcome(&before, lock_refused)
    }

    fn add(&mut self, add: &Additions) -> Result<(), Error> {
        for punch in &add.punches {
            let civil = instant(punch.at).to_zoned(TimeZone::UTC).datetime();
            let said = RawPunch {
                origin: TERMINAL.to_owned(),
                user: WHO.to_owned(),
                time: PrintedTime::from_civil(civil),
                state: state_code(punch.state),
                verify: None,
                work_code: None,
                original: civil.to_string().into_bytes(),
            };
            if let Some(name) = &punch.name {
                self.punches.insert(name.clone(), said.fingerprint());
            }
            let seq = self.last_seq + 1;
            let received_us = instant(punch.recorded_at.unwrap_or(punch.at)).as_microsecond();
            let item =
                Item { seq, received_us, is_time_doubted: false, what: What::Punch(Punch::of(Channel::Push, &said)) };
            let batch = Batch {
                edge: "replay".to_owned(),
                follows: self.last_seq,
                up_to: seq,
                items: vec![item],
                ..Batch::default()
            };
            self.hub.ingest(&batch, instant(received_us.div_euclid(1_000_000)))?;
            self.last_seq = seq;
        }
        for one in &add.leaves {
            self.state(&self.whom, &Stated::Leave(one.clone()), one.recorded_at)?;
        }
        for one in &add.offsite {
            self.state(&self.whom, &Stated::Offsite(one.clone()), one.recorded_at)?;
        }
        for one in &add.holidays {
            self.state(&Whom::Company, &Stated::Holiday(one.clone()), one.recorded_at)?;
        }
        for value in &add.adjustments {
            let identity = |name: &str| self.punches.get(name).map(Fingerprint::to_string);
            let one = Additions::adjustment(value, identity)
                .map_err(|problem| Error::invalid(format!("a correction can't be read: {problem}"), "mend the case"))?;
            self.state(&self.whom, &Stated::Adjustment(one.clone()), one.recorded_at)?;
        }
        Ok(())
    }

    /// States a fact as of its time of record; without one it is known at the step's instant.
    fn state(&self, whom: &Whom, stated: &Stated, recorded_at: Option<i64>) -> Result<(), Error> {
        let now = recorded_at.map_or(self.now, instant);
        self.hub.state(&self.actor, whom, stated, "", now).map(drop)
    }

    fn withdraw(&self, kind: &str, is_meant: impl Fn(&Stated) -> bool) -> Result<(), Error> {
        for fact in self.hub.in_force(kind, ALWAYS.0, ALWAYS.1)?.iter().filter(|fact| is_meant(&fact.stated)) {
            self.hub.withdraw(&self.actor, fact.number, "replayed", self.now)?;
        }
        Ok(())
    }

    fn set_unavailable(&self, prefixes: &[String]) -> Result<(), Error> {
        self.withdraw(
            "unavailable",
            |stated| !matches!(stated, Stated::Unavailable(known) if prefixes.contains(known)),
        )?;
        prefixes.iter().try_for_each(|one| self.state(&Whom::Company, &Stated::Unavailable(one.clone()), None))
    }

    fn derive(&self) -> Result<(), Error> {
        let Some(range) = self.range else { return Ok(()) };
        let scope = Scope { from: Some(range.from), to: Some(range.to), employee: None };
        self.hub.mark_scope(&scope, self.now)?;
        self.hub.derive_all(self.now, |_| {}).map(drop)
    }

    fn days(&self) -> Result<Vec<Day>, Error> {
        let Some(range) = self.range else { return Ok(Vec::new()) };
        Ok(self.store.read(|read| read.days_of(self.employee, range.from, range.to))?)
    }

    fn outcome(&self, before: &[Day], lock_refused: Vec<Date>) -> Result<ReplayOutcome, Error> {
        let days = self.days()?;
        let is_new = |day: &&Day| before.iter().all(|known| (known.date, known.revision) != (day.date, day.revision));
        let written = days.iter().filter(is_new).map(|day| day.date).collect();
        let records: Vec<DayRecord> = days.iter().map(record).collect::<Result<_, _>>()?;
        let sum = |kind: Lateness| self.store.read(|read| read.lateness_sum(self.employee, kind.as_str()));
        let (tardy, left_early) = (sum(Lateness::Tardy)?, sum(Lateness::LeftEarly)?);
        let counters = Sums {
            tardy_count: tardy.0,
            tardy_minutes: tardy.1,
            left_early_count: left_early.0,
            left_early_minutes: left_early.1,
        };
        let deltas = self.range.map_or(Ok(Vec::new()), |range| self.hub.deltas((range.from, range.to)))?;
        let deltas = deltas.into_iter().map(|row| (row.date, row.delta)).collect();
        Ok(ReplayOutcome { days: records, counters, written, deltas, lock_refused })
    }
}

fn state_code(state: PunchState) -> Option<i32> {
    (0..=5).find(|code| PunchState::from_code(*code) == state)
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
