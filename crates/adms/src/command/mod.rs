//! Commands that a terminal fetches (adms 7): one line each, `C:<id>:<command>`.
//!
//! What can't be said here can't be sent: there is no command that runs code or moves files (`SHELL`, `PutFile`,
//! `GetFile`, `UPGRADE`), none that erases (`CLEAR ...`), none that opens a door, and [`Command::DeleteUser`] needs a user
//! number. Every command may be done twice without harm, because terminals restart between delivery and result.

mod line;
mod user;

use crate::dialect::Dialect;
use crate::time::{CivilTime, PackedTime};

pub use line::{CommandLine, MAX_REPLY_BYTES, MAX_REPLY_COMMANDS, read, reply};
pub use user::{NotAPin, Pin, Privilege, UserRecord};

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read the settings again.
    Check,
    /// Upload the whole log again, and the users. Attendance: `CHECK`, which does it when the settings block then says
    /// [`sending_everything_again`](crate::HandshakeReply::sending_everything_again). Security: a query of the log.
    UploadAgain,
    /// Send all options; they are in the result.
    Info,
    /// Look for new data now.
    Log,
    /// Upload the punches of a span, both ends inclusive, in the terminal's local time. They arrive as ATTLOG; the result
    /// is -1 when there are none.
    QueryAttLog {
        /// First second.
        from: CivilTime,
        /// Last second.
        to: CivilTime,
    },
    /// Count the punches of a span; the result has `AttlogSum=` (spelling varies), see
    /// [`CommandResult::sum`](crate::CommandResult::sum).
    VerifyAttLog {
        /// First second.
        from: CivilTime,
        /// Last second.
        to: CivilTime,
    },
    /// Upload the user table; the lines arrive in OPERLOG (attendance) or `querydata` (security).
    QueryUsers,
    /// Upload one user.
    QueryUser(Pin),
    /// Create or replace a user.
    UpdateUser(UserRecord),
    /// Delete one user, with its templates.
    DeleteUser(Pin),
    /// Send one option; it is in the result.
    GetOption {
        /// Its name.
        name: String,
    },
    /// Change one option. Some take effect with [`Command::ReloadOptions`] or after a restart only.
    SetOption {
        /// Its name, letters, digits and `_`, perhaps with `~` in front.
        name: String,
        /// Its new value.
        value: String,
    },
    /// Let changed options take effect.
    ReloadOptions,
    /// Restart. The rest of the same reply is lost: it goes last.
    Reboot,
}

/// Why a command can't be sent. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Ids are 1 to 16 ASCII letters and digits; numbers are the most portable.
    #[error("`{0}` is no command id: use 1 to 16 letters and digits")]
    Id(String),
    /// A control character in a text would end the field or start another command.
    #[error(
        "`{0}` has a tab, line break or other control character in it: a terminal would read it as another command"
    )]
    Text(String),
    /// Not the name of an option.
    #[error("`{0}` is no name of an option: use letters, digits and `_`, perhaps with `~` in front")]
    OptionName(String),
    /// In the security dialect a comma starts the next option.
    #[error("the value `{0}` has a comma in it: an access terminal would read what follows as another option")]
    OptionValue(String),
    /// The dialect has no such command, as far as it is publicly known.
    #[error("an {terminal} has no command to {purpose}; {cure}")]
    NotInDialect {
        /// "attendance terminal" or "access terminal".
        terminal: &'static str,
        /// What the command is for.
        purpose: &'static str,
        /// What to do instead.
        cure: &'static str,
    },
    /// The security dialect packs times of 1933 to 2066.
    #[error("{0} can't be said to an access terminal: its times span 1933 to 2066")]
    Time(CivilTime),
    /// Longer than a whole reply may be.
    #[error("a command of {0} bytes is too long: terminals take {MAX_REPLY_BYTES} bytes in one reply")]
    TooLong(usize),
}

impl Command {
    /// The command's text in a dialect.
    ///
    /// # Errors
    /// [`CommandError`]: what is wrong with which text, or that the dialect has no such command.
    fn text(&self, dialect: Dialect) -> Result<String, CommandError> {
        match dialect {
            Dialect::Attendance => self.attendance_text(),
            Dialect::Security => self.security_text(),
        }
    }

    fn attendance_text(&self) -> Result<String, CommandError> {
        Ok(match self {
            Self::Check | Self::UploadAgain => "CHECK".to_owned(),
            Self::Info => "INFO".to_owned(),
            Self::Log => "LOG".to_owned(),
            Self::QueryAttLog { from, to } => format!("DATA QUERY ATTLOG StartTime={from}\tEndTime={to}"),
            Self::VerifyAttLog { from, to } => format!("VERIFY SUM ATTLOG StartTime={from}\tEndTime={to}"),
            Self::QueryUsers => "DATA QUERY USERINFO".to_owned(),
            Self::QueryUser(pin) => format!("DATA QUERY USERINFO PIN={pin}"),
            Self::UpdateUser(user) => attendance_user(user)?,
            Self::DeleteUser(pin) => format!("DATA DELETE USERINFO PIN={pin}"),
            Self::GetOption { name } => format!("GET OPTION FROM {}", option_name(name)?),
            Self::SetOption { name, value } => format!("SET OPTION {}={}", option_name(name)?, safe(value)?),
            Self::ReloadOptions => "RELOAD OPTIONS".to_owned(),
            Self::Reboot => "REBOOT".to_owned(),
        })
    }

    /// The field names of the security dialect's user table are those of its public examples; who may open which door
    /// (`userauthorize`) stays with the access system.
    fn security_text(&self) -> Result<String, CommandError> {
        Ok(match self {
            Self::UploadAgain => "DATA QUERY tablename=transaction,fielddesc=*,filter=*".to_owned(),
            Self::QueryUsers => "DATA QUERY tablename=user,fielddesc=*,filter=*".to_owned(),
            Self::QueryUser(pin) => format!("DATA QUERY tablename=user,fielddesc=*,filter=pin={pin}"),
            Self::UpdateUser(user) => security_user(user)?,
            Self::DeleteUser(pin) => format!("DATA DELETE user Pin={pin}"),
            Self::GetOption { name } => format!("GET OPTIONS {}", option_name(name)?),
            Self::SetOption { value, .. } if value.contains(',') => {
                return Err(CommandError::OptionValue(value.escape_debug().to_string()));
            }
            Self::SetOption { name, value } => format!("SET OPTIONS {}={}", option_name(name)?, safe(value)?),
            Self::Reboot => "CONTROL DEVICE 03000000".to_owned(),
            Self::Check => return Err(no_such("read its settings again", "restart it instead")),
            Self::Info => return Err(no_such("send all options", "ask for each option by its name")),
            Self::Log => return Err(no_such("look for new data", "it uploads new data by itself")),
            Self::QueryAttLog { .. } => {
                return Err(no_such("upload the punches of a span", "let it upload its whole log again"));
            }
            Self::VerifyAttLog { .. } => {
                return Err(no_such("count its punches", "let it upload its whole log again"));
            }
            Self::ReloadOptions => return Err(no_such("reload its options", "restart it instead")),
        })
    }
}

fn no_such(purpose: &'static str, cure: &'static str) -> CommandError {
    CommandError::NotInDialect { terminal: "access terminal", purpose, cure }
}

fn attendance_user(user: &UserRecord) -> Result<String, CommandError> {
    let card = user.card.map(|card| card.to_string()).unwrap_or_default();
    let mut text = format!(
        "DATA UPDATE USERINFO PIN={}\tName={}\tPri={}\tPasswd={}\tCard={card}\tGrp={}\tTZ={}",
        user.pin,
        safe(&user.name)?,
        user.privilege.code(),
        safe(&user.password)?,
        user.group,
        safe(&user.time_zones)?,
    );
    let mut add = |key: &str, value: &str| text.extend(["\t", key, "=", value]);
    if let Some(verify) = user.verify {
        add("Verify", &verify.to_string());
    }
    if let Some(card) = &user.second_card {
        add("ViceCard", safe(card)?);
    }
    if let Some((from, until)) = user.validity {
        add("StartDatetime", &from.to_string());
        add("EndDatetime", &until.to_string());
    }
    Ok(text)
}

fn security_user(user: &UserRecord) -> Result<String, CommandError> {
    let packed = |time| PackedTime::from_civil(time).map(|packed| packed.0).ok_or(CommandError::Time(time));
    let (from, until) = match user.validity {
        Some((from, until)) => (packed(from)?, packed(until)?),
        None => (0, 0),
    };
    Ok(format!(
        "DATA UPDATE user CardNo={}\tPin={}\tPassword={}\tGroup={}\tStartTime={from}\tEndTime={until}\tName={}\tPrivilege={}",
        user.card.map(|card| card.to_string()).unwrap_or_default(),
        user.pin,
        safe(&user.password)?,
        user.group,
        safe(&user.name)?,
        user.privilege.code(),
    ))
}

fn option_name(name: &str) -> Result<&str, CommandError> {
    let word = name.strip_prefix('~').unwrap_or(name);
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(CommandError::OptionName(name.escape_debug().to_string()));
    }
    Ok(name)
}

fn safe(text: &str) -> Result<&str, CommandError> {
    if text.contains(char::is_control) {
        return Err(CommandError::Text(text.escape_debug().to_string()));
    }
    Ok(text)
}
