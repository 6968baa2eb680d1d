//! What a source said about one recognition event, and the identity that follows from it.
//!
//! Invariants:
//! * A [`RawPunch`] holds what the source *said*, unchanged: no zone, no instant, no employee.
//! * [`RawPunch::fingerprint`] is the only way to an identity, on the edge and on the hub; every road goes through it
//!   (punch identity, whole document). State, verification method and channel are not part of it.

pub mod attlog;
mod identity;
mod printed_time;

use serde::{Deserialize, Serialize};

pub use identity::{Fingerprint, NotAFingerprint};
pub use printed_time::PrintedTime;

/// The road on which a copy of a punch arrived (rules 5.2). Never part of the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The terminal posted it (ADMS).
    Push,
    /// It was read from the terminal's log (port 4370).
    Poll,
    /// A file: a terminal's export, or a table.
    File,
    /// A row of another system's database.
    Sql,
    /// A program sent it.
    Api,
}

impl Channel {
    /// The word for it in tables and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Poll => "poll",
            Self::File => "file",
            Self::Sql => "sql",
            Self::Api => "api",
        }
    }

    /// Whether what comes this way is a contact with the terminal itself.
    pub const fn is_contact(self) -> bool {
        matches!(self, Self::Push | Self::Poll)
    }
}

/// One punch as its source stated it (punch identity; rules 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPunch {
    /// The terminal's serial as reported, or `source:<name>/<reader>`.
    pub origin: String,
    /// The user number as text; leading zeros and letters kept. Empty when the line could not be read.
    pub user: String,
    /// The printed civil time of the terminal's own face.
    pub time: PrintedTime,
    /// Declared state code (rules 5.1); `None` when the source has none.
    pub state: Option<i32>,
    /// Verification method, as the source numbers it.
    pub verify: Option<i32>,
    /// Work code, as text.
    pub work_code: Option<String>,
    /// The original bytes of the line or record.
    pub original: Vec<u8>,
}

impl RawPunch {
    /// A punch whose line could not be understood: kept under the identity of its bytes, never dropped (rules 5.2).
    pub fn unreadable(origin: &str, line: &[u8]) -> Self {
        Self {
            origin: canonical_origin(origin).to_owned(),
            user: String::new(),
            time: PrintedTime::Raw(line.to_vec()),
            state: None,
            verify: None,
            work_code: None,
            original: line.to_vec(),
        }
    }

    /// The identity of this punch (rules 5.2).
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.origin, &self.user, &self.time)
    }

    /// True when neither a user number nor a time could be read.
    pub fn is_unreadable(&self) -> bool {
        self.user.is_empty() && matches!(self.time, PrintedTime::Raw(_))
    }
}

/// A serial as the identity wants it: trimmed of NUL and blanks, case kept.
pub fn canonical_origin(serial: &str) -> &str {
    serial.trim_matches(['\0', ' ', '\t', '\r', '\n'])
}

/// The origin of what a source says that is no terminal with a serial (punch identity, "origin"): its name, and the reader or door,
/// which is empty where the source tells none.
pub fn source_origin(source: &str, reader: &str) -> String {
    format!("{SOURCE}{}/{}", canonical_origin(source), canonical_origin(reader))
}

/// Whether an origin is that of a source, and no serial of a terminal (punch identity, "origin").
pub fn is_source(origin: &str) -> bool {
    origin.starts_with(SOURCE)
}

/// What the origin of every source begins with.
const SOURCE: &str = "source:";

/// A user number as the identity wants it: trimmed of NUL and ASCII blanks on both sides, everything else kept.
pub fn canonical_user(number: &str) -> &str {
    number.trim_matches(['\0', ' ', '\t', '\r', '\n'])
}
