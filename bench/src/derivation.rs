//! The pure derivation: a quarter of a company, on one core.

use std::{hint::black_box, time::Instant};

use anyhow::{Context, Result, ensure};
use attendance::{
    Assignment, Calendar, DateRange, Fingerprint, Moment, POLICY_PRESETS, Person, Policy, PolicyFile, Punch,
    PunchState, Rulebook, Zones, default_assignments, default_timetables, derive,
};
use jiff::{
    ToSpan,
    civil::{Date, date},
    tz::TimeZone,
};

use crate::figure::{self, Aim, Contender, Figure, Plan};

const FIRST: Date = date(2026, 1, 5);
const LAST: Date = date(2026, 4, 5);
const DAY_SECONDS: i64 = 86_400;
/// What a person punches on a day, as minutes after midnight: in, lunch out, lunch in, out.
const ROUTINE: [i64; 4] = [7 * 60 + 52, 12 * 60, 12 * 60 + 58, 18 * 60 + 4];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let zone = TimeZone::get("Asia/Manila").context("the zone is in the built-in database")?;
    let richest = richest_preset()?;
    let name = format!("derive, four punches a day, {}", richest.title);
    Ok(vec![
        with_policy(plan, "derive, four punches a day".to_owned(), Policy::default(), 1_000_000.0, &zone)?,
        with_policy(plan, name, richest.policy, 500_000.0, &zone)?,
    ])
}

/// The preset with most rules of pay.
fn richest_preset() -> Result<PolicyFile> {
    let files = POLICY_PRESETS.iter().map(|name| PolicyFile::preset(name)).collect::<Result<Vec<_>, _>>()?;
    let rules = |file: &PolicyFile| file.policy.pay_rules.len() + file.policy.premiums.len();
    files.into_iter().max_by_key(rules).context("there are presets")
}

fn with_policy(plan: &Plan, name: String, policy: Policy, aim: f64, zone: &TimeZone) -> Result<Figure> {
    let book = Rulebook::new(policy, default_timetables(), Calendar::default())?;
    let (assignments, zones) = (default_assignments(), Zones::new(zone.clone(), []));
    let people = people(plan.pick(2_000, 100), zone)?;

    let ours = Contender::new("attendance", || {
        let start = Instant::now();
        let mut days = 0;
        for punches in &people {
            days += black_box(derive_one(&book, &zones, &assignments, punches))?;
        }
        Ok(days as f64 / start.elapsed().as_secs_f64())
    });
    let bare = Contender::new("first to last, no rules", || {
        let start = Instant::now();
        let days: usize = people.iter().map(|punches| black_box(first_to_last(punches)).len()).sum();
        Ok(days as f64 / start.elapsed().as_secs_f64())
    });
    figure::measure(plan, name, "person-days/s", Some(Aim::AtLeast(aim)), ours, vec![bare])
}

/// The number of days that were judged.
fn derive_one(book: &Rulebook, zones: &Zones, assignments: &[Assignment], punches: &[Punch]) -> Result<usize> {
    let person = Person::new(zones, assignments, punches);
    let as_of = i64::from(LAST.since(date(1970, 1, 1))?.get_days()) * DAY_SECONDS + 30 * DAY_SECONDS;
    let records =
        black_box(derive(book, &person, DateRange { from: FIRST, to: LAST }, Moment { as_of, watermark: None }));
    ensure!(!records.is_empty(), "the derivation yielded no day");
    Ok(records.len())
}

/// The floor: the seconds between the first and the last punch of each UTC date.
fn first_to_last(punches: &[Punch]) -> Vec<i64> {
    punches
        .chunk_by(|one, next| one.at.div_euclid(DAY_SECONDS) == next.at.div_euclid(DAY_SECONDS))
        .map(|day| day.last().map_or(0, |last| last.at) - day.first().map_or(0, |first| first.at))
        .collect()
}

/// The punches of each person, in the order of time.
fn people(number: u64, zone: &TimeZone) -> Result<Vec<Vec<Punch>>> {
    (0..number).map(|person| routine_of(person, zone)).collect()
}

fn routine_of(person: u64, zone: &TimeZone) -> Result<Vec<Punch>> {
    let mut punches = Vec::new();
    for work_date in FIRST.series(1.day()).take_while(|day| *day <= LAST) {
        if matches!(work_date.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday) {
            continue;
        }
        let midnight = work_date.to_zoned(zone.clone())?.timestamp().as_second();
        for minute in ROUTINE {
            let number = (u128::from(person) << 64) | punches.len() as u128;
            // Up to twenty minutes late or early, another one each day, the same in every run.
            let wobble = ((person + 7 * punches.len() as u64) * 2_654_435_761 % 2_400) as i64 - 1_200;
            punches.push(Punch {
                id: Fingerprint(number.to_be_bytes()),
                at: midnight + minute * 60 + wobble,
                state: PunchState::Unknown,
                recorded_at: None,
            });
        }
    }
    punches.sort_unstable_by_key(|punch| punch.at);
    Ok(punches)
}
