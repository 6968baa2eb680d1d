//! Shadow comparison: what an old system has against what is here, by employee and day. Nothing is stored.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use roads::mssql::{LegacyTable, Reading, outside_rows};
use roads::outside::{OutsidePunch, Puncher, RowTime};
use store::Read;

use super::tables::{PAGE_ROWS, table_settings};
use crate::company::zone;
use crate::view::PunchFilter;
use crate::{Company, Error, Hub};

/// How the two differ on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Differs {
    /// The old system has punches, here there is none.
    OnlyThere,
    /// Here are punches, the old system has none.
    OnlyHere,
    /// Both have some, and not the same.
    Times,
}

impl Differs {
    /// The word for it in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnlyThere => "only_there",
            Self::OnlyHere => "only_here",
            Self::Times => "differing",
        }
    }
}

/// A day on which the two differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The employee's code, or the number where nobody has it.
    pub employee: String,
    /// The date on the clocks.
    pub date: Date,
    /// How.
    pub differs: Differs,
    /// Times that the old system alone has.
    pub there: Vec<DateTime>,
    /// Times that are here alone.
    pub here: Vec<DateTime>,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Days on which somebody has punches on either side.
    pub days: usize,
    /// Those that are the same.
    pub same: usize,
    /// The others, by employee and date.
    pub differences: Vec<Difference>,
    /// Rows of the old system that can't be read.
    pub unreadable: usize,
}

/// Times by employee and date.
type Days = BTreeMap<(String, Date), BTreeSet<DateTime>>;

impl Hub {
    /// Compares the rows of a table with the punches that are here and did not come from it, for a range of dates.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when the table can't be read to its end, for half a comparison says nothing.
    pub fn compare_table(
        &self,
        name: &str,
        table: &mut dyn LegacyTable,
        (from, to): (Date, Date),
    ) -> Result<Comparison, Error> {
        let broken = |why: String| Error::invalid(format!("source {name}: {why}"), "compare again once it answers");
        let (settings, company) =
            self.store.read(|read| Ok::<_, Error>((table_settings(read, name)?, Company::load(read)?)))?;
        let zone = settings.zone.as_deref().map_or_else(|| company.time_zone(), zone)?;
        let spec = settings.table()?;
        let (mut there, mut unreadable) = (Days::new(), 0);
        let mut reading = Reading::range(&spec, (Some(from), Some(to)), PAGE_ROWS);
        while let Some(select) = reading.next() {
            let page = table.page(&select).map_err(|trouble| broken(trouble.to_string()))?;
            let rows = outside_rows(&spec, &page);
            self.store.read(|read| {
                for row in rows {
                    let told = row.said.ok().and_then(|said| Some((time_of(&said, &zone)?, said)));
                    let Some((at, said)) = told else {
                        unreadable += 1;
                        continue;
                    };
                    there.entry((whose(read, &said, at.date())?, at.date())).or_default().insert(at);
                }
                Ok::<_, Error>(())
            })?;
            reading.stored(&page).map_err(broken)?;
        }
        let here = self.here(name, (from, to))?;
        Ok(Comparison { unreadable, ..compare(&there, &here, (from, to)) })
    }

    /// What is here and did not come from the source.
    fn here(&self, source: &str, (from, to): (Date, Date)) -> Result<Days, Error> {
        let own = format!("source:{source}/");
        let filter = PunchFilter { from: Some(from), to: Some(to), ..PunchFilter::default() };
        let mut here = Days::new();
        for punch in self.punches(&filter)?.rows.into_iter().filter(|punch| !punch.origin.starts_with(&own)) {
            if let Ok(at) = punch.printed.parse::<DateTime>() {
                let whose = punch.employee.unwrap_or_else(|| format!("number {}", punch.user));
                here.entry((whose, at.date())).or_default().insert(at);
            }
        }
        Ok(here)
    }
}

/// The time on the clocks.
fn time_of(said: &OutsidePunch, zone: &TimeZone) -> Option<DateTime> {
    match &said.time {
        RowTime::Printed(printed) => printed.civil(),
        RowTime::At(at) => Some(at.to_zoned(zone.clone()).datetime()),
    }
}

/// The employee whom a row means.
fn whose(read: &Read<'_>, said: &OutsidePunch, date: Date) -> Result<String, Error> {
    match &said.puncher {
        Puncher::Code(code) => Ok(code.clone()),
        Puncher::Number(number) => {
            let spans = read.validities("", number)?.into_iter();
            let mut holding = spans.filter(|span| span.valid_from <= date && date <= span.valid_to);
            let employee = holding.next().map(|span| read.employee(span.employee)).transpose()?.flatten();
            Ok(employee.map_or_else(|| format!("number {number}"), |employee| employee.code))
        }
    }
}

/// Where two differ.
fn compare(there: &Days, here: &Days, (from, to): (Date, Date)) -> Comparison {
    let keys: BTreeSet<_> = there.keys().chain(here.keys()).filter(|(_, date)| (from..=to).contains(date)).collect();
    let mut comparison = Comparison { days: keys.len(), ..Comparison::default() };
    let none = BTreeSet::new();
    for key in keys {
        let (theirs, ours) = (there.get(key).unwrap_or(&none), here.get(key).unwrap_or(&none));
        let differs = match (theirs.is_empty(), ours.is_empty()) {
            _ if theirs == ours => {
                comparison.same += 1;
                continue;
            }
            (_, true) => Differs::OnlyThere,
            (true, _) => Differs::OnlyHere,
            _ => Differs::Times,
        };
        comparison.differences.push(Difference {
            employee: key.0.clone(),
            date: key.1,
            differs,
            there: theirs.difference(ours).copied().collect(),
            here: ours.difference(theirs).copied().collect(),
        });
    }
    comparison
}
