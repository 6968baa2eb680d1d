//! Commands that a terminal fetches (adms 7): one line each, `C:<id>:<command>`.

use std::fmt;

/// Longest reply to a poll that every known terminal takes, in bytes.
pub const MAX_REPLY_BYTES: usize = 40 * 1024;

/// A command. Remote code and files (`SHELL`, `PutFile`, `UPGRADE`) are deliberately not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read the settings again; tables whose cursor is 0 are uploaded again.
    Check,
    /// Send all options.
    Info,
    /// Look for new data now.
    Log,
    /// Upload the punches of a span; both ends printed local time `YYYY-MM-DD HH:MM:SS`, inclusive.
    QueryAttLog {
        /// First second.
        from: String,
        /// Last second.
        to: String,
    },
    /// Upload the user table; the lines arrive in OPERLOG.
    QueryUsers,
    /// Restart. The rest of the same reply is lost: it goes last.
    Reboot,
}

/// Why a command can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Ids are 1 to 16 ASCII letters and digits; numbers are the most portable.
    #[error("`{0}` is no command id: use 1 to 16 letters and digits")]
    Id(String),
    /// A tab, line break or NUL in a text would end the field or start another command.
    #[error("`{0}` has a tab, line break or NUL in it: a terminal would read it as another command")]
    Text(String),
}

/// A command with its id: a line of the reply to a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    id: String,
    text: String,
    is_reboot: bool,
}

impl CommandLine {
    /// Checks id and texts.
    ///
    /// # Errors
    /// [`CommandError`]: what is wrong with which text; nothing was sent.
    pub fn new(id: impl Into<String>, command: &Command) -> Result<Self, CommandError> {
        let id = id.into();
        if !matches!(id.len(), 1..=16) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(CommandError::Id(id));
        }
        let text = match command {
            Command::Check => "CHECK".to_owned(),
            Command::Info => "INFO".to_owned(),
            Command::Log => "LOG".to_owned(),
            Command::QueryAttLog { from, to } => {
                format!("DATA QUERY ATTLOG StartTime={}\tEndTime={}", safe(from)?, safe(to)?)
            }
            Command::QueryUsers => "DATA QUERY USERINFO".to_owned(),
            Command::Reboot => "REBOOT".to_owned(),
        };
        Ok(Self { id, text, is_reboot: *command == Command::Reboot })
    }

    /// The id, which the result will carry.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C:{}:{}", self.id, self.text)
    }
}

fn safe(text: &str) -> Result<&str, CommandError> {
    if text.contains(['\t', '\r', '\n', '\0']) {
        return Err(CommandError::Text(text.escape_debug().to_string()));
    }
    Ok(text)
}

/// The reply to a poll: `OK`, or the commands one per line, restarts last. Commands beyond [`MAX_REPLY_BYTES`] are left
/// out; the ids of those that are in it come with the text, for the queue to mark them as sent.
pub fn reply(commands: &[CommandLine]) -> (String, Vec<&str>) {
    let (last, first): (Vec<_>, Vec<_>) = commands.iter().partition(|line| line.is_reboot);
    let mut text = String::new();
    let mut sent = Vec::new();
    for command in first.into_iter().chain(last) {
        let line = format!("{command}\n");
        if text.len() + line.len() > MAX_REPLY_BYTES {
            break;
        }
        text.push_str(&line);
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
