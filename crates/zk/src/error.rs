//! What can go wrong between a client and a terminal. Each message says what happened and what to do; the caller adds which
//! terminal it was.

use std::fmt;
use std::ops::Deref;

use crate::code::Code;
use crate::stranger;

/// Why the terminal did not give what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The terminal understood and said no; asking again changes nothing (zk 12).
    #[error("the terminal refused command {command}: it answered {code}; {}", cure(*.code))]
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
        "the terminal's firmware keeps this protocol locked (it answered {code}); use push (ADMS): enter this server under Comm > Cloud server on the terminal"
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
    /// What was to be written does not fit this terminal; nothing was sent.
    #[error("{what}")]
    Unfit {
        /// What does not fit, and what would.
        what: String,
    },
    /// The log is no longer the one whose records were confirmed; nothing was erased.
    #[error(
        "the terminal's log is no longer the one that was confirmed ({proven} records then, {} now); nothing was erased: read the log again, confirm it, then clear it", .found.map_or_else(|| "an unknown number".to_owned(), |found| found.to_string())
    )]
    LogChanged {
        /// Records of the proof.
        proven: usize,
        /// Records that the terminal says it has now.
        found: Option<u32>,
    },
    /// The proof is of another terminal's log; nothing was erased.
    #[error("this is terminal {found}, and the log of {wanted} was confirmed; nothing was erased: connect to that one")]
    AnotherTerminal {
        /// The serial that this terminal tells.
        found: String,
        /// The serial of the proof.
        wanted: String,
    },
    /// More events came than were taken; the log has the punches among them.
    #[error("{count} real-time events were lost because nobody took them; read the log for the punches among them")]
    EventsLost {
        /// How many.
        count: u64,
    },
    /// Something else listens at that address.
    #[error("{} (it sent {})", stranger::description(.seen), excerpt(.seen))]
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
    /// Neither TCP nor UDP reached a terminal.
    #[error(
        "no terminal answered (over TCP: {}; over UDP: {}); check that it is switched on, and the address and port (usually 4370)", outcome(.tcp), outcome(.udp)
    )]
    Unanswered {
        /// What came of TCP.
        tcp: Box<Error>,
        /// What came of UDP.
        udp: Box<Error>,
    },
    /// The terminal sent something that has no meaning, or none that can be trusted. Nothing of it is used.
    #[error("the terminal sent something unreadable: {what} ({} bytes are kept); report the model and firmware with these bytes", .raw.len())]
    Corrupt {
        /// What is wrong with it.
        what: String,
        /// All that came of the reply or the data set; empty for tables that hold passwords or templates.
        raw: Kept,
    },
}

impl Error {
    pub(crate) fn corrupt(what: impl Into<String>, raw: &[u8]) -> Error {
        Error::Corrupt { what: what.into(), raw: Kept(raw.to_vec()) }
    }

    pub(crate) fn unfit(what: impl Into<String>) -> Error {
        Error::Unfit { what: what.into() }
    }

    /// Whether nobody was there, as far as one way to connect can tell.
    #[cfg(feature = "client")]
    pub(crate) fn is_unreached(&self) -> bool {
        matches!(self, Error::Io { .. } | Error::TimedOut { .. } | Error::Closed { .. })
    }

    /// Whether the connection is unusable after this error; after the others the session goes on.
    pub fn ends_connection(&self) -> bool {
        !matches!(
            self,
            Error::Refused { .. }
                | Error::Unfit { .. }
                | Error::LogChanged { .. }
                | Error::AnotherTerminal { .. }
                | Error::EventsLost { .. }
        )
    }
}

/// Bytes kept for support. Printed as their number: there may be megabytes of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept(Vec<u8>);

impl Kept {
    /// The bytes, to be stored.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Kept {
    fn from(bytes: Vec<u8>) -> Kept {
        Kept(bytes)
    }
}

impl Deref for Kept {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What to do about a refusal (zk 3).
fn cure(refusal: Code) -> &'static str {
    match refusal {
        Code::TABLE_FULL | Code::NO_MEMORY | Code::SESSION_OVERFLOW | Code::SESSION_BUFFER => {
            "make room on the terminal, or ask for less at once"
        }
        Code::ADD_FAILED | Code::UPDATE_FAILED | Code::READ_FAILED | Code::DELETE_FAILED | Code::NO_DATA => {
            "check that what it is about is on the terminal"
        }
        Code::OPTION_READ_FAILED | Code::OPTION_WRITE_FAILED => "this model may not have the option",
        Code::BAD_PARAMETER | Code::BAD_LENGTH | Code::DATA_ERROR | Code::COMMAND_ERROR => {
            "this model takes it in another form; report the model and firmware"
        }
        Code::FILE_MISSING | Code::FILE_READ_FAILED | Code::FILE_WRITE_FAILED | Code::HASH_FAILED => {
            "restart the terminal; its storage may be damaged"
        }
        Code::NOT_INITIALISED => "wait until the terminal has started, then try again",
        _ => "this model may not support it",
    }
}

/// What came of one way to connect, in short.
fn outcome(error: &Error) -> String {
    match error {
        Error::Io { source, .. } => source.to_string(),
        Error::TimedOut { .. } => "no answer".to_owned(),
        Error::Closed { .. } => "the connection was closed".to_owned(),
        other => other.to_string(),
    }
}

/// The first bytes, as text where they are printable.
fn excerpt(bytes: &[u8]) -> String {
    let head = bytes.get(..bytes.len().min(24)).unwrap_or_default();
    let dots = if head.len() < bytes.len() { ".." } else { "" };
    format!("\"{}{dots}\"", head.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_firmware_error_says_what_it_means_and_what_to_do() {
        for code in (4982..=4999).map(Code).filter(|code| *code != Code::SESSION_MEMORY) {
            let told = Error::Refused { command: Code::USER_WRITE, code }.to_string();
            assert!(told.contains(code.meaning().unwrap()), "{told}");
            assert!(!told.ends_with("may not support it"), "{told}");
        }
        assert_eq!(
            Error::Refused { command: Code::USER_WRITE, code: Code::TABLE_FULL }.to_string(),
            "the terminal refused command 8 (write a user): it answered 4990 (table full); make room on the terminal, or ask for less at once"
        );
    }

    #[test]
    fn locked_firmware_says_use_push() {
        for code in [Code::LOCKED, Code::SESSION_MEMORY] {
            assert!(Error::Locked { code }.to_string().contains("use push (ADMS)"));
        }
    }
}
