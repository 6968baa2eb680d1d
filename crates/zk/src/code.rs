//! Command and reply codes (zk 3).

use std::fmt;

/// What a packet asks or answers: the first field of its header. Unknown codes are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

macro_rules! codes {
    ($($name:ident = $value:literal, $text:literal;)+) => {
        impl Code {
            $(#[doc = concat!($text, " (", stringify!($value), ").")] pub const $name: Code = Code($value);)+

            /// What the code means in plain words; `None` for a code this crate has no name for.
            pub fn meaning(self) -> Option<&'static str> {
                match self.0 { $($value => Some($text),)+ _ => None }
            }
        }
    };
}

codes! {
    DB_READ = 7, "read templates";
    USERS_READ = 9, "read users";
    OPTION_READ = 11, "read an option";
    OPTION_WRITE = 12, "write an option";
    ATTENDANCE_READ = 13, "read the attendance log";
    OPERATIONS_READ = 34, "read the operation log";
    GET_FREE_SIZES = 50, "read counts and capacities";
    GET_TIME = 201, "read the clock";
    SET_TIME = 202, "set the clock";
    EVENT = 500, "real-time event";
    CONNECT = 1000, "connect";
    EXIT = 1001, "exit";
    ENABLE_DEVICE = 1002, "enable the terminal";
    DISABLE_DEVICE = 1003, "disable the terminal";
    RESTART = 1004, "restart";
    REFRESH_DATA = 1013, "refresh data";
    GET_VERSION = 1100, "read the firmware version";
    AUTH = 1102, "authenticate";
    PREPARE_DATA = 1500, "data announced";
    DATA = 1501, "data";
    FREE_DATA = 1502, "free the buffer";
    PREPARE_BUFFER = 1503, "prepare a data set";
    READ_BUFFER = 1504, "read a part of the data set";
    ACK_OK = 2000, "done";
    ACK_ERROR = 2001, "refused";
    ACK_DATA = 2002, "done, with data";
    ACK_RETRY = 2003, "retry";
    ACK_REPEAT = 2004, "ask again";
    ACK_UNAUTH = 2005, "not authenticated";
    NO_MEMORY = 4982, "no memory";
    FILE_MISSING = 4986, "file missing";
    SESSION_MEMORY = 4989, "no memory for the session";
    TABLE_FULL = 4990, "table full";
    NO_DATA = 4991, "no data";
    BAD_PARAMETER = 4996, "wrong parameter";
    BAD_LENGTH = 4997, "wrong length";
    LOCKED = 6001, "classic protocol disabled";
    DATA_ERROR = 0xFFFB, "data error";
    NOT_INITIALISED = 0xFFFC, "not initialised";
    COMMAND_ERROR = 0xFFFD, "command error";
    UNKNOWN_COMMAND = 0xFFFF, "unknown command";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            Some(text) => write!(f, "{} ({text})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_says_its_meaning_and_an_unknown_one_its_number() {
        assert_eq!(Code::ACK_UNAUTH.to_string(), "2005 (not authenticated)");
        assert_eq!(Code(4711).to_string(), "4711");
    }
}
