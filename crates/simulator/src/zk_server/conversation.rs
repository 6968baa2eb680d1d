//! What a terminal answers to one client: packets in, packets out, no socket (zk 3 to 6).
//!
//! This file opens the session and hands each command to the file of its subject.

use tokio::sync::broadcast;
use tokio::time::Instant;
use zk::{Code, EventMask, Packet, comm_key};

use super::bulk::Prepared;
use super::upload::Upload;
use crate::terminal::{Happening, Terminal};

/// What a captured unit answered CONNECT with: another number, and a byte too many (zk 2).
const ODD_NUMBER: u16 = 0x10;
const ODD_BYTE: u8 = 9;

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
    /// Requests since the session was opened.
    requests: u32,
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
            requests: 0,
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
            _ => {
                self.requests += 1;
                if !self.is_open || self.terminal.faults().lost_session.strikes(self.requests) {
                    self.is_open = false;
                    return self.reply(request, Code::ACK_UNAUTH, []);
                }
                self.command(request)
            }
        }
    }

    /// The client is gone: what it began ends with it. Units recover from clients that never enabled them.
    pub(super) fn end(&mut self) {
        self.terminal.set_disabled(false);
    }

    fn connect(&mut self, request: &Packet) -> Answer {
        if let Some(code) = self.terminal.profile().binary.locked {
            return Answer { ends: true, ..self.reply(request, code, []) };
        }
        let faults = self.terminal.faults();
        self.is_open = self.terminal.comm_key() == 0 && !faults.always_auth && !faults.refuse_key;
        let code = if self.is_open { Code::ACK_OK } else { Code::ACK_UNAUTH };
        if faults.odd_connect {
            return self.reply(&Packet { number: ODD_NUMBER, ..request.clone() }, code, [ODD_BYTE]);
        }
        self.reply(request, code, [])
    }

    fn authenticate(&mut self, request: &Packet) -> Answer {
        let is_right = comm_key::verify(self.terminal.comm_key(), self.session, &request.data);
        self.is_open = is_right && !self.terminal.faults().refuse_key;
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
