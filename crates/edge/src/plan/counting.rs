//! How the days of a terminal that only pushes are closed: it is asked how many punches it has of each, and sends those of a day
//! again when it has more than came. Pure; dates are those of the terminal's face.
//!
//! Invariants:
//! * A day is settled for good once it is over, and again when punches of it come later. Today is settled as far as it has come.
//! * A settled day is complete when as many punches came as the terminal has; or when it has sent as many lines as it has punches
//!   after it was asked for them (two within a second are one punch); or when it sent what it has and can't count.
//! * What is told is a run of dates without a hole, so that its end is how far the terminal has delivered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use link::Closeout;

/// Dates before today that are settled. A terminal that was offline for longer is asked for all that it has anyway.
pub(crate) const SETTLED_DATES: i64 = 7;

/// What is asked of the terminal next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// How many punches it has of the date.
    Count(Date),
    /// The punches of the date, once more.
    Send(Date),
}

/// What the terminal said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has so many punches of a day; `None` when it can't count.
    Counted(Option<u64>),
    /// It has sent what it has of a day; false when it could not.
    Sent(bool),
}

/// A day as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// It was asked how many punches it has.
    Asked,
    /// It was asked for its punches: how many it has, when it could tell; the lines that came since; whether it is done.
    Sending { counted: Option<u64>, lines: u64, is_done: bool },
    /// How many it has is beyond what came. It is asked again.
    Short { counted: u64 },
    /// All of them came; it may have been before the day was over.
    Complete { set: Closeout, is_over: bool },
}

/// What is told of a settled day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// This is the set that it has.
    Complete(Closeout),
    /// It has so many, and did not send all of them.
    Short(u64),
}

/// The days of one terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counting {
    days: BTreeMap<Date, Day>,
    /// The last time that something was asked, by the steady clock, and the date there.
    asked: Option<(i64, Date)>,
    /// Punches of them came since the last answer.
    touched: BTreeSet<Date>,
}

impl Counting {
    /// The dates whose punches are to be counted at `steady_us` (of the steady clock), oldest first, when it is `today` there: today, those that are not
    /// settled, and those about which the hub has doubts. A question that still waits may be asked again.
    pub(crate) fn due(&mut self, steady_us: i64, today: Date, is_doubted: impl Fn(Date) -> bool) -> Vec<Date> {
        let first = today.saturating_sub(SETTLED_DATES.days());
        self.asked = Some((steady_us, today));
        self.days.retain(|date, _| (first..=today).contains(date));
        let mut due = Vec::new();
        for date in first.series(1.day()).take_while(|date| *date <= today) {
            let day = self.days.entry(date).or_insert(Day::Asked);
            if matches!(day, Day::Complete { is_over: true, .. }) && !is_doubted(date) {
                continue;
            }
            if !matches!(day, Day::Sending { .. }) {
                *day = Day::Asked;
            }
            self.touched.remove(&date);
            due.push(date);
        }
        due
    }

    /// Takes an answer about a date, of which `here` came. What is to be asked next, if anything.
    pub(crate) fn answered(&mut self, date: Date, answer: Answer, here: Closeout) -> Option<Ask> {
        let complete = Day::Complete { set: here, is_over: self.asked.is_some_and(|(_, today)| date < today) };
        let day = self.days.get_mut(&date)?;
        if self.touched.remove(&date) && !matches!(day, Day::Sending { .. }) {
            return Some(Ask::Count(date));
        }
        let (after, next) = match (answer, *day) {
            (Answer::Counted(Some(counted)), _) if counted <= here.punches => (complete, None),
            (Answer::Counted(Some(counted)), Day::Sending { lines, .. }) if counted <= lines => (complete, None),
            (Answer::Counted(Some(counted)), Day::Sending { is_done: true, .. }) => (Day::Short { counted }, None),
            (Answer::Counted(counted), _) => {
                (Day::Sending { counted, lines: 0, is_done: false }, Some(Ask::Send(date)))
            }
            (Answer::Sent(is_able), Day::Sending { counted: None, .. }) => {
                (if is_able { complete } else { Day::Asked }, None)
            }
            (Answer::Sent(_), Day::Sending { counted, lines, .. }) => {
                (Day::Sending { counted, lines, is_done: true }, Some(Ask::Count(date)))
            }
            (Answer::Sent(_), day) => (day, None),
        };
        *day = after;
        next
    }

    /// Lines with these dates came, so many of each.
    pub(crate) fn came(&mut self, lines: &BTreeMap<Date, u64>) {
        for (date, count) in lines {
            match self.days.get_mut(date) {
                Some(Day::Sending { lines, .. }) => *lines = lines.saturating_add(*count),
                Some(day) => {
                    self.touched.insert(*date);
                    *day = Day::Asked;
                }
                None => {}
            }
        }
    }

    /// When the terminal was asked last, microseconds of the steady clock: what was punched before is in its answers.
    pub(crate) fn asked_us(&self) -> Option<i64> {
        self.asked.map(|(asked_us, _)| asked_us)
    }

    /// The dates that are settled, from the first on until one that is not.
    pub(crate) fn settled(&self) -> impl Iterator<Item = (Date, Settled)> {
        self.days.iter().map_while(|(date, day)| match day {
            Day::Complete { set, .. } => Some((*date, Settled::Complete(*set))),
            Day::Short { counted } => Some((*date, Settled::Short(*counted))),
            Day::Asked | Day::Sending { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use link::closeout::Digest;

    const TODAY: Date = date(2026, 3, 10);
    const YESTERDAY: Date = date(2026, 3, 9);

    fn set(punches: u64) -> Closeout {
        Closeout { punches, digest: Digest(u128::from(punches) * 1000) }
    }

    fn counted(count: u64) -> Answer {
        Answer::Counted(Some(count))
    }

    /// A terminal whose days were all asked for.
    fn asked() -> Counting {
        let mut counting = Counting::default();
        assert_eq!(counting.due(1, TODAY, |_| false).len(), 8);
        counting
    }

    /// The same, with everything before yesterday settled without a punch.
    fn but_yesterday() -> Counting {
        let mut counting = asked();
        for date in counting.due(2, TODAY, |_| false).into_iter().filter(|date| *date < YESTERDAY) {
            assert_eq!(counting.answered(date, counted(0), set(0)), None);
        }
        counting
    }

    fn yesterday(counting: &Counting) -> Option<Settled> {
        counting.settled().find(|(date, _)| *date == YESTERDAY).map(|(_, settled)| settled)
    }

    #[test]
    fn days_are_asked_for_until_they_are_settled_after_their_end() {
        let mut counting = asked();
        assert_eq!(counting.due(2, TODAY, |_| false).len(), 8, "no answer came");
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(5)), None);
        assert_eq!(counting.answered(TODAY, counted(1), set(1)), None);
        assert_eq!(counting.due(3, TODAY, |_| false)[5..], [date(2026, 3, 8), TODAY], "today goes on");
        assert_eq!(counting.answered(TODAY, counted(2), set(2)), None);
        assert_eq!(counting.due(4, date(2026, 3, 11), |_| false)[4..], [date(2026, 3, 8), TODAY, date(2026, 3, 11)]);
        assert_eq!(counting.asked_us(), Some(4));
        assert_eq!(counting.answered(date(2026, 2, 1), counted(5), set(0)), None, "nobody asked for that one");
    }

    #[test]
    fn nothing_is_told_beyond_a_day_that_is_not_settled() {
        let mut counting = asked();
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(5)), None);
        assert_eq!(counting.settled().count(), 0);
        assert_eq!(but_yesterday().settled().count(), 6);
    }

    #[test]
    fn a_terminal_that_has_more_is_asked_to_send_the_day_and_counts_again() {
        let mut counting = but_yesterday();
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(3)), Some(Ask::Send(YESTERDAY)));
        counting.came(&BTreeMap::from([(YESTERDAY, 5)]));
        assert_eq!(counting.answered(YESTERDAY, Answer::Sent(true), set(5)), Some(Ask::Count(YESTERDAY)));
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(5)), None);
        assert_eq!(yesterday(&counting), Some(Settled::Complete(set(5))));
    }

    #[test]
    fn lines_of_the_same_second_are_one_punch_and_not_missing() {
        let mut counting = but_yesterday();
        counting.answered(YESTERDAY, counted(5), set(4));
        counting.came(&BTreeMap::from([(YESTERDAY, 5)]));
        counting.answered(YESTERDAY, Answer::Sent(true), set(4));
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(4)), None);
        assert_eq!(yesterday(&counting), Some(Settled::Complete(set(4))));
    }

    #[test]
    fn what_a_terminal_has_and_does_not_send_is_told_as_short_and_asked_for_again() {
        let mut counting = but_yesterday();
        counting.answered(YESTERDAY, counted(5), set(3));
        counting.answered(YESTERDAY, Answer::Sent(true), set(3));
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(3)), None);
        assert_eq!(yesterday(&counting), Some(Settled::Short(5)));
        assert_eq!(counting.due(2, TODAY, |_| false), [YESTERDAY, TODAY]);
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(3)), Some(Ask::Send(YESTERDAY)));
    }

    #[test]
    fn a_terminal_that_cant_count_is_complete_once_it_has_sent_what_it_has() {
        let mut counting = but_yesterday();
        assert_eq!(counting.answered(YESTERDAY, Answer::Counted(None), set(3)), Some(Ask::Send(YESTERDAY)));
        assert_eq!(counting.answered(YESTERDAY, Answer::Sent(false), set(3)), None);
        assert_eq!(yesterday(&counting), None, "it can't send either: nothing is known");
        assert_eq!(counting.due(2, TODAY, |_| false), [YESTERDAY, TODAY]);
        counting.answered(YESTERDAY, Answer::Counted(None), set(3));
        assert_eq!(counting.answered(YESTERDAY, Answer::Sent(true), set(3)), None);
        assert_eq!(yesterday(&counting), Some(Settled::Complete(set(3))));
    }

    #[test]
    fn late_punches_and_doubts_have_a_day_counted_again() {
        let mut counting = but_yesterday();
        counting.answered(YESTERDAY, counted(5), set(5));
        counting.came(&BTreeMap::from([(YESTERDAY, 1), (TODAY, 2)]));
        assert_eq!(yesterday(&counting), None);
        assert_eq!(counting.due(2, TODAY, |_| false), [YESTERDAY, TODAY]);
        counting.answered(YESTERDAY, counted(6), set(6));
        assert_eq!(counting.due(2, TODAY, |_| false), [TODAY]);
        assert_eq!(counting.due(2, TODAY, |date| date == YESTERDAY), [YESTERDAY, TODAY]);
    }

    #[test]
    fn an_answer_that_crosses_a_late_punch_settles_nothing() {
        let mut counting = but_yesterday();
        counting.came(&BTreeMap::from([(YESTERDAY, 1)]));
        assert_eq!(counting.answered(YESTERDAY, counted(5), set(5)), Some(Ask::Count(YESTERDAY)));
        assert_eq!(counting.answered(YESTERDAY, counted(6), set(6)), None);
        assert_eq!(yesterday(&counting), Some(Settled::Complete(set(6))));
    }
}
