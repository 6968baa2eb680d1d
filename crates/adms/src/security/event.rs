//! Events: the lines of `table=rtlog` (adms 9), of which some are punches.

use crate::line::{self, BadLine, BadLineReason};
use crate::text;
use crate::verify::VerifyType;

/// One event as the terminal printed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Event<'a> {
    /// The original bytes, without the line end.
    pub bytes: &'a [u8],
    /// The printed time on the terminal's face, trimmed; never empty, its form is not checked here.
    pub time: &'a [u8],
    /// User number, trimmed; `0` or empty for an event of the device.
    pub pin: &'a [u8],
    /// Card number as text, `0` for none.
    pub card: &'a [u8],
    /// Door or reader.
    pub address: &'a [u8],
    /// What happened; see [`Event::kind`]. `None` when missing or no number.
    pub code: Option<u16>,
    /// 0 in, 1 out, 2 none.
    pub direction: Option<u8>,
    /// How somebody was recognised.
    pub verify: Option<VerifyType>,
    /// The terminal's number of the record. It restarts when the log is cleared: never an identity.
    pub index: Option<u64>,
    /// Whether a mask was worn.
    pub mask: Option<bool>,
    /// Body temperature as measured.
    pub temperature: &'a [u8],
    /// Body temperature in the unit that the server asked for.
    pub converted_temperature: &'a [u8],
}

/// What kind of event a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Somebody was recognised and let in: a punch, when there is a user number.
    Access,
    /// Somebody was refused (20 to 99).
    Refusal,
    /// An alarm (100 to 199).
    Alarm,
    /// A door, a button, a start (200 to 255).
    Device,
    /// 4000 to 4999: normal.
    Normal,
    /// 5000 to 5999: abnormal.
    Abnormal,
    /// 6000 to 6999: warning.
    Warning,
    /// A code that is not documented.
    Unknown,
}

impl EventKind {
    /// The kind of a code.
    pub const fn of(code: u16) -> Self {
        match code {
            0..=3 | 14..=19 | 203 | 207 | 208 | 222 | 232 => Self::Access,
            20..=99 => Self::Refusal,
            100..=199 => Self::Alarm,
            200..=255 => Self::Device,
            4000..=4999 => Self::Normal,
            5000..=5999 => Self::Abnormal,
            6000..=6999 => Self::Warning,
            _ => Self::Unknown,
        }
    }
}

impl<'a> Event<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// [`BadLineReason::NoTime`] when there is no `time=`. The line itself is in the error.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadLine<'a>> {
        let mut event = Self { bytes, ..Self::default() };
        for (key, value) in line::pairs(bytes) {
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            let value = text::trim(value);
            if is("time") {
                event.time = value;
            } else if is("pin") {
                event.pin = value;
            } else if is("cardno") {
                event.card = value;
            } else if is("eventaddr") {
                event.address = value;
            } else if is("event") {
                event.code = text::number(value);
            } else if is("inoutstatus") {
                event.direction = text::number(value);
            } else if is("verifytype") {
                event.verify = VerifyType::read(value);
            } else if is("index") {
                event.index = text::number(value);
            } else if is("maskflag") {
                event.mask = text::number(value).and_then(|flag: u8| (flag < 2).then_some(flag == 1));
            } else if is("temperature") {
                event.temperature = value;
            } else if is("convtemperature") {
                event.converted_temperature = value;
            }
        }
        if event.time.is_empty() { Err(BadLine { bytes, reason: BadLineReason::NoTime }) } else { Ok(event) }
    }

    /// What kind of event it is.
    pub fn kind(&self) -> EventKind {
        self.code.map_or(EventKind::Unknown, EventKind::of)
    }

    /// True for the recognition of a person: access was granted, and there is a user number.
    pub fn is_punch(&self) -> bool {
        self.kind() == EventKind::Access && is_somebody(self.pin)
    }

    /// What happened in words; `None` for a code whose meaning is not public.
    pub fn name(&self) -> Option<&'static str> {
        name(self.code?)
    }
}

/// User number 0 stands for the device itself.
pub(super) fn is_somebody(pin: &[u8]) -> bool {
    !pin.is_empty() && pin != b"0"
}

const fn name(code: u16) -> Option<&'static str> {
    Some(match code {
        22 => "refused: not in the time zone",
        23 => "refused: no permission",
        27 => "refused: not registered",
        29 => "refused: expired",
        41 => "refused: wrong method of verification",
        100 => "tampered with",
        101 | 103 => "duress",
        102 => "door forced",
        104 => "invalid card shown again and again",
        200 => "door opened",
        201 => "door closed",
        202 => "exit button",
        206 => "started",
        214 => "connected to the server",
        255 => "state",
        _ => match EventKind::of(code) {
            EventKind::Access => "access granted",
            EventKind::Refusal => "refused",
            EventKind::Alarm => "alarm",
            _ => return None,
        },
    })
}

/// The events of an upload body in the order of the body.
pub fn events(body: &[u8]) -> impl Iterator<Item = Result<Event<'_>, BadLine<'_>>> {
    line::lines(body).map(Event::read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_events_of_access_are_punches_and_no_others() {
        let access: Vec<u16> = (0..7000).filter(|code| EventKind::of(*code) == EventKind::Access).collect();
        assert_eq!(access, [0, 1, 2, 3, 14, 15, 16, 17, 18, 19, 203, 207, 208, 222, 232]);
        let event = |pin, code| Event { pin, code: Some(code), ..Event::default() };
        assert!(event(b"7", 3).is_punch());
        assert!(!event(b"0", 3).is_punch(), "the device itself");
        assert!(!event(b"", 3).is_punch());
        assert!(!event(b"7", 23).is_punch(), "refused");
        assert!(!event(b"7", 101).is_punch(), "an alarm");
    }

    #[test]
    fn every_named_code_says_what_happened() {
        for (code, said) in
            [(27, "refused: not registered"), (29, "refused: expired"), (50, "refused"), (0, "access granted")]
        {
            assert_eq!(name(code), Some(said));
        }
        assert_eq!(name(4001), None);
        assert_eq!(
            [4000, 5000, 6999, 7000].map(EventKind::of),
            [EventKind::Normal, EventKind::Abnormal, EventKind::Warning, EventKind::Unknown]
        );
    }
}
