//! Lines of the reply to a poll, written and read.

use std::fmt;

use super::{Command, CommandError};
use crate::dialect::Dialect;

/// Longest reply to a poll that every known terminal takes, in bytes.
pub const MAX_REPLY_BYTES: usize = 40 * 1024;
/// Most commands in one reply. Fewer are kinder: one to fifty.
pub const MAX_REPLY_COMMANDS: usize = 200;

/// A command with its id: a line of the reply to a poll. Its text may hold a password; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    id: String,
    text: String,
    is_reboot: bool,
}

impl CommandLine {
    /// Checks id and texts, and writes the command as the dialect has it.
    ///
    /// # Errors
    /// [`CommandError`]: what is wrong with which text, or that the dialect has no such command; nothing was sent.
    pub fn new(id: impl Into<String>, command: &Command, dialect: Dialect) -> Result<Self, CommandError> {
        let id = id.into();
        if !matches!(id.len(), 1..=16) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(CommandError::Id(id.escape_debug().to_string()));
        }
        let line = Self { id, text: command.text(dialect)?, is_reboot: *command == Command::Reboot };
        match line.len() {
            0..=MAX_REPLY_BYTES => Ok(line),
            length => Err(CommandError::TooLong(length)),
        }
    }

    /// The id, which the result will carry.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes in a reply: `C:`, `:` and the line feed.
    fn len(&self) -> usize {
        self.id.len() + self.text.len() + 4
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C:{}:{}", self.id, self.text)
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandLine").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The reply to a poll: `OK`, or the commands one per line, restarts last. Commands beyond [`MAX_REPLY_BYTES`] and
/// [`MAX_REPLY_COMMANDS`] are left out; the ids of those that are in it come with the text, for the queue to mark them as
/// sent.
pub fn reply(commands: &[CommandLine]) -> (String, Vec<&str>) {
    let (last, first): (Vec<_>, Vec<_>) = commands.iter().partition(|line| line.is_reboot);
    let mut text = String::new();
    let mut sent = Vec::new();
    for command in first.into_iter().chain(last).take(MAX_REPLY_COMMANDS) {
        if text.len() + command.len() > MAX_REPLY_BYTES {
            break;
        }
        text.extend([&*command.to_string(), "\n"]);
        sent.push(command.id());
    }
    if sent.is_empty() {
        crate::reply::OK.clone_into(&mut text);
    }
    (text, sent)
}

/// The commands in a reply as a terminal reads them: (id, command). Lines of another form are left out.
pub fn read(reply: &str) -> impl Iterator<Item = (&str, &str)> {
    reply.lines().filter_map(|line| line.trim_end_matches('\r').strip_prefix("C:")?.split_once(':'))
}
