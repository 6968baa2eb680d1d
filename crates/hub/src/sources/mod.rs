//! Sources: what is read from other systems by itself, with its settings in the database.
//!
//! Invariants:
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

use crate::shown_url::shown_url;
use crate::{Actor, Error};

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

    /// As the audit trail keeps them: what may open a door is hidden.
    fn audited(&self) -> Result<String, Error> {
        match self {
            Self::Holidays(settings) => {
                let url = shown_url(&settings.url);
                Self::Holidays(HolidaySettings { url, ..settings.clone() }).json()
            }
            Self::Mssql(_) => self.json(),
            Self::Odoo(settings) => {
                let url = shown_url(&settings.url);
                Self::Odoo(Box::new(OdooSourceSettings { url, ..(**settings).clone() })).json()
            }
        }
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
