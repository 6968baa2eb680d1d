//! A client's session with a terminal, without I/O and without a clock.
//!
//! The caller passes in what it read and what time it is ([`Session::receive`], [`Session::expire`]) and takes out what
//! must be written ([`Session::take_outgoing`]) and what happened ([`Session::next_event`]). Time is a [`Duration`] since
//! any moment of the caller's choice.
//!
//! What carries the packets is a setting ([`Carrier`]): on a stream the pieces of bytes passed in mean nothing, of datagrams
//! each is one packet.
//!
//! Invariants:
//! * one task at a time; every task ends in exactly one of [`Event::Connected`], [`Event::Replied`], [`Event::Dataset`] and
//!   [`Event::Failed`], however the terminal's bytes are cut or joined, and whichever datagrams are lost, repeated or late;
//! * a task fails when nothing that belongs to it has come for `idle`, or after `total`; real-time events and noise are no
//!   progress;
//! * session ids and reply numbers are hints (zk 2, 4): a lower number is a late reply and dropped, any other mismatch is
//!   accepted. The exception are bulk reads over datagrams, where a late one could do harm: only the number of the request
//!   counts;
//! * a wrong checksum is counted on a stream and drops a datagram (zk 2);
//! * over datagrams a request that nothing answers is sent again with its number (zk 12): once, reads until `idle` is over;
//! * [`Session::farewell`] undoes what was begun: it frees the buffer, enables a disabled terminal, and says EXIT.
//!
//! # What a data set is worth
//!
//! A set is whole and in order, or it is an error. On a stream TCP sees to that, and the announced lengths must be met exactly.
//! Over datagrams:
//!
//! * a run of datagrams that the terminal numbers from 0 is taken when it has no gap and the announced length. Lost, repeated
//!   and late ones, also those of an earlier attempt, cost time only: what is missing is asked for again;
//! * terminals that number otherwise, or not at all, are asked for chunks that one datagram holds;
//! * old units that neither prepare sets nor number their datagrams give the whole set twice, and it must be the same both times.
//!   This is the one case without a proof: a network that damages two readings in the same way would go unnoticed here, and be
//!   caught by the records, if they make no sense. Prefer TCP wherever a terminal has it.

mod bulk;
mod outbox;
mod pieces;
mod replies;
mod settings;
mod source;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::code::Code;
use crate::error::Error;
use crate::framing::Framer;
use crate::packet::{Packet, Payload};
use crate::stranger::Stranger;
use crate::transfer::Table;
use bulk::{BulkRead, Silence, Step};
use outbox::Outbox;
pub use settings::{Carrier, Settings};
use source::Source;

/// Bytes of noise after which whatever answers a CONNECT is taken for something else than a terminal.
const NOISE_BYTES: u64 = 64;
/// How far the end of a reply can overtake its last datagram.
const STRAGGLERS: Duration = Duration::from_millis(50);

/// What came of the current task, or from the terminal by itself.
#[derive(Debug)]
pub enum Event {
    /// The session is open.
    Connected,
    /// The terminal did what it was asked.
    Replied(Packet),
    /// A data set is complete: byte count and records, as [`crate::AttendanceLog::decode`] takes it.
    Dataset(Vec<u8>),
    /// A real-time event (zk 10); it has been acknowledged.
    Happened(Packet),
    /// The task failed.
    Failed(Error),
}

enum Task {
    Idle,
    Connect { key: u32 },
    Authenticate,
    Command(Code),
    Read(BulkRead),
}

/// The state machine. Printed without what passes through it: keys, passwords, names (zk 13).
pub struct Session {
    settings: Settings,
    framer: Framer,
    outbox: Outbox,
    events: VecDeque<Event>,
    task: Task,
    deadline: Option<Duration>,
    /// When what was sent last is taken to be lost.
    resend_at: Option<Duration>,
    give_up_at: Duration,
    /// First bytes of whatever came before the session was open.
    first_bytes: Vec<u8>,
    /// Bytes so far that belonged to no packet.
    noise: u64,
    bad_checksums: u64,
    has_opened: bool,
    /// The terminal keeps a place for this session, opened or not.
    has_place: bool,
    is_broken: bool,
    is_terminal_disabled: bool,
    is_buffer_prepared: bool,
    omits_closing_ack: bool,
}

impl Session {
    /// A session that has not begun.
    pub fn new(settings: Settings) -> Session {
        Session {
            settings,
            framer: Framer::new(),
            outbox: Outbox::new(settings.carrier),
            events: VecDeque::new(),
            task: Task::Idle,
            deadline: None,
            resend_at: None,
            give_up_at: Duration::MAX,
            first_bytes: Vec::new(),
            noise: 0,
            bad_checksums: 0,
            has_opened: false,
            has_place: false,
            is_broken: false,
            is_terminal_disabled: false,
            is_buffer_prepared: false,
            omits_closing_ack: false,
        }
    }

    /// Begins with CONNECT, and AUTH with `comm_key` when the terminal asks for it (zk 4).
    pub fn connect(&mut self, comm_key: u32, now: Duration) {
        self.outbox.begin();
        if self.begin(Task::Connect { key: comm_key }, now) {
            self.request(Code::CONNECT, Vec::new(), now);
        }
    }

    /// Asks for one command with a single reply.
    pub fn command(&mut self, code: Code, data: Vec<u8>, now: Duration) {
        if self.begin(Task::Command(code), now) {
            self.is_terminal_disabled |= code == Code::DISABLE_DEVICE;
            // An upload fills the same buffer as a read.
            self.is_buffer_prepared |= code == Code::PREPARE_DATA;
            self.request(code, data, now);
        }
    }

    /// Reads a data set (zk 6.1), inline or in chunks as the terminal prefers.
    pub fn read(&mut self, table: Table, now: Duration) {
        self.read_from(Source::prepared(table), now);
    }

    /// Reads a data set in the form of old units, where the table's own command brings all of it (zk 6.1). Units with a colour
    /// display answer it with something else.
    pub fn read_directly(&mut self, table: Table, now: Duration) {
        self.read_from(Source::direct(table), now);
    }

    /// Reads what one command brings in bulk, as it is: PREPARE_DATA and DATA, or a single DATA.
    pub fn read_object(&mut self, code: Code, data: Vec<u8>, now: Duration) {
        self.read_from(Source::object(code, data), now);
    }

    /// Takes bytes from the terminal: any piece of a stream, or one whole datagram.
    pub fn receive(&mut self, bytes: &[u8], now: Duration) {
        if !self.has_opened {
            let room = (NOISE_BYTES as usize).saturating_sub(self.first_bytes.len());
            self.first_bytes.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        }
        match self.settings.carrier {
            Carrier::Stream => self.receive_stream(bytes, now),
            Carrier::Datagrams => self.receive_datagram(bytes, now),
        }
        if self.is_something_else(NOISE_BYTES) || self.is_known_stranger() {
            self.fail(Error::NotATerminal { seen: self.first_bytes.clone() });
        }
    }

    /// The next bytes to write to the terminal: one datagram, or one frame of a stream.
    pub fn take_outgoing(&mut self) -> Option<Vec<u8>> {
        self.outbox.take()
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Session::expire`] must be called if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        let deadline = self.deadline?.min(self.give_up_at);
        Some(self.resend_at.map_or(deadline, |resend_at| deadline.min(resend_at)))
    }

    /// Tells that the deadline may have passed.
    pub fn expire(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let is_silent_too_long = self.deadline.is_some_and(|deadline| now >= deadline);
        if now < self.give_up_at {
            if let Task::Read(bulk) = &mut self.task
                && bulk.silence() != Silence::Trouble
            {
                self.omits_closing_ack |= bulk.silence() == Silence::WouldDo;
                let step = bulk.conclude();
                return self.carry_on(step, now);
            }
            if !is_silent_too_long {
                return self.send_again(now);
            }
        }
        let error = if self.is_something_else(1) {
            Error::NotATerminal { seen: self.first_bytes.clone() }
        } else {
            Error::TimedOut { doing: self.doing() }
        };
        self.fail(error);
    }

    /// Tells that the terminal closed the connection.
    pub fn closed(&mut self) {
        let error = if self.is_something_else(1) {
            Error::NotATerminal { seen: self.first_bytes.clone() }
        } else {
            Error::Closed { doing: self.doing() }
        };
        self.fail(error);
    }

    /// Tells that the connection can't be used any more: the current task and all later ones come to nothing.
    pub fn abandon(&mut self) {
        self.is_broken = true;
        self.task = Task::Idle;
        self.deadline = None;
        self.resend_at = None;
    }

    /// What is going on, for messages.
    pub fn doing(&self) -> &'static str {
        match &self.task {
            Task::Idle => "waiting",
            Task::Connect { .. } => "connecting",
            Task::Authenticate => "presenting the comm key",
            Task::Command(code) => code.meaning().unwrap_or("running a command"),
            Task::Read(bulk) => bulk.doing(),
        }
    }

    /// Whether the session is of no more use; only [`Session::farewell`] is left.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Whether the terminal was disabled and not enabled since.
    pub fn is_terminal_disabled(&self) -> bool {
        self.is_terminal_disabled
    }

    /// Packets so far whose checksum did not fit (zk 2).
    pub fn bad_checksums(&self) -> u64 {
        self.bad_checksums + self.framer.bad_checksums()
    }

    /// Leaves the last bytes to write, without waiting for replies: whatever was begun is undone, then EXIT (zk 4), which a
    /// terminal that refused the key hears too. Nothing when the terminal gave no session.
    pub fn farewell(&mut self) {
        self.outbox.clear();
        if std::mem::take(&mut self.has_place) {
            if std::mem::take(&mut self.is_buffer_prepared) {
                self.outbox.request(Code::FREE_DATA, Vec::new());
            }
            if std::mem::take(&mut self.is_terminal_disabled) {
                self.outbox.request(Code::ENABLE_DEVICE, Vec::new());
            }
            self.outbox.request(Code::EXIT, Vec::new());
        }
        self.abandon();
    }

    fn receive_stream(&mut self, bytes: &[u8], now: Duration) {
        let mut framer = std::mem::take(&mut self.framer);
        framer.push(bytes);
        let mut has_completed_frame = false;
        while let Some(payload) = framer.next_payload() {
            has_completed_frame = true;
            self.take_payload(payload, now);
        }
        self.noise = framer.skipped_bytes();
        self.framer = framer;
        if !has_completed_frame && self.framer.pending_bytes() > 0 {
            // A long frame over a slow line is progress too.
            self.postpone(now);
        }
    }

    fn receive_datagram(&mut self, bytes: &[u8], now: Duration) {
        match Payload::parse(bytes) {
            Some(payload) if payload.is_sound => self.take_payload(payload, now),
            Some(_) => self.bad_checksums += 1,
            None => self.noise += bytes.len() as u64,
        }
    }

    fn read_from(&mut self, source: Source, now: Duration) {
        let Settings { carrier, chunk_bytes, .. } = self.settings;
        let bulk = BulkRead::new(source, carrier, self.outbox.session, chunk_bytes, self.omits_closing_ack);
        let (code, data) = bulk.request();
        if self.begin(Task::Read(bulk), now) {
            self.request(code, data, now);
        }
    }

    fn begin(&mut self, task: Task, now: Duration) -> bool {
        if self.is_broken || !matches!(self.task, Task::Idle) {
            self.is_broken = true;
            self.events.push_back(Event::Failed(Error::Interrupted));
            return false;
        }
        self.task = task;
        self.give_up_at = now.saturating_add(self.settings.total);
        true
    }

    fn request(&mut self, code: Code, data: Vec<u8>, now: Duration) {
        self.outbox.request(code, data);
        self.postpone(now);
    }

    /// Moves the deadlines: the task made progress.
    fn postpone(&mut self, now: Duration) {
        let patience = match &self.task {
            Task::Idle => None,
            Task::Connect { .. } | Task::Authenticate => Some(self.settings.opening),
            Task::Command(_) => Some(self.settings.idle),
            Task::Read(bulk) => Some(match bulk.silence() {
                Silence::Trouble => self.settings.idle,
                Silence::WouldDo => self.settings.grace,
                Silence::Stragglers => STRAGGLERS.min(self.settings.grace),
            }),
        };
        self.deadline = patience.map(|patience| now.saturating_add(patience));
        self.watch_for_loss(now);
    }

    /// Sets when silence means that a datagram was lost: later after each repetition, as the terminal may just be slow.
    fn watch_for_loss(&mut self, now: Duration) {
        let resent = match (&self.task, self.outbox.resent()) {
            (Task::Read(bulk), resent) if bulk.silence() == Silence::Trouble => Some(resent.unwrap_or(0)),
            (Task::Connect { .. } | Task::Authenticate | Task::Command(_), Some(0)) => Some(0),
            _ => None,
        };
        let patience = self.deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(now));
        let pause = self.settings.resend.min(patience / 3);
        self.resend_at = resent
            .filter(|_| self.settings.carrier == Carrier::Datagrams)
            .map(|resent| now.saturating_add(pause.saturating_mul(1 << resent.min(16))));
    }

    /// A datagram was lost: the request goes out again, or the rest of what it brought is asked for. The deadline stays.
    fn send_again(&mut self, now: Duration) {
        if self.outbox.resent().is_some() {
            self.outbox.resend();
        } else if let Task::Read(bulk) = &mut self.task {
            match bulk.stalled() {
                Step::Ask(code, data) => self.outbox.request(code, data),
                step => return self.carry_on(step, now),
            }
        }
        self.watch_for_loss(now);
    }

    fn carry_on(&mut self, step: Step, now: Duration) {
        match step {
            Step::Wait => self.postpone(now),
            Step::Ask(code, data) => self.request(code, data, now),
            Step::Done(dataset) => {
                if let Task::Read(bulk) = &self.task {
                    self.settings.chunk_bytes = bulk.chunk_bytes();
                }
                self.is_buffer_prepared = false;
                self.end(Event::Dataset(dataset));
            }
            Step::Failed(error) => self.fail(error),
        }
    }

    fn end(&mut self, event: Event) {
        self.task = Task::Idle;
        self.deadline = None;
        self.resend_at = None;
        self.events.push_back(event);
    }

    fn fail(&mut self, error: Error) {
        self.is_broken |= error.ends_connection();
        self.end(Event::Failed(error));
    }

    /// Whether at least `noise` bytes came and no frame among them, before the session was open.
    fn is_something_else(&self, noise: u64) -> bool {
        matches!(self.task, Task::Connect { .. }) && self.noise >= noise
    }

    /// Whether what came instead of a first packet names who sent it.
    fn is_known_stranger(&self) -> bool {
        self.is_something_else(1) && Stranger::recognise(&self.first_bytes).is_some()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Session");
        fields.field("doing", &self.doing()).field("is_broken", &self.is_broken).finish_non_exhaustive()
    }
}
