//! A company nobody planned, with one of its people.

use attendance::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::{facts, policies, punches, rosters};

/// Where and when: zones without clock changes, and dates around a change, also of half an hour and at midnight.
const SCENES: [(&str, Date); 11] = [
    ("Asia/Seoul", Date::constant(2025, 3, 8)),
    ("America/New_York", Date::constant(2025, 3, 8)),
    ("America/New_York", Date::constant(2025, 11, 1)),
    ("Europe/Berlin", Date::constant(2025, 3, 29)),
    ("Asia/Kathmandu", Date::constant(2024, 12, 28)),
    ("Australia/Lord_Howe", Date::constant(2025, 4, 4)),
    ("Australia/Lord_Howe", Date::constant(2025, 10, 4)),
    ("America/Santiago", Date::constant(2025, 9, 4)),
    ("America/Santiago", Date::constant(2025, 4, 4)),
    ("Africa/Cairo", Date::constant(2025, 4, 24)),
    ("Asia/Manila", Date::constant(2028, 2, 26)),
];

/// Dates on which something may happen, counted from the first one.
pub(crate) const DATES: i64 = 9;

/// What the rules are told of a company and of one of its people.
#[derive(Clone)]
pub(crate) struct Company {
    pub(crate) zone: &'static str,
    /// The date with the number 0.
    pub(crate) first: Date,
    pub(crate) policy: Policy,
    pub(crate) timetables: Timetables,
    pub(crate) calendar: Calendar,
    pub(crate) employment: Employment,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) modifiers: Vec<Modifier>,
    pub(crate) leaves: Vec<Leave>,
    pub(crate) offsite: Vec<Offsite>,
    pub(crate) adjustments: Vec<Adjustment>,
    pub(crate) punches: Vec<Punch>,
    pub(crate) moment: Moment,
}

/// A failed case is read by people: one line a subject, and of the policy what differs from the defaults.
impl std::fmt::Debug for Company {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut policy = serde_json::to_value(&self.policy).unwrap();
        let default = serde_json::to_value(Policy::default()).unwrap();
        policy.as_object_mut().unwrap().retain(|name, value| default[name] != *value);
        writeln!(
            f,
            "\n{} from {}; as_of {}, watermark {:?}",
            self.zone,
            self.first,
            self.local(self.moment.as_of),
            self.moment.watermark.map(|at| self.local(at))
        )?;
        writeln!(f, "policy {policy}\ntimetables {}", json(&self.timetables))?;
        writeln!(f, "assignments {}\noverrides {}", json(&self.assignments), json(&self.overrides))?;
        writeln!(f, "modifiers {}\nemployment {}", json(&self.modifiers), json(&self.employment))?;
        writeln!(f, "calendar {}\nleaves {}", json(&self.calendar), json(&self.leaves))?;
        writeln!(f, "offsite {}\nadjustments {}", json(&self.offsite), json(&self.adjustments))?;
        let mut punches: Vec<_> = self.punches.iter().collect();
        punches.sort_by_key(|punch| punch.at);
        for Punch { id, at, state, recorded_at } in punches {
            write!(f, "punch {} {state:?} {id:?}", self.local(*at))?;
            writeln!(f, "{}", recorded_at.map_or(String::new(), |at| format!(" recorded {}", self.local(at))))?;
        }
        Ok(())
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

/// How many companies a test sees: `PUNCHCLOCK_CASES`, else a few.
pub(crate) fn config() -> Config {
    let cases = std::env::var("PUNCHCLOCK_CASES").map_or(48, |text| text.parse().unwrap());
    Config { cases, max_shrink_iters: 20_000, failure_persistence: None, ..Config::default() }
}

/// Any company.
pub(crate) fn company() -> impl Strategy<Value = Company> {
    let scene = prop::sample::select(SCENES.to_vec());
    let moment = (prop::option::weighted(0.25, 0..DATES * 1440), prop::option::weighted(0.2, 0..DATES * 1440));
    let site = (scene, policies::policy(), rosters::timetables(), moment);
    (site, rosters::roster(), facts::facts(), punches::punches()).prop_map(
        |((scene, policy, timetables, moment), roster, facts, presses)| {
            let (zone, first) = scene;
            let midnight = midnight(zone, first);
            let punches = punches::stored(&presses, midnight);
            let mut company = Company {
                zone,
                first,
                policy,
                timetables,
                calendar: Calendar::default(),
                employment: Employment::default(),
                assignments: Vec::new(),
                overrides: Vec::new(),
                modifiers: Vec::new(),
                leaves: Vec::new(),
                offsite: Vec::new(),
                adjustments: Vec::new(),
                punches,
                moment: Moment {
                    as_of: midnight + moment.0.unwrap_or(200 * 1440) * 60,
                    watermark: moment.1.map(|minute| midnight + minute * 60),
                },
            };
            roster.hire(&mut company);
            facts.record(&mut company, midnight);
            company.ask(|book, person| person.check(book)).unwrap();
            company
        },
    )
}

/// 00:00 of a date, in seconds since the epoch; a midnight that the clock skips is the end of the gap.
pub(crate) fn midnight(zone: &str, date: Date) -> i64 {
    date.to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp().as_second()
}

/// A date so many days after another one.
pub(crate) fn days_after(first: Date, days: i64) -> Date {
    first.checked_add(jiff::Span::new().days(days)).unwrap()
}

impl Company {
    pub(crate) fn date(&self, number: i64) -> Date {
        days_after(self.first, number)
    }

    pub(crate) fn tz(&self) -> TimeZone {
        TimeZone::get(self.zone).unwrap()
    }

    /// An instant in seconds, as the person's clock shows it.
    pub(crate) fn local(&self, at: i64) -> String {
        let zoned = jiff::Timestamp::from_second(at).unwrap().to_zoned(self.tz());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The local date of an instant in seconds.
    pub(crate) fn civil_date(&self, at: i64) -> Date {
        jiff::Timestamp::from_second(at).unwrap().to_zoned(self.tz()).date()
    }

    pub(crate) fn ask<T>(&self, answer: impl FnOnce(&Rulebook, &Person<'_>) -> T) -> T {
        self.ask_by(self.policy.clone().into(), answer)
    }

    /// As `ask`, by other policies.
    pub(crate) fn ask_by<T>(&self, policies: Policies, answer: impl FnOnce(&Rulebook, &Person<'_>) -> T) -> T {
        let zones = self.tz().into();
        let book = Rulebook::new(policies, self.timetables.clone(), self.calendar.clone()).unwrap();
        let person = Person {
            zones: &zones,
            employment: self.employment,
            gaps: &[],
            assignments: &self.assignments,
            overrides: &self.overrides,
            modifiers: &self.modifiers,
            leaves: &self.leaves,
            offsite: &self.offsite,
            adjustments: &self.adjustments,
            punches: &self.punches,
        };
        answer(&book, &person)
    }

    /// Records of dates by their numbers, both inclusive.
    pub(crate) fn records(&self, from: i64, to: i64) -> Vec<DayRecord> {
        let range = DateRange { from: self.date(from), to: self.date(to) };
        self.ask(|book, person| derive(book, person, range, self.moment))
    }

    /// All dates that can have something.
    pub(crate) fn all(&self) -> Vec<DayRecord> {
        self.records(-3, DATES + 3)
    }

    /// The same, with reasons.
    pub(crate) fn explained(&self) -> Vec<(DayRecord, DayTrace)> {
        let range = DateRange { from: self.date(-3), to: self.date(DATES + 3) };
        self.ask(|book, person| explain(book, person, range, self.moment))
    }

    /// Adds a correction that was always known.
    pub(crate) fn correct(&mut self, id: &str, change: Change) {
        self.adjustments.push(Adjustment { id: id.to_owned(), change, by: None, reason: None, recorded_at: None });
    }
}
