//! One bulk read: from the request to the last byte (zk 6.1).
//!
//! Terminals differ in all of it: small sets come inline, others in chunks, on old units in one run without chunks; a chunk is
//! announced or not, is one DATA packet or many, ends with an empty one or not, and is closed by an ACK_OK or not. What counts
//! is that exactly the announced bytes arrive.
//!
//! Invariants:
//! * `dataset` holds only bytes whose place is certain. A stream keeps their order. Datagrams are placed by their numbers
//!   ([`Pieces`]), and the session drops all that carry another reply number than that of the last request, so that nothing of
//!   an earlier attempt gets in;
//! * a chunk that ends early, stalls or is refused is asked for again from where it stands; one that gave nothing is asked for
//!   smaller, until one datagram holds it and there is no order to lose. [`ATTEMPTS`] in a row without a new byte end the read;
//! * a set that comes without chunks is asked for again as a whole. Datagrams without numbers then have nothing that proves
//!   their order; the set is believed when two readings agree byte by byte. That two readings are damaged alike can't be
//!   excluded, only made unlikely: the records are checked for sense as always, and TCP has no such doubt.

use std::cmp::Ordering;

use super::pieces::Pieces;
use super::replies::refusal;
use super::settings::Carrier;
use super::source::Source;
use crate::code::Code;
use crate::error::Error;
use crate::packet::Payload;
use crate::transfer::{ChunkRequest, MAX_DATASET_BYTES};
use crate::wire::u32_at;

/// Packets in a row that bring nothing, after which a terminal is taken to be stuck.
const IDLE_PACKETS: u32 = 64;
/// Attempts in a row that bring nothing.
const ATTEMPTS: u32 = 5;
/// Data of the smaller of the full datagrams that terminals send.
const FULL_DATAGRAM_BYTES: usize = 1008;
/// Smallest chunk that is asked for.
const LEAST_CHUNK_BYTES: usize = 256;

/// What the session does next.
pub(super) enum Step {
    Wait,
    Ask(Code, Vec<u8>),
    Done(Vec<u8>),
    Failed(Error),
}

/// What silence means for a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// The terminal owes an answer.
    Trouble,
    /// Everything is there; a closing answer is missing that some units leave out.
    WouldDo,
    /// The end was announced, and a datagram that was overtaken by it may still come.
    Stragglers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The request is sent.
    Asked,
    /// DATA comes until `goal` bytes are there, of which `start` were there before.
    Running { start: usize, goal: usize, is_ended: bool },
    /// All bytes are there; an ACK_OK may follow.
    Closing,
    /// 1502 is sent; the set is complete whatever the answer.
    Freeing,
}

/// How the place of DATA is known.
enum Order {
    /// As it arrives.
    Stream,
    /// By the numbers of the datagrams.
    Numbers(Pieces),
    /// As it arrives, believed if it comes so twice.
    Agreement { earlier: Vec<u8> },
}

pub(super) struct BulkRead {
    source: Source,
    stage: Stage,
    order: Order,
    /// The session id: terminals that do not number their datagrams put it into their session field.
    session: u16,
    chunk_bytes: usize,
    dataset: Vec<u8>,
    /// Bytes of the whole set, byte count included; known after the first answer.
    total: usize,
    /// Whether the set came as the answer itself, which no ACK_OK closes.
    is_inline: bool,
    is_buffer_prepared: bool,
    omits_closing_ack: bool,
    has_asked_again: bool,
    idle_packets: u32,
    /// Attempts in a row that brought nothing.
    attempts: u32,
}

impl BulkRead {
    pub(super) fn new(
        source: Source,
        carrier: Carrier,
        session: u16,
        chunk_bytes: u32,
        omits_closing_ack: bool,
    ) -> Self {
        BulkRead {
            source,
            stage: Stage::Asked,
            order: match carrier {
                Carrier::Stream => Order::Stream,
                Carrier::Datagrams => Order::Numbers(Pieces::default()),
            },
            session,
            chunk_bytes: (chunk_bytes as usize).max(1),
            dataset: Vec::new(),
            total: 0,
            is_inline: false,
            is_buffer_prepared: false,
            // Numbers tell whose an ACK_OK is, so it need not be waited for: it may be lost.
            omits_closing_ack: omits_closing_ack || carrier == Carrier::Datagrams,
            has_asked_again: false,
            idle_packets: 0,
            attempts: 0,
        }
    }

    pub(super) fn doing(&self) -> &'static str {
        self.source.doing
    }

    /// The request that begins it.
    pub(super) fn request(&self) -> (Code, Vec<u8>) {
        (self.source.command, self.source.data.clone())
    }

    pub(super) fn is_buffer_prepared(&self) -> bool {
        self.is_buffer_prepared
    }

    /// The chunk length that the terminal gave.
    pub(super) fn chunk_bytes(&self) -> u32 {
        u32::try_from(self.chunk_bytes).unwrap_or(u32::MAX)
    }

    pub(super) fn silence(&self) -> Silence {
        match self.stage {
            Stage::Closing | Stage::Freeing => Silence::WouldDo,
            Stage::Running { is_ended: true, .. } => Silence::Stragglers,
            _ => Silence::Trouble,
        }
    }

    pub(super) fn take(&mut self, payload: Payload<'_>) -> Step {
        match (self.stage, payload.code) {
            (Stage::Freeing, _) => self.done(),
            (Stage::Closing, Code::ACK_OK) => self.go_on(),
            (Stage::Closing, Code::DATA) if self.is_surplus(payload) => self.corrupt("more came than was announced"),
            (Stage::Closing, _) => self.bear(),
            (Stage::Asked, Code::ACK_OK) => self.take_size(payload.data),
            (Stage::Asked, Code::NO_DATA) => self.done(),
            (Stage::Asked, Code::DATA) => self.take_inline(payload),
            (Stage::Asked, Code::PREPARE_DATA) => self.take_announced_set(payload.data),
            (Stage::Asked, code) => {
                let command = self.source.command;
                Step::Failed(refusal(command, code).unwrap_or(Error::Refused { command, code }))
            }
            (Stage::Running { .. }, Code::DATA) => self.take_data(payload),
            (Stage::Running { .. }, Code::PREPARE_DATA) => self.take_announced_run(payload.data),
            (Stage::Running { .. }, Code::ACK_OK) => self.take_end(),
            (Stage::Running { .. }, code) => self.take_refusal(code),
        }
    }

    /// Silence where it would do: the next step.
    pub(super) fn conclude(&mut self) -> Step {
        match self.stage {
            Stage::Freeing => self.done(),
            Stage::Closing => {
                self.omits_closing_ack = true;
                self.go_on()
            }
            _ => self.ask_again("the terminal ended a data set early"),
        }
    }

    /// Silence after datagrams that did not make a whole: the rest is lost.
    pub(super) fn stalled(&mut self) -> Step {
        self.ask_again("datagrams were lost again and again")
    }

    /// Whether only packets with the number of the last request may count: where an earlier reply can still be on its way,
    /// the number is no hint but the proof.
    pub(super) fn needs_exact_numbers(&self) -> bool {
        self.has_asked_again || !self.is_stream()
    }

    fn take_size(&mut self, data: &[u8]) -> Step {
        let is_prepared = self.source.command == Code::PREPARE_BUFFER;
        if data.is_empty() && (is_prepared || self.is_stream()) {
            // An empty log, as some units put it.
            return self.done();
        }
        if data.is_empty() {
            // Or the end of a set that overtook all of it.
            return self.begin_again("the terminal ended a data set before it began");
        }
        let size = u32_at(data, 1).filter(|_| is_prepared);
        let Some(size) = size else { return self.corrupt_with("the size of the data set is cut short", data) };
        self.is_buffer_prepared = true;
        self.announce(size as usize).unwrap_or_else(|| self.next_chunk())
    }

    fn take_inline(&mut self, payload: Payload<'_>) -> Step {
        if self.is_numbered() && !self.is_first(payload) {
            // Without the first datagram the set must be asked for again.
            return self.bear();
        }
        let size = match u32_at(payload.data, 0) {
            Some(count) if self.source.is_counted => (count as usize).saturating_add(4),
            _ => payload.data.len(),
        };
        if let Some(failed) = self.announce(size) {
            return failed;
        }
        self.is_inline = true;
        self.run_to(size);
        if size == 0 { self.done() } else { self.take_data(payload) }
    }

    /// The direct form of old units: the whole set follows.
    fn take_announced_set(&mut self, data: &[u8]) -> Step {
        if !self.is_stream() && self.source.command == Code::PREPARE_BUFFER {
            // If that were an answer to 1503, the ACK_OK behind it could be taken for that of an empty set.
            return self.bear();
        }
        let size = u32_at(data, 0).unwrap_or(0) as usize;
        if let Some(failed) = self.announce(size) {
            return failed;
        }
        self.run_to(size);
        if size == 0 { self.close() } else { Step::Wait }
    }

    /// A terminal may give less than was asked, never more.
    fn take_announced_run(&mut self, data: &[u8]) -> Step {
        let Stage::Running { start, goal, is_ended } = self.stage else { return Step::Wait };
        let announced = self.dataset.len().saturating_add(u32_at(data, 0).unwrap_or(0) as usize);
        if announced > goal || (!self.is_buffer_prepared && announced != goal) {
            return self.contradiction("the terminal announced another length than was asked for");
        }
        if announced == self.dataset.len() {
            return self.ask_again("the terminal announced chunks without data");
        }
        self.stage = Stage::Running { start, goal: announced, is_ended };
        self.place()
    }

    fn take_data(&mut self, payload: Payload<'_>) -> Step {
        if payload.data.is_empty() {
            return self.bear();
        }
        self.idle_packets = 0;
        match &mut self.order {
            Order::Numbers(pieces) => pieces.insert(payload.session, payload.data),
            Order::Stream | Order::Agreement { .. } => self.dataset.extend_from_slice(payload.data),
        }
        self.place()
    }

    /// Puts what came to its place, as far as it is certain, and looks whether the goal is reached.
    fn place(&mut self) -> Step {
        let Stage::Running { start, goal, .. } = self.stage else { return Step::Wait };
        // A terminal that gives less than was asked must at least number it.
        let is_as_asked = !self.is_buffer_prepared || goal == start + self.asked_bytes(start);
        if let Order::Numbers(pieces) = &mut self.order {
            let wanted = goal - start;
            if pieces.are_whole(wanted) {
                pieces.drain_run(&mut self.dataset);
            } else if is_as_asked && pieces.are_one_of(wanted) {
                pieces.drain_all(&mut self.dataset);
            } else if pieces.bytes() > wanted {
                return self.ask_again("more came than was announced");
            }
        }
        match self.dataset.len().cmp(&goal) {
            Ordering::Less => Step::Wait,
            Ordering::Equal => self.close(),
            Ordering::Greater => self.contradiction("more came than was announced"),
        }
    }

    /// ACK_OK before the goal.
    fn take_end(&mut self) -> Step {
        match (&mut self.stage, &self.order) {
            (Stage::Running { start, .. }, Order::Stream) if *start == self.dataset.len() => {
                // A late closing ACK_OK of the chunk before.
                self.bear()
            }
            (Stage::Running { is_ended, .. }, Order::Numbers(_) | Order::Agreement { .. }) => {
                *is_ended = true;
                Step::Wait
            }
            _ => self.ask_again("the terminal ended a data set early"),
        }
    }

    fn take_refusal(&mut self, code: Code) -> Step {
        match refusal(self.source.command, code) {
            Some(lost @ Error::SessionLost { .. }) => Step::Failed(lost),
            _ => self.ask_again(&format!("the terminal refused to go on ({code})")),
        }
    }

    /// Everything that was asked for is there. An ACK_OK is expected until one was seen to be missing.
    fn close(&mut self) -> Step {
        if let Order::Agreement { earlier } = &mut self.order
            && *earlier != self.dataset
        {
            *earlier = std::mem::take(&mut self.dataset);
            return self.begin_again("two readings of a set in datagrams without numbers never agreed");
        }
        if self.is_inline {
            return self.done();
        }
        self.stage = Stage::Closing;
        if self.omits_closing_ack { self.go_on() } else { Step::Wait }
    }

    fn go_on(&mut self) -> Step {
        if self.dataset.len() < self.total {
            self.attempts = 0;
            return self.next_chunk();
        }
        if self.is_buffer_prepared {
            self.stage = Stage::Freeing;
            Step::Ask(Code::FREE_DATA, Vec::new())
        } else {
            self.done()
        }
    }

    fn next_chunk(&mut self) -> Step {
        let offset = self.dataset.len();
        let length = self.asked_bytes(offset);
        if length == 0 {
            return self.go_on();
        }
        self.run_to(offset + length);
        let chunk = ChunkRequest { offset: offset as u32, length: length as u32 };
        Step::Ask(Code::READ_BUFFER, chunk.encode())
    }

    /// The run failed: what is certain of it stays, the rest is asked for again.
    fn ask_again(&mut self, why: &str) -> Step {
        let Stage::Running { start, .. } = self.stage else { return self.begin_again(why) };
        if !self.is_buffer_prepared {
            return self.begin_again(why);
        }
        self.has_asked_again = true;
        if let Order::Numbers(pieces) = &mut self.order {
            pieces.drain_run(&mut self.dataset);
        }
        if self.dataset.len() > start {
            self.attempts = 0;
        } else {
            // Too long for this terminal, or for this network.
            self.chunk_bytes = (self.chunk_bytes / 4).max(LEAST_CHUNK_BYTES.min(self.chunk_bytes));
        }
        self.attempts += 1;
        if self.attempts > ATTEMPTS { self.corrupt(why) } else { self.next_chunk() }
    }

    /// A set without chunks failed: it is asked for from the beginning.
    fn begin_again(&mut self, why: &str) -> Step {
        self.has_asked_again = true;
        self.attempts += 1;
        if self.attempts > ATTEMPTS {
            return self.corrupt(why);
        }
        if let Order::Numbers(pieces) = &mut self.order {
            let contradict = pieces.contradict();
            *pieces = Pieces::default();
            if contradict {
                self.order = Order::Agreement { earlier: Vec::new() };
            }
        }
        self.dataset.clear();
        self.stage = Stage::Asked;
        self.is_inline = false;
        let (code, data) = self.request();
        Step::Ask(code, data)
    }

    fn run_to(&mut self, goal: usize) {
        self.stage = Stage::Running { start: self.dataset.len(), goal, is_ended: false };
    }

    fn asked_bytes(&self, offset: usize) -> usize {
        self.total.saturating_sub(offset).min(self.chunk_bytes)
    }

    /// Notes the size of the set; the failure if it can't be true.
    fn announce(&mut self, size: usize) -> Option<Step> {
        if size > MAX_DATASET_BYTES {
            return Some(self.corrupt(&format!("a data set of {size} bytes was announced")));
        }
        self.total = size;
        self.dataset.reserve_exact(size);
        None
    }

    fn is_stream(&self) -> bool {
        matches!(self.order, Order::Stream)
    }

    fn is_numbered(&self) -> bool {
        matches!(self.order, Order::Numbers(_))
    }

    /// Whether a datagram can be the first of a set that nothing announced. A full one that does not count its bytes may have been
    /// overtaking its announcement.
    fn is_first(&self, payload: Payload<'_>) -> bool {
        let is_at_start = payload.session == 0 || payload.session == self.session;
        is_at_start && (self.source.is_counted || payload.data.len() < FULL_DATAGRAM_BYTES)
    }

    /// On a stream there is no second copy of a packet: DATA behind the end belongs to nothing.
    fn is_surplus(&self, payload: Payload<'_>) -> bool {
        self.is_stream() && !payload.data.is_empty()
    }

    /// Goes on after a packet that brought nothing, unless there were too many.
    fn bear(&mut self) -> Step {
        self.idle_packets += 1;
        if self.idle_packets > IDLE_PACKETS {
            self.corrupt("the terminal sends empty packets only")
        } else {
            Step::Wait
        }
    }

    /// What came can't be. Datagrams may come out right the next time.
    fn contradiction(&mut self, why: &str) -> Step {
        if self.is_stream() { self.corrupt(why) } else { self.ask_again(why) }
    }

    fn corrupt(&mut self, what: &str) -> Step {
        self.corrupt_with(what, &[])
    }

    /// The failure that holds all that came, `data` last.
    fn corrupt_with(&mut self, what: &str, data: &[u8]) -> Step {
        let mut raw = std::mem::take(&mut self.dataset);
        if let Order::Numbers(pieces) = &mut self.order {
            pieces.drain_all(&mut raw);
        }
        raw.extend_from_slice(data);
        if !self.source.may_be_kept {
            raw.clear();
        }
        Step::Failed(Error::Corrupt { what: format!("{}: {what}", self.source.doing), raw: raw.into() })
    }

    fn done(&mut self) -> Step {
        Step::Done(std::mem::take(&mut self.dataset))
    }
}
