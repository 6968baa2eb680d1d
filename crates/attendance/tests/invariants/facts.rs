//! Leave, offsite work, corrections and the calendar.

use std::collections::{BTreeMap, BTreeSet};

use attendance::{
    Calendar, Change, ClockTime, Code, Excusable, Holiday, Leave, Offsite, Part, PunchState, REGULAR, Timetable,
    Weekday, Workday,
};
use proptest::prelude::*;

use crate::company::{Company, DATES, days_after};

/// An item of leave or offsite work: its part and, of hours, its place in minutes of the work date.
#[derive(Debug, Clone, Copy)]
struct Item {
    part: Part,
    place: Option<(i64, i64)>,
    paid: bool,
    /// When it became known, as a minute after the first midnight.
    known: Option<i64>,
}

fn item() -> impl Strategy<Value = Item> {
    let part = prop_oneof![Just(Part::Full), Just(Part::Am), Just(Part::Pm), Just(Part::Hours), Just(Part::Hours)];
    (part, 360..1500i64, 1..300i64, any::<bool>(), known()).prop_map(|(part, from, minutes, paid, known)| Item {
        part,
        place: (part == Part::Hours).then_some((from, from + minutes)),
        paid,
        known,
    })
}

fn known() -> impl Strategy<Value = Option<i64>> {
    prop::option::weighted(0.1, 0..DATES * 1440)
}

type Items = BTreeMap<i64, Vec<Item>>;

fn items() -> impl Strategy<Value = Items> {
    prop::collection::btree_map(0..DATES, prop::collection::vec(item(), 1..4), 0..4).prop_map(|mut all| {
        for items in all.values_mut() {
            // At most one full, am and pm item a date.
            let mut seen = BTreeSet::new();
            items.retain(|item| item.part == Part::Hours || seen.insert(item.part));
        }
        all
    })
}

/// A correction; dates are numbers, instants minutes after the first midnight. A punch is put on a date beside its own.
#[derive(Debug, Clone)]
enum Correction {
    Add(i64, PunchState, Option<i64>),
    Void(prop::sample::Index),
    Excuse(i64, Vec<Excusable>),
    Approve(i64, i64),
    WaiveBreak(i64),
    Credit(i64, i64, prop::sample::Index),
    Revoke(usize),
}

fn correction() -> impl Strategy<Value = Correction> {
    let date = || 0..DATES;
    let kinds = [Excusable::Tardy, Excusable::LeftEarly, Excusable::Away, Excusable::Absence];
    let state = (0..8i32).prop_map(PunchState::from_code);
    prop_oneof![
        (0..DATES * 1440, state, prop::option::of(-1..2i64))
            .prop_map(|(at, state, forced)| Correction::Add(at, state, forced)),
        any::<prop::sample::Index>().prop_map(Correction::Void),
        (date(), prop::sample::subsequence(kinds.to_vec(), 1..4))
            .prop_map(|(date, what)| Correction::Excuse(date, what)),
        (date(), 1..240i64).prop_map(|(date, minutes)| Correction::Approve(date, minutes)),
        date().prop_map(Correction::WaiveBreak),
        (date(), 1..90i64, any::<prop::sample::Index>())
            .prop_map(|(date, minutes, code)| Correction::Credit(date, minutes, code)),
        (0..3usize).prop_map(Correction::Revoke),
    ]
}

/// What people stated.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    leaves: Items,
    offsite: Items,
    mixed_pay: bool,
    corrections: Vec<(Correction, Option<i64>)>,
    holidays: Vec<(i64, Option<i64>)>,
    workdays: Vec<(i64, usize)>,
    unavailable: bool,
}

pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    let holidays = prop::collection::vec((0..DATES, known()), 0..3);
    let workdays = prop::collection::vec((0..DATES, 0..7usize), 0..2);
    let corrections = prop::collection::vec((correction(), known()), 0..6);
    (items(), items(), any::<bool>(), corrections, (holidays, workdays, prop::bool::weighted(0.1))).prop_map(
        |(leaves, offsite, mixed_pay, corrections, (holidays, workdays, unavailable))| Facts {
            leaves,
            offsite,
            mixed_pay,
            corrections,
            holidays,
            workdays,
            unavailable,
        },
    )
}

impl Facts {
    pub(crate) fn record(self, company: &mut Company, midnight: i64) {
        let instant = |minute: i64| midnight + minute * 60;
        let clock = |minute: i64| ClockTime::from_minutes(minute as i32).unwrap();
        // On flexible dates all leave of a date is paid, or none.
        let is_fixed = |timetable: &Timetable| matches!(timetable, Timetable::Fixed(_));
        let mixed = self.mixed_pay && company.timetables.values().all(is_fixed);
        for (number, items) in &self.leaves {
            for item in items {
                let (from, to) = (item.place.map(|place| clock(place.0)), item.place.map(|place| clock(place.1)));
                let paid = if mixed { item.paid } else { items[0].paid };
                let recorded_at = item.known.map(instant);
                let date = company.date(*number);
                company.leaves.push(Leave {
                    date,
                    part: item.part,
                    from,
                    to,
                    paid,
                    reason: None,
                    id: None,
                    recorded_at,
                });
            }
        }
        for (number, items) in &self.offsite {
            for item in items {
                let (from, to) = (item.place.map(|place| clock(place.0)), item.place.map(|place| clock(place.1)));
                let recorded_at = item.known.map(instant);
                let date = company.date(*number);
                company.offsite.push(Offsite { date, part: item.part, from, to, reason: None, id: None, recorded_at });
            }
        }
        for (number, (correction, known)) in self.corrections.into_iter().enumerate() {
            let change = match correction {
                Correction::Add(minute, state, forced) => {
                    let at = instant(minute);
                    let work_date = forced.map(|days| days_after(company.civil_date(at), days));
                    Change::AddPunch { at, state, work_date }
                }
                Correction::Void(_) if company.punches.is_empty() => continue,
                Correction::Void(index) => Change::VoidPunch { target: index.get(&company.punches).id },
                Correction::Excuse(number, what) => Change::Excuse { date: company.date(number), what },
                Correction::Approve(number, minutes) => Change::ApproveOvertime { date: company.date(number), minutes },
                Correction::WaiveBreak(number) => Change::WaiveBreak { date: company.date(number) },
                Correction::Credit(number, minutes, code) => {
                    let tiers = company.policy.pay_rules.iter().map(|rule| rule.code.clone());
                    let codes: Vec<Code> = tiers.chain([REGULAR.into()]).collect();
                    Change::Credit { date: company.date(number), minutes, code: code.get(&codes).clone() }
                }
                Correction::Revoke(number) => Change::Revoke { target: format!("a{number}") },
            };
            company.correct(&format!("a{number}"), change);
            company.adjustments.last_mut().unwrap().recorded_at = known.map(instant);
        }
        const WEEK: [Weekday; 7] =
            [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        let holidays = self.holidays.iter().map(|(number, known)| Holiday {
            date: company.date(*number),
            name: String::new(),
            substitute_for: None,
            recorded_at: known.map(instant),
        });
        let workdays = self.workdays.iter().map(|(number, weekday)| Workday {
            date: company.date(*number),
            use_day: WEEK[*weekday],
            recorded_at: None,
        });
        let month = company.first.strftime("%Y-%m").to_string();
        let unavailable = self.unavailable.then_some(month).into_iter().collect();
        company.calendar = Calendar { holidays: holidays.collect(), workdays: workdays.collect(), unavailable };
    }
}
