//! One packet: the 8-byte header and its data, with the checksum (zk 2).

use crate::code::Code;
use crate::wire::u16_at;

/// Bytes of the header in front of the data.
pub const HEADER_BYTES: usize = 8;

/// What one UDP datagram or one TCP frame carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The command or the reply.
    pub code: Code,
    /// The session; terminals put other things here too (zk 4), so it is never a reason to refuse a packet.
    pub session: u16,
    /// The number of the request, echoed by the reply; a hint only (zk 2).
    pub number: u16,
    /// What follows the header.
    pub data: Vec<u8>,
}

impl Packet {
    /// A packet with data.
    pub fn new(code: Code, session: u16, number: u16, data: impl Into<Vec<u8>>) -> Packet {
        Packet { code, session, number, data: data.into() }
    }

    /// Reads one payload; `None` when it is shorter than a header. The flag tells whether the checksum fits; terminals are
    /// forgiven a wrong one on TCP (zk 2), so the packet is returned all the same.
    pub fn parse(payload: &[u8]) -> Option<(Packet, bool)> {
        let data = payload.get(HEADER_BYTES..)?;
        let packet = Packet {
            code: Code(u16_at(payload, 0)?),
            session: u16_at(payload, 4)?,
            number: u16_at(payload, 6)?,
            data: data.to_vec(),
        };
        let told = u16_at(payload, 2)?;
        // The sum lives modulo 65535: 0x0000 and 0xFFFF are the same value.
        let sound = told % 0xFFFF == checksum(payload) % 0xFFFF;
        Some((packet, sound))
    }

    /// The payload as one UDP datagram carries it, checksum filled in.
    pub fn to_payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(HEADER_BYTES + self.data.len());
        self.write_payload(&mut payload);
        payload
    }

    /// The frame as TCP carries it (zk 1): magic, length, payload.
    pub fn to_frame(&self) -> Vec<u8> {
        let length = HEADER_BYTES + self.data.len();
        let mut frame = Vec::with_capacity(8 + length);
        frame.extend_from_slice(&crate::framing::MAGIC);
        frame.extend_from_slice(&(length as u32).to_le_bytes());
        self.write_payload(&mut frame);
        frame
    }

    fn write_payload(&self, out: &mut Vec<u8>) {
        let start = out.len();
        for field in [self.code.0, 0, self.session, self.number] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        out.extend_from_slice(&self.data);
        let sum = checksum(out.get(start..).unwrap_or_default());
        if let Some(field) = out.get_mut(start + 2..start + 4) {
            field.copy_from_slice(&sum.to_le_bytes());
        }
    }
}

/// The checksum of a payload (zk 2): complement of the ones' complement sum of its little-endian words, its own field
/// (bytes 2 and 3) taken as zero and an odd end padded with zero.
pub fn checksum(payload: &[u8]) -> u16 {
    let mut sum: u64 = 0;
    for (index, word) in payload.chunks(2).enumerate() {
        if index != 1 {
            let low = word.first().copied().unwrap_or(0);
            let high = word.get(1).copied().unwrap_or(0);
            sum += u64::from(u16::from_le_bytes([low, high]));
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}
