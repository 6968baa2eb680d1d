//! Frames in a TCP byte stream (zk 1).
//!
//! Invariants: however the stream is cut into reads, the same packets come out; bytes that belong to no frame are skipped
//! up to the next magic and counted; the buffer never holds more than one frame of [`MAX_FRAME_BYTES`] plus one read.

use crate::packet::{HEADER_BYTES, Packet};
use crate::wire::u32_at;

pub(crate) const MAGIC: [u8; 4] = [0x50, 0x50, 0x82, 0x7D];

/// Longest payload that is believed; real bulk frames stay near 65 KB (zk 1).
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// Cuts packets out of a byte stream, whatever the pieces it arrives in.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Where the unread part of `buffer` begins.
    start: usize,
    skipped_bytes: u64,
    bad_checksums: u64,
}

impl Framer {
    /// An empty framer.
    pub fn new() -> Framer {
        Framer::default()
    }

    /// Takes what was read from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet, if it has arrived.
    pub fn next_packet(&mut self) -> Option<Packet> {
        loop {
            self.skip_to_magic();
            let rest = self.buffer.get(self.start..)?;
            let length = u32_at(rest, MAGIC.len())? as usize;
            if !(HEADER_BYTES..=MAX_FRAME_BYTES).contains(&length) {
                // Not a frame after all; look for the next magic behind this one.
                self.skip(1);
                continue;
            }
            let payload = rest.get(8..8 + length)?;
            let (packet, sound) = Packet::parse(payload)?;
            self.start += 8 + length;
            self.bad_checksums += u64::from(!sound);
            return Some(packet);
        }
    }

    /// Bytes of a frame that has begun and is not complete.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Bytes so far that belonged to no frame.
    pub fn skipped_bytes(&self) -> u64 {
        self.skipped_bytes
    }

    /// Packets so far whose checksum did not fit; they were accepted.
    pub fn bad_checksums(&self) -> u64 {
        self.bad_checksums
    }

    fn skip_to_magic(&mut self) {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let at = (0..rest.len())
            .find(|at| rest.get(*at..).is_some_and(|tail| tail.iter().zip(&MAGIC).all(|(byte, magic)| byte == magic)))
            .unwrap_or(rest.len());
        self.skip(at);
    }

    fn skip(&mut self, count: usize) {
        self.start += count;
        self.skipped_bytes += count as u64;
    }
}
