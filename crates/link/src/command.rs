//! What an operator asks of a terminal, and what became of it. One that pushes fetches it; the users of one that is polled are written
//! by the edge when it reads it.
//!
//! Invariants:
//! * The hub gives each command a number that never comes again; the same number is the same command, however often an
//!   order or a report arrives.
//! * An edge reports each change until a heartbeat that carried it was answered. The hub takes a report only if it is
//!   later in the life of the command ([`CommandState::may_follow`]), so that repeated and reordered reports change nothing.
//! * Commands that run code, move files, erase logs or open doors do not exist here, so nobody can ask for one.

use std::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::Via;

/// Most orders in one answer to a heartbeat; the next answer brings more.
pub const MAX_ORDERS: usize = 100;
/// Most reports in one heartbeat; the next one brings more.
pub const MAX_REPORTS: usize = 50;
/// Longest text of a result, in bytes; what is longer is cut.
pub const MAX_RESULT_BYTES: usize = 16 << 10;
/// Longest text that a command may carry, in characters.
const MAX_TEXT: usize = 200;

/// A command. All of them may be done twice without harm, because a terminal may restart before it tells the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum TerminalCommand {
    /// Tell all options; they stand in the result.
    Info,
    /// Read the settings again.
    Check,
    /// Upload the whole log and the users again. What is known already changes nothing.
    UploadAgain,
    /// Upload the punches of a span again; both ends on the terminal's own face, inclusive.
    SendPunches {
        /// First second.
        from: DateTime,
        /// Last second.
        to: DateTime,
    },
    /// Count the punches of a span; the number stands in the result.
    CountPunches {
        /// First second.
        from: DateTime,
        /// Last second.
        to: DateTime,
    },
    /// Upload the user table.
    SendUsers,
    /// Create a user, or replace the record of one: by push the whole of it, over port 4370 what is given.
    PutUser(TerminalPerson),
    /// Give a user whom the terminal has another name; all the rest of the record stays. Only port 4370 can.
    RenameUser {
        /// User number.
        user: String,
        /// New name.
        name: String,
    },
    /// Delete a user with its templates.
    DeleteUser {
        /// User number.
        user: String,
    },
    /// Tell one option; it stands in the result. Access terminals tell no others.
    GetOption {
        /// Its name.
        name: String,
    },
    /// Change one option.
    SetOption {
        /// Its name.
        name: String,
        /// Its new value.
        value: String,
    },
    /// Restart.
    Reboot,
    /// A command of a newer hub: this edge refuses it.
    #[serde(other)]
    Unknown,
}

/// A user as it is written to a terminal. A password is set at the terminal itself: it would stand in clear in the
/// database and on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalPerson {
    /// User number.
    pub user: String,
    /// Name shown at the terminal; may be empty.
    #[serde(default)]
    pub name: String,
    /// Card number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<u64>,
    /// May change the terminal's settings.
    #[serde(default)]
    pub is_administrator: bool,
}

/// Why a command can't be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// A terminal would read what follows as another field or another command.
    #[error("the {field} `{text}` has a tab, a line break or another control character in it; leave it out")]
    Control {
        /// Which text.
        field: &'static str,
        /// The text, escaped.
        text: String,
    },
    /// Nothing was given where something is needed.
    #[error("the {0} is empty; give one")]
    Empty(&'static str),
    /// Longer than any terminal takes.
    #[error("the {0} is longer than {MAX_TEXT} characters; shorten it")]
    TooLong(&'static str),
    /// The span ends before it begins.
    #[error("the span ends at {to}, before it begins at {from}; turn the times round")]
    Span {
        /// Its beginning.
        from: DateTime,
        /// Its end.
        to: DateTime,
    },
    /// The value would stand in clear in the database and in the audit trail.
    #[error("option {0} is a password or a key; set it in the terminal's own menu")]
    Secret(String),
    /// This version does not know the command.
    #[error("this version of the edge does not know the command; update the edge")]
    Unknown,
}

impl TerminalCommand {
    /// The word for it in tables and on the command line.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Check => "check",
            Self::UploadAgain => "upload-again",
            Self::SendPunches { .. } => "punches",
            Self::CountPunches { .. } => "count",
            Self::SendUsers => "users",
            Self::PutUser(_) => "put-user",
            Self::RenameUser { .. } => "rename-user",
            Self::DeleteUser { .. } => "delete-user",
            Self::GetOption { .. } => "get-option",
            Self::SetOption { .. } => "set-option",
            Self::Reboot => "reboot",
            Self::Unknown => "unknown",
        }
    }

    /// Whether an edge does it by itself when it reads a terminal of this kind over port 4370. Everything else waits until the terminal
    /// fetches it.
    pub const fn is_done_on_visit(&self, via: Via) -> bool {
        match self {
            Self::PutUser(_) | Self::DeleteUser { .. } => matches!(via, Via::Poll),
            Self::RenameUser { .. } => via.polls(),
            _ => false,
        }
    }

    /// Whether it may be asked for: no text in it could be read as something else.
    ///
    /// # Errors
    /// [`BadCommand`]: what is wrong with which part, and the cure.
    pub fn check(&self) -> Result<(), BadCommand> {
        match self {
            Self::Info | Self::Check | Self::UploadAgain | Self::SendUsers | Self::Reboot => Ok(()),
            Self::SendPunches { from, to } | Self::CountPunches { from, to } if to < from => {
                Err(BadCommand::Span { from: *from, to: *to })
            }
            Self::SendPunches { .. } | Self::CountPunches { .. } => Ok(()),
            Self::PutUser(person) => {
                needed("user number", &person.user)?;
                safe("name", &person.name)
            }
            Self::RenameUser { user, name } => {
                needed("user number", user)?;
                needed("name", name)
            }
            // Without a number some firmware deletes everybody (adms 7).
            Self::DeleteUser { user } => needed("user number", user),
            Self::GetOption { name } => needed("name of the option", name),
            Self::SetOption { name, value } => {
                needed("name of the option", name)?;
                if is_secret_option(name) {
                    return Err(BadCommand::Secret(name.clone()));
                }
                safe("value", value)
            }
            Self::Unknown => Err(BadCommand::Unknown),
        }
    }
}

/// The command in a few words, for people and for the audit trail.
impl fmt::Display for TerminalCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Info => f.write_str("tell all options"),
            Self::Check => f.write_str("read the settings again"),
            Self::UploadAgain => f.write_str("upload the whole log again"),
            Self::SendPunches { from, to } => write!(f, "upload the punches from {} to {}", face(*from), face(*to)),
            Self::CountPunches { from, to } => write!(f, "count the punches from {} to {}", face(*from), face(*to)),
            Self::SendUsers => f.write_str("upload the user table"),
            Self::PutUser(person) if person.name.is_empty() => write!(f, "write user {}", person.user),
            Self::PutUser(person) => write!(f, "write user {} ({})", person.user, person.name),
            Self::RenameUser { user, name } => write!(f, "rename user {user} to {name}"),
            Self::DeleteUser { user } => write!(f, "delete user {user}"),
            Self::GetOption { name } => write!(f, "tell option {name}"),
            Self::SetOption { name, value } => write!(f, "set option {name} to {value}"),
            Self::Reboot => f.write_str("restart"),
            Self::Unknown => f.write_str("a command of a newer version"),
        }
    }
}

fn face(at: DateTime) -> impl fmt::Display {
    at.strftime("%Y-%m-%d %H:%M:%S")
}

/// Whether an option holds a password or a key, by its name. Its value is neither written nor kept.
pub fn is_secret_option(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "key", "secret", "psk", "token"].iter().any(|part| name.contains(part))
}

fn needed(field: &'static str, text: &str) -> Result<(), BadCommand> {
    if text.trim().is_empty() {
        return Err(BadCommand::Empty(field));
    }
    safe(field, text)
}

fn safe(field: &'static str, text: &str) -> Result<(), BadCommand> {
    if text.chars().any(char::is_control) {
        return Err(BadCommand::Control { field, text: text.escape_debug().to_string() });
    }
    if text.chars().count() > MAX_TEXT {
        return Err(BadCommand::TooLong(field));
    }
    Ok(())
}

/// How far a command has come. Later states are greater, but a result is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// It waits at the hub for an edge that sees the terminal.
    Queued,
    /// An edge has it on its disk; the terminal has not fetched it yet.
    HandedOver,
    /// The terminal has fetched it; its result is awaited.
    Sent,
    /// It was not done in time, as far as is known. A result that comes late all the same replaces this.
    Expired,
    /// The terminal did it.
    Done,
    /// The terminal, or the edge, could not do it.
    Failed,
}

impl CommandState {
    /// All states, in the order of a command's life.
    pub const ALL: [Self; 6] = [Self::Queued, Self::HandedOver, Self::Sent, Self::Expired, Self::Done, Self::Failed];

    /// The word for it in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::HandedOver => "handed_over",
            Self::Sent => "sent",
            Self::Expired => "expired",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// True for what waits for something to happen.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::HandedOver | Self::Sent)
    }

    /// Whether a report of this state is later in the life of a command than `before`; a further delivery is as well, so
    /// that the number of deliveries counts where both are [`CommandState::Sent`]. The first result is the last word.
    pub fn may_follow(self, sent_times: u32, before: Self, sent_times_before: u32) -> bool {
        let is_final = matches!(before, Self::Done | Self::Failed);
        !is_final && (self, sent_times) > (before, sent_times_before)
    }
}

/// A command that an edge shall bring to a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOrder {
    /// The hub's number of it.
    pub id: i64,
    /// Serial of the terminal.
    pub serial: String,
    /// What it shall do.
    pub command: TerminalCommand,
    /// Seconds from now for which it may still be delivered: clocks of edge and hub need not agree.
    pub expires_in_s: i64,
}

/// What became of a command, as an edge saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReport {
    /// The hub's number of it.
    pub id: i64,
    /// How far it has come.
    pub state: CommandState,
    /// When it came so far, microseconds since the epoch, UTC, by the edge's clock.
    pub at_us: i64,
    /// How often the terminal fetched it, or the edge tried to do it.
    #[serde(default)]
    pub sent_times: u32,
    /// The terminal's return code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The result in words, or what is in its way, with the cure where there is one; options or counts that were asked for follow on lines of
    /// their own. At most [`MAX_RESULT_BYTES`].
    #[serde(default)]
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_back_and_one_of_a_newer_hub_is_known_as_such() {
        let person = TerminalPerson { user: "0012".into(), name: "Ann".into(), card: Some(7), is_administrator: false };
        let span = ("2026-01-05T00:00:00".parse().unwrap(), "2026-01-05T23:59:59".parse().unwrap());
        for command in [
            TerminalCommand::UploadAgain,
            TerminalCommand::SendPunches { from: span.0, to: span.1 },
            TerminalCommand::PutUser(person),
            TerminalCommand::RenameUser { user: "0012".into(), name: "Ann".into() },
        ] {
            let text = serde_json::to_string(&command).unwrap();
            assert_eq!(serde_json::from_str::<TerminalCommand>(&text).unwrap(), command, "{text}");
        }
        let newer = serde_json::from_str::<TerminalCommand>(r#"{"do":"dance","how":"slowly"}"#).unwrap();
        assert_eq!(newer.check(), Err(BadCommand::Unknown));
    }

    #[test]
    fn what_a_terminal_would_misread_is_refused_with_the_cure() {
        let option =
            |name: &str, value: &str| TerminalCommand::SetOption { name: name.to_owned(), value: value.to_owned() };
        let refused = [
            option("Delay", "5\tSHELL"),
            option("Delay", "5\nC:9:REBOOT"),
            option("Delay", "5\0"),
            option("", "5"),
            option("ComKey", "1234"),
            TerminalCommand::DeleteUser { user: " ".to_owned() },
            TerminalCommand::RenameUser { user: "1".to_owned(), name: String::new() },
            TerminalCommand::PutUser(TerminalPerson { name: "x".repeat(201), user: "1".into(), ..Default::default() }),
            TerminalCommand::CountPunches {
                from: "2026-01-06T00:00:00".parse().unwrap(),
                to: "2026-01-05T00:00:00".parse().unwrap(),
            },
        ];
        for command in refused {
            let error = command.check().unwrap_err().to_string();
            assert!(error.contains(';'), "{error} tells no cure");
        }
        assert_eq!(option("Delay", "5").check(), Ok(()));
    }

    #[test]
    fn users_are_written_on_a_visit_where_nothing_is_fetched_and_renamed_wherever_one_is_made() {
        let put = TerminalCommand::PutUser(TerminalPerson { user: "1".into(), ..Default::default() });
        let rename = TerminalCommand::RenameUser { user: "1".into(), name: "Ann".into() };
        let on_visit =
            |command: &TerminalCommand| [Via::Push, Via::Poll, Via::Both].map(|via| command.is_done_on_visit(via));
        assert_eq!(on_visit(&put), [false, true, false]);
        assert_eq!(on_visit(&TerminalCommand::DeleteUser { user: "1".into() }), [false, true, false]);
        assert_eq!(on_visit(&rename), [false, true, true]);
        assert_eq!(on_visit(&TerminalCommand::Info), [false; 3]);
    }

    #[test]
    fn a_result_is_final_and_only_a_result_follows_expiry() {
        use CommandState::{Done, Expired, Failed, HandedOver, Queued, Sent};
        assert!(HandedOver.may_follow(0, Queued, 0) && Sent.may_follow(1, Queued, 0));
        assert!(!HandedOver.may_follow(0, Sent, 1), "it comes late");
        assert!(Sent.may_follow(2, Sent, 1) && !Sent.may_follow(1, Sent, 1), "a further delivery");
        assert!(Done.may_follow(1, Expired, 1) && !Sent.may_follow(3, Expired, 1), "a late result");
        assert!(!Failed.may_follow(2, Done, 1) && !Done.may_follow(1, Failed, 1), "the first result stands");
    }
}
