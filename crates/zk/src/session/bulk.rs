//! One bulk read: from 1503 to the last byte (zk 6.1).
//!
//! Terminals differ in all of it: small sets come inline, others in chunks; a chunk is announced or not, is one DATA frame
//! or many, ends with an empty one or not, and is closed by an ACK_OK or not. What counts is that exactly the announced
//! bytes arrive.

use super::refusal;
use crate::code::Code;
use crate::error::Error;
use crate::packet::Packet;
use crate::transfer::{ChunkRequest, MAX_DATASET_BYTES, Table};
use crate::wire::u32_at;

/// Empty frames in a row after which a terminal is taken to be stuck.
const EMPTY_FRAMES: u32 = 64;

/// What the session does next.
pub(super) enum Step {
    Wait,
    Ask(Code, Vec<u8>),
    Done(Vec<u8>),
    Failed(Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// 1503 is sent.
    Asked,
    /// DATA comes without being asked for in chunks, until the set is complete.
    Streaming,
    /// 1504 is sent; DATA comes until `goal` bytes are there, of which `start` were there before.
    Chunk { start: usize, goal: usize },
    /// All bytes are there; an ACK_OK may follow.
    Closing,
    /// 1502 is sent; the set is complete whatever the answer.
    Freeing,
}

pub(super) struct BulkRead {
    table: Table,
    chunk_bytes: usize,
    stage: Stage,
    dataset: Vec<u8>,
    /// Bytes of the whole set, byte count included; known after the answer to 1503.
    total: usize,
    is_buffer_prepared: bool,
    omits_closing_ack: bool,
    empty_frames: u32,
}

impl BulkRead {
    pub(super) fn new(table: Table, chunk_bytes: u32, omits_closing_ack: bool) -> BulkRead {
        BulkRead {
            table,
            chunk_bytes: (chunk_bytes as usize).max(1),
            stage: Stage::Asked,
            dataset: Vec::new(),
            total: 0,
            is_buffer_prepared: false,
            omits_closing_ack,
            empty_frames: 0,
        }
    }

    pub(super) fn doing(&self) -> &'static str {
        match self.table {
            Table::Users => "reading the user table",
            Table::Attendance => "reading the attendance log",
            Table::Operations => "reading the operation log",
            Table::Templates => "reading the templates",
        }
    }

    /// Whether everything is there and silence would do.
    pub(super) fn may_be_over(&self) -> bool {
        matches!(self.stage, Stage::Closing | Stage::Freeing)
    }

    pub(super) fn is_buffer_prepared(&self) -> bool {
        self.is_buffer_prepared
    }

    pub(super) fn take(&mut self, packet: &Packet) -> Step {
        match (self.stage, packet.code) {
            (Stage::Freeing, _) => self.done(),
            (Stage::Closing, Code::ACK_OK) => self.go_on(),
            (Stage::Closing, _) => self.bear(Step::Wait),
            (Stage::Asked, Code::ACK_OK) => self.take_size(&packet.data),
            (Stage::Asked, Code::NO_DATA) => self.done(),
            (Stage::Asked, Code::DATA) => self.take_inline(&packet.data),
            (Stage::Asked, Code::PREPARE_DATA) => self.take_announced_set(&packet.data),
            (Stage::Streaming | Stage::Chunk { .. }, Code::DATA) => self.take_data(&packet.data),
            (Stage::Chunk { .. }, Code::PREPARE_DATA) => self.take_announced_chunk(&packet.data),
            // A late closing ACK of the chunk before.
            (Stage::Chunk { .. }, Code::ACK_OK) if self.is_chunk_untouched() => self.bear(Step::Wait),
            (Stage::Streaming | Stage::Chunk { .. }, Code::ACK_OK) => {
                self.corrupt("the terminal ended a data set early")
            }
            (_, code) => {
                let command = self.table.command();
                Step::Failed(refusal(command, code).unwrap_or(Error::Refused { command, code }))
            }
        }
    }

    /// Silence: the next step if it is fine, `None` if it is not.
    pub(super) fn expire(&mut self) -> Option<Step> {
        match self.stage {
            Stage::Closing => {
                self.omits_closing_ack = true;
                Some(self.go_on())
            }
            Stage::Freeing => Some(self.done()),
            _ => None,
        }
    }

    fn take_size(&mut self, data: &[u8]) -> Step {
        let Some(size) = u32_at(data, 1) else {
            // An empty log, as some units put it.
            return if data.is_empty() { self.done() } else { self.corrupt("the size of the data set is cut short") };
        };
        self.is_buffer_prepared = true;
        match self.announce(size as usize) {
            Some(failed) => failed,
            None => self.next_request(),
        }
    }

    fn take_inline(&mut self, data: &[u8]) -> Step {
        let size = match u32_at(data, 0) {
            Some(count) => count as usize + 4,
            None => data.len(),
        };
        self.stage = Stage::Streaming;
        match self.announce(size) {
            Some(failed) => failed,
            None if size == 0 => self.done(),
            None => self.take_data(data),
        }
    }

    /// The direct form of old units: the whole set follows (zk 6.1).
    fn take_announced_set(&mut self, data: &[u8]) -> Step {
        self.stage = Stage::Streaming;
        let size = u32_at(data, 0).unwrap_or(0) as usize;
        match self.announce(size) {
            Some(failed) => failed,
            None if size == 0 => self.closing(),
            None => Step::Wait,
        }
    }

    /// A terminal may give less than was asked, never more.
    fn take_announced_chunk(&mut self, data: &[u8]) -> Step {
        let Stage::Chunk { start, goal } = self.stage else { return Step::Wait };
        let announced = self.dataset.len() + u32_at(data, 0).unwrap_or(0) as usize;
        if announced == self.dataset.len() || announced > goal {
            return self.corrupt("the terminal announced another length than was asked for");
        }
        self.stage = Stage::Chunk { start, goal: announced };
        Step::Wait
    }

    fn take_data(&mut self, data: &[u8]) -> Step {
        if data.is_empty() {
            return self.bear(Step::Wait);
        }
        self.empty_frames = 0;
        self.dataset.extend_from_slice(data);
        let goal = match self.stage {
            Stage::Chunk { goal, .. } => goal,
            _ => self.total,
        };
        match self.dataset.len().cmp(&goal) {
            std::cmp::Ordering::Less => Step::Wait,
            std::cmp::Ordering::Equal => self.closing(),
            std::cmp::Ordering::Greater => self.corrupt("more data came than was announced"),
        }
    }

    /// Everything that was asked for is there. Inline sets have no closing ACK_OK; of the others it is expected until one was
    /// seen to be missing.
    fn closing(&mut self) -> Step {
        let is_inline = self.stage == Stage::Streaming && !self.is_buffer_prepared;
        if is_inline {
            return self.done();
        }
        self.stage = Stage::Closing;
        if self.omits_closing_ack { self.go_on() } else { Step::Wait }
    }

    fn go_on(&mut self) -> Step {
        if self.dataset.len() < self.total {
            return self.next_request();
        }
        if self.is_buffer_prepared {
            self.stage = Stage::Freeing;
            Step::Ask(Code::FREE_DATA, Vec::new())
        } else {
            self.done()
        }
    }

    fn next_request(&mut self) -> Step {
        let offset = self.dataset.len();
        let length = (self.total - offset).min(self.chunk_bytes);
        if length == 0 {
            return self.go_on();
        }
        self.stage = Stage::Chunk { start: offset, goal: offset + length };
        let chunk = ChunkRequest { offset: offset as u32, length: length as u32 };
        Step::Ask(Code::READ_BUFFER, chunk.encode())
    }

    /// Notes the size of the set; the failure if it can't be true.
    fn announce(&mut self, size: usize) -> Option<Step> {
        if size > MAX_DATASET_BYTES {
            return Some(self.corrupt(&format!("a data set of {size} bytes was announced")));
        }
        self.total = size;
        None
    }

    fn is_chunk_untouched(&self) -> bool {
        matches!(self.stage, Stage::Chunk { start, .. } if start == self.dataset.len())
    }

    /// Goes on after a frame that brought nothing, unless there were too many.
    fn bear(&mut self, step: Step) -> Step {
        self.empty_frames += 1;
        if self.empty_frames > EMPTY_FRAMES { self.corrupt("the terminal sends empty frames only") } else { step }
    }

    fn corrupt(&self, what: &str) -> Step {
        Step::Failed(Error::corrupt(format!("{}: {what}", self.doing()), b""))
    }

    fn done(&mut self) -> Step {
        Step::Done(std::mem::take(&mut self.dataset))
    }
}
