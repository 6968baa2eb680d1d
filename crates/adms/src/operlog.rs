//! What `table=OPERLOG` multiplexes: operations, users, and templates that are not kept (adms 6.2).

use crate::line::{self, BadLine, BadLineReason};
use crate::text;

/// One tagged line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperLine<'a> {
    /// An operation on the terminal (adms appendix B).
    Operation(Operation<'a>),
    /// A user of the terminal. Terminals re-send their whole table: treat it as "insert or update".
    User(UserLine<'a>),
    /// A template, picture or identity card. It is recognised so that it can be counted, and deliberately not kept: it
    /// is personal data that attendance does not need (adms 11).
    NotKept(NotKept),
    /// A tag that this crate does not know: skip and count.
    Unknown {
        /// The tag, up to the first blank.
        tag: &'a [u8],
    },
}

/// Personal records that are recognised and dropped at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotKept {
    /// `FP`, `FINGERTMP`
    Finger,
    /// `FACE`
    Face,
    /// `FVEIN`
    FingerVein,
    /// `BIODATA`
    BioData,
    /// `USERPIC`, `BIOPHOTO`
    Picture,
    /// `IDCARD`
    IdCard,
}

/// One operation: `OPLOG type operator time object1..4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation<'a> {
    /// Type, adms appendix B (3 alarm, 21 time set, 23 punches deleted, ...).
    pub kind: u16,
    /// User number of the operator, `0` when nobody was signed in.
    pub operator: &'a [u8],
    /// Printed local time.
    pub time: &'a [u8],
    /// The objects, separated by tabs, verbatim.
    pub objects: &'a [u8],
}

/// One user of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct UserLine<'a> {
    /// The original bytes, without the line end. They hold the password: do not print them.
    pub bytes: &'a [u8],
    /// User number, trimmed; never empty.
    pub pin: &'a [u8],
    /// Name in the terminal's character set; see [`text::decode`].
    pub name: &'a [u8],
    /// 0 user, 2 enroller, 6 manager, 10 custom, 14 super-administrator.
    pub privilege: Option<u8>,
    /// The password in plain text.
    pub password: &'a [u8],
    /// Card number; `None` when there is none (empty, 0) or it is not readable.
    pub card: Option<u64>,
    /// Access group.
    pub group: Option<u16>,
    /// Time zones, 4 x 4 digits.
    pub time_zones: &'a [u8],
    /// Verification method; `None` when the group's method applies (empty, -1).
    pub verify: Option<u16>,
    /// Second card, as text.
    pub second_card: &'a [u8],
    /// First moment of validity as printed, `0` or empty for none.
    pub valid_from: &'a [u8],
    /// Last moment of validity as printed, `0` or empty for none.
    pub valid_until: &'a [u8],
}

impl std::fmt::Debug for UserLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserLine")
            .field("pin", &text::decode(self.pin))
            .field("name", &text::decode(self.name))
            .field("privilege", &self.privilege)
            .finish_non_exhaustive()
    }
}

/// The lines of an OPERLOG body (or of another body with such lines: USERINFO), in order.
pub fn lines(body: &[u8]) -> impl Iterator<Item = Result<OperLine<'_>, BadLine<'_>>> {
    line::lines(body).map(OperLine::read)
}

impl<'a> OperLine<'a> {
    /// Reads one tagged line.
    ///
    /// # Errors
    /// An OPLOG line with fewer than three columns or a type that is no number; a USER line without user number.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadLine<'a>> {
        let line = text::trim(bytes);
        let tag_end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
        let (tag, payload) = line.split_at(tag_end);
        let payload = payload.get(1..).unwrap_or_default();
        let is = |name: &str| tag.eq_ignore_ascii_case(name.as_bytes());
        Ok(if is("OPLOG") {
            Self::Operation(operation(payload).ok_or(BadLine { bytes, reason: BadLineReason::TooFewColumns })?)
        } else if is("USER") {
            Self::User(user(bytes, payload).ok_or(BadLine { bytes, reason: BadLineReason::NoUserNumber })?)
        } else if is("FP") || is("FINGERTMP") {
            Self::NotKept(NotKept::Finger)
        } else if is("FACE") {
            Self::NotKept(NotKept::Face)
        } else if is("FVEIN") {
            Self::NotKept(NotKept::FingerVein)
        } else if is("BIODATA") {
            Self::NotKept(NotKept::BioData)
        } else if is("USERPIC") || is("BIOPHOTO") {
            Self::NotKept(NotKept::Picture)
        } else if is("IDCARD") {
            Self::NotKept(NotKept::IdCard)
        } else {
            Self::Unknown { tag }
        })
    }
}

fn operation(payload: &[u8]) -> Option<Operation<'_>> {
    let (kind, rest) = text::split_once(payload, b'\t')?;
    let (operator, rest) = text::split_once(rest, b'\t')?;
    let (time, objects) = text::split_once(rest, b'\t').unwrap_or((rest, &[]));
    Some(Operation { kind: text::number(kind)?, operator: text::trim(operator), time: text::trim(time), objects })
}

fn user<'a>(bytes: &'a [u8], payload: &'a [u8]) -> Option<UserLine<'a>> {
    let mut user = UserLine { bytes, ..UserLine::default() };
    for (key, value) in line::pairs(payload) {
        let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
        if is("PIN") {
            user.pin = text::trim(value);
        } else if is("Name") {
            user.name = text::trim(value);
        } else if is("Pri") || is("Privilege") {
            user.privilege = text::number(value);
        } else if is("Passwd") || is("Password") {
            user.password = text::trim(value);
        } else if is("Card") {
            user.card = card(value);
        } else if is("Grp") {
            user.group = text::number(value);
        } else if is("TZ") {
            user.time_zones = text::trim(value);
        } else if is("Verify") {
            user.verify = text::number(value);
        } else if is("ViceCard") {
            user.second_card = text::trim(value);
        } else if is("StartDatetime") {
            user.valid_from = text::trim(value);
        } else if is("EndDatetime") {
            user.valid_until = text::trim(value);
        }
    }
    (!user.pin.is_empty()).then_some(user)
}

/// A card number: decimal text, or four bytes in little-endian hex between brackets (`[15CD5B07]` is 123456789).
/// `None` for no card.
pub fn card(value: &[u8]) -> Option<u64> {
    let value = text::trim(value);
    let number = match value.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")) {
        Some(hex) if hex.len() == 8 => {
            let digits = std::str::from_utf8(hex).ok()?;
            u64::from(u32::from_str_radix(digits, 16).ok()?.swap_bytes())
        }
        Some(_) => return None,
        None => text::number(value)?,
    };
    (number != 0).then_some(number)
}
