//! Workplaces whose logs have the statistics of real ones (real punch data): one for each of the published logs.
//!
//! Where [`Company`](super::Company) makes up working lives, for demonstrations and for the rules, this makes up *logs*: how many punches
//! a day, how close together, with which state and verify codes, how many at night, how many from a clock that fell back, and how many
//! out of order. Everything follows from the seed; rows come in the terminal's order, which is not that of time.

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{SignedDuration, ToSpan as _};

use super::Punch;
use super::day::separate;
use crate::random::Random;

/// How people of a workplace press the state key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateHabit {
    /// The terminal records one code always.
    Constant(u8),
    /// In and out in turn, on so many of a thousand days of two and more punches; on the others one key is wrong.
    InTurn(u64),
}

/// What a workplace's log looks like. Shares are of a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workplace {
    /// The log of real punch data that it is like.
    pub name: &'static str,
    /// People.
    pub people: u64,
    /// Person-days with 1, 2, ... 7 and with more punches.
    pub counts: [u64; 8],
    /// Most punches of a day.
    pub most: u64,
    /// Punches within 5 s, 60 s and 5 min of the one before, each share with those before it.
    pub close: [u64; 3],
    /// The state key.
    pub state: StateHabit,
    /// Verify codes.
    pub verify: &'static [(u8, u64)],
    /// Person-days that begin before 06:00.
    pub early: u64,
    /// Person-days that end after 22:00.
    pub late: u64,
    /// Punches from a clock that fell back to 2000-01-01.
    pub clock_faults: u64,
    /// Rows that stand before an older one.
    pub unsorted: u64,
    /// Person-days on two terminals.
    pub across: u64,
}

/// The workplaces of real punch data, by their keys there; `E` is E1 and E2 together.
pub const WORKPLACES: [Workplace; 6] = [
    Workplace {
        name: "A",
        people: 23,
        counts: [42, 80, 107, 652, 83, 21, 8, 6],
        most: 13,
        close: [38, 58, 147],
        state: StateHabit::InTurn(812),
        verify: &[(1, 802), (0, 198)],
        early: 34,
        late: 0,
        clock_faults: 0,
        unsorted: 3,
        across: 0,
    },
    Workplace {
        name: "B",
        people: 26,
        counts: [192, 750, 55, 3, 0, 0, 0, 0],
        most: 5,
        close: [20, 25, 29],
        state: StateHabit::Constant(0),
        verify: &[(1, 1000)],
        early: 2,
        late: 16,
        clock_faults: 0,
        unsorted: 0,
        across: 0,
    },
    Workplace {
        name: "C",
        people: 16,
        counts: [286, 673, 38, 3, 0, 0, 0, 0],
        most: 8,
        close: [6, 13, 20],
        state: StateHabit::Constant(255),
        verify: &[(1, 1000)],
        early: 95,
        late: 24,
        clock_faults: 6,
        unsorted: 1,
        across: 0,
    },
    Workplace {
        name: "D",
        people: 189,
        counts: [730, 240, 12, 3, 6, 2, 2, 5],
        most: 18,
        close: [68, 101, 104],
        state: StateHabit::InTurn(513),
        verify: &[(0, 674), (1, 290), (15, 36)],
        early: 1,
        late: 21,
        clock_faults: 3,
        unsorted: 0,
        across: 0,
    },
    Workplace {
        name: "E",
        people: 102,
        counts: [156, 352, 121, 322, 42, 6, 1, 0],
        most: 9,
        close: [15, 36, 54],
        state: StateHabit::InTurn(848),
        verify: &[(0, 1000)],
        early: 33,
        late: 5,
        clock_faults: 0,
        unsorted: 0,
        across: 137,
    },
    Workplace {
        name: "F",
        people: 135,
        counts: [98, 766, 39, 50, 6, 11, 2, 28],
        most: 13,
        close: [14, 22, 27],
        state: StateHabit::Constant(0),
        verify: &[(1, 924), (0, 76)],
        early: 177,
        late: 177,
        clock_faults: 0,
        unsorted: 0,
        across: 0,
    },
];

/// Rows of one episode of a clock that fell back.
const EPISODE_ROWS: usize = 8;
/// Where such a clock begins again.
const FALLEN: DateTime = DateTime::constant(2000, 1, 1, 0, 0, 7, 0);

impl Workplace {
    /// The workplace of a name.
    pub fn named(name: &str) -> Option<Workplace> {
        WORKPLACES.into_iter().find(|workplace| workplace.name == name)
    }

    /// The log of the dates from `from` to `to`, both included, in the order in which the terminals recorded it.
    pub fn log(&self, seed: u64, from: Date, to: Date) -> Vec<Punch> {
        let mut log = Vec::new();
        for date in from.series(1.day()).take_while(|date| *date <= to) {
            let mut day: Vec<Punch> = (0..self.people).flat_map(|person| self.person_day(seed, person, date)).collect();
            day.sort_by_key(|punch| punch.time);
            separate(&mut day);
            log.extend(day);
        }
        let mut random = Random::of(&[seed, u64::MAX]);
        self.disorder(&mut log, &mut random);
        self.let_clocks_fall(&mut log, &mut random);
        log
    }

    fn person_day(&self, seed: u64, person: u64, date: Date) -> Vec<Punch> {
        let mut random = Random::of(&[seed, person, super::day_number(date)]);
        let works = match date.weekday() {
            Weekday::Sunday => random.chance(15),
            Weekday::Saturday => random.chance(300),
            _ => random.chance(930),
        };
        if !works {
            return Vec::new();
        }
        let count = self.count(&mut random);
        let times = self.times(date, count, &mut random);
        let states = self.states(times.len(), &mut random);
        let home = random.below(2) as usize;
        let is_across = times.len() > 1 && random.chance(self.across * 1000 / (1000 - self.counts[0]).max(1));
        let away = if is_across { random.between(1, times.len() as i64 - 1) as usize } else { usize::MAX };
        let verify = weighted(self.verify, &mut random);
        let punch = |((place, time), state): ((usize, DateTime), u8)| Punch {
            user: (101 + person).to_string(),
            time,
            state,
            verify,
            terminal: if self.across == 0 { 0 } else { (home + usize::from(place >= away)) % 2 },
        };
        times.into_iter().enumerate().zip(states).map(punch).collect()
    }

    fn count(&self, random: &mut Random) -> u64 {
        let mut lot = random.below(self.counts.iter().sum());
        for (count, share) in (1..).zip(self.counts) {
            if lot < share {
                return if count < 8 { count } else { random.between(8, self.most as i64) as u64 };
            }
            lot -= share;
        }
        1
    }

    /// The times of a day: taps close to the one before, as often as they are, and the others spread from arrival to departure.
    fn times(&self, date: Date, count: u64, random: &mut Random) -> Vec<DateTime> {
        let gaps: Vec<Option<i64>> = (1..count).map(|_| self.close_gap(random)).collect();
        let far = gaps.iter().filter(|gap| gap.is_none()).count() as i64;
        let is_early = random.chance(self.early);
        let arrival = if is_early { random.between(4 * 60, 6 * 60 - 1) } else { 8 * 60 + random.around(20) };
        let is_late = random.chance(self.late);
        let departure = if is_late { random.between(22 * 60, 24 * 60 - 10) } else { 17 * 60 + 15 + random.around(25) };
        // One punch alone is a departure as often as it must be.
        let first = if far == 0 && is_late && !is_early { departure } else { arrival };
        let at = |minute: i64, random: &mut Random| {
            date.at(0, 0, 0, 0).saturating_add(SignedDuration::from_secs(minute * 60 + random.between(0, 59)))
        };
        let mut times = vec![at(first, random)];
        let mut done = 0;
        for gap in gaps {
            let last = times.last().copied().unwrap_or(DateTime::MIN);
            let time = match gap {
                Some(seconds) => last.saturating_add(SignedDuration::from_secs(seconds)),
                None => {
                    done += 1;
                    let minute = if done == far { departure } else { first + (departure - first) * done / far };
                    at(minute + if done == far { 0 } else { random.around(10) }, random)
                        .max(last.saturating_add(SignedDuration::from_mins(6)))
                }
            };
            times.push(time.min(date.at(23, 59, 58, 0)));
        }
        times.dedup();
        times
    }

    /// The gap to the punch before when the two are close, in seconds.
    fn close_gap(&self, random: &mut Random) -> Option<i64> {
        // Shares are of all punches; only those that are not the first of their day have one before them.
        let days: u64 = self.counts.iter().sum();
        let punches: u64 = (1..).zip(self.counts).map(|(count, share): (u64, u64)| count * share).sum();
        let lot = random.below(1000 * (punches - days) / punches.max(1));
        let [five, minute, minutes] = self.close;
        match lot {
            lot if lot < five => Some(random.between(1, 5)),
            lot if lot < minute => Some(random.between(6, 60)),
            lot if lot < minutes => Some(random.between(61, 300)),
            _ => None,
        }
    }

    fn states(&self, count: usize, random: &mut Random) -> Vec<u8> {
        match self.state {
            StateHabit::Constant(code) => vec![code; count],
            StateHabit::InTurn(share) => {
                let mut states: Vec<u8> = [0, 1].into_iter().cycle().take(count).collect();
                if count > 1
                    && !random.chance(share)
                    && let Some(state) = states.get_mut(random.below(count as u64) as usize)
                {
                    *state = 1 - *state;
                }
                states
            }
        }
    }

    /// Rows that a terminal recorded before an older one.
    fn disorder(&self, log: &mut [Punch], random: &mut Random) {
        for place in 1..log.len() {
            if random.chance(self.unsorted) {
                log.swap(place - 1, place);
            }
        }
    }

    fn let_clocks_fall(&self, log: &mut [Punch], random: &mut Random) {
        let episodes = log.len() as u64 * self.clock_faults / 1000 / EPISODE_ROWS as u64;
        for _ in 0..episodes {
            let start = random.below(log.len() as u64) as usize;
            let Some(rows) = log.get_mut(start..(start + EPISODE_ROWS)) else { continue };
            let Some(true_start) = rows.first().map(|row| row.time) else { continue };
            for row in rows {
                row.time = FALLEN.saturating_add(row.time.duration_since(true_start).abs());
            }
        }
    }
}

/// The log of one terminal as it exports it to a USB stick (real punch data, "Format facts"): machine number, state, verify, work code.
pub fn export(log: &[Punch], terminal: usize) -> String {
    let mut text = String::new();
    for punch in log.iter().filter(|punch| punch.terminal == terminal) {
        let Punch { user, time, state, verify, .. } = punch;
        let time = time.strftime("%Y-%m-%d %H:%M:%S");
        // Writing to a string can't fail.
        let _ = writeln!(text, "{user:>9}\t{time}\t{}\t{state}\t{verify}\t0", terminal + 1);
    }
    text
}

fn weighted(items: &[(u8, u64)], random: &mut Random) -> u8 {
    let mut lot = random.below(items.iter().map(|(_, share)| share).sum());
    for (item, share) in items {
        if lot < *share {
            return *item;
        }
        lot -= share;
    }
    0
}
