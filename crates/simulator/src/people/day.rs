//! One person's shift, as it shows at the terminals.

use jiff::civil::{Date, DateTime, Weekday};

use super::{Person, Punch, Shift};
use crate::random::Random;

/// Times of a thousand, from the tables of real punch data.
const ABSENT: u64 = 40;
const WORKS_ON_SUNDAY: u64 = 15;
const WORKS_ON_SATURDAY: u64 = 350;
const FORGETS_A_PUNCH: u64 = 70;
const TAPS_TWICE: u64 = 30;
const PRESSES_THE_OTHER_KEY: u64 = 80;
const USES_ANOTHER_TERMINAL: u64 = 50;

/// The punches of the shift of `person` that begins on `date`.
pub(super) fn punches(person: &Person, date: Date, terminals: usize, random: &mut Random) -> Vec<Punch> {
    if !comes_to_work(date, random) {
        return Vec::new();
    }
    let mut punches = Vec::new();
    for (minute, state) in marks(person, random) {
        if random.chance(FORGETS_A_PUNCH) {
            continue;
        }
        let second = minute * 60 + random.between(0, 59);
        let first = punch(person, at(date, second), state, terminals, random);
        if random.chance(TAPS_TWICE) {
            // People do not trust the beep and tap again.
            punches.push(Punch { time: at(date, second + random.between(1, 5)), ..first.clone() });
        }
        punches.push(first);
    }
    punches
}

/// Moves punches that share a second on one terminal apart: a terminal serves one person at a time. `punches` are in order.
pub(super) fn separate(punches: &mut [Punch]) {
    let mut last: Vec<Option<DateTime>> = Vec::new();
    for punch in punches {
        if last.len() <= punch.terminal {
            last.resize(punch.terminal + 1, None);
        }
        let Some(last) = last.get_mut(punch.terminal) else { continue };
        if let Some(last) = *last
            && punch.time <= last
        {
            punch.time = last.saturating_add(jiff::Span::new().seconds(1));
        }
        *last = Some(punch.time);
    }
}

fn comes_to_work(date: Date, random: &mut Random) -> bool {
    match date.weekday() {
        Weekday::Sunday => random.chance(WORKS_ON_SUNDAY),
        Weekday::Saturday => random.chance(WORKS_ON_SATURDAY),
        _ => !random.chance(ABSENT),
    }
}

/// When the person should be at the terminal: minutes after the midnight before the shift, and the right key.
fn marks(person: &Person, random: &mut Random) -> Vec<(i64, u8)> {
    match person.shift {
        Shift::Day { start, end, punches_lunch } => {
            let mut marks = vec![(i64::from(start) + person.tardiness + random.around(4), 0)];
            if punches_lunch {
                let noon = 12 * 60 + random.between(0, 20);
                marks.push((noon, 1));
                marks.push((noon + random.between(25, 65), 0));
            }
            let overtime = if random.chance(120) { random.between(30, 240) } else { 0 };
            marks.push((i64::from(end) + random.between(0, 12) + overtime, 1));
            marks
        }
        Shift::Night { start, end } => {
            let arrival = i64::from(start) + person.tardiness + random.around(4);
            vec![(arrival, 0), (24 * 60 + i64::from(end) + random.between(0, 15), 1)]
        }
    }
}

fn punch(person: &Person, time: DateTime, state: u8, terminals: usize, random: &mut Random) -> Punch {
    let elsewhere = random.chance(USES_ANOTHER_TERMINAL);
    let terminal = if elsewhere { random.below(terminals as u64) as usize } else { person.terminal };
    let state = if random.chance(PRESSES_THE_OTHER_KEY) { 1 - state } else { state };
    let verify = random.pick(&[1, 1, 1, 1, 15, 0]).copied().unwrap_or(1);
    Punch { user: person.number.clone(), time, state, verify, terminal }
}

fn at(date: Date, second: i64) -> DateTime {
    date.to_datetime(jiff::civil::Time::midnight()).saturating_add(jiff::Span::new().seconds(second))
}
