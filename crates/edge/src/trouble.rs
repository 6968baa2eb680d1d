//! Why a terminal on port 4370 was not read, told apart by what a person has to do about it. The texts are shown on the
//! hub's pages and on the command line: what happened, to which terminal, and the cure.

use std::io::ErrorKind;

use crate::spool::SpoolError;

/// Why a terminal did not give what was wanted of it.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nobody listens there.
    #[error(
        "{address} refused the connection; check the address, and that no other program is connected to the terminal"
    )]
    Refused {
        /// Where it was called.
        address: String,
    },
    /// No answer, or not the whole one in time.
    #[error("{address} did not answer in time; check that the terminal is switched on and reachable")]
    TimedOut {
        /// Where it was called.
        address: String,
    },
    /// The terminal has another comm key.
    #[error(
        "{address} refused the comm key; write the key that the terminal shows under Comm > Connection into a file, and give that with --comm-key-file"
    )]
    WrongKey {
        /// Where it was called.
        address: String,
    },
    /// The address belongs to another terminal now; its punches must not get this one's name.
    #[error(
        "at {address} answers terminal {found}, not {wanted}; correct the address or the serial (`punchclock terminal discover` finds terminals by their serial)"
    )]
    AnotherTerminal {
        /// Where it was called.
        address: String,
        /// The serial that it tells.
        found: String,
        /// The serial that was expected.
        wanted: String,
    },
    /// It does not say who it is, so its punches could be another terminal's.
    #[error(
        "the terminal at {address} does not tell its serial, so it may be another one than {wanted}; have it push, or import its exported log"
    )]
    Nameless {
        /// Where it was called.
        address: String,
        /// The serial that was expected.
        wanted: String,
    },
    /// A search of the network did not find it either.
    #[error("{trouble}; a search of the network did not find terminal {serial} either")]
    Missing {
        /// The serial that was searched for.
        serial: String,
        /// What happened at its address.
        trouble: Box<Trouble>,
    },
    /// Fewer records came than the terminal said it has.
    #[error("only {read} of {told} records came; the next poll reads them again")]
    Incomplete {
        /// Records that came, which are stored.
        read: usize,
        /// Records that it has.
        told: u32,
        /// How many of those that came were new.
        new: usize,
    },
    /// Locked firmware, no terminal, a line that broke, and whatever else can happen: their texts tell cause and cure
    /// themselves.
    #[error("{address}: {error}")]
    Terminal {
        /// Where it was called.
        address: String,
        /// What happened.
        error: zk::Error,
    },
    /// The spool took a part of the log, and has no room for the rest now.
    #[error("{taken} of {read} records are stored, the next poll goes on behind them: {full}")]
    NoRoom {
        /// Records that are stored.
        taken: usize,
        /// Records that came.
        read: usize,
        /// How many of those that are stored were new.
        new: usize,
        /// What it lacks, with the cure.
        full: SpoolError,
    },
    /// The records could not be stored.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl Trouble {
    /// Whether it may be that another program is connected: a terminal serves one at a time (zk 1).
    pub fn may_be_taken(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::TimedOut { .. } => true,
            Self::Terminal { error, .. } => {
                matches!(error, zk::Error::Io { .. } | zk::Error::TimedOut { .. } | zk::Error::Closed { .. })
            }
            _ => false,
        }
    }

    /// What a failed connection means.
    pub fn of_connecting(address: &str, error: zk::Error) -> Self {
        let at = address.to_owned();
        match error {
            zk::Error::Io { source, .. } if source.kind() == ErrorKind::ConnectionRefused => {
                Self::Refused { address: at }
            }
            zk::Error::Io { source, .. } if source.kind() == ErrorKind::TimedOut => Self::TimedOut { address: at },
            zk::Error::TimedOut { .. } => Self::TimedOut { address: at },
            zk::Error::WrongKey => Self::WrongKey { address: at },
            // Most terminals speak TCP, so what came of that is the better hint.
            zk::Error::Unanswered { tcp, .. } => Self::of_connecting(address, *tcp),
            error => Self::Terminal { address: at, error },
        }
    }

    /// What a failure in the middle of a conversation means.
    pub fn of_talking(address: &str, error: zk::Error) -> Self {
        Self::Terminal { address: address.to_owned(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(error: zk::Error) -> String {
        Trouble::of_connecting("10.0.0.9:4370", error).to_string()
    }

    fn io(kind: ErrorKind) -> zk::Error {
        zk::Error::Io { doing: "connecting", source: kind.into() }
    }

    #[test]
    fn each_failure_has_a_cure_of_its_own() {
        for (error, words) in [
            (io(ErrorKind::ConnectionRefused), "refused the connection; check the address"),
            (io(ErrorKind::TimedOut), "did not answer in time; check that the terminal is switched on"),
            (io(ErrorKind::HostUnreachable), "the network failed while connecting: host unreachable; check"),
            (
                zk::Error::TimedOut { doing: "connecting" },
                "did not answer in time; check that the terminal is switched on",
            ),
            (zk::Error::WrongKey, "refused the comm key; write the key"),
            (
                zk::Error::Locked { code: zk::Code::LOCKED },
                "keeps this protocol locked (it answered 6001 (classic protocol disabled)); use push",
            ),
            (
                zk::Error::NotATerminal { seen: b"HTTP/1.1 400".to_vec() },
                "a web server answered; enter the terminal's own",
            ),
            (zk::Error::Closed { doing: "connecting" }, "serves one program at a time"),
        ] {
            let said = said(error);
            assert!(said.starts_with("10.0.0.9:4370") && said.contains(words), "{said}");
        }
    }

    #[test]
    fn of_two_ways_the_usual_one_is_the_hint() {
        let (tcp, udp) =
            (Box::new(io(ErrorKind::ConnectionRefused)), Box::new(zk::Error::TimedOut { doing: "connecting" }));
        assert!(said(zk::Error::Unanswered { tcp, udp }).contains("refused the connection"));
    }
}
