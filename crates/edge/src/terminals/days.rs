//! The days of terminals that only push.

use std::collections::BTreeMap;

use adms::Dialect;
use jiff::Timestamp;
use jiff::civil::Date;
use link::Closeout;

use super::{Delivered, Known, Terminals};
use crate::plan::{Answer, Ask, Settled};

impl Known {
    /// Its log is never read from here.
    pub(super) fn only_pushes(&self) -> bool {
        self.registered.as_ref().is_some_and(|terminal| terminal.approved && !terminal.via.polls())
    }

    /// It can be asked about its days. Access terminals have no question for that.
    fn is_asked(&self) -> bool {
        self.only_pushes() && self.dialect == Dialect::Attendance && !self.owes_upload
    }
}

impl Terminals {
    /// The dates for which terminals are to be asked how many punches they have, by serial: those that are due when it
    /// `is_time`, else only of terminals about which the hub has new doubts. The steady clock shows `steady_us`.
    pub(crate) fn days_to_ask(&self, now: Timestamp, steady_us: i64, is_time: bool) -> Vec<(String, Vec<Date>)> {
        let mut asks = Vec::new();
        for (serial, one) in self.lock().iter_mut().filter(|(_, one)| one.is_asked()) {
            let is_hurried = std::mem::take(&mut one.is_hurried);
            let Some(zone) = one.zone().filter(|_| is_time || is_hurried) else { continue };
            let today = zone.to_datetime(now).date();
            let dates = one.counting.due(steady_us, today, |date| one.doubts.contains_key(&date));
            if !dates.is_empty() {
                asks.push((serial.clone(), dates));
            }
        }
        asks
    }

    /// Punches with these dates on the terminal's face came, in days since 1970.
    pub(crate) fn came(&self, serial: &str, days: &BTreeMap<i64, u64>) {
        let date = |day: &i64| {
            Some(Timestamp::from_second(day.checked_mul(86_400)?).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date())
        };
        let lines = days.iter().filter_map(|(day, count)| Some((date(day)?, *count))).collect();
        self.with(serial, |one| one.counting.came(&lines));
    }

    /// What is to be asked after an answer about a date, of which `here` came.
    pub(crate) fn answered(&self, serial: &str, date: Date, answer: Answer, here: Closeout) -> Option<Ask> {
        self.with(serial, |one| one.counting.answered(date, answer, here)).flatten()
    }

    /// The days that are settled, without a hole, and when the terminal was asked, microseconds of the steady clock.
    pub(crate) fn settled_days(&self, serial: &str) -> Option<(Vec<(Date, Settled)>, i64)> {
        self.with(serial, |one| Some((one.counting.settled().collect(), one.counting.asked_us()?))).flatten()
    }

    /// They may be told once the hub holds what they brought.
    pub(crate) fn days_settled(&self, serial: &str, delivered: Delivered) {
        self.with(serial, |one| one.untold = Some(delivered));
    }
}
