//! The invariants of section 22, over companies that nobody planned: random policies, rosters, leave and punches.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use attendance::trace::Role;
use attendance::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

/// Nine days from Saturday 8 March 2025, on which New York skips an hour in the first night.
const FIRST: i64 = 1_741_392_000;
const ZONES: [&str; 3] = ["Asia/Seoul", "America/New_York", "Asia/Kathmandu"];

#[derive(Debug, Clone)]
struct Company {
    zone: &'static str,
    policy: Policy,
    shifts: Vec<Shift>,
    leaves: Vec<Leave>,
    offsite: Vec<Offsite>,
    modifiers: Vec<Modifier>,
    adjustments: Vec<Adjustment>,
    calendar: Calendar,
    punches: Vec<Punch>,
    moment: Moment,
}

fn date(index: i64) -> Date {
    "2025-03-08".parse::<Date>().unwrap().checked_add(jiff::ToSpan::days(index)).unwrap()
}

fn timetables() -> Timetables {
    let lunch = json!([{"from": "12:00", "to": "13:00"}]);
    let movable = json!([{"from": "12:00", "to": "13:00", "deduct": "movable"}]);
    serde_json::from_value(json!({
        "DAY": {"type": "fixed", "segments": [["08:00", "17:00"]], "breaks": lunch},
        "MOVE": {"type": "fixed", "segments": [["09:00", "18:00"]], "breaks": movable},
        "NIGHT": {"type": "fixed", "segments": [["22:00", "06:00+1"]], "breaks": [{"from": "02:00+1", "to": "03:00+1"}]},
        "SPLIT": {"type": "fixed", "segments": [["10:00", "14:00"], ["18:00", "22:00"]], "works_on_holidays": true},
        "EARLY": {"type": "fixed", "segments": [["06:00", "14:00"]]},
        "FLEX": {"type": "flex", "earliest": "08:00", "latest": "10:00", "net_minutes": 480, "breaks": lunch},
        "HOURS": {"type": "hours", "net_minutes": 420}
    }))
    .unwrap()
}

fn policy() -> impl Strategy<Value = Policy> {
    let pairing = prop_oneof![
        Just(json!({"pairing": "first_last"})),
        Just(json!({"pairing": "first_last", "use_state": true})),
        Just(json!({"pairing": "alternate"})),
        Just(json!({"pairing": "by_state", "use_state": true})),
    ];
    let pay = prop_oneof![
        Just(json!({})),
        Just(json!({"pay_rules": [
            {"code": "DT", "percent": 200, "when": {"daily_from": 720}},
            {"code": "OT15", "percent": 150, "when": {"consecutive_day": 3}},
            {"code": "OT15", "percent": 150, "when": {"daily_from": 480}},
            {"code": "OT15", "percent": 150, "when": {"week_from": 1200, "week_basis": "straight"}}],
            "premiums": [{"code": "ND", "percent": 10, "of": "tier", "when": {"window": ["22:00", "06:00"]}}]})),
        Just(json!({"pay_rules": [
            {"code": "WK", "percent": 175, "when": {"week_from": 900, "week_basis": "all"}},
            {"code": "EVE", "percent": 120, "when": {"window": ["17:30", "21:00"]}},
            {"code": "HOL", "percent": 200, "when": {"day_kinds": ["public_holiday"]}}],
            "premium_day_basis": "calendar_date"})),
    ];
    let limits =
        (0..40i64, prop_oneof![Just(1i64), Just(30)], any::<bool>(), any::<bool>(), proptest::option::of(0..200i64));
    let misc = (0..3usize, 0..15i64, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (pairing, pay, limits, misc).prop_map(|(punch, pay, (min, unit, approval, offset, cap), misc)| {
        let (rounding, grace, waived, assume, rounded, rules) = misc;
        let mode = ["none", "nearest", "up"][rounding];
        let mut all = json!({
            "punch": punch,
            "grace": {"in": grace, "out": grace, "count_from": if rules { "grace_end" } else { "start" }},
            "rounding": {"in": {"mode": mode, "unit": 15}, "out": {"mode": mode, "unit": 10},
                "judge_on": if rounded { "rounded" } else { "actual" }},
            "half_day": {"lunch": if waived { "waived" } else { "scheduled" }},
            "missing": if assume { json!({"in": "assume_plan_start", "out": "assume_plan_end"}) } else { json!({}) },
            "break_rules": if rules { json!([{"after": 360, "deduct": 30}, {"after": 540, "deduct": 45}]) } else { json!([]) },
            "overtime": {"min": min, "unit": unit, "cap": cap, "requires_approval": approval, "offset_deficit": offset},
        });
        all.as_object_mut().unwrap().extend(pay.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    })
}

fn shift() -> impl Strategy<Value = Shift> {
    let codes = ["DAY", "MOVE", "NIGHT", "SPLIT", "EARLY", "FLEX", "HOURS", "rest_day", "off_day", "unassigned"];
    proptest::sample::select(codes.to_vec()).prop_map(Shift::from)
}

fn part() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(json!({"part": "full"})),
        Just(json!({"part": "am"})),
        Just(json!({"part": "pm"})),
        (8..15i64, 1..4i64).prop_map(|(from, hours)| json!({"part": "hours", "from": format!("{from:02}:00"),
            "to": format!("{:02}:00", from + hours)})),
    ]
}

fn entry(date_index: i64, mut part: serde_json::Value) -> serde_json::Value {
    part["date"] = json!(date(date_index));
    part
}

fn adjustment() -> impl Strategy<Value = serde_json::Value> {
    let minute = 0..9 * 1440i64;
    prop_oneof![
        (minute, any::<bool>(), 1..8i64).prop_map(|(minute, forced, day)| {
            let at = jiff::Timestamp::from_second(FIRST + minute * 60).unwrap();
            let work_date = forced.then(|| date(day));
            json!({"type": "add_punch", "at": at, "work_date": work_date})
        }),
        (0..9i64).prop_map(|day| json!({"type": "excuse", "date": date(day), "what": ["tardy", "away", "absence"]})),
        (0..9i64, 0..120i64)
            .prop_map(|(day, minutes)| json!({"type": "approve_overtime", "date": date(day), "minutes": minutes})),
        (0..9i64).prop_map(|day| json!({"type": "waive_break", "date": date(day)})),
        (0..9i64, 1..60i64)
            .prop_map(|(day, minutes)| json!({"type": "credit", "date": date(day), "minutes": minutes, "code": "REG"})),
        Just(json!({"type": "revoke", "target": "a0"})),
    ]
}

fn company() -> impl Strategy<Value = Company> {
    let state = (0..7i32).prop_map(PunchState::from_code);
    let punch = (0..9 * 1440 * 60i64, state, any::<u64>());
    // Mostly days with a beginning and an end, some stray presses, some repeats.
    let day = (420..620i64, 900..1200i64, proptest::option::of((700..730i64, 740..800i64)));
    let punches = (proptest::collection::vec(punch, 0..12), proptest::collection::vec(day, 9));
    let items = (
        proptest::collection::btree_map(0..9i64, part(), 0..3),
        proptest::collection::btree_map(0..9i64, part(), 0..3),
        proptest::option::of((0..60i64, 0..60i64)),
        proptest::collection::vec(adjustment(), 0..4),
        proptest::option::of(1..8i64),
    );
    let now = (proptest::option::weighted(0.3, 0..10 * 86_400i64), proptest::option::weighted(0.2, 0..10 * 86_400i64));
    (proptest::sample::select(ZONES.to_vec()), policy(), proptest::collection::vec(shift(), 1..5), items, punches, now)
        .prop_map(
            |(
                zone,
                policy,
                shifts,
                (leaves, offsite, trims, adjustments, holiday),
                (stray, days),
                (as_of, watermark),
            )| {
                let tz = TimeZone::get(zone).unwrap();
                let mut at: Vec<(i64, PunchState, u64)> =
                    stray.iter().map(|(at, state, salt)| (FIRST + at, *state, *salt)).collect();
                for (index, (come, go, lunch)) in days.iter().enumerate().skip(1).step_by(2) {
                    let midnight = date(index as i64).to_zoned(tz.clone()).unwrap().timestamp().as_second();
                    let lunch = lunch.map(|(from, to)| [from, to]).into_iter().flatten();
                    let minutes = [*come, *go].into_iter().chain(lunch);
                    at.extend(
                        minutes
                            .enumerate()
                            .map(|(salt, minute)| (midnight + minute * 60, PunchState::Unknown, salt as u64)),
                    );
                }
                let punches = at.iter().enumerate().map(|(index, (at, state, salt))| Punch {
                    id: Fingerprint(((u128::from(*salt) << 64) + index as u128).to_be_bytes()),
                    at: *at,
                    state: *state,
                    recorded_at: None,
                });
                let numbered = adjustments.iter().enumerate().map(|(index, one)| {
                    let mut one = one.clone();
                    one["id"] = json!(format!("a{index}"));
                    serde_json::from_value(one).unwrap()
                });
                let read =
                    |items: BTreeMap<i64, serde_json::Value>| items.into_iter().map(|(day, part)| entry(day, part));
                Company {
                    zone,
                    policy,
                    shifts,
                    leaves: read(leaves).map(|one| serde_json::from_value(one).unwrap()).collect(),
                    offsite: read(offsite).map(|one| serde_json::from_value(one).unwrap()).collect(),
                    modifiers: trims
                        .map(|(trim_start, trim_end)| Modifier {
                            from: date(2),
                            to: date(5),
                            trim_start,
                            trim_end,
                            tag: String::new(),
                        })
                        .into_iter()
                        .collect(),
                    adjustments: numbered.collect(),
                    calendar: serde_json::from_value(json!({
                        "holidays": holiday.map(|day| json!({"date": date(day)})).into_iter().collect::<Vec<_>>()
                    }))
                    .unwrap(),
                    punches: punches.collect(),
                    moment: Moment {
                        as_of: FIRST + as_of.unwrap_or(20 * 86_400),
                        watermark: watermark.map(|at| FIRST + at),
                    },
                }
            },
        )
}

impl Company {
    fn book(&self) -> Rulebook {
        Rulebook::new(self.policy.clone(), timetables(), self.calendar.clone()).unwrap()
    }

    fn ask<T>(&self, answer: impl FnOnce(&Rulebook, &Person<'_>) -> T) -> T {
        let zone = TimeZone::get(self.zone).unwrap();
        let assignments = [Assignment::Cycle { from: None, to: None, anchor: date(0), cycle: self.shifts.clone() }];
        let person = Person {
            zone: &zone,
            employment: Employment::default(),
            assignments: &assignments,
            overrides: &[],
            modifiers: &self.modifiers,
            leaves: &self.leaves,
            offsite: &self.offsite,
            adjustments: &self.adjustments,
            punches: &self.punches,
        };
        answer(&self.book(), &person)
    }

    fn records(&self, from: i64, to: i64) -> Vec<DayRecord> {
        self.ask(|book, person| derive(book, person, DateRange { from: date(from), to: date(to) }, self.moment))
    }

    fn explained(&self) -> Vec<(DayRecord, DayTrace)> {
        self.ask(|book, person| explain(book, person, DateRange { from: date(-2), to: date(11) }, self.moment))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariants 1, 2, 3, 8 and 10: every minute is accounted for once.
    #[test]
    fn the_figures_of_a_day_add_up(company in company()) {
        for day in company.records(-1, 10) {
            prop_assert_eq!(day.scheduled_minutes, day.leave_minutes + day.offsite_minutes + day.required_minutes, "{:?}", day);
            if !day.is_judged() {
                let quiet = day.exceptions.is_empty() && day.pay.is_empty() && day.premiums.is_empty();
                prop_assert!(quiet && day.paid_minutes == 0 && day.tardy_minutes == 0, "{:?}", day);
                continue;
            }
            let spent = day.covered_minutes + day.tardy_minutes + day.left_early_minutes + day.away_minutes
                + day.absent_minutes + day.unverified_minutes + day.grace_minutes + day.excused_minutes;
            prop_assert_eq!(day.required_minutes, spent, "{:?}", day);
            prop_assert_eq!(day.pay.sum(), day.worked_minutes - day.unpaid_extra_minutes, "{:?}", day);
            prop_assert_eq!(day.paid_minutes, day.pay.sum() + day.paid_leave_minutes + day.holiday_credit_minutes);
            for (key, minutes) in day.premiums.iter() {
                let most = key.as_str().split_once('*').map_or(day.pay.sum(), |(_, tier)| day.pay.get(tier));
                prop_assert!(minutes <= most, "{:?}", day);
            }
            prop_assert!(day.exceptions.is_sorted());
        }
    }

    /// Invariants 4 and 5: neither the order of arrival nor a second delivery matters.
    #[test]
    fn order_and_copies_of_punches_do_not_matter(company in company(), order in any::<u64>()) {
        let mut shuffled = company.clone();
        shuffled.punches.extend(company.punches.iter().step_by(2).copied());
        shuffled.punches.sort_by_key(|punch| punch.at.wrapping_mul(order as i64 | 1).rotate_left(17));
        prop_assert_eq!(company.records(0, 8), shuffled.records(0, 8));
    }

    /// Invariant 7: every punch that survives cleaning belongs to one work date, at most a day from its civil date.
    #[test]
    fn every_punch_belongs_to_one_date_near_its_own(company in company()) {
        let zone = TimeZone::get(company.zone).unwrap();
        let mut seen = BTreeMap::new();
        for (_, trace) in company.explained() {
            for punch in trace.punches.iter().filter(|punch| !matches!(punch.role, Role::Repeat)) {
                let Some(id) = punch.id else { continue };
                *seen.entry(id).or_insert(0) += 1;
                let civil = jiff::Timestamp::from_second(punch.at).unwrap().to_zoned(zone.clone()).date();
                prop_assert!((civil - punch.date).get_days().abs() <= 1, "{:?}", punch);
            }
        }
        prop_assert!(seen.values().all(|times| *times == 1), "{:?}", seen);
        let kept: usize = company.explained().iter().flat_map(|(_, trace)| &trace.punches).filter(|punch| punch.id.is_some()).count();
        prop_assert_eq!(kept, company.punches.len());
    }

    /// Invariant 11: narrowing the range never changes a record in the range.
    #[test]
    fn a_narrower_range_gives_the_same_records(company in company(), from in 0..8i64, len in 0..4i64) {
        let to = (from + len).min(8);
        let wide = company.records(-3, 12);
        let narrow = company.records(from, to);
        prop_assert_eq!(&wide[(from + 3) as usize..=(to + 3) as usize], &narrow[..]);
    }

    /// Invariant 6: shifting everything by whole weeks in a zone without clock changes shifts the output only.
    #[test]
    fn the_same_weeks_later_give_the_same_days(company in company(), weeks in 1..60i64) {
        let mut here = company.clone();
        here.zone = "Asia/Kathmandu";
        (here.leaves, here.offsite, here.adjustments) = Default::default();
        (here.modifiers, here.calendar) = Default::default();
        // A cycle keeps its phase only if its length divides the shift.
        let weeks = weeks * here.shifts.len() as i64;
        let shift = weeks * 7 * 86_400;
        let mut later = here.clone();
        later.punches.iter_mut().for_each(|punch| punch.at += shift);
        later.moment = Moment { as_of: here.moment.as_of + shift, watermark: here.moment.watermark.map(|at| at + shift) };
        for (day, moved) in here.records(0, 8).into_iter().zip(later.records(weeks * 7, weeks * 7 + 8)) {
            let mut expected = day;
            expected.date = moved.date;
            for instant in [&mut expected.plan_start, &mut expected.plan_end, &mut expected.first_in, &mut expected.last_out] {
                *instant = instant.map(|at| at + shift);
            }
            prop_assert_eq!(expected, moved);
        }
    }

    /// Invariant 17, and the trace agrees with the record: worked stretches are what is paid.
    #[test]
    fn the_trace_tells_the_record(company in company()) {
        let explained = company.explained();
        let records: Vec<_> = explained.iter().map(|(day, _)| day.clone()).collect();
        prop_assert_eq!(&company.records(-2, 11), &records);
        for (day, trace) in &explained {
            let paid: i64 = trace.worked.iter().filter(|one| one.code.is_some()).map(|one| (one.to - one.from) / 60).sum();
            let trimmed: i64 = trace.worked.iter().filter(|one| one.code.is_none()).map(|one| (one.to - one.from) / 60).sum();
            prop_assert_eq!(trimmed, day.unpaid_extra_minutes);
            prop_assert!(paid <= day.pay.sum());
            for (figure, minutes) in serde_json::to_value(day).unwrap().as_object().unwrap() {
                if figure.ends_with("_minutes") {
                    let told = trace.reasons.iter().find(|reason| reason.figure == *figure);
                    prop_assert_eq!(told.map(|reason| reason.minutes), minutes.as_i64(), "{}", figure);
                }
            }
        }
    }

    /// Section 17.2: outside of the dates that a punch can affect, voiding it changes nothing but the pay of their weeks.
    #[test]
    fn a_voided_punch_changes_only_the_affected_dates(company in company(), index in any::<proptest::sample::Index>()) {
        prop_assume!(!company.punches.is_empty());
        let mut without = company.clone();
        let gone = without.punches.remove(index.index(company.punches.len()));
        let dirty = company.ask(|book, person| affected_dates(book, person, gone.at));
        for (before, after) in company.records(-2, 11).into_iter().zip(without.records(-2, 11)) {
            let attendance = |day: &DayRecord| {
                let mut day = day.clone();
                (day.pay, day.premiums, day.paid_minutes, day.holiday_credit_minutes) = Default::default();
                day
            };
            if before.date < dirty.from || before.date > dirty.to {
                prop_assert_eq!(attendance(&before), attendance(&after), "{:?} {:?}", gone, dirty);
            }
        }
    }
}
