//! What `table=OPERLOG` multiplexes, and the tables whose lines have the same form (USERINFO, BIODATA, ERRORLOG, IDCARD):
//! a tag, a blank, and a payload (adms 6.2, 6.3, 6.5).

mod biometric;
mod error;
mod operation;
mod user;

use crate::line::{self, BadLine, BadLineReason};
use crate::text;

pub use biometric::{Biometric, BiometricKind, BiometricType};
pub use error::ErrorLine;
pub use operation::{Operation, alarm_reason};
pub use user::{UserLine, card};

/// One tagged line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperLine<'a> {
    /// An operation on the terminal (`OPLOG`, adms appendix B).
    Operation(Operation<'a>),
    /// A user of the terminal (`USER`). Terminals re-send their whole table: treat it as "insert or update".
    User(UserLine<'a>),
    /// A template or picture. It is recognised so that it can be counted; attendance does not need it, and it is personal
    /// data of a special kind (adms 11): drop it.
    Biometric(Biometric<'a>),
    /// The data of a national identity card (`IDCARD`): not even its fields are read here. Drop it.
    IdCard,
    /// Something went wrong on the terminal (`ERRORLOG`).
    Error(ErrorLine<'a>),
    /// A tag that this crate does not know: skip and count.
    Unknown {
        /// The tag, up to the first blank.
        tag: &'a [u8],
    },
}

/// The lines of a body, in order.
pub fn lines(body: &[u8]) -> impl Iterator<Item = Result<OperLine<'_>, BadLine<'_>>> {
    line::lines(body).map(OperLine::read)
}

impl<'a> OperLine<'a> {
    /// Reads one tagged line. Tags and keys may have any case.
    ///
    /// # Errors
    /// An OPLOG line with fewer than three columns or a type that is no number; a USER line without user number.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadLine<'a>> {
        let line = text::trim(bytes);
        let tag_end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
        let (tag, payload) = line.split_at(tag_end);
        let payload = payload.get(1..).unwrap_or_default();
        let is = |name: &str| tag.eq_ignore_ascii_case(name.as_bytes());
        Ok(if is("OPLOG") {
            let operation = Operation::read(payload);
            Self::Operation(operation.ok_or(BadLine { bytes, reason: BadLineReason::TooFewColumns })?)
        } else if is("USER") || is("USERINFO") {
            Self::User(UserLine::read(bytes, payload).ok_or(BadLine { bytes, reason: BadLineReason::NoUserNumber })?)
        } else if let Some(kind) = BiometricKind::of_tag(tag) {
            Self::Biometric(Biometric::read(kind, payload))
        } else if is("IDCARD") {
            Self::IdCard
        } else if is("ERRORLOG") {
            Self::Error(ErrorLine::read(payload))
        } else {
            Self::Unknown { tag }
        })
    }
}
