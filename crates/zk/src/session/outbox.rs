//! What is to be written, and the last request for as long as nothing has answered it.
//!
//! A request is sent again only with the number it had, so that a terminal which did hear it can know it, and only when that
//! can do no harm: it asks for something, or sets a state that it would set again. A clearing that is heard twice could erase a
//! punch made in between, an upload would be stored twice: those are never repeated.

use std::collections::VecDeque;

use super::settings::Carrier;
use crate::code::Code;
use crate::packet::Packet;

pub(super) struct Outbox {
    carrier: Carrier,
    /// The session id that the terminal gave.
    pub(super) session: u16,
    /// The number of the last request.
    pub(super) number: u16,
    packets: VecDeque<Vec<u8>>,
    unanswered: Option<Unanswered>,
}

struct Unanswered {
    packet: Vec<u8>,
    resent: u32,
}

impl Outbox {
    pub(super) fn new(carrier: Carrier) -> Outbox {
        Outbox { carrier, session: 0, number: 0, packets: VecDeque::new(), unanswered: None }
    }

    /// Forgets the session: the next request is number 0 of none.
    pub(super) fn begin(&mut self) {
        self.session = 0;
        self.number = 0xFFFE;
    }

    pub(super) fn request(&mut self, code: Code, data: Vec<u8>) {
        self.number = if self.number >= 0xFFFE { 0 } else { self.number + 1 };
        let packet = self.encoded(&Packet::new(code, self.session, self.number, data));
        self.unanswered = is_repeatable(code).then(|| Unanswered { packet: packet.clone(), resent: 0 });
        self.packets.push_back(packet);
    }

    /// Thanks for a real-time event (zk 10).
    pub(super) fn acknowledge_event(&mut self) {
        let packet = self.encoded(&Packet::new(Code::ACK_OK, self.session, 0, Vec::new()));
        self.packets.push_back(packet);
    }

    /// Something answered the last request.
    pub(super) fn note_answer(&mut self) {
        self.unanswered = None;
    }

    /// How often the last request was sent again; `None` when it was answered or must not be repeated.
    pub(super) fn resent(&self) -> Option<u32> {
        self.unanswered.as_ref().map(|request| request.resent)
    }

    /// Sends the last request again, byte by byte.
    pub(super) fn resend(&mut self) {
        if let Some(request) = &mut self.unanswered {
            request.resent += 1;
            self.packets.push_back(request.packet.clone());
        }
    }

    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        self.packets.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.packets.clear();
        self.unanswered = None;
    }

    fn encoded(&self, packet: &Packet) -> Vec<u8> {
        match self.carrier {
            Carrier::Stream => packet.to_frame(),
            Carrier::Datagrams => packet.to_payload(),
        }
    }
}

fn is_repeatable(code: Code) -> bool {
    matches!(
        code,
        Code::CONNECT
            | Code::AUTH
            | Code::EXIT
            | Code::ENABLE_DEVICE
            | Code::DISABLE_DEVICE
            | Code::EVENT
            | Code::GET_VERSION
            | Code::GET_TIME
            | Code::GET_FREE_SIZES
            | Code::GET_PIN_WIDTH
            | Code::READ_STATE
            | Code::DOOR_STATE_READ
            | Code::OPTION_READ
            | Code::OPTION_WRITE
            | Code::REFRESH_DATA
            | Code::REFRESH_OPTIONS
            | Code::USERS_READ
            | Code::ATTENDANCE_READ
            | Code::OPERATIONS_READ
            | Code::TEMPLATES_READ
            | Code::TEMPLATE_READ
            | Code::USER_WRITE
            | Code::CHECKSUM_BUFFER
            | Code::PREPARE_BUFFER
            | Code::READ_BUFFER
            | Code::FREE_DATA
    )
}
