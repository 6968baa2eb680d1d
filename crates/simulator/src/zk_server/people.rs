//! Users and templates, one at a time (zk 3, 8).

use zk::record::template::TemplateKey;
use zk::{Packet, UserNumber};

use super::commands::u32_of;
use super::conversation::{Answer, Conversation};

/// Bytes of a user number as text.
const NUMBER_BYTES: usize = 24;

impl Conversation {
    /// The record has to have the width of this make.
    pub(super) fn write_user(&self, request: &Packet) -> Answer {
        let layout = self.terminal.profile().binary.users;
        let user = (request.data.len() == layout.width()).then(|| layout.decode(&request.data)).flatten();
        self.acknowledge(request, user.is_some_and(|user| self.terminal.write_user(user).is_ok()))
    }

    pub(super) fn delete_user(&self, request: &Packet) -> Answer {
        let slot = request.data.first_chunk().map(|slot| u16::from_le_bytes(*slot));
        self.acknowledge(request, slot.is_some_and(|slot| self.terminal.delete_user(slot).is_some()))
    }

    /// One byte follows the template (zk 8).
    pub(super) fn read_template(&self, request: &Packet) -> Answer {
        match TemplateKey::parse(&request.data).and_then(|key| self.terminal.template(key)) {
            Some(mut template) => {
                template.bytes.push(0);
                Answer { packets: self.data_packets(request, &template.bytes), ends: false }
            }
            None => self.acknowledge(request, false),
        }
    }

    pub(super) fn delete_template(&self, request: &Packet) -> Answer {
        let key = TemplateKey::parse(&request.data);
        self.acknowledge(request, key.is_some_and(|key| self.terminal.delete_template(key)))
    }

    pub(super) fn delete_template_of_number(&self, request: &Packet) -> Answer {
        let key = self.key_of_number(&request.data);
        self.acknowledge(request, key.is_some_and(|key| self.terminal.delete_template(key)))
    }

    /// The person puts the finger on the sensor at once. The number is text, or an integer from clients of old units.
    pub(super) fn enrol(&self, request: &Packet) -> Answer {
        let key = if request.data.len() > NUMBER_BYTES {
            self.key_of_number(&request.data)
        } else {
            u32_of(&request.data).zip(request.data.get(4)).and_then(|(number, finger)| {
                let slot = self.terminal.slot_of(&number.to_string())?;
                Some(TemplateKey { slot, finger: *finger })
            })
        };
        self.acknowledge(request, key.is_some_and(|key| self.terminal.enrol(key)))
    }

    /// A user number as text, and a finger.
    fn key_of_number(&self, data: &[u8]) -> Option<TemplateKey> {
        let number = UserNumber::from_field(data.get(..NUMBER_BYTES)?);
        let slot = self.terminal.slot_of(&number.text())?;
        Some(TemplateKey { slot, finger: *data.get(NUMBER_BYTES)? })
    }
}
