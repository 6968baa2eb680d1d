//! What is stated and withdrawn when a calendar of public holidays was read, or could not be. Pure.

use std::collections::{BTreeMap, BTreeSet};

use attendance::Holiday;
use jiff::civil::Date;

/// A statement in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known<T> {
    /// Its number.
    pub(super) number: i64,
    /// Whether this source stated it.
    pub(super) is_ours: bool,
    /// What it says.
    pub(super) says: T,
}

/// What is known before.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// Holidays in force.
    pub(super) holidays: Vec<Known<Holiday>>,
    /// Years whose holiday data is marked as not available.
    pub(super) marks: Vec<Known<i16>>,
    /// Dates of which somebody took back what this source had said.
    pub(super) taken_back: BTreeSet<Date>,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// Statements that are withdrawn, by number.
    pub(super) withdrawn: Vec<i64>,
    /// Holidays that are stated, over what this source stated for their dates.
    pub(super) holidays: Vec<Holiday>,
    /// Years whose data is marked as not available.
    pub(super) marked: Vec<i16>,
}

/// What brings the calendar in step. `heard` has the holidays of each year that this source knows, `needed` are the years that must not
/// be without. What people stated stays, and what they took back does not come again.
pub(super) fn steps(before: &Before, heard: &BTreeMap<i16, Vec<Holiday>>, needed: &BTreeSet<i16>) -> Steps {
    let mut steps = Steps::default();
    let wanted: BTreeMap<Date, &Holiday> = heard.values().flatten().map(|holiday| (holiday.date, holiday)).collect();
    let mut settled = before.taken_back.clone();
    for known in &before.holidays {
        let date = known.says.date;
        match wanted.get(&date) {
            _ if !known.is_ours => drop(settled.insert(date)),
            Some(holiday) if holiday.name == known.says.name => drop(settled.insert(date)),
            Some(_) => {}
            None if heard.contains_key(&date.year()) => steps.withdrawn.push(known.number),
            None => {}
        }
    }
    let is_news = |holiday: &&&Holiday| !settled.contains(&holiday.date);
    steps.holidays.extend(wanted.values().filter(is_news).map(|holiday| (*holiday).clone()));
    for mark in &before.marks {
        if mark.is_ours && (heard.contains_key(&mark.says) || !needed.contains(&mark.says)) {
            steps.withdrawn.push(mark.number);
        }
    }
    let is_marked = |year: &i16| before.marks.iter().any(|mark| mark.says == *year);
    let missing = needed.iter().filter(|year| !heard.contains_key(year) && !is_marked(year));
    steps.marked.extend(missing.copied());
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holiday(date: &str, name: &str) -> Holiday {
        Holiday { date: date.parse().unwrap(), name: name.into(), substitute_for: None, recorded_at: None }
    }

    fn heard(holidays: &[(&str, &str)]) -> BTreeMap<i16, Vec<Holiday>> {
        let mut heard = BTreeMap::<_, Vec<_>>::new();
        for (date, name) in holidays {
            let holiday = holiday(date, name);
            heard.entry(holiday.date.year()).or_default().push(holiday);
        }
        heard
    }

    fn known(number: i64, is_ours: bool, date: &str, name: &str) -> Known<Holiday> {
        Known { number, is_ours, says: holiday(date, name) }
    }

    #[test]
    fn what_is_new_is_stated_what_is_gone_is_withdrawn_and_the_same_again_changes_nothing() {
        let now = heard(&[("2026-01-01", "New Year"), ("2026-05-01", "Labour Day")]);
        let first = steps(&Before::default(), &now, &[2026].into());
        assert_eq!(first.holidays.len(), 2);
        assert!(first.withdrawn.is_empty() && first.marked.is_empty());
        let before = Before {
            holidays: vec![
                known(1, true, "2026-01-01", "New Year"),
                known(2, true, "2026-05-01", "Work"),
                known(3, true, "2026-06-12", "Gone"),
                known(4, true, "2025-06-12", "Of a year that was not heard of"),
            ],
            ..Before::default()
        };
        let next = steps(&before, &now, &[2026].into());
        assert_eq!(
            (next.withdrawn.as_slice(), next.holidays.as_slice()),
            (&[3][..], &[holiday("2026-05-01", "Labour Day")][..])
        );
        let after = Before {
            holidays: vec![known(1, true, "2026-01-01", "New Year"), known(5, true, "2026-05-01", "Labour Day")],
            ..Before::default()
        };
        assert_eq!(steps(&after, &now, &[2026].into()), Steps::default());
    }

    #[test]
    fn what_people_stated_stays_and_what_they_took_back_does_not_come_again() {
        let now = heard(&[("2026-01-01", "New Year"), ("2026-05-01", "Labour Day")]);
        let before = Before {
            holidays: vec![
                known(1, false, "2026-01-01", "Our own name"),
                known(2, false, "2026-08-08", "Founders' day"),
            ],
            taken_back: ["2026-05-01".parse().unwrap()].into(),
            ..Before::default()
        };
        assert_eq!(steps(&before, &now, &[2026].into()), Steps::default());
    }

    #[test]
    fn a_year_that_is_needed_and_not_known_is_marked_until_it_is_known() {
        let needed = BTreeSet::from([2025, 2026]);
        let now = heard(&[("2025-01-01", "New Year")]);
        assert_eq!(steps(&Before::default(), &now, &needed).marked, [2026]);
        let mark = |number, is_ours, year| Known { number, is_ours, says: year };
        let before =
            Before { marks: vec![mark(1, true, 2026), mark(2, true, 2024), mark(3, false, 2023)], ..Before::default() };
        let next = steps(&before, &now, &needed);
        assert_eq!((next.withdrawn.as_slice(), next.marked.as_slice()), (&[2][..], &[][..]), "2024 is needed no more");
        let later = steps(&before, &heard(&[("2026-01-01", "New Year")]), &[2026].into());
        assert_eq!(later.withdrawn, [1, 2]);
        assert_eq!(later.holidays.len(), 1);
    }
}
