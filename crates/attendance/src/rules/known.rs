//! Step 1, the knowledge cut: only what was recorded at `as_of` counts (rules 6, 17.1).

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Person;
use crate::vocabulary::{Adjustment, Change, Excusable, Leave, Offsite, Override};

/// Entries of one kind, sorted by date; entries of a date keep their order.
#[derive(Debug)]
pub(crate) struct ByDate<'a, T>(Vec<(Date, &'a T)>);

impl<'a, T> ByDate<'a, T> {
    fn new(entries: impl Iterator<Item = (Date, &'a T)>) -> Self {
        let mut all: Vec<_> = entries.collect();
        all.sort_by_key(|(date, _)| *date);
        Self(all)
    }

    /// The entries of a date.
    pub(crate) fn on(&self, date: Date) -> impl Iterator<Item = &'a T> + Clone + '_ {
        let from = if self.0.is_empty() { 0 } else { self.0.partition_point(|(day, _)| *day < date) };
        self.0.iter().skip(from).take_while(move |(day, _)| *day == date).map(|(_, entry)| *entry)
    }
}

/// What is known of a person at an instant, corrections resolved.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) as_of: i64,
    pub(crate) overrides: ByDate<'a, Override>,
    pub(crate) leaves: ByDate<'a, Leave>,
    pub(crate) offsite: ByDate<'a, Offsite>,
    /// Corrections that stand, in order of application.
    pub(crate) adjustments: Vec<&'a Adjustment>,
    on_dates: ByDate<'a, Change>,
}

/// The corrections of one date.
#[derive(Debug, Default)]
pub(crate) struct Corrections {
    pub(crate) excused: Vec<Excusable>,
    /// Approved overtime, minutes.
    pub(crate) approved: i64,
    pub(crate) waives_break: bool,
}

impl<'a> Known<'a> {
    /// Cuts at `as_of` (seconds) and resolves revocations.
    pub(crate) fn new(person: &Person<'a>, as_of: i64) -> Self {
        let known = move |recorded_at: Option<i64>| recorded_at.is_none_or(|at| at <= as_of);
        let adjustments = standing(person.adjustments.iter().filter(|one| known(one.recorded_at)));
        let dated = adjustments.iter().filter_map(|one| match &one.change {
            Change::Excuse { date, .. }
            | Change::ApproveOvertime { date, .. }
            | Change::WaiveBreak { date }
            | Change::Credit { date, .. } => Some((*date, &one.change)),
            Change::AddPunch { .. } | Change::VoidPunch { .. } | Change::Revoke { .. } => None,
        });
        let on_dates = ByDate::new(dated);
        let overrides = person.overrides.iter().filter(|one| known(one.recorded_at)).map(|one| (one.date, one));
        let leaves = person.leaves.iter().filter(|one| known(one.recorded_at)).map(|one| (one.date, one));
        let offsite = person.offsite.iter().filter(|one| known(one.recorded_at)).map(|one| (one.date, one));
        Self {
            as_of,
            overrides: ByDate::new(overrides),
            leaves: ByDate::new(leaves),
            offsite: ByDate::new(offsite),
            adjustments,
            on_dates,
        }
    }

    /// Whether something recorded then is known.
    pub(crate) fn knows(&self, recorded_at: Option<i64>) -> bool {
        recorded_at.is_none_or(|at| at <= self.as_of)
    }

    /// The corrections of a date.
    pub(crate) fn corrections(&self, date: Date) -> Corrections {
        let mut all = Corrections::default();
        for change in self.on_dates.on(date) {
            match change {
                Change::Excuse { what, .. } => all.excused.extend(what),
                Change::ApproveOvertime { minutes, .. } => all.approved += minutes,
                Change::WaiveBreak { .. } => all.waives_break = true,
                _ => {}
            }
        }
        all
    }

    /// Manual credits of a date: code and minutes.
    pub(crate) fn credits(&self, date: Date) -> impl Iterator<Item = (&'a crate::vocabulary::Code, i64)> + '_ {
        self.on_dates.on(date).filter_map(|change| match change {
            Change::Credit { minutes, code, .. } => Some((code, *minutes)),
            _ => None,
        })
    }
}

/// In order of application: by instant of recording, then by key. A revocation cancels for good, even if it is revoked
/// itself afterwards.
fn standing<'a>(known: impl Iterator<Item = &'a Adjustment>) -> Vec<&'a Adjustment> {
    let mut ordered: Vec<_> = known.collect();
    ordered.sort_by(|a, b| (a.recorded_at, &a.id).cmp(&(b.recorded_at, &b.id)));
    let mut revoked = BTreeSet::new();
    for adjustment in &ordered {
        if let Change::Revoke { target } = &adjustment.change
            && !revoked.contains(adjustment.id.as_str())
        {
            revoked.insert(target.as_str());
        }
    }
    ordered.retain(|adjustment| !revoked.contains(adjustment.id.as_str()));
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adjustment(id: &str, recorded_at: i64, target: Option<&str>) -> Adjustment {
        let change = match target {
            Some(target) => Change::Revoke { target: target.to_owned() },
            None => Change::WaiveBreak { date: jiff::civil::date(2025, 3, 10) },
        };
        Adjustment { id: id.to_owned(), change, by: None, reason: None, recorded_at: Some(recorded_at) }
    }

    fn standing_ids(all: &[Adjustment]) -> Vec<&str> {
        standing(all.iter()).iter().map(|one| one.id.as_str()).collect()
    }

    #[test]
    fn a_revocation_cancels_for_good() {
        let all = [adjustment("a", 1, None), adjustment("r", 2, Some("a")), adjustment("s", 3, Some("r"))];
        assert_eq!(standing_ids(&all), ["s"]);
    }

    #[test]
    fn a_revocation_that_was_revoked_before_it_was_recorded_does_nothing() {
        let all = [adjustment("a", 1, None), adjustment("r", 3, Some("a")), adjustment("s", 2, Some("r"))];
        assert_eq!(standing_ids(&all), ["a", "s"]);
    }
}
