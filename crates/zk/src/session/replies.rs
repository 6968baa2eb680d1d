//! What a packet of the terminal means to the task in hand.

use std::time::Duration;

use super::{Event, Session, Task};
use crate::code::Code;
use crate::comm_key;
use crate::error::Error;
use crate::packet::{Packet, Payload};

/// How often a terminal may say ACK_REPEAT to one request.
const REPETITIONS: u32 = 3;
/// Replies up to this far behind the current number are late ones.
const LATE_WINDOW: u16 = 64;

impl Session {
    pub(super) fn take_payload(&mut self, payload: Payload<'_>, now: Duration) {
        if payload.code == Code::EVENT {
            self.outbox.acknowledge_event();
            self.events.push_back(Event::Happened(payload.to_packet()));
            return;
        }
        if !self.is_awaited(payload.number) {
            return;
        }
        if payload.code == Code::ACK_REPEAT && self.outbox.resent().is_some_and(|resent| resent < REPETITIONS) {
            return self.outbox.resend();
        }
        self.outbox.note_answer();
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Idle => {}
            Task::Connect { key } => self.take_connect_reply(payload, key, now),
            Task::Authenticate => match payload.code {
                Code::ACK_UNAUTH => self.fail(Error::WrongKey),
                code => self.finish_opening(code),
            },
            Task::Command(command) => self.take_command_reply(command, payload.to_packet()),
            Task::Read(mut bulk) => {
                let step = bulk.take(payload);
                self.is_buffer_prepared |= bulk.is_buffer_prepared();
                self.task = Task::Read(bulk);
                self.carry_on(step, now);
            }
        }
    }

    /// Whether a reply number can be that of the task's answer.
    fn is_awaited(&self, number: u16) -> bool {
        let behind = self.outbox.number.wrapping_sub(number);
        match &self.task {
            Task::Connect { .. } => true,
            Task::Read(bulk) if bulk.needs_exact_numbers() => behind == 0,
            _ => !(1..=LATE_WINDOW).contains(&behind),
        }
    }

    fn take_connect_reply(&mut self, payload: Payload<'_>, key: u32, now: Duration) {
        self.outbox.session = payload.session;
        if payload.code == Code::ACK_UNAUTH {
            self.has_place = true;
            self.task = Task::Authenticate;
            let data = comm_key::scramble(key, payload.session, comm_key::TICK);
            self.request(Code::AUTH, data.to_vec(), now);
        } else {
            self.finish_opening(payload.code);
        }
    }

    fn finish_opening(&mut self, reply: Code) {
        match refusal(Code::CONNECT, reply) {
            Some(error) => self.fail(error),
            None => {
                (self.has_opened, self.has_place) = (true, true);
                self.end(Event::Connected);
            }
        }
    }

    fn take_command_reply(&mut self, command: Code, packet: Packet) {
        if let Some(error) = refusal(command, packet.code) {
            self.fail(error);
            return;
        }
        self.is_terminal_disabled &= command != Code::ENABLE_DEVICE;
        self.is_buffer_prepared &= command != Code::FREE_DATA;
        if command == Code::EXIT {
            self.has_place = false;
            self.is_broken = true;
        }
        self.end(Event::Replied(packet));
    }
}

/// The error that a reply means, if it means one.
pub(super) fn refusal(command: Code, reply: Code) -> Option<Error> {
    match reply {
        Code::ACK_OK | Code::ACK_DATA | Code::DATA => None,
        Code::LOCKED | Code::SESSION_MEMORY => Some(Error::Locked { code: reply }),
        Code::ACK_UNAUTH => Some(Error::SessionLost { command }),
        code => Some(Error::Refused { command, code }),
    }
}
