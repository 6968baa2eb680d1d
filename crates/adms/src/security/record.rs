//! Records of tables: the lines of `table=tabledata` and of answers to queries (adms 9), a table's name and then
//! `key=value` pairs separated by tabs.

use crate::line::{self, BadLine, BadLineReason};
use crate::operlog::card;
use crate::security::event::{EventKind, is_somebody};
use crate::text;
use crate::time::PackedTime;
use crate::verify::VerifyType;

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// A user.
    User(UserRecord<'a>),
    /// An event from the log.
    Transaction(TransactionRecord<'a>),
    /// A record of another table.
    Other {
        /// The table's name as the line has it.
        table: &'a [u8],
    },
}

/// A user of an access terminal. `Debug` shows number and name alone.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct UserRecord<'a> {
    /// The terminal's own number of the record.
    pub uid: &'a [u8],
    /// User number, trimmed; never empty.
    pub pin: &'a [u8],
    /// Name; see [`text::decode`].
    pub name: &'a [u8],
    /// Card number; `None` when there is none.
    pub card: Option<u64>,
    /// The password in plain text.
    pub password: &'a [u8],
    /// Access group.
    pub group: Option<u16>,
    /// First moment of validity; `None` for none.
    pub valid_from: Option<PackedTime>,
    /// Last moment of validity; `None` for none.
    pub valid_until: Option<PackedTime>,
    /// 0 user, 14 super-administrator.
    pub privilege: Option<u8>,
    /// The user is switched off.
    pub is_disabled: bool,
    /// Verification method.
    pub verify: Option<VerifyType>,
}

/// An event from the log of an access terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionRecord<'a> {
    /// The original bytes, without the line end.
    pub bytes: &'a [u8],
    /// When it was, on the terminal's face.
    pub time: PackedTime,
    /// User number, trimmed; `0` or empty for an event of the device.
    pub pin: &'a [u8],
    /// Card number as text.
    pub card: &'a [u8],
    /// Door.
    pub door: &'a [u8],
    /// What happened, as in [`Event`](crate::security::Event).
    pub code: Option<u16>,
    /// 0 in, 1 out, 2 none.
    pub direction: Option<u8>,
    /// How somebody was recognised.
    pub verify: Option<VerifyType>,
}

impl TransactionRecord<'_> {
    /// True for the recognition of a person, as [`Event::is_punch`](crate::security::Event::is_punch).
    pub fn is_punch(&self) -> bool {
        self.code.map(EventKind::of) == Some(EventKind::Access) && is_somebody(self.pin)
    }
}

impl<'a> Record<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// [`BadLineReason::NoUserNumber`] for a user without `pin=`, [`BadLineReason::NoTime`] for an event without a
    /// readable `time_second=`.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadLine<'a>> {
        let line = text::trim(bytes);
        let table_end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
        let (table, payload) = line.split_at(table_end);
        let payload = payload.get(1..).unwrap_or_default();
        if table.eq_ignore_ascii_case(b"user") {
            let user = UserRecord::read(payload).ok_or(BadLine { bytes, reason: BadLineReason::NoUserNumber })?;
            Ok(Self::User(user))
        } else if table.eq_ignore_ascii_case(b"transaction") {
            let event = TransactionRecord::read(bytes, payload);
            Ok(Self::Transaction(event.ok_or(BadLine { bytes, reason: BadLineReason::NoTime })?))
        } else {
            Ok(Self::Other { table })
        }
    }
}

impl<'a> UserRecord<'a> {
    fn read(payload: &'a [u8]) -> Option<Self> {
        let mut user = Self::default();
        for (key, value) in line::pairs(payload) {
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            let value = text::trim(value);
            if is("uid") {
                user.uid = value;
            } else if is("pin") {
                user.pin = value;
            } else if is("name") {
                user.name = value;
            } else if is("cardno") {
                user.card = card(value);
            } else if is("password") {
                user.password = value;
            } else if is("group") {
                user.group = text::number(value);
            } else if is("starttime") {
                user.valid_from = packed(value).filter(|time| time.0 != 0);
            } else if is("endtime") {
                user.valid_until = packed(value).filter(|time| time.0 != 0);
            } else if is("privilege") {
                user.privilege = text::number(value);
            } else if is("disable") {
                user.is_disabled = value == b"1";
            } else if is("verify") {
                user.verify = VerifyType::read(value);
            }
        }
        (!user.pin.is_empty()).then_some(user)
    }
}

impl std::fmt::Debug for UserRecord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRecord")
            .field("pin", &text::decode(self.pin))
            .field("name", &text::decode(self.name))
            .finish_non_exhaustive()
    }
}

impl<'a> TransactionRecord<'a> {
    fn read(bytes: &'a [u8], payload: &'a [u8]) -> Option<Self> {
        let mut time = None;
        let mut event = Self {
            bytes,
            time: PackedTime(0),
            pin: &[],
            card: &[],
            door: &[],
            code: None,
            direction: None,
            verify: None,
        };
        for (key, value) in line::pairs(payload) {
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            let value = text::trim(value);
            if is("time_second") {
                time = packed(value);
            } else if is("pin") {
                event.pin = value;
            } else if is("cardno") {
                event.card = value;
            } else if is("doorid") {
                event.door = value;
            } else if is("eventtype") {
                event.code = text::number(value);
            } else if is("inoutstate") {
                event.direction = text::number(value);
            } else if is("verified") {
                event.verify = VerifyType::read(value);
            }
        }
        time.map(|time| Self { time, ..event })
    }
}

/// A packed time in decimal. It is read as signed 32 bits, also where the terminal prints them unsigned.
fn packed(value: &[u8]) -> Option<PackedTime> {
    let number: i64 = text::number(value)?;
    let signed = i32::try_from(number).ok().or_else(|| u32::try_from(number).ok().map(u32::cast_signed))?;
    Some(PackedTime(signed))
}

/// The records of a body in the order of the body.
pub fn records(body: &[u8]) -> impl Iterator<Item = Result<Record<'_>, BadLine<'_>>> {
    line::lines(body).map(Record::read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_what_the_line_says() {
        let line = b"user uid=5\tcardno=[15CD5B07]\tpin=0012\tpassword=4711\tgroup=1\tstarttime=0\tendtime=583512660\tname=Li\tprivilege=14\tdisable=0\tverify=0";
        let Ok(Record::User(user)) = Record::read(line) else { panic!("a user") };
        assert_eq!(
            (user.pin, user.name, user.card, user.privilege),
            (&b"0012"[..], &b"Li"[..], Some(123_456_789), Some(14))
        );
        assert_eq!((user.valid_from, user.valid_until), (None, Some(PackedTime(583_512_660))));
        assert!(!format!("{user:?}").contains("4711"));
        assert_eq!(Record::read(b"user uid=5\tname=Li").unwrap_err().reason, BadLineReason::NoUserNumber);
        assert_eq!(Record::read(b"biodata pin=5\ttmp=xx"), Ok(Record::Other { table: b"biodata" }));
    }

    #[test]
    fn an_event_of_the_log_has_a_packed_time() {
        let line = b"transaction cardno=0\tpin=7\tverified=1\tdoorid=1\teventtype=0\tinoutstate=0\ttime_second=548003688\tindex=4";
        let Ok(Record::Transaction(event)) = Record::read(line) else { panic!("an event") };
        assert_eq!(event.time.civil().to_string(), "2017-01-19 15:14:48");
        assert!(event.is_punch());
        let negative = Record::read(b"transaction pin=7\teventtype=0\ttime_second=3330743303");
        assert!(matches!(negative, Ok(Record::Transaction(event)) if event.time == PackedTime(-964_223_993)));
        assert_eq!(Record::read(b"transaction pin=7\ttime_second=soon").unwrap_err().reason, BadLineReason::NoTime);
    }
}
