//! A made-up company and how its people punch. The shape is that of real logs (real punch data): two to four punches a day, a
//! fifth to a third of the days odd, double taps, forgotten punches, some night work, rest at the weekend, and a state
//! key that is right most of the time only.
//!
//! Invariants: everything follows from the seed; a day is made from (seed, person, date) alone, so any two ranges agree where
//! they overlap; on one terminal no two punches of a day share a second.

mod day;
mod live;
mod workplace;

use jiff::civil::{Date, DateTime};

use crate::random::Random;
pub use live::{Live, LivePunch};
pub use workplace::{StateHabit, WORKPLACES, Workplace, export};

/// One punch at a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Punch {
    /// User number.
    pub user: String,
    /// Wall-clock time at the terminal.
    pub time: DateTime,
    /// Function key: 0 in, 1 out, as far as people press it.
    pub state: u8,
    /// 1 finger, 0 password, 15 face.
    pub verify: u8,
    /// Which of the company's terminals, from 0.
    pub terminal: usize,
}

impl Punch {
    /// The punch as a terminal records it; `None` for a year that terminals can't hold (zk 5.1).
    pub fn record(&self) -> Option<zk::AttendanceRecord> {
        crate::terminal::record(&self.user, self.time, self.state, self.verify)
    }
}

/// When somebody works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// From a start to an end on the same date, in minutes after midnight, with or without punches around lunch.
    Day {
        /// Start.
        start: u16,
        /// End.
        end: u16,
        /// Punches out and in at noon.
        punches_lunch: bool,
    },
    /// From the evening until the next morning, in minutes after midnight of each date.
    Night {
        /// Start in the evening.
        start: u16,
        /// End the next morning.
        end: u16,
    },
}

/// Somebody who punches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// User number at the terminals.
    pub number: String,
    /// Name.
    pub name: String,
    /// When the person works.
    pub shift: Shift,
    /// The terminal that the person mostly uses.
    pub terminal: usize,
    /// Minutes by which the person tends to be late; negative for the early ones.
    tardiness: i64,
}

/// A company of made-up people.
#[derive(Debug, Clone)]
pub struct Company {
    seed: u64,
    terminals: usize,
    people: Vec<Person>,
}

const FIRST_NAMES: [&str; 24] = [
    "Ana", "Ben", "Carla", "Dino", "Elena", "Felix", "Grace", "Hugo", "Iris", "Jonas", "Karin", "Leo", "Maria", "Nico",
    "Olga", "Paolo", "Rosa", "Sami", "Tess", "Umar", "Vera", "Willem", "Yara", "Zeno",
];
const LAST_NAMES: [&str; 20] = [
    "Aquino",
    "Berg",
    "Castro",
    "Dela Cruz",
    "Egger",
    "Flores",
    "Garcia",
    "Haas",
    "Ibarra",
    "Jansen",
    "Kovac",
    "Lim",
    "Mendoza",
    "Navarro",
    "Ocampo",
    "Perez",
    "Quist",
    "Reyes",
    "Santos",
    "Torres",
];

impl Company {
    /// Makes up `people` people who use `terminals` terminals. The first is never a night worker.
    pub fn generate(seed: u64, people: usize, terminals: usize) -> Company {
        let terminals = terminals.max(1);
        let people = (0..people as u64).map(|index| person(seed, index, terminals)).collect();
        Company { seed, terminals, people }
    }

    /// Its people, by rising user number.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// How many terminals it has.
    pub fn terminals(&self) -> usize {
        self.terminals
    }

    /// The punches of all shifts that begin from `from` to `to`, both included, in order of time.
    pub fn punches(&self, from: Date, to: Date) -> Vec<Punch> {
        let mut punches: Vec<Punch> = from
            .series(jiff::Span::new().days(1))
            .take_while(|date| *date <= to)
            .flat_map(|date| self.day(date))
            .collect();
        punches.sort_by_key(|punch| punch.time);
        punches
    }

    /// The punches of the shifts that begin on `date`, in order of time; those of the night end on the next date.
    pub fn day(&self, date: Date) -> Vec<Punch> {
        let people = self.people.iter().zip(0_u64..);
        let mut punches: Vec<Punch> = people
            .flat_map(|(person, index)| {
                let mut random = Random::of(&[self.seed, index, day_number(date)]);
                day::punches(person, date, self.terminals, &mut random)
            })
            .collect();
        punches.sort_by_key(|punch| punch.time);
        day::separate(&mut punches);
        punches
    }

    /// An endless stream of punches for a demonstration: who punches next, and after what pause. Not a likeness of working
    /// times: people come and go all the time.
    pub fn live(&self, seed: u64) -> Live<'_> {
        Live::new(&self.people, seed)
    }
}

fn person(seed: u64, index: u64, terminals: usize) -> Person {
    let mut random = Random::of(&[seed, index]);
    let first = random.pick(&FIRST_NAMES).copied().unwrap_or_default();
    let last = random.pick(&LAST_NAMES).copied().unwrap_or_default();
    let shift = if index % 11 == 10 {
        Shift::Night { start: 22 * 60, end: 6 * 60 }
    } else {
        let start = [7 * 60, 8 * 60, 8 * 60, 8 * 60, 9 * 60];
        let start = random.pick(&start).copied().unwrap_or(8 * 60);
        Shift::Day { start, end: start + 9 * 60, punches_lunch: random.chance(550) }
    };
    Person {
        number: (101 + index).to_string(),
        name: format!("{first} {last}"),
        shift,
        terminal: random.below(terminals as u64) as usize,
        tardiness: random.between(-12, 6),
    }
}

fn day_number(date: Date) -> u64 {
    (i64::from(date.year()) * 372 + i64::from(date.month()) * 31 + i64::from(date.day())) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::civil::date;

    use super::*;

    fn year_of_punches() -> Vec<Punch> {
        Company::generate(7, 40, 2).punches(date(2026, 1, 1), date(2026, 12, 31))
    }

    fn share(part: usize, whole: usize) -> f64 {
        part as f64 / whole as f64
    }

    #[test]
    fn the_same_seed_gives_the_same_company_and_another_seed_another() {
        let company = |seed| Company::generate(seed, 20, 1).punches(date(2026, 3, 2), date(2026, 3, 8));
        assert_eq!(company(1), company(1));
        assert_ne!(company(1), company(2));
    }

    #[test]
    fn a_week_is_the_same_alone_and_within_its_month() {
        let company = Company::generate(3, 30, 2);
        let (from, to) = (date(2026, 3, 9), date(2026, 3, 15));
        let week = company.punches(from, to);
        let days: Vec<Punch> =
            from.series(jiff::Span::new().days(1)).take(7).flat_map(|day| company.day(day)).collect();
        assert_eq!(week.len(), days.len());
        assert!(days.iter().all(|punch| week.contains(punch)));
    }

    #[test]
    fn days_have_the_shape_of_real_ones() {
        let punches = year_of_punches();
        let mut days: BTreeMap<(&str, Date), Vec<&Punch>> = BTreeMap::new();
        for punch in &punches {
            days.entry((&punch.user, punch.time.date())).or_default().push(punch);
        }
        let odd = share(days.values().filter(|day| day.len() % 2 == 1).count(), days.len());
        assert!((0.12..0.36).contains(&odd), "odd days: {odd}");
        let mean = share(punches.len(), days.len());
        assert!((2.0..4.0).contains(&mean), "punches a day: {mean}");
        let night = share(punches.iter().filter(|p| p.time.hour() < 6 || p.time.hour() >= 22).count(), punches.len());
        assert!((0.01..0.12).contains(&night), "night: {night}");
        let across = share(
            days.values().filter(|day| day.iter().map(|p| p.terminal).collect::<BTreeSet<_>>().len() > 1).count(),
            days.len(),
        );
        assert!((0.05..0.25).contains(&across), "days across two terminals: {across}");
        let sundays =
            share(days.keys().filter(|(_, d)| d.weekday() == jiff::civil::Weekday::Sunday).count(), days.len());
        assert!(sundays < 0.06, "sundays: {sundays}");
    }

    #[test]
    fn some_taps_are_doubled_and_none_share_a_second_on_a_terminal() {
        let punches = year_of_punches();
        let mut last: BTreeMap<&str, DateTime> = BTreeMap::new();
        let mut doubled = 0;
        for punch in &punches {
            let before = last.insert(&punch.user, punch.time);
            doubled += usize::from(before.is_some_and(|before| {
                (punch.time - before).get_hours() == 0 && punch.time.duration_since(before).as_secs() <= 5
            }));
        }
        let doubled = share(doubled, punches.len());
        assert!((0.01..0.07).contains(&doubled), "double taps: {doubled}");
        let seconds: BTreeSet<_> = punches.iter().map(|punch| (punch.terminal, &punch.user, punch.time)).collect();
        assert_eq!(seconds.len(), punches.len());
    }
}
