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
        let payload = Payload::parse(payload)?;
        Some((payload.to_packet(), payload.is_sound))
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

/// A packet where it lies in a buffer: bulk data is copied from there once, to its place in the data set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) code: Code,
    pub(crate) session: u16,
    pub(crate) number: u16,
    pub(crate) data: &'a [u8],
    /// Whether the checksum fits.
    pub(crate) is_sound: bool,
}

impl<'a> Payload<'a> {
    pub(crate) fn parse(payload: &'a [u8]) -> Option<Payload<'a>> {
        let told = u16_at(payload, 2)?;
        Some(Payload {
            code: Code(u16_at(payload, 0)?),
            session: u16_at(payload, 4)?,
            number: u16_at(payload, 6)?,
            data: payload.get(HEADER_BYTES..)?,
            // The sum lives modulo 65535: 0x0000 and 0xFFFF are the same value.
            is_sound: told % 0xFFFF == checksum(payload) % 0xFFFF,
        })
    }

    pub(crate) fn to_packet(self) -> Packet {
        Packet::new(self.code, self.session, self.number, self.data)
    }
}

/// The checksum of a payload (zk 2): complement of the ones' complement sum of its little-endian words, its own field
/// (bytes 2 and 3) taken as zero and an odd end padded with zero.
pub fn checksum(payload: &[u8]) -> u16 {
    // Two words at a time: 65536 is 1 in this sum, so the upper word of each pair counts like the lower one.
    let (pairs, rest) = payload.as_chunks::<4>();
    let mut sum: u64 = pairs.iter().map(|pair| u64::from(u32::from_le_bytes(*pair))).sum();
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    sum += u64::from(u32::from_le_bytes(last));
    let own_field = [2, 3].map(|at| payload.get(at).copied().unwrap_or(0));
    sum -= u64::from(u16::from_le_bytes(own_field)) << 16;
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}
