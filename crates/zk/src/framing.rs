//! Frames in a TCP byte stream (zk 1).
//!
//! Invariants: however the stream is cut into reads, the same packets come out; bytes that belong to no frame are skipped
//! up to the next magic and counted; the buffer never holds more than one frame of [`MAX_FRAME_BYTES`] plus one read.

use std::ops::Range;

use crate::packet::{HEADER_BYTES, Packet, Payload};
use crate::wire::u32_at;

pub(crate) const MAGIC: [u8; 4] = [0x50, 0x50, 0x82, 0x7D];

/// Magic and length.
const FRAME_HEADER_BYTES: usize = 8;

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
        self.next_payload().map(Payload::to_packet)
    }

    /// The next whole packet where it lies.
    pub(crate) fn next_payload(&mut self) -> Option<Payload<'_>> {
        let range = self.next_range()?;
        let payload = Payload::parse(self.buffer.get(range)?)?;
        self.bad_checksums += u64::from(!payload.is_sound);
        Some(payload)
    }

    /// Steps over the next whole frame; where its payload lies in the buffer.
    fn next_range(&mut self) -> Option<Range<usize>> {
        loop {
            self.skip_to_magic();
            let rest = self.buffer.get(self.start..)?;
            let length = u32_at(rest, MAGIC.len())? as usize;
            if !(HEADER_BYTES..=MAX_FRAME_BYTES).contains(&length) {
                // Not a frame after all; look for the next magic behind this one.
                self.skip(1);
                continue;
            }
            let begin = self.start + FRAME_HEADER_BYTES;
            let end = begin + length;
            if end > self.buffer.len() {
                return None;
            }
            self.start = end;
            return Some(begin..end);
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
