//! Sources: what is read from other systems by itself, with its settings in the database.
//!
//! Invariants:
//! * Its settings hold its address as lists show it; the whole of it is sealed ([`crate::addresses`]), and opened where it is asked.
//! * A source that does not answer stops nobody: what is known stays, and it is told since when it is away and why.
//! * What a source states is stated in its own name (`source NAME`), so that what people stated is told apart and stays.
//! * A year of public holidays that a source was to tell of and never did is marked as not available (rules 7.1); once it is heard of,
//!   the mark goes and the year is derived again, in one transaction. What was heard once is known from then on, also while the
//!   source is away.

mod compare;
mod desk;
mod holidays;
mod notes;
mod odoo;
mod plan;
mod tables;
mod work;

use serde::{Deserialize, Serialize};

pub use compare::{Comparison, Difference, Differs};
pub use desk::{SourceRow, SourceState};
pub use holidays::{Heard, HolidaySettings};
pub use notes::SourceNotes;
pub(crate) use odoo::listing;
pub use odoo::{LeaveKind, OdooRead, OdooSourceSettings};
pub use tables::{MssqlSettings, OpenTable, TableRead, TableReading, Written, table_csv};
pub(crate) use work::Pull;
pub use work::ReadSource;

use jiff::Timestamp;
use store::Write;

use crate::addresses;
use crate::shown_url::shown_url;
use crate::{Actor, Error, Hub};

/// How a source is reached: a business setting, kept as JSON. Secrets are sealed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceSettings {
    /// A calendar of public holidays.
    Holidays(HolidaySettings),
    /// A table in Microsoft SQL Server.
    Mssql(Box<MssqlSettings>),
    /// An Odoo: employees, leave, public holidays.
    Odoo(Box<OdooSourceSettings>),
}

impl SourceSettings {
    fn of(source: &store::sources::Source) -> Result<Self, Error> {
        serde_json::from_str(&source.body)
            .map_err(|error| Error::Damaged { what: "source", detail: format!("{}: {error}", source.name) })
    }

    fn json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Damaged { what: "source", detail: error.to_string() })
    }

    /// The address, if there is one that may open a door by itself.
    pub(crate) fn url(&mut self) -> Option<&mut String> {
        match self {
            Self::Holidays(settings) => Some(&mut settings.url),
            Self::Odoo(settings) => Some(&mut settings.url),
            Self::Mssql(_) => None,
        }
    }

    /// As the audit trail keeps them: what may open a door is hidden.
    fn audited(&self) -> Result<String, Error> {
        let mut shown = self.clone();
        if let Some(url) = shown.url() {
            *url = shown_url(url);
        }
        shown.json()
    }

    /// As the audit trail keeps those of a source that is there.
    fn audited_of(source: &store::sources::Source) -> String {
        let audited = Self::of(source).and_then(|settings| settings.audited());
        audited.unwrap_or_else(|_| "settings that this version can't read".to_owned())
    }

    /// The word of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Holidays(_) => "holidays",
            Self::Mssql(_) => "mssql",
            Self::Odoo(_) => "odoo",
        }
    }

    /// Where it is, for a list.
    pub fn place(&self) -> String {
        match self {
            Self::Holidays(settings) => settings.place(),
            Self::Mssql(settings) => format!("{}/{}, {}", settings.address, settings.database, settings.preset),
            Self::Odoo(settings) => settings.place(),
        }
    }
}

/// In whose name a source states something.
fn in_the_name_of(source: &str) -> Actor {
    Actor::new(format!("source {source}"))
}

/// Seals what an older version left plain in the address of a source; whether there was anything.
pub(crate) fn seal_source_address(
    hub: &Hub,
    write: &Write<'_>,
    source: &store::sources::Source,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut settings = SourceSettings::of(source)?;
    let whole = settings.clone();
    let Some(url) = settings.url() else { return Ok(false) };
    if !hub.seal_plain(write, &addresses::of_source(&source.name), url, now)? {
        return Ok(false);
    }
    write.put_source_body(&source.name, &settings.json()?)?;
    if let (SourceSettings::Holidays(whole), SourceSettings::Holidays(shown)) = (&whole, &settings) {
        holidays::name_pages_as_shown(write, &source.name, whole, shown)?;
    }
    Ok(true)
}
