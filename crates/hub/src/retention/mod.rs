//! Retention: how long each kind of data is kept, what may go now, and the daily clean-up that removes it.
//!
//! Invariants:
//! * What may go is a function of the time, the settings, the locks and what is stored ([`judge`], [`Hub::retention`]). The clean-up
//!   does what that says, and `punchclock retention` shows the same without doing it.
//! * Punches go by whole months, on record, and only when the month is over its time and closed: all of it and the days around it
//!   are locked, no punch of it is held, and nothing that came too late for it waits to be posted. Their days stay ([`crate::erasing`]).
//! * Pay records, what people stated, the audit trail and the chain are kept for ever.
//! * The clean-up may be broken off anywhere and run twice: what is left goes with the next one. No transaction of it removes more
//!   than [`ROWS_PER_WRITE`] rows.

mod clean_up;
mod days;
mod twins;

use std::fmt;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use store::Read;
use store::periods::Lock;
use store::retention::{Aged, Before, Hours};

use crate::company::Company;
use crate::erasing::{first_open, midnight};
use crate::{Error, Hub};

pub use clean_up::CleanUp;
pub use days::{KNOBS, KeepDays, Keeps, Knob, NotDays};
pub use store::retention::{STAYS, Stays};
pub use twins::Census;

/// Most rows that one transaction removes.
const ROWS_PER_WRITE: u32 = 1_000;
/// Rows that are counted of what would go; beyond, it is said that there are more.
const COUNTED: u32 = 100_000;
/// No terminal printed anything before.
const FIRST_DATE: Date = date(1, 1, 1);

/// What is to become of the punches of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They go.
    Goes,
    /// This date is not locked.
    Open(Date),
    /// So many of them are held.
    Held(u64),
    /// So many differences of its locked days wait to be posted.
    Unposted(u64),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goes => f.write_str("goes"),
            Self::Open(date) => write!(f, "stays: {date} is not locked"),
            Self::Held(count) => write!(f, "stays: {count} punches of it are held; cure or dismiss them"),
            Self::Unposted(count) => write!(f, "stays: {count} differences that came too late are not posted"),
        }
    }
}

/// A month whose punches are over their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldMonth {
    /// Its first date.
    pub month: Date,
    /// Its punches.
    pub punches: u64,
    /// What is to become of them.
    pub verdict: Verdict,
}

impl fmt::Display for OldMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.month.strftime("%Y-%m"), self.verdict)
    }
}

/// What is to become of the punches of a month that is over its time.
fn judge(month: Date, locks: &[Lock], held: u64, unposted: u64) -> Verdict {
    match (first_open(locks, month), held, unposted) {
        (Some(open), ..) => Verdict::Open(open),
        (None, 0, 0) => Verdict::Goes,
        (None, 0, _) => Verdict::Unposted(unposted),
        (None, ..) => Verdict::Held(held),
    }
}

/// The last date that is over its time today.
fn last_old(today: Date, keep: KeepDays) -> Option<Date> {
    keep.days().map(|days| today.saturating_sub((i64::from(days) + 1).days()))
}

/// What of a kind of data would go now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionRow {
    /// What it is.
    pub what: &'static str,
    /// How long it is kept.
    pub keeps: String,
    /// The setting that says so; `None` where there is none.
    pub setting: Option<&'static str>,
    /// Rows that would go.
    pub goes: u64,
    /// Whether there are still more.
    pub is_more: bool,
    /// What else there is to say.
    pub says: String,
}

impl Hub {
    /// What is kept for how long, and what of it the clean-up would remove now. Nothing is changed.
    ///
    /// # Errors
    /// Of the store.
    pub fn retention(&self, keeps: &Keeps, now: Timestamp) -> Result<Vec<RetentionRow>, Error> {
        self.store.read(|read| {
            let months = old_months(read, keeps.punches, now)?;
            let going = months.iter().filter(|month| month.verdict == Verdict::Goes);
            let words: Vec<String> = months.iter().map(ToString::to_string).collect();
            let mut rows = vec![RetentionRow {
                what: "punches with their copies, receipts and statements, by closed months",
                keeps: keeps.punches.to_string(),
                setting: Some("retention.punch_days"),
                goes: going.map(|month| month.punches).sum(),
                is_more: false,
                says: words.join("; "),
            }];
            for aged in Aged::ALL {
                let goes = match before(read, keeps, aged, now)? {
                    Some(before) => read.old(aged, before, COUNTED)?.len(),
                    None => 0,
                };
                let (what, setting) = told(aged);
                let keeps = keeps.of(aged).map_or_else(|| String::from("until it expires"), |keep| keep.to_string());
                let is_more = goes == COUNTED as usize;
                rows.push(RetentionRow { what, keeps, setting, goes: goes as u64, is_more, says: String::new() });
            }
            let what = "days, their lateness, what was posted, locks, what people stated, audit trail and chain";
            let keeps = KeepDays::EVER.to_string();
            let says = String::from("a person's by `punchclock person erase`");
            rows.push(RetentionRow { what, keeps, setting: None, goes: 0, is_more: false, says });
            Ok(rows)
        })
    }
}

/// What it is called, and the setting that says how long it is kept.
const fn told(aged: Aged) -> (&'static str, Option<&'static str>) {
    match aged {
        Aged::DoneJobs => ("jobs that are done", Some("retention.job_days")),
        Aged::DeadJobs => ("jobs that have failed for good", Some("retention.dead_job_days")),
        Aged::Commands => ("commands to terminals and their results", Some("retention.command_days")),
        Aged::Readings => (
            "what terminals told of a date, since they told it last, unless punches of it are missing",
            Some("retention.reading_days"),
        ),
        Aged::Polls => ("how readings of terminals ended, since they began", Some("retention.reading_days")),
        Aged::Plans => ("plans of dates that are past", Some("retention.plan_days")),
        Aged::Sessions => ("sessions of browsers", None),
        Aged::Invitations => ("codes for edges that nobody used", None),
        Aged::Answers => ("answers to writes that named a key", None),
        Aged::Envelopes => ("imported files, since they came last", Some("retention.envelope_days")),
        Aged::Reports => ("what became of each row of an import", Some("retention.envelope_days")),
    }
}

/// What of a kind is over its time; `None` when it is kept for ever.
fn before(read: &Read<'_>, keeps: &Keeps, aged: Aged, now: Timestamp) -> Result<Option<Before>, Error> {
    let days = match keeps.of(aged) {
        None => 0,
        Some(keep) => match keep.days() {
            Some(days) => days,
            None => return Ok(None),
        },
    };
    let at = now.checked_sub((i64::from(days) * 24).hours()).unwrap_or(Timestamp::MIN);
    let date = at.to_zoned(Company::load(read)?.time_zone()?).date();
    Ok(Some(Before { at_us: at.as_microsecond(), date }))
}

/// The months that are over their time and have punches, and what is to become of these.
fn old_months(read: &Read<'_>, keep: KeepDays, now: Timestamp) -> Result<Vec<OldMonth>, Error> {
    let today = now.to_zoned(Company::load(read)?.time_zone()?).date();
    let Some(last_old) = last_old(today, keep) else { return Ok(Vec::new()) };
    let locks = read.locks()?;
    let (mut from, mut months) = (midnight(FIRST_DATE)?, Vec::new());
    while let Some(hour) = read.next_printed_hour(from)? {
        let Ok(month) =
            Timestamp::from_second(hour).map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month())
        else {
            break;
        };
        let last = month.last_of_month();
        if last > last_old {
            break;
        }
        months.push(old_month(read, month, &locks)?);
        from = midnight(last.saturating_add(1.day()))?;
    }
    Ok(months)
}

/// What a month has, and what is to become of it.
fn old_month(read: &Read<'_>, month: Date, locks: &[Lock]) -> Result<OldMonth, Error> {
    let last = month.last_of_month();
    let hours = Hours { from: midnight(month)?, to: midnight(last.saturating_add(1.day()))? };
    let (punches, held) = read.punches_of_hours(hours)?;
    let unposted = read.deltas(month, last)?.len() as u64;
    Ok(OldMonth { month, punches, verdict: judge(month, locks, held, unposted) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(first: Date, last: Date) -> Lock {
        Lock { first, last, locked_us: 0, actor: String::new(), reason: String::new() }
    }

    #[test]
    fn a_month_goes_when_it_and_the_days_around_it_are_locked_and_nothing_of_it_waits() {
        let month = date(2026, 1, 1);
        let closed = [lock(date(2025, 12, 31), date(2026, 1, 20)), lock(date(2026, 1, 21), date(2026, 2, 14))];
        assert_eq!(judge(month, &closed, 0, 0), Verdict::Goes);
        assert_eq!(judge(month, &closed, 2, 1), Verdict::Held(2));
        assert_eq!(judge(month, &closed, 0, 1), Verdict::Unposted(1));
        assert_eq!(judge(month, &closed[..1], 0, 0), Verdict::Open(date(2026, 1, 21)));
        assert_eq!(judge(month, &[lock(month, date(2026, 2, 14))], 0, 0), Verdict::Open(date(2025, 12, 31)));
        assert_eq!(judge(month, &[lock(date(2025, 12, 1), date(2026, 2, 13))], 0, 0), Verdict::Open(date(2026, 2, 14)));
    }

    #[test]
    fn a_day_is_over_its_time_once_it_was_kept_for_so_many_days() {
        let today = date(2026, 3, 4);
        assert_eq!(last_old(today, KeepDays::EVER), None);
        assert_eq!(last_old(today, "3".parse().unwrap_or(KeepDays::EVER)), Some(date(2026, 2, 28)));
    }
}
