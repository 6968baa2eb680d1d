//! The datagrams of one reply, put in order.
//!
//! Terminals number the DATA packets of a reply from 0, in the session field (zk 6.1). Bytes come out only where that numbering
//! proves their place: a run from 0 without gaps. Of two datagrams with one number the first counts if both are equal; if they
//! differ the terminal does not number at all, and nothing comes out.

use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Pieces {
    by_index: BTreeMap<u16, Vec<u8>>,
    bytes: usize,
    contradict: bool,
}

impl Pieces {
    pub(super) fn insert(&mut self, index: u16, data: &[u8]) {
        match self.by_index.get(&index) {
            Some(known) => self.contradict |= known != data,
            None => {
                self.bytes += data.len();
                self.by_index.insert(index, data.to_vec());
            }
        }
    }

    /// Bytes that came, repetitions not counted.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether these are exactly the pieces of a reply of `wanted` bytes.
    pub(super) fn are_whole(&self, wanted: usize) -> bool {
        let last = self.by_index.last_key_value().map(|(index, _)| usize::from(*index));
        self.bytes == wanted && !self.contradict && last.is_some_and(|last| last + 1 == self.by_index.len())
    }

    /// Whether a single piece is all of `wanted`: its number does not matter then.
    pub(super) fn are_one_of(&self, wanted: usize) -> bool {
        self.by_index.len() == 1 && self.bytes == wanted && !self.contradict
    }

    /// Whether two with one number differ: the terminal does not number.
    pub(super) fn contradict(&self) -> bool {
        self.contradict
    }

    /// Moves what surely stands at the beginning to `out`, and forgets the rest.
    pub(super) fn drain_run(&mut self, out: &mut Vec<u8>) {
        let pieces = std::mem::take(self);
        if !pieces.contradict {
            let run = (0..=u16::MAX).zip(&pieces.by_index).take_while(|(place, (index, _))| place == *index);
            run.for_each(|(_, (_, data))| out.extend_from_slice(data));
        }
    }

    /// Moves everything to `out`, in the order of the numbers.
    pub(super) fn drain_all(&mut self, out: &mut Vec<u8>) {
        let pieces = std::mem::take(self);
        pieces.by_index.values().for_each(|data| out.extend_from_slice(data));
    }
}
