//! Command and reply codes (zk 3).
//!
//! All that are known have a name, so that a log can say what was asked and answered. A name is no offer: the client has no call
//! for commands that erase tables, move files or firmware, or switch a terminal off (see the crate's README).

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
    // The tables of a terminal.
    TEMPLATES_READ = 7, "read templates";
    USER_WRITE = 8, "write a user";
    USERS_READ = 9, "read users";
    USER_TEMPLATE_WRITE = 10, "write a user's template";
    OPTION_READ = 11, "read an option";
    OPTION_WRITE = 12, "write an option";
    ATTENDANCE_READ = 13, "read the attendance log";
    CLEAR_DATA = 14, "erase all data";
    CLEAR_ATTENDANCE = 15, "erase the attendance log";
    DELETE_USER = 18, "delete a user";
    DELETE_TEMPLATE = 19, "delete a template";
    CLEAR_ADMINISTRATORS = 20, "take the rights of all administrators";
    CLEAR_ACCESS_CONTROL = 32, "erase the access control data";
    CLEAR_OPERATIONS = 33, "erase the operation log";
    OPERATIONS_READ = 34, "read the operation log";
    GET_FREE_SIZES = 50, "read counts and capacities";
    // Access control (zk 9).
    USER_GROUP_READ = 21, "read a user's group";
    USER_GROUP_WRITE = 22, "write a user's group";
    USER_ZONES_READ = 23, "read a user's time zones";
    USER_ZONES_WRITE = 24, "write a user's time zones";
    GROUP_ZONES_READ = 25, "read a group's time zones";
    GROUP_ZONES_WRITE = 26, "write a group's time zones";
    TIME_ZONE_READ = 27, "read a time zone";
    TIME_ZONE_WRITE = 28, "write a time zone";
    UNLOCK_GROUP_READ = 29, "read an unlock group";
    UNLOCK_GROUP_WRITE = 30, "write an unlock group";
    UNLOCK = 31, "unlock the door";
    DOOR_STATE_READ = 75, "read the door's state";
    VERIFY_STYLE_WRITE = 79, "write a user's way to verify";
    VERIFY_STYLE_READ = 80, "read a user's way to verify";
    // What the terminal shows and does.
    ENABLE_CLOCK = 57, "show or hide the clock";
    START_VERIFY = 60, "start verifying";
    START_ENROLMENT = 61, "start an enrolment";
    CANCEL_CAPTURE = 62, "cancel the capture";
    READ_STATE = 64, "read the state";
    WRITE_LCD = 66, "write on the display";
    CLEAR_LCD = 67, "clear the display";
    GET_PIN_WIDTH = 69, "read the longest user number";
    SMS_WRITE = 70, "write a short message";
    SMS_READ = 71, "read a short message";
    DELETE_SMS = 72, "delete a short message";
    USER_DATA_WRITE = 73, "write user data";
    DELETE_USER_DATA = 74, "delete user data";
    WRITE_MIFARE = 76, "write a Mifare card";
    EMPTY_MIFARE = 78, "empty a Mifare card";
    GET_TIME = 201, "read the clock";
    SET_TIME = 202, "set the clock";
    EVENT = 500, "real-time event";
    // Templates (zk 8).
    TEMPLATE_WRITE = 87, "store the uploaded template";
    TEMPLATE_READ = 88, "read a template";
    SAVE_TEMPLATES = 110, "store the uploaded users and templates";
    CHECKSUM_BUFFER = 119, "sum up the uploaded data";
    DELETE_TEMPLATE_OF_NUMBER = 134, "delete a template by user number";
    // The session and the terminal as a whole.
    CONNECT = 1000, "connect";
    EXIT = 1001, "exit";
    ENABLE_DEVICE = 1002, "enable the terminal";
    DISABLE_DEVICE = 1003, "disable the terminal";
    RESTART = 1004, "restart";
    POWER_OFF = 1005, "switch off";
    SLEEP = 1006, "sleep";
    RESUME = 1007, "wake up";
    CAPTURE_FINGER = 1009, "capture a finger";
    TEST_TEMPLATE = 1011, "test a fingerprint";
    CAPTURE_IMAGE = 1012, "capture the sensor's image";
    REFRESH_DATA = 1013, "refresh data";
    REFRESH_OPTIONS = 1014, "refresh options";
    TEST_VOICE = 1017, "play a voice message";
    GET_VERSION = 1100, "read the firmware version";
    CHANGE_SPEED = 1101, "change the speed of the serial line";
    AUTH = 1102, "authenticate";
    // Bulk transfers (zk 6).
    PREPARE_DATA = 1500, "data announced";
    DATA = 1501, "data";
    FREE_DATA = 1502, "free the buffer";
    PREPARE_BUFFER = 1503, "prepare a data set";
    READ_BUFFER = 1504, "read a part of the data set";
    UPDATE_FILE = 1700, "write a firmware file";
    READ_FILE = 1702, "read a file";
    ENCRYPTED_OPTION_READ = 1710, "read an encrypted option";
    ENCRYPTED_OPTION_WRITE = 1711, "write an encrypted option";
    // Replies.
    ACK_OK = 2000, "done";
    ACK_ERROR = 2001, "refused";
    ACK_DATA = 2002, "done, with data";
    ACK_RETRY = 2003, "retry";
    ACK_REPEAT = 2004, "ask again";
    ACK_UNAUTH = 2005, "not authenticated";
    NO_MEMORY = 4982, "no memory";
    HASH_FAILED = 4983, "a hash failed";
    FILE_WRITE_FAILED = 4984, "a file could not be written";
    FILE_READ_FAILED = 4985, "a file could not be read";
    FILE_MISSING = 4986, "a file is missing";
    SESSION_OVERFLOW = 4987, "the session's buffer ran over";
    SESSION_BUFFER = 4988, "the session's buffer is too small";
    SESSION_MEMORY = 4989, "no memory for the session";
    TABLE_FULL = 4990, "table full";
    NO_DATA = 4991, "no data";
    DELETE_FAILED = 4992, "the record could not be deleted";
    READ_FAILED = 4993, "the record could not be read";
    UPDATE_FAILED = 4994, "the record could not be changed";
    ADD_FAILED = 4995, "the record could not be added";
    BAD_PARAMETER = 4996, "wrong parameter";
    BAD_LENGTH = 4997, "wrong length";
    OPTION_WRITE_FAILED = 4998, "the option could not be written";
    OPTION_READ_FAILED = 4999, "the option could not be read";
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
