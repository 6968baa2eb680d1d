//! How long each kind of data is kept: the settings.

use std::fmt;
use std::str::FromStr;

use store::retention::Aged;

/// What punches and pay records are kept for at least (rules 21): three years.
const EVIDENCE_DAYS: u32 = 1_095;
/// A hundred years.
const MOST_DAYS: u32 = 36_500;
const EVER: &str = "ever";

/// For how many days something is kept; or for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepDays(Option<u32>);

impl KeepDays {
    /// For ever.
    pub const EVER: Self = Self(None);

    /// How many days; `None` for ever.
    pub const fn days(self) -> Option<u32> {
        self.0
    }
}

/// A text that is no number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`ever`, or a whole number of days from {least} to {MOST_DAYS}")]
pub struct NotDays {
    least: u32,
}

impl FromStr for KeepDays {
    type Err = NotDays;

    fn from_str(text: &str) -> Result<Self, NotDays> {
        at_least(text, 1)
    }
}

impl fmt::Display for KeepDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(days) => write!(f, "{days} days"),
            None => f.write_str("for ever"),
        }
    }
}

fn at_least(text: &str, least: u32) -> Result<KeepDays, NotDays> {
    match text.parse() {
        Ok(days) if (least..=MOST_DAYS).contains(&days) => Ok(KeepDays(Some(days))),
        Err(_) if text == EVER => Ok(KeepDays::EVER),
        _ => Err(NotDays { least }),
    }
}

/// A setting of [`Keeps`].
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// Its name.
    pub name: &'static str,
    /// What it is when nobody says anything.
    pub default: &'static str,
    /// Fewest days.
    pub least: u32,
    take: fn(&mut Keeps) -> &mut KeepDays,
}

impl Knob {
    /// Reads a value of this setting.
    ///
    /// # Errors
    /// [`NotDays`], which says what it must be.
    pub fn read(&self, text: &str) -> Result<KeepDays, NotDays> {
        at_least(text, self.least)
    }

    /// Puts a value into its place.
    pub fn put(&self, keeps: &mut Keeps, days: KeepDays) {
        *(self.take)(keeps) = days;
    }
}

/// Every setting of retention.
pub const KNOBS: [Knob; 7] = [
    Knob { name: "punch_days", default: EVER, least: EVIDENCE_DAYS, take: |keeps| &mut keeps.punches },
    Knob { name: "command_days", default: "90", least: 1, take: |keeps| &mut keeps.commands },
    Knob { name: "reading_days", default: "400", least: 90, take: |keeps| &mut keeps.readings },
    Knob { name: "plan_days", default: "400", least: 1, take: |keeps| &mut keeps.plans },
    // The schedules are planned by the last runs.
    Knob { name: "job_days", default: "30", least: 7, take: |keeps| &mut keeps.done_jobs },
    Knob { name: "dead_job_days", default: "365", least: 7, take: |keeps| &mut keeps.dead_jobs },
    Knob { name: "envelope_days", default: "90", least: 1, take: |keeps| &mut keeps.envelopes },
];

/// For how long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeps {
    /// Punches, after the end of their month.
    pub punches: KeepDays,
    /// Commands to terminals, after they expired.
    pub commands: KeepDays,
    /// What terminals told of a date, after they told it last; and how their readings ended.
    pub readings: KeepDays,
    /// Plans, after their date.
    pub plans: KeepDays,
    /// Jobs that are done.
    pub done_jobs: KeepDays,
    /// Jobs that have failed for good.
    pub dead_jobs: KeepDays,
    /// Imported files, after they came last, and what became of each row of them.
    pub envelopes: KeepDays,
}

impl Default for Keeps {
    fn default() -> Self {
        let ever = KeepDays::EVER;
        let mut keeps = Self {
            punches: ever,
            commands: ever,
            readings: ever,
            plans: ever,
            done_jobs: ever,
            dead_jobs: ever,
            envelopes: ever,
        };
        for knob in KNOBS {
            if let Ok(days) = knob.read(knob.default) {
                knob.put(&mut keeps, days);
            }
        }
        keeps
    }
}

impl Keeps {
    /// How long something is kept that goes by its age; `None` for what goes as soon as it has expired.
    pub(super) const fn of(&self, aged: Aged) -> Option<KeepDays> {
        match aged {
            Aged::DoneJobs => Some(self.done_jobs),
            Aged::DeadJobs => Some(self.dead_jobs),
            Aged::Commands => Some(self.commands),
            Aged::Readings | Aged::Polls => Some(self.readings),
            Aged::Plans => Some(self.plans),
            Aged::Envelopes | Aged::Reports => Some(self.envelopes),
            Aged::Sessions | Aged::Invitations | Aged::Answers => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_one_that_its_setting_takes() {
        for knob in KNOBS {
            assert!(knob.read(knob.default).is_ok(), "{}", knob.name);
        }
        let keeps = Keeps::default();
        assert_eq!((keeps.punches, keeps.dead_jobs), (KeepDays::EVER, KeepDays(Some(365))));
    }

    #[test]
    fn what_is_no_number_of_days_is_told_the_range() {
        let [punches, ..] = KNOBS;
        for bad in ["1094", "36501", "0", "-1", "", "Ever", "3 years"] {
            let told = punches.read(bad).map_err(|error| error.to_string());
            assert_eq!(told, Err(String::from("`ever`, or a whole number of days from 1095 to 36500")), "{bad}");
        }
        assert_eq!(punches.read("1095"), Ok(KeepDays(Some(1095))));
    }
}
