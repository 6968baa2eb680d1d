//! What a seed means: a branch, its people, when they punch, and what goes wrong. Times are microseconds since the epoch, UTC.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use link::Via;

use crate::chance::Chance;

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Punches of a seed at most.
const MOST_PUNCHES: usize = 300;
/// Zones with a date on which something happens to the clock, or nothing ever does.
const PLACES: &[(&str, &str)] = &[
    ("Asia/Manila", "2026-03-02"),
    ("Asia/Kolkata", "2026-05-25"),
    ("Europe/Berlin", "2026-03-27"),
    ("America/New_York", "2026-10-29"),
    ("Pacific/Auckland", "2026-04-02"),
];
/// Zones that a terminal is registered with by mistake.
const WRONG_ZONES: &[&str] = &["Asia/Tokyo", "Asia/Dubai", "Europe/London"];

/// A terminal of the branch.
#[derive(Debug, Clone)]
pub(crate) struct TerminalPlan {
    pub(crate) serial: String,
    pub(crate) via: Via,
    /// When somebody registers it; before, the hub knows nothing of it.
    pub(crate) registered_at: i64,
    /// It is registered with this zone, until somebody corrects it at that time.
    pub(crate) wrong_zone: Option<(&'static str, i64)>,
    /// It uploads at once, and not only when it is asked for commands anyhow.
    pub(crate) is_prompt: bool,
    /// Records that it sends at once at most.
    pub(crate) lines_per_push: usize,
    pub(crate) layout: zk::AttendanceLayout,
}

/// A person.
#[derive(Debug, Clone)]
pub(crate) struct PersonPlan {
    pub(crate) code: String,
    pub(crate) number: String,
    /// When somebody says whose the number is; `None` for never.
    pub(crate) assigned_at: Option<i64>,
}

/// Somebody punches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Making {
    pub(crate) at: i64,
    pub(crate) person: usize,
    pub(crate) terminal: usize,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FaultKind {
    /// The edge is killed while it does something, or while it takes what a terminal pushes, and is away for a while.
    KillEdge { away: i64, in_push: bool },
    /// The edge's clock is off by this, for so long.
    EdgeClock { by: i64, lasts: i64 },
    /// The edge's disk is lost; it comes back with an empty one.
    LoseSpool { away: i64 },
    /// The hub is killed while it does something, and is away for a while.
    KillHub { away: i64 },
    /// The hub is restored from the last backup.
    RestoreHub { away: i64 },
    /// The hub's disk is full for a while.
    HubDiskFull { lasts: i64 },
    /// The line between edge and hub is cut.
    CutLine { lasts: i64 },
    /// A terminal is out of reach of its edge.
    CutTerminal { terminal: usize, lasts: i64 },
    /// A terminal restarts and uploads its whole log again.
    Replay { terminal: usize },
    /// A terminal's clock is off by this, for so long.
    TerminalClock { terminal: usize, by: i64, lasts: i64 },
}

/// A fault and when it comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: i64,
    pub(crate) kind: FaultKind,
}

/// How bad a line is, in times of a thousand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    /// A call or its answer is lost.
    pub(crate) lost: usize,
    /// A call arrives twice.
    pub(crate) repeated: usize,
    /// It arrives when its caller has long given it up.
    pub(crate) late: usize,
}

/// All that a seed means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) zone: &'static str,
    /// Midnight of the first date.
    pub(crate) start: i64,
    /// From here on nothing goes wrong any more.
    pub(crate) quiet: i64,
    /// When all is judged.
    pub(crate) end: i64,
    pub(crate) terminals: Vec<TerminalPlan>,
    pub(crate) people: Vec<PersonPlan>,
    pub(crate) punches: Vec<Making>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) to_hub: Noise,
    pub(crate) to_edge: Noise,
    /// Size of the edge's spool, where it is small.
    pub(crate) spool_bytes: Option<u64>,
    pub(crate) poll_every: i64,
    pub(crate) beat_every: i64,
    /// How long the edge keeps what the hub has.
    pub(crate) keep: i64,
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let chance = &mut Chance::of(seed, "branch");
        let (zone, first) = chance.pick(PLACES).unwrap_or(("UTC", "2026-01-05"));
        let tz = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let first: Date = first.parse().unwrap_or(Date::constant(2026, 1, 5));
        let days = chance.between(2, 5);
        let start = instant(&tz, first, 0);
        let quiet = instant(&tz, first.saturating_add(days.days()), 0);
        let mut plan = Self {
            seed,
            zone,
            start,
            quiet,
            end: quiet + chance.between(36, 46) * HOUR,
            terminals: Vec::new(),
            people: Vec::new(),
            punches: Vec::new(),
            faults: Vec::new(),
            to_hub: noise(chance),
            to_edge: noise(chance),
            spool_bytes: chance.permille(150).then(|| chance.between(18, 19) as u64 * 4096),
            poll_every: chance.between(3, 12) * HOUR / 2,
            beat_every: chance.between(20, 90) * MINUTE,
            keep: chance.between(1, 24) * HOUR,
        };
        let kinds = [Via::Push, Via::Poll, Via::Both, Via::Push, Via::Both];
        for number in 1..=chance.between(1, 3) {
            plan.terminals.push(plan.terminal(number, chance.pick(&kinds).unwrap_or_default(), chance));
        }
        if plan.spool_bytes.is_some() {
            // The log of a terminal that is read must have room in the spool, a piece of it at least.
            for terminal in &mut plan.terminals {
                (terminal.via, terminal.lines_per_push) = (Via::Push, terminal.lines_per_push.min(5));
            }
        }
        // A small spool is for more people than it has room for.
        let people = chance.between(2, 5) + if plan.spool_bytes.is_some() { 9 } else { 0 };
        for number in 1..=people {
            let assigned_at = match chance.below(8) {
                0 => None,
                1 | 2 => Some(chance.between(start, quiet)),
                _ => Some(start),
            };
            plan.people.push(PersonPlan {
                code: format!("E{number}"),
                number: format!("{}", 100 + number),
                assigned_at,
            });
        }
        plan.punches = plan.days_of_work(&tz, first, days);
        plan.faults = plan.misfortunes();
        if plan.faults.iter().any(|fault| matches!(fault.kind, FaultKind::RestoreHub { .. })) {
            // It gets again what the tail reaches back to, however long the line is cut meanwhile.
            plan.keep = quiet - start;
        }
        plan
    }

    fn terminal(&self, number: i64, via: Via, chance: &mut Chance) -> TerminalPlan {
        let during = |chance: &mut Chance| chance.between(self.start, self.quiet);
        let wrong = chance.permille(250).then(|| chance.pick(WRONG_ZONES)).flatten();
        let registered_at = if chance.permille(200) { during(chance) } else { self.start };
        TerminalPlan {
            serial: format!("T{number}"),
            via,
            registered_at,
            wrong_zone: wrong.map(|zone| (zone, chance.between(registered_at, self.quiet))),
            is_prompt: chance.permille(700),
            lines_per_push: usize::try_from(chance.between(1, 20)).unwrap_or(1),
            layout: if chance.permille(500) { zk::AttendanceLayout::Forty } else { zk::AttendanceLayout::Sixteen },
        }
    }

    fn days_of_work(&self, tz: &TimeZone, first: Date, days: i64) -> Vec<Making> {
        let chance = &mut Chance::of(self.seed, "people");
        let mut made = Vec::new();
        for day in 0..days {
            let date = first.saturating_add(day.days());
            // Now and then nobody works.
            if chance.permille(200) {
                continue;
            }
            for person in 0..self.people.len() {
                if chance.permille(100) {
                    continue;
                }
                // Hours of a day at work; some work at night, over midnight.
                let hours: &[i64] = match chance.below(6) {
                    0 => &[8, 12, 13, 17],
                    1 => &[22, 30],
                    2 => &[8, 8, 17],
                    3 => &[13, 23],
                    _ => &[8, 17],
                };
                for hour in hours {
                    let second = hour * 3600 + chance.between(-1800, 1800);
                    let at = instant(tz, date, second);
                    made.push(Making { at, person, terminal: chance.below(self.terminals.len()) });
                }
            }
        }
        made.sort_by_key(|making| (making.at, making.person));
        made.truncate(MOST_PUNCHES);
        made
    }

    fn misfortunes(&self) -> Vec<Fault> {
        let chance = &mut Chance::of(self.seed, "faults");
        let mut faults = Vec::new();
        for _ in 0..chance.between(0, 12) {
            let at = chance.between(self.start + HOUR, self.quiet - 2 * HOUR);
            let until_quiet = self.quiet - at;
            let terminal = chance.below(self.terminals.len());
            let away = chance.between(10, 2 * 3600) * SECOND;
            let lasts = match chance.below(4) {
                0 => chance.between(1, 59) * MINUTE,
                1 => chance.between(24, 60) * HOUR,
                _ => chance.between(1, 20) * HOUR,
            }
            .min(until_quiet);
            let kind = match chance.below(18) {
                0..=3 => FaultKind::KillEdge { away, in_push: chance.permille(600) },
                4..=5 => FaultKind::KillHub { away },
                6..=7 => FaultKind::CutLine { lasts },
                8..=9 => FaultKind::CutTerminal { terminal, lasts },
                10 => FaultKind::Replay { terminal },
                11 => FaultKind::TerminalClock { terminal, by: clock_fault(chance), lasts },
                12 => FaultKind::HubDiskFull { lasts: lasts.min(12 * HOUR) },
                13 => FaultKind::EdgeClock {
                    by: chance.between(-3 * 3600, 3 * 3600) * SECOND,
                    lasts: lasts.min(6 * HOUR),
                },
                14..=16 if self.spool_bytes.is_none() => FaultKind::RestoreHub { away },
                17 => FaultKind::LoseSpool { away },
                _ => FaultKind::KillEdge { away, in_push: false },
            };
            faults.push(Fault { at, kind });
        }
        if self.spool_bytes.is_some() {
            // Long enough that it fills.
            let at = chance.between(self.start + HOUR, self.start + 20 * HOUR);
            let lasts = chance.between(20, 40) * HOUR;
            faults.push(Fault { at, kind: FaultKind::CutLine { lasts: lasts.min(self.quiet - at) } });
        }
        faults.sort_by_key(|fault| fault.at);
        faults
    }

    /// The zone of the branch.
    pub(crate) fn tz(&self) -> TimeZone {
        TimeZone::get(self.zone).unwrap_or(TimeZone::UTC)
    }
}

/// What a clock shows too much: it lost its time, was set wrong, or drifts.
fn clock_fault(chance: &mut Chance) -> i64 {
    match chance.below(4) {
        0 => -9500 * DAY,
        1 => 90 * DAY,
        2 => chance.between(-26, -1) * HOUR,
        _ => chance.between(-3600, 3600) * SECOND,
    }
}

fn noise(chance: &mut Chance) -> Noise {
    match chance.below(3) {
        0 => Noise { lost: 0, repeated: 0, late: 0 },
        1 => Noise { lost: 30, repeated: 20, late: 10 },
        _ => Noise { lost: 200, repeated: 100, late: 60 },
    }
}

/// The instant at so many seconds of a date's wall clock.
fn instant(tz: &TimeZone, date: Date, second: i64) -> i64 {
    let civil: DateTime = date.at(0, 0, 0, 0).saturating_add(second.seconds());
    tz.to_ambiguous_timestamp(civil).compatible().map_or(0, Timestamp::as_microsecond)
}
