//! The contract of edge and hub, version 1 (`/link/v1`).
//!
//! Invariants:
//! * An edge numbers what it holds ([`Item::seq`], increasing, never reused) and sends it in that order, one request in
//!   flight. The hub answers only after its commit, and names the highest sequence that it holds: the edge may trim up
//!   to it.
//! * A batch says what it follows ([`Batch::follows`]), so that a hub that was restored from an older backup notices its gap. Each
//!   answer to a heartbeat says what the hub holds ([`Orders::high_seq`]), so that an edge without new punches notices it too.
//! * Sequences are those of one spool ([`Batch::spool`]): what a hub holds of a spool says nothing of the next one, on a new
//!   disk, that numbers from 1 again under the same edge's name.
//! * A batch may arrive any number of times. The hub tells known from new by the punch's fingerprint, which it computes
//!   itself from what the terminal said.
//! * Unknown fields are ignored on both sides, and no field changes its meaning or goes, so that an edge one minor version
//!   back is served. What such a version said and heard is recorded in `tests/transcripts` and replayed against edge and hub.

pub mod body;
mod clock;
pub mod closeout;
pub mod command;
pub mod enrol;
pub mod health;
mod network;
pub mod poll;
pub mod users;

use std::net::SocketAddr;

use attendance::punch::{Channel, PrintedTime, RawPunch};
use serde::{Deserialize, Serialize};

pub use clock::{CLOCK_TOLERANCE_S, Clock, ClockSource, span};
pub use closeout::{Closeout, DayReading, Doubt, Reading};
pub use command::{CommandOrder, CommandReport, CommandState, TerminalCommand};
pub use health::{EdgeClock, Health};
pub use network::{Network, NotANetwork, caller};
pub use poll::{Poll, PollOutcome};
pub use users::UserList;

/// The path of each call, below the hub's address.
pub mod path {
    /// `POST` a [`Batch`](crate::Batch), answered by an [`Ack`](crate::Ack).
    pub const PUNCHES: &str = "/link/v1/punches";
    /// `POST` a [`Heartbeat`](crate::Heartbeat), answered by [`Orders`](crate::Orders).
    pub const HEARTBEAT: &str = "/link/v1/heartbeat";
    /// `POST` nothing with the token of an [`Invitation`](crate::enrol::Invitation), answered by
    /// [`Enrolled`](crate::enrol::Enrolled).
    pub const ENROLL: &str = "/link/v1/enroll";
    /// `POST` nothing, answered by [`NewToken`](crate::enrol::NewToken).
    pub const TOKEN: &str = "/link/v1/token";
}

/// What an edge sends: items in the order of their sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The edge's own name, stable over restarts.
    pub edge: String,
    /// The spool whose sequences these are: a word that no other spool has. Empty from an older edge, and from a spool that an
    /// older edge began.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spool: String,
    /// Sequence that the hub had acknowledged when these items were taken; 0 at the beginning. A hub that holds less (it
    /// was restored from an older backup) takes nothing and answers with what it holds, and the edge goes back to there.
    #[serde(default)]
    pub follows: i64,
    /// Sequence that the hub holds everything up to once it has these items: that of the last one, or more where entries
    /// behind it can't be read any more. 0 from an older edge, which means the last item's.
    #[serde(default)]
    pub up_to: i64,
    /// The items; may be empty.
    pub items: Vec<Item>,
}

/// One thing that a terminal said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The edge's sequence number of this item.
    pub seq: i64,
    /// When the edge received it, microseconds since the epoch, UTC.
    pub received_us: i64,
    /// The edge did not believe its own clock then: nothing is judged by `received_us`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_time_doubted: bool,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A punch, or a line that could not be read as one.
    Punch(Punch),
    /// A user as a terminal knows it: material for matching, never an employee by itself.
    User(TerminalUser),
}

/// A punch on the wire: [`RawPunch`] in plain JSON. Text that is no date travels as base64 of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Punch {
    /// The road of this copy.
    pub channel: Channel,
    /// Serial, or `source:...`.
    pub origin: String,
    /// User number.
    pub user: String,
    /// Printed time in seconds since 1970 on the terminal's face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// Base64 of the printed text, when it is no date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_time: Option<String>,
    /// State code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<i32>,
    /// Verification method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<i32>,
    /// Work code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_code: Option<String>,
    /// Base64 of the original bytes.
    pub original: String,
}

/// A field of a [`Punch`] that can't be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` of a punch is not base64; the sender must be an edge of this version")]
pub struct BadField {
    /// Its name.
    pub field: &'static str,
}

impl Punch {
    /// The wire form of a punch.
    pub fn of(channel: Channel, punch: &RawPunch) -> Self {
        let (seconds, raw_time) = match &punch.time {
            PrintedTime::Seconds(seconds) => (Some(*seconds), None),
            PrintedTime::Raw(bytes) => (None, Some(encode(bytes))),
        };
        Self {
            channel,
            origin: punch.origin.clone(),
            user: punch.user.clone(),
            seconds,
            raw_time,
            state: punch.state,
            verify: punch.verify,
            work_code: punch.work_code.clone(),
            original: encode(&punch.original),
        }
    }

    /// The punch again, exactly as the edge held it.
    ///
    /// # Errors
    /// [`BadField`] when a base64 field is damaged.
    pub fn raw(&self) -> Result<RawPunch, BadField> {
        let time = match (self.seconds, &self.raw_time) {
            (Some(seconds), _) => PrintedTime::Seconds(seconds),
            (None, Some(text)) => PrintedTime::Raw(decode(text, "raw_time")?),
            (None, None) => PrintedTime::Raw(Vec::new()),
        };
        Ok(RawPunch {
            origin: self.origin.clone(),
            user: self.user.clone(),
            time,
            state: self.state,
            verify: self.verify,
            work_code: self.work_code.clone(),
            original: decode(&self.original, "original")?,
        })
    }
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

fn decode(text: &str, field: &'static str) -> Result<Vec<u8>, BadField> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(text).map_err(|_| BadField { field })
}

/// A user as a terminal lists it. No password and no template ever travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalUser {
    /// Serial of the terminal.
    pub origin: String,
    /// User number.
    pub user: String,
    /// Name on the terminal; may be empty.
    pub name: String,
}

/// The hub's answer to a batch, after its commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Highest sequence of this edge's spool that the hub holds.
    pub high_seq: i64,
    /// Outcome per item of the batch, in its order.
    pub outcomes: Vec<Outcome>,
    /// Why each of the held ones is held. (Beside the outcomes and not in them, because an older edge reads those as words.)
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
}

/// An item that the hub keeps until its cause is cured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The item's sequence number.
    pub seq: i64,
    /// The reason's word, as in the hub's lists: `unknown_user`.
    pub reason: String,
    /// What happened, for people.
    pub says: String,
}

/// What became of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// New, and matched to an employee.
    Stored,
    /// Was known already; nothing changed.
    Known,
    /// New, kept, and held until its cause is cured; [`Ack::held`] says why.
    Held,
}

/// A sign of life of an edge: what it sees of its terminals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The edge's name.
    pub edge: String,
    /// Its spool, as in [`Batch::spool`]: which sequences [`Orders::high_seq`] shall be of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spool: String,
    /// Its version.
    pub version: String,
    /// Its own clock, microseconds since the epoch, UTC.
    pub now_us: i64,
    /// Items not yet acknowledged by the hub.
    pub queued: i64,
    /// Receive time of the oldest of them, microseconds UTC.
    pub oldest_unsent_us: Option<i64>,
    /// What is new of terminals since the last heartbeat, unapproved ones included.
    pub terminals: Vec<Contact>,
    /// What became of commands; repeated until a heartbeat that carried it was answered. At most
    /// [`command::MAX_REPORTS`].
    #[serde(default)]
    pub commands: Vec<CommandReport>,
    /// Whole logs that were read, once the hub has acknowledged what they brought; repeated until a heartbeat that carried
    /// them was answered. At most [`closeout::MAX_READINGS`].
    #[serde(default)]
    pub readings: Vec<Reading>,
    /// What was read of user tables, once the hub has acknowledged what was read with them; repeated until a heartbeat that carried
    /// them was answered. At most [`users::MAX_TABLES`], and one with its list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserList>,
    /// Readings that have ended, well or not; repeated until a heartbeat that carried them was answered. At most
    /// [`poll::MAX_POLLS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub polls: Vec<Poll>,
    /// How the edge is; `None` from an older one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// What an edge knows of one terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Serial as reported.
    pub serial: String,
    /// Last contact of any kind, microseconds UTC.
    pub last_contact_us: Option<i64>,
    /// Last time that its whole log was read, microseconds UTC.
    pub last_complete_read_us: Option<i64>,
    /// Records in the terminal at that time.
    pub records_on_terminal: Option<i64>,
    /// What went wrong in the last poll, or who called with its serial and was refused, in words, with the cure; `None` when
    /// all is well.
    pub trouble: Option<String>,
    /// What was last seen of its clock.
    #[serde(default)]
    pub clock: Option<Clock>,
    /// Where it answers now, when that is not its registered address.
    #[serde(default)]
    pub moved: Option<Moved>,
}

/// A terminal that has another address than the registered one: a search found it by its serial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The registered address, as it was when the terminal was found.
    pub from: String,
    /// Where it was found.
    pub to: SocketAddr,
}

/// What the hub wants of an edge: the terminals that it answers for, and what they shall do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// The terminals that this edge saw last, and those that no edge has seen yet.
    pub terminals: Vec<Terminal>,
    /// Commands for terminals that this edge sees. Each comes again until the edge has reported of it. At most
    /// [`command::MAX_ORDERS`].
    #[serde(default)]
    pub commands: Vec<CommandOrder>,
    /// What the hub can't tell to be complete, of the terminals whose readings this answers.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    /// The terminals that list others than the hub does, by what this answers: their lists are wanted with the next heartbeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants_users: Vec<String>,
    /// The edge's token is old: it shall ask for a new one ([`path::TOKEN`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renew_token: bool,
    /// Highest sequence of this edge's spool that the hub holds: where it is less than was acknowledged before the heartbeat was sent,
    /// the hub was restored from an older backup, and an edge that has nothing new to send goes back as well. `None` from a
    /// hub that does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_seq: Option<i64>,
    /// The hub's clock at this answer, microseconds since the epoch, UTC; `None` from an older one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now_us: Option<i64>,
    /// Seconds that the edge shall wait between two heartbeats at least, because the hub has so many edges; `None` for as few as
    /// it likes. What is urgent may still come at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat_every_s: Option<u32>,
}

/// A terminal as the hub registered it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// Serial: its identity.
    pub serial: String,
    /// Name for people.
    pub name: String,
    /// Only an approved terminal may empty its log into the edge.
    pub approved: bool,
    /// `host` or `host:port` for polling.
    pub address: Option<String>,
    /// Communication key for polling; `None` is key 0.
    pub comm_key: Option<u32>,
    /// How it is read.
    pub via: Via,
    /// What it must show when it pushes (adms 11): `pushcommkey` of its handshake, `ComKey`, or what stands before `/iclock`
    /// in the path. `None` takes it as it is; an empty key, one that can't be read, admits nobody.
    #[serde(default)]
    pub push_key: Option<String>,
    /// IANA zone of its clock; `None` from a hub that knows none.
    #[serde(default)]
    pub zone: Option<String>,
    /// Its handshake may set its clock. Otherwise nothing that is sent to it does.
    #[serde(default)]
    pub sets_clock: bool,
    /// Seconds between two readings of its log; `None` for as often as the edge reads others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_every_s: Option<u32>,
    /// Between readings its punches are heard as they happen, where it offers that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub live: bool,
}

/// How a terminal's punches are collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// It posts them.
    #[default]
    Push,
    /// They are read from its log.
    Poll,
    /// Both: push for speed, poll for truth.
    Both,
}

impl Via {
    /// The word for it on the command line and in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Poll => "poll",
            Self::Both => "both",
        }
    }

    /// True when the terminal is polled.
    pub const fn polls(self) -> bool {
        matches!(self, Self::Poll | Self::Both)
    }
}

/// The limits of a batch; larger ones are refused with 413.
pub const MAX_ITEMS: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_punch_comes_back_as_it_was_said() {
        let said = RawPunch {
            origin: "A1".to_owned(),
            user: "0012".to_owned(),
            time: PrintedTime::Raw(b"2026-13-45 \xff".to_vec()),
            state: Some(255),
            verify: None,
            work_code: Some("7".to_owned()),
            original: b"0012\t2026-13-45 \xff".to_vec(),
        };
        let item =
            Item { seq: 7, received_us: 1, is_time_doubted: false, what: What::Punch(Punch::of(Channel::Push, &said)) };
        let text = serde_json::to_string(&item).unwrap();
        let back: Item = serde_json::from_str(&text).unwrap();
        assert_eq!(back, item);
        let What::Punch(punch) = back.what else { panic!("{text}") };
        assert_eq!(punch.raw().unwrap(), said);
        assert_eq!(punch.raw().unwrap().fingerprint(), said.fingerprint());
    }

    #[test]
    fn a_newer_edge_may_add_fields() {
        let text = r#"{"edge":"e1","items":[{"seq":1,"received_us":2,"kind":"user","origin":"A1","user":"5","name":"Ann","shoe_size":43}],"mood":"good"}"#;
        assert_eq!(serde_json::from_str::<Batch>(text).unwrap().items.len(), 1);
    }
}
