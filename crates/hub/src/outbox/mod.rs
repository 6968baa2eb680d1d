//! The outbox: what other systems are told of judged days.
//!
//! Invariants:
//! * What a sink is to be told is written in the transaction that writes the day ([`Pending`]), so neither is without the other.
//! * Only judged days are told. A day that was told, or may have been, and is no more is told as such.
//! * Each change raises the revision of its row, above all that was ever told of the day, whatever the hub still knows of it. A receiver that keeps the keys of what it took takes each revision once, and one that
//!   ignores lower revisions has the hub's state in the end, whatever was lost, repeated or overtaken on the way.
//! * Nothing is marked but the revision that was sent: a day that changes on its way stays to be sent.
//! * Of one employee a run has one record on its way at a time, in the order in which the days changed. One that fails for a time makes
//!   the employee's later ones wait for the next run, events until it has gone or failed for good; one that is refused holds up nobody. The jobs of a sink run one after another,
//!   whoever does them: what a person asks for by hand is one of them ([`by_hand`]).
//! * A sink that hears of events ([`Mode::Event`]) gets each revision of a day as it was noted, none left out, in order: the later ones of a
//!   day wait for the earlier, also for one that is failed ([`events`]).
//! * After [`TRIES`] failed attempts a record is failed, until its day changes or somebody asks for it again.

mod by_hand;
mod deliver;
mod desk;
mod events;
mod letter;
mod meters;
mod pairs;
mod plan;
mod records;
#[cfg(test)]
mod tests;
mod work;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use store::days::Day;
use store::{Read, Write};

pub use deliver::{Delivered, DryLetter, DryRun};
pub use desk::{EntryRow, EntryState, NewSink, Queued, SinkRow};
use events::Scribe;
pub(crate) use meters::SinkMeters;
pub use meters::{SinkGauge, SinkMeter};
pub use plan::Which;
pub use records::{RecordFilter, RecordList};
pub use work::{Deliver, OpenSink};
pub(crate) use work::{Retry, Send};

use crate::Error;
use crate::keep::record;
use crate::shown_url::shown_url;

/// The kind of sink that is told of pairs.
pub const ODOO: &str = "odoo";
/// Failed attempts after which a record is failed until somebody asks for it again (rules 21).
pub(crate) const TRIES: u32 = 3;

/// How a sink is reached: a business setting, kept as JSON. Its secrets are sealed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkSettings {
    /// What it is: `crm` or [`ODOO`].
    pub kind: String,
    /// Address of the receiver; as lists show it, but for who gives it, and who makes the client.
    pub url: String,
    /// Whether plain HTTP and addresses of the own network are allowed.
    #[serde(default)]
    pub allow_private: bool,
    /// The body of a record, with placeholders; `None` for the usual one.
    #[serde(default)]
    pub template: Option<serde_json::Value>,
    /// Records a second at most; 0 is no limit.
    #[serde(default)]
    pub per_second: u32,
    /// Records of one request at most; 0 for one record by itself.
    #[serde(default)]
    pub batch: u32,
    /// Days without a punch are told as well.
    #[serde(default)]
    pub all_days: bool,
    /// What a record of it is.
    #[serde(default)]
    pub mode: Mode,
    /// What an Odoo needs besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odoo: Option<OdooSettings>,
    /// When they were given, microseconds UTC; later each time. So those that come with another secret and nothing else are others, too: what
    /// a receiver says to the secret before is not said to them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub given_us: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// What a record of a sink is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// How a day is now. Of several changes the last is told.
    #[default]
    State,
    /// What happened to a day: each revision is told, as it was.
    Event,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::State, Self::Event];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Event => "event",
        }
    }
}

/// What an Odoo needs besides an address and a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OdooSettings {
    /// Name of the database.
    pub database: String,
    /// The user's login.
    pub user: String,
    /// The field of an employee that holds the employee's code.
    pub employee_field: String,
}

impl SinkSettings {
    /// The usual ones of a kind at an address.
    pub fn new(kind: &str, url: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            url: url.to_owned(),
            allow_private: false,
            template: None,
            per_second: 0,
            batch: 0,
            all_days: false,
            mode: Mode::State,
            odoo: None,
            given_us: 0,
        }
    }

    pub(crate) fn read(sink: &store::outbox::Sink) -> Result<Self, Error> {
        serde_json::from_str(&sink.body)
            .map_err(|error| Error::Damaged { what: "sink", detail: format!("{}: {error}", sink.name) })
    }

    /// Its address as people see it: what may open a door is hidden.
    pub fn place(&self) -> String {
        shown_url(&self.url)
    }

    /// Who is told, as far as lists show an address: kind, scheme, host and path, and Odoo's database. Where only what is hidden differs, a key
    /// or a piece of the path that looks like one, nobody can tell whether another is behind it: it counts as the same.
    fn receiver(&self) -> (&str, String, Option<&str>) {
        let place = self.place();
        let place = place.split(['?', '#']).next().unwrap_or_default();
        let place = match place.split_once("://") {
            Some((scheme, rest)) => format!("{scheme}://{}", rest.strip_prefix("***@").unwrap_or(rest)),
            None => place.to_owned(),
        };
        let database = self.odoo.as_ref().map(|odoo| odoo.database.as_str());
        (&self.kind, place.trim_end_matches('/').to_owned(), database)
    }

    /// As a row keeps them.
    pub(crate) fn json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Damaged { what: "sink", detail: error.to_string() })
    }

    /// As the audit trail keeps them.
    fn audited(&self) -> Result<String, Error> {
        // The entry has its time.
        Self { url: self.place(), given_us: 0, ..self.clone() }.json()
    }

    /// Whether a judged day is told.
    fn wants(&self, day: &Day) -> Result<bool, Error> {
        if self.all_days {
            return Ok(true);
        }
        let record = record(day)?;
        Ok(record.first_in.is_some() || record.last_out.is_some())
    }
}

/// What a day is for a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It is judged, and told.
    Told,
    /// It is not judged: nothing is said of it.
    Deferred,
    /// There is no day to be told of.
    Gone,
}

impl Standing {
    fn of(day: Option<&Day>, settings: &SinkSettings) -> Result<Self, Error> {
        let Some(day) = day else { return Ok(Self::Gone) };
        if day.status == attendance::Status::Deferred.as_str() {
            return Ok(Self::Deferred);
        }
        Ok(if settings.wants(day)? { Self::Told } else { Self::Gone })
    }
}

/// Notes for each sink what becomes known of days in one transaction.
#[derive(Debug)]
pub(crate) struct Pending {
    sinks: Vec<(String, SinkSettings)>,
    seq: Option<i64>,
    scribe: Scribe,
}

impl Pending {
    pub(crate) fn new(read: &Read<'_>) -> Result<Self, Error> {
        let sinks = read.sinks()?;
        let sinks = sinks.into_iter().map(|sink| Ok((sink.name.clone(), SinkSettings::read(&sink)?)));
        Ok(Self { sinks: sinks.collect::<Result<_, Error>>()?, seq: None, scribe: Scribe::default() })
    }

    /// Notes a day whose record is as before, and was made of something else: its pairs may be others. Sinks that are not told of pairs,
    /// or not of this day, hear nothing; whether anything changed for the others is seen when it is to be sent.
    pub(crate) fn note_pairs(&mut self, write: &Write<'_>, day: &Day, now: Timestamp) -> Result<(), Error> {
        let key = (day.employee, day.date);
        let mut are_told = false;
        for (sink, settings) in self.sinks.iter().filter(|(_, settings)| settings.kind == ODOO) {
            are_told = true;
            let is_known = write.outbox_entries(sink, &[key])?.pop().flatten().is_some();
            if is_known && Standing::of(Some(day), settings)? == Standing::Told {
                let seq = self.seq.map_or_else(|| write.next_outbox_seq(), Ok)?;
                self.seq = Some(seq);
                write.tell(sink, key, seq, now.as_microsecond())?;
            }
        }
        // Nobody else looks at it.
        if are_told { Ok(write.keep_inputs(day)?) } else { Ok(()) }
    }

    /// Notes what a day is now.
    pub(crate) fn note(
        &mut self,
        write: &Write<'_>,
        key: (i64, Date),
        day: Option<&Day>,
        now: Timestamp,
    ) -> Result<(), Error> {
        for (sink, settings) in &self.sinks {
            let standing = Standing::of(day, settings)?;
            if settings.mode == Mode::Event {
                self.scribe.note(write, sink, key, (standing, day), &mut self.seq, now)?;
                continue;
            }
            let was_offered = || -> Result<bool, Error> {
                let entry = write.outbox_entries(sink, &[key])?.pop().flatten();
                Ok(entry.is_some_and(|entry| entry.offered > 0))
            };
            if standing == Standing::Told || (standing == Standing::Gone && was_offered()?) {
                let seq = self.seq.map_or_else(|| write.next_outbox_seq(), Ok)?;
                self.seq = Some(seq);
                write.tell(sink, key, seq, now.as_microsecond())?;
            } else {
                write.withhold(sink, key)?;
            }
        }
        Ok(())
    }
}

/// Place of a sink's token among the secrets.
fn token_place(sink: &str) -> String {
    format!("sink {sink}")
}

/// Place of the secret that a sink's records are signed with.
fn signing_place(sink: &str) -> String {
    format!("signature of sink {sink}")
}
