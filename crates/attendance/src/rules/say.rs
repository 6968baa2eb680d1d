//! Times in words, on the person's clock.

use super::calendar_day::date_of;
use super::pair::EVER;
use super::zone::LocalClock;
use crate::spans::{Span, Spans};

/// Says times of one work date; another date is named.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Say<'a> {
    pub(crate) clock: &'a LocalClock,
    /// The work date, in days since 1970-01-01.
    pub(crate) day: i64,
}

impl Say<'_> {
    /// An instant in minutes: `08:20`, or `01:30 on 2025-03-11`.
    pub(crate) fn time(&self, minute: i64) -> String {
        let (clock, date) = self.parts(minute);
        format!("{clock}{}", self.named(date))
    }

    /// An instant in seconds: `08:20:05`.
    pub(crate) fn second(&self, at: i64) -> String {
        let (clock, date) = self.parts(at.div_euclid(60));
        format!("{clock}:{:02}{}", at.rem_euclid(60), self.named(date))
    }

    /// `08:00 to 12:00`; an end of 00:00 is written as 24:00.
    pub(crate) fn span(&self, span: Span) -> String {
        match (span.start <= EVER.start, span.end >= EVER.end) {
            (true, true) => "the whole day".into(),
            (true, false) => format!("everything before {}", self.time(span.end)),
            (false, true) => format!("everything after {}", self.time(span.start)),
            (false, false) => {
                let (start, end) = (self.time(span.start), self.parts(span.end));
                if end == ("00:00".to_owned(), self.day + 1) && self.parts(span.start).1 == self.day {
                    return format!("{start} to 24:00");
                }
                format!("{start} to {}", self.time(span.end))
            }
        }
    }

    /// `08:00 to 12:00 and 13:00 to 18:00`.
    pub(crate) fn spans(&self, spans: &Spans) -> String {
        let all: Vec<String> = spans.iter().map(|span| self.span(*span)).collect();
        match all.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
            None => "no time".into(),
        }
    }

    fn parts(&self, minute: i64) -> (String, i64) {
        let local = self.clock.local(minute);
        let clock = local.rem_euclid(1440);
        (format!("{:02}:{:02}", clock / 60, clock % 60), local.div_euclid(1440))
    }

    fn named(&self, date: i64) -> String {
        if date == self.day { String::new() } else { format!(" on {}", date_of(date)) }
    }
}

/// `1 minute`, `2 minutes`.
pub(crate) fn minutes(count: i64) -> String {
    format!("{count} minute{}", if count == 1 { "" } else { "s" })
}
