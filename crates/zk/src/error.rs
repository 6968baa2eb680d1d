//! What can go wrong between a client and a terminal. Each message says what happened and what to do; the caller adds which
//! terminal it was.

use crate::code::Code;

/// Why the terminal did not give what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The terminal understood and said no; asking again changes nothing (zk 12).
    #[error("the terminal refused command {command}: it answered {code}; this model may not support it")]
    Refused {
        /// What was asked.
        command: Code,
        /// What was answered.
        code: Code,
    },
    /// AUTH was refused (zk 4).
    #[error("the terminal refused the comm key; set the key that its menu shows under Comm > Connection (0 when none)")]
    WrongKey,
    /// Firmware that has the classic protocol switched off (zk 11).
    #[error(
        "the terminal's firmware keeps this protocol locked (it answered {code}); use push: enter this server under Comm > Cloud server (ADMS) on the terminal"
    )]
    Locked {
        /// What was answered.
        code: Code,
    },
    /// The terminal no longer knows the session.
    #[error("the terminal forgot the session (it answered {code} to command {command}); connect again", code = Code::ACK_UNAUTH)]
    SessionLost {
        /// What was asked.
        command: Code,
    },
    /// Something else listens at that address.
    #[error("what answered is not a terminal of this protocol (it sent {}); check address and port (usually 4370)", excerpt(.seen))]
    NotATerminal {
        /// The first bytes that came.
        seen: Vec<u8>,
    },
    /// Nothing came for the agreed time.
    #[error("the terminal fell silent while {doing}; check that it is switched on and reachable, then try again")]
    TimedOut {
        /// What was going on.
        doing: &'static str,
    },
    /// The other side ended the connection.
    #[error(
        "the terminal closed the connection while {doing}; it serves one program at a time, so check that no other one is connected, then try again"
    )]
    Closed {
        /// What was going on.
        doing: &'static str,
    },
    /// An earlier request on this connection was given up half-way, so replies can no longer be told apart.
    #[error("an earlier request to the terminal was given up half-way; connect again")]
    Interrupted,
    /// The network failed.
    #[error("the network failed while {doing}: {source}; check that the terminal is switched on and reachable")]
    Io {
        /// What was going on.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The terminal sent something that has no meaning, or none that can be trusted.
    #[error("the terminal sent something unreadable: {what} ({} bytes kept: {}); report the model and firmware with these bytes", .raw.len(), excerpt(.raw))]
    Corrupt {
        /// What is wrong with it.
        what: String,
        /// The bytes in question.
        raw: Vec<u8>,
    },
}

impl Error {
    pub(crate) fn corrupt(what: impl Into<String>, raw: &[u8]) -> Error {
        Error::Corrupt { what: what.into(), raw: raw.to_vec() }
    }

    /// Whether the connection is unusable after this error; after the others the session goes on.
    pub fn ends_connection(&self) -> bool {
        !matches!(self, Error::Refused { .. })
    }
}

/// The first bytes, as text where they are printable.
fn excerpt(bytes: &[u8]) -> String {
    let head = bytes.get(..bytes.len().min(24)).unwrap_or_default();
    let dots = if head.len() < bytes.len() { ".." } else { "" };
    format!("\"{}{dots}\"", head.escape_ascii())
}
