//! The forms around a finger template: whose it is and how it is announced (zk 7.5, 8). None of them holds biometric data; the
//! template itself stays opaque.

use crate::wire::u16_at;

/// Names one template: the data of "read a template" and "delete a template".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TemplateKey {
    /// The slot of its owner.
    pub slot: u16,
    /// Which finger, 0 to 9.
    pub finger: u8,
}

/// What is known of a template without looking into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateHeader {
    /// Whose and which.
    pub key: TemplateKey,
    /// 0 invalid, 1 valid, 3 to be used under duress.
    pub flag: u8,
    /// Bytes of the template.
    pub size: u16,
}

impl TemplateKey {
    /// The three bytes of the request.
    pub fn encode(self) -> Vec<u8> {
        let [low, high] = self.slot.to_le_bytes();
        vec![low, high, self.finger]
    }

    /// Reads a request; `None` when it is too short.
    pub fn parse(data: &[u8]) -> Option<TemplateKey> {
        Some(TemplateKey { slot: u16_at(data, 0)?, finger: *data.get(2)? })
    }
}

impl TemplateHeader {
    /// Bytes in front of a template in the set of all templates.
    pub const SET_BYTES: usize = 6;

    /// The header of an entry in the set of all templates; the template follows. The size counts the header too, so `None` for a
    /// template that is too long.
    pub fn encode_in_set(self) -> Option<Vec<u8>> {
        let counted = self.size.checked_add(Self::SET_BYTES as u16)?.to_le_bytes();
        Some([&counted[..], &self.key.encode(), &[self.flag]].concat())
    }

    /// Reads the header of an entry in the set of all templates; `None` when it is cut short or counts fewer bytes than itself.
    pub fn parse_in_set(entry: &[u8]) -> Option<TemplateHeader> {
        Some(TemplateHeader {
            size: u16_at(entry, 0)?.checked_sub(Self::SET_BYTES as u16)?,
            key: TemplateKey::parse(entry.get(2..)?)?,
            flag: *entry.get(5)?,
        })
    }

    /// The data of TMP_WRITE, which stores what was uploaded before.
    pub fn encode_write(self) -> Vec<u8> {
        [&self.key.encode()[..], &[self.flag], &self.size.to_le_bytes()].concat()
    }

    /// Reads the data of TMP_WRITE; `None` when it is too short.
    pub fn parse_write(data: &[u8]) -> Option<TemplateHeader> {
        Some(TemplateHeader { key: TemplateKey::parse(data)?, flag: *data.get(3)?, size: u16_at(data, 4)? })
    }
}
