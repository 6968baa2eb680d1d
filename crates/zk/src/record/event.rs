//! Real-time events: what a terminal tells by itself while it happens (zk 10).
//!
//! Invariants: every body is a value. One whose length or kind is unknown is [`RealtimeEvent::Unknown`] with its bytes, and never
//! an error, because firmware differs and the next event may be a punch.
//!
//! Firmware numbers its events in two ways: captures have 128 verified, 256 finger score, 512 alarm; the vendor's text has 256,
//! 512 and 1024 for the same. The lengths of their bodies differ, so the length tells which it is.

use std::fmt;
use std::ops::BitOr;

use crate::code::Code;
use crate::packet::Packet;
use crate::record::attendance::{AttendanceRecord, UserRef};
use crate::record::number::UserNumber;
use crate::time::{EventTime, InvalidTime, PackedTime};
use crate::wire::{put_padded, u16_at, u32_at};

/// Bytes of a user number as text.
const NUMBER_BYTES: usize = 24;
/// Bytes of a user number in an enrolment, from the shortest seen.
const ENROLLED_NUMBER_BYTES: usize = 9;
/// In place of a slot: nobody that the terminal knows.
const NOBODY: u32 = u32::MAX;

/// A set of event kinds: what to register for, or the kind of one event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EventMask(pub u32);

/// Something that happened at the terminal just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealtimeEvent {
    /// Somebody punched.
    Attendance(AttendanceEvent),
    /// A finger was enrolled, or should have been.
    FingerEnrolled(Enrolment),
    /// A finger, card or face was compared with those known.
    Verified {
        /// The slot of the person, `None` when nobody was recognised.
        slot: Option<u32>,
    },
    /// The quality of a finger as the sensor saw it.
    FingerScore {
        /// 0 to 100.
        score: u8,
    },
    /// The terminal raised an alarm, or told of its door.
    Alarm(Alarm),
    /// An event whose body is not described anywhere, or has an unknown length.
    Unknown {
        /// Its kind as the terminal named it.
        kind: EventMask,
        /// Its body.
        raw: Vec<u8>,
    },
}

/// A punch as it happens. The log holds it too; there it may come with another verify code or state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttendanceEvent {
    /// Who.
    pub user: UserRef,
    /// How the person was verified, as [`AttendanceRecord::verify`].
    pub verify: u8,
    /// The function key, as [`AttendanceRecord::state`].
    pub state: u8,
    /// When, on the terminal's own face.
    pub time: EventTime,
    /// What follows, on firmware that sends more: the work code among it, in unknown places.
    pub extra: Vec<u8>,
}

/// How a terminal lays out its attendance events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventLayout {
    /// 10 bytes, 14 with four of unknown meaning: a slot; ZEM560 and ZEM300.
    Slot,
    /// 12 bytes: the number as integer.
    Integer,
    /// 32 bytes and more: the number as text.
    Text,
}

/// The end of an enrolment at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolment {
    /// The finger is stored.
    Done {
        /// Size of the template.
        template_bytes: u16,
        /// Whose finger.
        number: UserNumber,
        /// Which finger, 0 to 9.
        finger: u8,
    },
    /// It is not.
    Failed {
        /// The terminal's reason.
        result: u16,
    },
}

/// An alarm, or news of the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Of the terminal itself.
    Device(AlarmKind),
    /// Of somebody who verified.
    Person {
        /// What is wrong.
        kind: AlarmKind,
        /// The slot of the person.
        slot: u16,
        /// What matched, as the terminal numbers it.
        matched: u32,
    },
}

/// What an alarm is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlarmKind(pub u16);

impl EventMask {
    /// Nothing: ends a registration.
    pub const NONE: EventMask = EventMask(0);
    /// Punches.
    pub const ATTENDANCE: EventMask = EventMask(1);
    /// A finger lies on the sensor.
    pub const FINGER_ON_SENSOR: EventMask = EventMask(2);
    /// A user was added at the terminal.
    pub const NEW_USER: EventMask = EventMask(4);
    /// A finger was enrolled.
    pub const FINGER_ENROLLED: EventMask = EventMask(8);
    /// A key was pressed.
    pub const KEY: EventMask = EventMask(16);
    /// The door was unlocked.
    pub const UNLOCK: EventMask = EventMask(32);
    /// Somebody was verified (finger score and more on firmware that follows the vendor's text).
    pub const VERIFIED: EventMask = EventMask(128);
    /// The quality of a finger.
    pub const FINGER_SCORE: EventMask = EventMask(256);
    /// Alarms.
    pub const ALARM: EventMask = EventMask(512);
    /// The door (alarms on firmware that follows the vendor's text).
    pub const DOOR: EventMask = EventMask(1024);
    /// The number of a card that was shown.
    pub const CARD: EventMask = EventMask(2048);
    /// A card was written.
    pub const CARD_WRITTEN: EventMask = EventMask(4096);
    /// A card was erased.
    pub const CARD_ERASED: EventMask = EventMask(8192);
    /// A template was deleted.
    pub const TEMPLATE_DELETED: EventMask = EventMask(16384);
    /// Everything.
    pub const ALL: EventMask = EventMask(0xFFFF);

    /// Whether all kinds of `other` are among these.
    pub fn contains(self, other: EventMask) -> bool {
        self.0 & other.0 == other.0
    }

    /// The packet of one event of this kind: the terminal puts the kind where the session stands else.
    pub fn packet(self, body: impl Into<Vec<u8>>) -> Packet {
        Packet::new(Code::EVENT, self.0 as u16, 0, body)
    }
}

impl BitOr for EventMask {
    type Output = EventMask;

    fn bitor(self, other: EventMask) -> EventMask {
        EventMask(self.0 | other.0)
    }
}

impl fmt::Debug for EventMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventMask({:#x})", self.0)
    }
}

impl RealtimeEvent {
    /// Reads the packet of an event; whatever it holds is a value.
    pub fn decode(packet: &Packet) -> RealtimeEvent {
        let (kind, body) = (EventMask(u32::from(packet.session)), packet.data.as_slice());
        let known = match kind {
            EventMask::ATTENDANCE => AttendanceEvent::decode(body).map(RealtimeEvent::Attendance),
            EventMask::FINGER_ENROLLED => Enrolment::decode(body).map(RealtimeEvent::FingerEnrolled),
            EventMask::VERIFIED | EventMask::FINGER_SCORE | EventMask::ALARM | EventMask::DOOR => by_length(body),
            _ => None,
        };
        known.unwrap_or_else(|| RealtimeEvent::Unknown { kind, raw: body.to_vec() })
    }
}

/// The kinds that have two numbers.
fn by_length(body: &[u8]) -> Option<RealtimeEvent> {
    match body.len() {
        1 => body.first().map(|score| RealtimeEvent::FingerScore { score: *score }),
        5 => {
            let slot = u32_at(body, 0)?;
            Some(RealtimeEvent::Verified { slot: (slot != NOBODY).then_some(slot) })
        }
        _ => Alarm::decode(body).map(RealtimeEvent::Alarm),
    }
}

/// The body of [`RealtimeEvent::Verified`].
pub fn verified_body(slot: Option<u32>) -> Vec<u8> {
    [&slot.unwrap_or(NOBODY).to_le_bytes()[..], &[1]].concat()
}

impl AttendanceEvent {
    /// Reads a body of a known length; `None` for others.
    pub fn decode(body: &[u8]) -> Option<AttendanceEvent> {
        let (user, after) = match body.len() {
            10 | 14 => (UserRef::Slot(u16_at(body, 0)?), 2),
            12 => (UserRef::Number(UserNumber::from_u32(u32_at(body, 0)?)), 4),
            32 | 36 | 37 | 52.. => (UserRef::Number(UserNumber::from_field(body.get(..NUMBER_BYTES)?)), NUMBER_BYTES),
            _ => return None,
        };
        let (verify, state) = (*body.get(after)?, *body.get(after + 1)?);
        let (time, extra) = body.get(after + 2..)?.split_first_chunk()?;
        Some(AttendanceEvent { user, verify, state, time: EventTime(*time), extra: extra.to_vec() })
    }

    /// Writes the body as a terminal of this layout would. A user that the layout can't hold becomes slot or number 0.
    pub fn encode(&self, layout: EventLayout) -> Vec<u8> {
        let number = match self.user {
            UserRef::Number(number) => number,
            UserRef::Slot(slot) => UserNumber::from_u32(u32::from(slot)),
        };
        let mut body = match (layout, self.user) {
            (EventLayout::Slot, UserRef::Slot(slot)) => slot.to_le_bytes().to_vec(),
            (EventLayout::Slot, UserRef::Number(_)) => vec![0; 2],
            (EventLayout::Integer, _) => number.text().parse::<u32>().unwrap_or(0).to_le_bytes().to_vec(),
            (EventLayout::Text, _) => {
                let mut field = vec![0; NUMBER_BYTES];
                put_padded(&mut field, number.as_bytes());
                field
            }
        };
        body.extend_from_slice(&[self.verify, self.state]);
        body.extend_from_slice(&self.time.0);
        body.extend_from_slice(&self.extra);
        body
    }

    /// The record that the log will hold, work code unknown; `None` when the time is none that a record can hold.
    pub fn record(&self) -> Option<AttendanceRecord> {
        let time = PackedTime::from_civil(self.time.civil().unwrap_or_else(InvalidTime::printed))?;
        let slot = match self.user {
            UserRef::Slot(slot) => Some(slot),
            UserRef::Number(_) => None,
        };
        Some(AttendanceRecord { user: self.user, slot, time, verify: self.verify, state: self.state, work_code: 0 })
    }
}

impl Enrolment {
    /// Reads a body; `None` when it is too short to say what was enrolled.
    pub fn decode(body: &[u8]) -> Option<Enrolment> {
        let result = u16_at(body, 0)?;
        if result != 0 {
            return Some(Enrolment::Failed { result });
        }
        let template_bytes = u16_at(body, 2)?;
        let (finger, number) = body.get(4..)?.split_last()?;
        if !(ENROLLED_NUMBER_BYTES..=NUMBER_BYTES).contains(&number.len()) {
            return None;
        }
        Some(Enrolment::Done { template_bytes, number: UserNumber::from_field(number), finger: *finger })
    }

    /// Writes the body.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Enrolment::Failed { result } => result.to_le_bytes().to_vec(),
            Enrolment::Done { template_bytes, number, finger } => {
                let mut field = vec![0; ENROLLED_NUMBER_BYTES.max(number.as_bytes().len())];
                put_padded(&mut field, number.as_bytes());
                [&[0; 2][..], &template_bytes.to_le_bytes(), &field, &[*finger]].concat()
            }
        }
    }
}

impl Alarm {
    /// Reads a body of a known length; `None` for others.
    pub fn decode(body: &[u8]) -> Option<Alarm> {
        match body.len() {
            4 | 8 => Some(Alarm::Device(AlarmKind(u16::from(*body.first()?)))),
            12 if u32_at(body, 0)? == u32::MAX => Some(Alarm::Person {
                kind: AlarmKind(u16_at(body, 4)?),
                slot: u16_at(body, 6)?,
                matched: u32_at(body, 8)?,
            }),
            _ => None,
        }
    }

    /// Writes the body.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Alarm::Device(kind) => {
                let mut body = vec![0; if *kind == AlarmKind::DOOR_CLOSING { 8 } else { 4 }];
                put_padded(&mut body, &[kind.0 as u8]);
                body
            }
            Alarm::Person { kind, slot, matched } => {
                [&[0xFF; 4][..], &kind.0.to_le_bytes(), &slot.to_le_bytes(), &matched.to_le_bytes()].concat()
            }
        }
    }
}

impl AlarmKind {
    /// Somebody verified under duress.
    pub const DURESS: AlarmKind = AlarmKind(0x20);
    /// Somebody came in twice without going out.
    pub const PASS_BACK: AlarmKind = AlarmKind(0x22);
    /// The exit button was pressed.
    pub const EXIT_BUTTON: AlarmKind = AlarmKind(0x35);
    /// The housing was opened.
    pub const TAMPER: AlarmKind = AlarmKind(0x37);
    /// Too many failed attempts.
    pub const MISOPERATION: AlarmKind = AlarmKind(0x3A);
    /// The door closes.
    pub const DOOR_CLOSING: AlarmKind = AlarmKind(0x54);

    /// What it means; `None` for an unknown kind.
    pub fn meaning(self) -> Option<&'static str> {
        match self {
            AlarmKind::DURESS => Some("duress"),
            AlarmKind::PASS_BACK => Some("anti-passback"),
            AlarmKind::EXIT_BUTTON => Some("exit button"),
            AlarmKind::TAMPER => Some("tamper"),
            AlarmKind::MISOPERATION => Some("misoperation"),
            AlarmKind::DOOR_CLOSING => Some("door closing"),
            _ => None,
        }
    }
}

impl fmt::Debug for AlarmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlarmKind({:#x} {})", self.0, self.meaning().unwrap_or("unknown"))
    }
}
