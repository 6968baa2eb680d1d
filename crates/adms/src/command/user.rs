//! Users in commands.

use std::fmt;
use std::str::FromStr;

use crate::time::CivilTime;

/// A user number that may stand in a command: never empty, so that "delete the user without number", which some firmware
/// reads as "delete everybody" (adms 7), can't be said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin(String);

/// The text is no user number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no user number: use 1 to 24 letters, digits, `-`, `_` or `.`, and not 0 alone")]
pub struct NotAPin(String);

impl FromStr for Pin {
    type Err = NotAPin;

    fn from_str(text: &str) -> Result<Self, NotAPin> {
        let fits = (1..=24).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            // 0 stands for "nobody" (adms 6.1).
            && !text.bytes().all(|byte| byte == b'0');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAPin(text.escape_debug().to_string())) }
    }
}

impl Pin {
    /// The number as text; leading zeros are part of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a user may do at the terminal (adms 6.2, `Pri`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Privilege {
    /// Punches, nothing else.
    #[default]
    User,
    /// Enrolls others.
    Enroller,
    /// Manages the terminal.
    Manager,
    /// A role that was made on the terminal.
    Custom,
    /// May do everything.
    SuperAdministrator,
}

impl Privilege {
    /// Its number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::User => 0,
            Self::Enroller => 2,
            Self::Manager => 6,
            Self::Custom => 10,
            Self::SuperAdministrator => 14,
        }
    }

    /// The privilege of a number; `None` for others (1 is an inactive user on some 3.2.0 firmware).
    pub const fn of(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::User),
            2 => Some(Self::Enroller),
            6 => Some(Self::Manager),
            10 => Some(Self::Custom),
            14 => Some(Self::SuperAdministrator),
            _ => None,
        }
    }
}

/// A user as a whole. An update **replaces** the record on the terminal: what is empty here is empty there afterwards.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// User number.
    pub pin: Pin,
    /// Name as it is shown; old terminals keep 8 or 24 bytes of it.
    pub name: String,
    /// Rights on the terminal.
    pub privilege: Privilege,
    /// Password in plain text, empty for none.
    pub password: String,
    /// Card number.
    pub card: Option<u64>,
    /// Access group; 1 is the usual one.
    pub group: u16,
    /// Access zones, 4 x 4 digits (`0000000000000000`: those of the group). Not part of the security dialect's record.
    pub time_zones: String,
    /// Method of verification (adms appendix A), -1 the group's. `None` leaves the field out.
    pub verify: Option<i16>,
    /// Second card. `None` leaves the field out.
    pub second_card: Option<String>,
    /// First and last moment of validity. `None` leaves the fields out.
    pub validity: Option<(CivilTime, CivilTime)>,
}

impl UserRecord {
    /// A user with number and name alone, in group 1 with the group's zones.
    pub fn new(pin: Pin, name: impl Into<String>) -> Self {
        Self {
            pin,
            name: name.into(),
            privilege: Privilege::User,
            password: String::new(),
            card: None,
            group: 1,
            time_zones: "0000000000000000".to_owned(),
            verify: None,
            second_card: None,
            validity: None,
        }
    }
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Password and cards open doors.
        f.debug_struct("UserRecord").field("pin", &self.pin).field("name", &self.name).finish_non_exhaustive()
    }
}
