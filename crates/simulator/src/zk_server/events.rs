//! Real-time events for a client that registered for them (zk 10).

use tokio::sync::broadcast::error::RecvError;
use zk::record::event::{AttendanceEvent, Enrolment, EventLayout};
use zk::{AttendanceRecord, EventMask, EventTime, InvalidTime, Packet, UserNumber, UserRef};

use super::commands::u32_of;
use super::conversation::{Answer, Conversation};
use crate::terminal::{Happening, Terminal};

/// Bytes of a punch in a form that nobody knows.
const ODD_BYTES: usize = 9;

impl Conversation {
    pub(super) fn register(&mut self, request: &Packet) -> Answer {
        if self.terminal.faults().no_events {
            return self.acknowledge(request, false);
        }
        self.registered = EventMask(u32_of(&request.data).unwrap_or(0));
        self.happenings = (self.registered != EventMask::NONE).then(|| self.terminal.happenings());
        self.acknowledge(request, true)
    }

    /// The next event; never without a registration.
    pub(super) async fn next_event(&mut self) -> Packet {
        loop {
            let Some(happenings) = &mut self.happenings else { return std::future::pending().await };
            match happenings.recv().await {
                Ok(happening) => {
                    let event = event(&self.terminal, &happening);
                    if let Some(packet) = event.filter(|packet| self.is_registered_for(packet)) {
                        return packet;
                    }
                }
                // Events that nobody fetched are gone; so are those of real units.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return std::future::pending().await,
            }
        }
    }

    /// The last punch as an event, for units that send events whenever they like.
    pub(super) fn some_event(&self) -> Option<Packet> {
        let record = self.terminal.log(0..usize::MAX).pop()?;
        event(&self.terminal, &Happening::Punched(record))
    }

    fn is_registered_for(&self, packet: &Packet) -> bool {
        self.registered.contains(EventMask(u32::from(packet.session)))
    }
}

/// The packet of an event; `None` for a punch whose year no event can tell.
fn event(terminal: &Terminal, happening: &Happening) -> Option<Packet> {
    match happening {
        Happening::Punched(record) => attendance(terminal, record),
        Happening::Enrolled { key, number, template_bytes } => {
            let done = Enrolment::Done {
                template_bytes: u16::try_from(*template_bytes).unwrap_or(u16::MAX),
                number: UserNumber::from(number.as_str()),
                finger: key.finger,
            };
            Some(EventMask::FINGER_ENROLLED.packet(done.encode()))
        }
    }
}

fn attendance(terminal: &Terminal, record: &AttendanceRecord) -> Option<Packet> {
    let binary = &terminal.profile().binary;
    let user = match (binary.events, record.slot) {
        (EventLayout::Slot, Some(slot)) => UserRef::Slot(slot),
        _ => record.user,
    };
    let event = AttendanceEvent {
        user,
        verify: record.verify,
        state: record.state,
        time: EventTime::from_civil(record.time.civil().unwrap_or_else(InvalidTime::printed))?,
        extra: vec![0; binary.event_extra_bytes],
    };
    let mut body = event.encode(binary.events);
    if terminal.faults().odd_events {
        body.truncate(ODD_BYTES);
    }
    Some(EventMask::ATTENDANCE.packet(body))
}
