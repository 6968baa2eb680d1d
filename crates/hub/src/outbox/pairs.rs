//! The pairs of a day, for a sink that wants more than its ends: those of its trace, which is computed again.

use attendance::trace::Role;
use attendance::{DateRange, DayRecord, Exception, Rulebook};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::Read;
use store::people::Employee;

use crate::Error;
use crate::company::Company;
use crate::facts::Facts;
use crate::zones::ZoneBook;

/// Computes pairs as they are at an instant.
pub(super) struct Pairing<'a> {
    company: &'a Company,
    zones: ZoneBook,
    book: Rulebook,
    now: Timestamp,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(read: &Read<'_>, company: &'a Company, now: Timestamp) -> Result<Self, Error> {
        let (book, _) = company.rulebook(read, now)?;
        Ok(Self { company, zones: ZoneBook::load(read, company)?, book, now })
    }

    /// `pairs`, each of two instants, and `lone`, arrivals and departures without a partner: seconds UTC. Of a locked date, too,
    /// they are the trace's where its punches are still paired as in the stored day ([`is_paired_alike`]): other rules since may have changed
    /// what the time counts for. Where they are not, as something came too late or the punches were erased, the ends of the stored one
    /// are the pair.
    pub(super) fn fields(
        &self,
        read: &Read<'_>,
        employee: &Employee,
        told: Option<&DayRecord>,
    ) -> Result<[(String, Value); 2], Error> {
        let (mut pairs, mut lone) = (Vec::new(), Vec::new());
        if let Some(told) = told {
            let range = DateRange { from: told.date, to: told.date };
            let facts = Facts::gather(read, (self.company, &self.zones), &self.book, employee, range, self.now)?;
            let explained = facts.and_then(|facts| {
                attendance::explain(&self.book, &facts.person(), range, facts.moment(self.now)).pop()
            });
            match (explained.filter(|(record, _)| is_paired_alike(record, told)), told.first_in, told.last_out) {
                (Some((_, trace)), ..) => {
                    pairs.extend(trace.sessions.iter().map(|session| (session.from, session.to)));
                    let is_sided = |role| matches!(role, Role::OrphanArrival | Role::OrphanDeparture);
                    let open = trace.orphans.iter().filter(|orphan| !orphan.resolved && is_sided(orphan.role));
                    lone.extend(open.map(|orphan| orphan.at));
                }
                (None, Some(first), Some(last)) => pairs.push((first, last)),
                (None, first, last) => lone.extend(first.or(last)),
            }
        }
        Ok([("pairs".to_owned(), json!(pairs)), ("lone".to_owned(), json!(lone))])
    }
}

/// Whether two records of a date tell of the same pairs, as far as a record tells: the same ends, the same time between paired punches, and
/// the same punches without a partner.
fn is_paired_alike(one: &DayRecord, other: &DayRecord) -> bool {
    let of = |record: &DayRecord| {
        let unpaired = [Exception::MissingIn, Exception::MissingOut, Exception::MissingBreakEnd, Exception::StrayPunch];
        let unpaired = unpaired.map(|exception| record.exceptions.contains(&exception));
        (record.first_in, record.last_out, record.presence_minutes, unpaired)
    };
    of(one) == of(other)
}
