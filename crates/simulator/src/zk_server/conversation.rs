//! What a terminal answers to one client: packets in, packets out, no socket (zk 3 to 6).
//!
//! This file opens the session and hands each command to the file of its subject.

use tokio::sync::broadcast;
use tokio::time::Instant;
use zk::{Code, EventMask, Packet, comm_key};

use super::bulk::Prepared;
use super::upload::Upload;
use crate::terminal::{Happening, Terminal};

/// The packets that answer one request.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) packets: Vec<Packet>,
    /// Whether the terminal closes the connection after them.
    pub(super) ends: bool,
}

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) terminal: Terminal,
    session: u16,
    is_open: bool,
    /// Most data bytes of one DATA frame on this transport.
    pub(super) frame_bytes: usize,
    /// The data set prepared by 1503.
    pub(super) prepared: Option<Prepared>,
    /// What the client uploads by 1500 and 1501.
    pub(super) upload: Option<Upload>,
    /// Which read of the log this is, counted over all clients.
    pub(super) log_read: u32,
    /// Kinds of events that the client registered for.
    pub(super) registered: EventMask,
    pub(super) happenings: Option<broadcast::Receiver<Happening>>,
    /// When a terminal that was disabled for so many seconds enables itself.
    pub(super) enabled_at: Option<Instant>,
}

impl Conversation {
    pub(super) fn new(terminal: Terminal, frame_bytes: usize) -> Conversation {
        Conversation {
            session: terminal.next_session(),
            terminal,
            is_open: false,
            frame_bytes: frame_bytes.max(1),
            prepared: None,
            upload: None,
            log_read: 0,
            registered: EventMask::NONE,
            happenings: None,
            enabled_at: None,
        }
    }

    pub(super) fn answer(&mut self, request: &Packet) -> Answer {
        match request.code {
            Code::CONNECT => self.connect(request),
            Code::AUTH => self.authenticate(request),
            // The client has heard of an event.
            Code::ACK_OK => Answer::default(),
            // Whoever does not know the key may leave all the same.
            Code::EXIT if !self.is_open => Answer { ends: true, ..self.reply(request, Code::ACK_UNAUTH, []) },
            _ if !self.is_open => self.reply(request, Code::ACK_UNAUTH, []),
            _ => self.command(request),
        }
    }

    /// The client is gone: what it began ends with it. Units recover from clients that never enabled them.
    pub(super) fn end(&mut self) {
        self.terminal.set_disabled(false);
    }

    fn connect(&mut self, request: &Packet) -> Answer {
        let make = self.terminal.profile().binary.locked;
        if let Some(code) = make.or(self.terminal.faults().is_locked.then_some(Code::LOCKED)) {
            return Answer { ends: true, ..self.reply(request, code, []) };
        }
        self.is_open = self.terminal.comm_key() == 0 && !self.terminal.faults().always_asks_for_key;
        self.reply(request, if self.is_open { Code::ACK_OK } else { Code::ACK_UNAUTH }, [])
    }

    fn authenticate(&mut self, request: &Packet) -> Answer {
        self.is_open = comm_key::verify(self.terminal.comm_key(), self.session, &request.data);
        self.reply(request, if self.is_open { Code::ACK_OK } else { Code::ACK_UNAUTH }, [])
    }

    pub(super) fn packet(&self, request: &Packet, code: Code, data: impl Into<Vec<u8>>) -> Packet {
        Packet::new(code, self.session, request.number, data)
    }

    pub(super) fn reply(&self, request: &Packet, code: Code, data: impl Into<Vec<u8>>) -> Answer {
        Answer { packets: vec![self.packet(request, code, data)], ends: false }
    }

    /// ACK_OK or ACK_ERROR.
    pub(super) fn acknowledge(&self, request: &Packet, is_done: bool) -> Answer {
        self.reply(request, if is_done { Code::ACK_OK } else { Code::ACK_ERROR }, [])
    }
}
