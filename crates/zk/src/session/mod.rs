//! A client's session with a terminal, without I/O and without a clock.
//!
//! The caller passes in what it read and what time it is ([`Session::receive`], [`Session::expire`]) and takes out what
//! must be written ([`Session::take_outgoing`]) and what happened ([`Session::next_event`]). Time is a [`Duration`] since
//! any moment of the caller's choice.
//!
//! Invariants:
//! * one task at a time; every task ends in exactly one of [`Event::Connected`], [`Event::Replied`], [`Event::Dataset`] and
//!   [`Event::Failed`], however the terminal's bytes are cut or joined;
//! * a task fails when nothing that belongs to it has come for `idle`, or after `total`; real-time events and noise are no
//!   progress;
//! * session ids and reply numbers are hints (zk 2, 4): a lower number is a late reply and dropped, any other mismatch is
//!   accepted;
//! * [`Session::farewell`] undoes what was begun: it frees the buffer, enables a disabled terminal, and says EXIT.

mod bulk;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::code::Code;
use crate::comm_key;
use crate::error::Error;
use crate::framing::Framer;
use crate::packet::Packet;
use crate::transfer::{CHUNK_BYTES, Table};
use bulk::{BulkRead, Step};

/// Bytes of noise after which whatever answers a CONNECT is taken for something else than a terminal.
const NOISE_BYTES: u64 = 64;
/// Replies up to this far behind the current number are late ones.
const LATE_WINDOW: u16 = 64;

/// How patient a session is and how it reads.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Longest silence within a task.
    pub idle: Duration,
    /// Longest task, whatever its progress (zk 12).
    pub total: Duration,
    /// How long a closing ACK_OK is waited for that some units leave out (zk 6.1).
    pub grace: Duration,
    /// Bytes asked for with each 1504 request.
    pub chunk_bytes: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            idle: Duration::from_secs(15),
            total: Duration::from_secs(30 * 60),
            grace: Duration::from_millis(500),
            chunk_bytes: CHUNK_BYTES,
        }
    }
}

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
    outgoing: Vec<u8>,
    events: VecDeque<Event>,
    task: Task,
    session: u16,
    number: u16,
    deadline: Option<Duration>,
    give_up_at: Duration,
    /// First bytes of whatever came before the session was open.
    first_bytes: Vec<u8>,
    has_opened: bool,
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
            outgoing: Vec::new(),
            events: VecDeque::new(),
            task: Task::Idle,
            session: 0,
            number: 0,
            deadline: None,
            give_up_at: Duration::MAX,
            first_bytes: Vec::new(),
            has_opened: false,
            is_broken: false,
            is_terminal_disabled: false,
            is_buffer_prepared: false,
            omits_closing_ack: false,
        }
    }

    /// Begins with CONNECT, and AUTH with `comm_key` when the terminal asks for it (zk 4).
    pub fn connect(&mut self, comm_key: u32, now: Duration) {
        self.session = 0;
        self.number = 0xFFFE; // CONNECT carries number 0.
        if self.begin(Task::Connect { key: comm_key }, now) {
            self.request(Code::CONNECT, Vec::new(), now);
        }
    }

    /// Asks for one command with a single reply.
    pub fn command(&mut self, code: Code, data: Vec<u8>, now: Duration) {
        if self.begin(Task::Command(code), now) {
            if code == Code::DISABLE_DEVICE {
                self.is_terminal_disabled = true;
            }
            self.request(code, data, now);
        }
    }

    /// Reads a data set (zk 6.1), inline or in chunks as the terminal prefers.
    pub fn read(&mut self, table: Table, now: Duration) {
        let bulk = BulkRead::new(table, self.settings.chunk_bytes, self.omits_closing_ack);
        if self.begin(Task::Read(bulk), now) {
            self.request(Code::PREPARE_BUFFER, table.request(), now);
        }
    }

    /// Takes bytes from the terminal.
    pub fn receive(&mut self, bytes: &[u8], now: Duration) {
        if !self.has_opened {
            let room = (NOISE_BYTES as usize).saturating_sub(self.first_bytes.len());
            self.first_bytes.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        }
        self.framer.push(bytes);
        let mut has_completed_frame = false;
        while let Some(packet) = self.framer.next_packet() {
            has_completed_frame = true;
            self.take_packet(packet, now);
        }
        if self.is_something_else(NOISE_BYTES) {
            self.fail(Error::NotATerminal { seen: self.first_bytes.clone() });
        } else if !has_completed_frame && self.framer.pending_bytes() > 0 {
            // A long frame over a slow line is progress too.
            self.postpone(now);
        }
    }

    /// What must be written to the terminal.
    pub fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Session::expire`] must be called if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.min(self.give_up_at))
    }

    /// Tells that the deadline may have passed.
    pub fn expire(&mut self, now: Duration) {
        let is_due = self.deadline().is_some_and(|deadline| now >= deadline);
        if !is_due {
            return;
        }
        if now < self.give_up_at
            && let Task::Read(bulk) = &mut self.task
            && let Some(step) = bulk.expire()
        {
            self.omits_closing_ack = true;
            self.carry_on(step, now);
            return;
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

    /// The last bytes to write, without waiting for replies: whatever was begun is undone, then EXIT (zk 4).
    /// Empty when no session was opened.
    pub fn farewell(&mut self) -> Vec<u8> {
        self.outgoing.clear();
        if self.has_opened {
            if std::mem::take(&mut self.is_buffer_prepared) {
                self.send(Code::FREE_DATA, Vec::new());
            }
            if std::mem::take(&mut self.is_terminal_disabled) {
                self.send(Code::ENABLE_DEVICE, Vec::new());
            }
            self.send(Code::EXIT, Vec::new());
        }
        self.has_opened = false;
        self.is_broken = true;
        self.take_outgoing()
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
        self.send(code, data);
        self.postpone(now);
    }

    fn send(&mut self, code: Code, data: Vec<u8>) {
        self.number = if self.number >= 0xFFFE { 0 } else { self.number + 1 };
        self.outgoing.extend_from_slice(&Packet::new(code, self.session, self.number, data).to_frame());
    }

    /// Moves the deadline: the task made progress.
    fn postpone(&mut self, now: Duration) {
        let patience = match &self.task {
            Task::Read(bulk) if bulk.may_be_over() => self.settings.grace,
            _ => self.settings.idle,
        };
        self.deadline = (!matches!(self.task, Task::Idle)).then(|| now.saturating_add(patience));
    }

    fn take_packet(&mut self, packet: Packet, now: Duration) {
        if packet.code == Code::EVENT {
            let ack = Packet::new(Code::ACK_OK, self.session, 0, Vec::new());
            self.outgoing.extend_from_slice(&ack.to_frame());
            self.events.push_back(Event::Happened(packet));
            return;
        }
        let connecting = matches!(self.task, Task::Connect { .. });
        let behind = self.number.wrapping_sub(packet.number);
        if !connecting && (1..=LATE_WINDOW).contains(&behind) {
            return;
        }
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Idle => {}
            Task::Connect { key } => self.take_connect_reply(&packet, key, now),
            Task::Authenticate => match packet.code {
                Code::ACK_UNAUTH => self.fail(Error::WrongKey),
                _ => self.finish_opening(&packet),
            },
            Task::Command(command) => self.take_command_reply(command, packet),
            Task::Read(mut bulk) => {
                let step = bulk.take(&packet);
                self.is_buffer_prepared |= bulk.is_buffer_prepared();
                self.task = Task::Read(bulk);
                self.carry_on(step, now);
            }
        }
    }

    fn take_connect_reply(&mut self, packet: &Packet, key: u32, now: Duration) {
        self.session = packet.session;
        if packet.code == Code::ACK_UNAUTH {
            self.task = Task::Authenticate;
            let data = comm_key::scramble(key, self.session, comm_key::TICK);
            self.request(Code::AUTH, data.to_vec(), now);
        } else {
            self.finish_opening(packet);
        }
    }

    fn finish_opening(&mut self, packet: &Packet) {
        match refusal(Code::CONNECT, packet.code) {
            Some(error) => self.fail(error),
            None => {
                self.has_opened = true;
                self.end(Event::Connected);
            }
        }
    }

    fn take_command_reply(&mut self, command: Code, packet: Packet) {
        if let Some(error) = refusal(command, packet.code) {
            self.fail(error);
            return;
        }
        if command == Code::ENABLE_DEVICE {
            self.is_terminal_disabled = false;
        }
        if command == Code::EXIT {
            self.has_opened = false;
            self.is_broken = true;
        }
        self.end(Event::Replied(packet));
    }

    fn carry_on(&mut self, step: Step, now: Duration) {
        match step {
            Step::Wait => self.postpone(now),
            Step::Ask(code, data) => self.request(code, data, now),
            Step::Done(dataset) => {
                self.is_buffer_prepared = false;
                self.end(Event::Dataset(dataset));
            }
            Step::Failed(error) => self.fail(error),
        }
    }

    fn end(&mut self, event: Event) {
        self.task = Task::Idle;
        self.deadline = None;
        self.events.push_back(event);
    }

    fn fail(&mut self, error: Error) {
        self.is_broken |= error.ends_connection();
        self.end(Event::Failed(error));
    }

    /// Whether at least `noise` bytes came and no frame among them, before the session was open.
    fn is_something_else(&self, noise: u64) -> bool {
        matches!(self.task, Task::Connect { .. }) && self.framer.skipped_bytes() >= noise
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Session");
        fields.field("doing", &self.doing()).field("is_broken", &self.is_broken).finish_non_exhaustive()
    }
}

/// The error that a reply means, if it means one.
fn refusal(command: Code, reply: Code) -> Option<Error> {
    match reply {
        Code::ACK_OK | Code::ACK_DATA | Code::DATA => None,
        Code::LOCKED | Code::SESSION_MEMORY => Some(Error::Locked { code: reply }),
        Code::ACK_UNAUTH => Some(Error::SessionLost { command }),
        code => Some(Error::Refused { command, code }),
    }
}
