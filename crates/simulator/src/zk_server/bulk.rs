//! Bulk reads: inline, in chunks, and the old way without a buffer (zk 6.1).

use zk::transfer::{self, ChunkRequest, Table};
use zk::{Code, Packet};

use super::conversation::{Answer, Conversation};
use super::tables;
use crate::faults::strikes;
use crate::profile::DirectReads;
use crate::random::Random;

/// Bytes of the blob that colour units give for a plain request: a count, and 120 in another code.
const CODED_BYTES: usize = 124;

/// A data set that waits to be read.
#[derive(Debug)]
pub(super) struct Prepared {
    table: Table,
    dataset: Vec<u8>,
}

impl Conversation {
    pub(super) fn prepare(&mut self, request: &Packet) -> Answer {
        let Some(table) = Table::parse_request(&request.data) else {
            return self.acknowledge(request, false);
        };
        let dataset = self.begin_read(table);
        if dataset.len() <= self.terminal.profile().binary.inline_bytes.min(self.frame_bytes) {
            self.note_read(table);
            return self.reply(request, Code::DATA, dataset);
        }
        let size = transfer::buffered_answer(dataset.len() as u32);
        self.prepared = Some(Prepared { table, dataset });
        self.reply(request, Code::ACK_OK, size)
    }

    pub(super) fn read_buffer(&mut self, request: &Packet) -> Answer {
        let chunk = ChunkRequest::parse(&request.data);
        let part = self.prepared.as_ref().zip(chunk).and_then(|(prepared, chunk)| {
            let end = (chunk.offset as usize).saturating_add(chunk.length as usize);
            let part = prepared.dataset.get(chunk.offset as usize..end)?;
            Some((prepared.table, part, end == prepared.dataset.len()))
        });
        let Some((table, part, is_last)) = part else {
            return self.acknowledge(request, false);
        };
        let drops = table == Table::Attendance && !is_last;
        if drops && strikes(self.terminal.faults().dropped_read_every, self.log_read) {
            return Answer { ends: true, ..Answer::default() };
        }
        let packets = self.data_packets(request, part);
        if is_last {
            self.note_read(table);
        }
        Answer { packets, ends: false }
    }

    /// The command of a table by itself.
    pub(super) fn read_directly(&mut self, request: &Packet) -> Answer {
        let table = Table::ALL.into_iter().find(|table| table.command() == request.code);
        let dataset = match (self.terminal.profile().binary.direct_reads, table) {
            (DirectReads::Served, Some(table)) => {
                let dataset = self.begin_read(table);
                self.note_read(table);
                dataset
            }
            _ => {
                let mut random = Random::of(&[self.terminal.seed(), u64::from(request.code.0)]);
                (0..CODED_BYTES).map(|_| random.below(256) as u8).collect()
            }
        };
        Answer { packets: self.data_packets(request, &dataset), ends: false }
    }

    /// The table as it is now; a read of the log is counted.
    fn begin_read(&mut self, table: Table) -> Vec<u8> {
        if table == Table::Attendance {
            self.log_read = self.terminal.begin_log_read();
        }
        tables::dataset(&self.terminal, table)
    }

    /// PREPARE_DATA, the DATA frames with a running index as their session, and the closing ACK_OK.
    pub(super) fn data_packets(&self, request: &Packet, part: &[u8]) -> Vec<Packet> {
        let announcement = transfer::announcement(part.len() as u32, self.frame_bytes as u32);
        let mut packets = vec![self.packet(request, Code::PREPARE_DATA, announcement)];
        for (index, data) in (0_u16..).zip(part.chunks(self.frame_bytes)) {
            packets.push(Packet::new(Code::DATA, index, request.number, data));
        }
        packets.push(self.packet(request, Code::ACK_OK, []));
        packets
    }

    fn note_read(&self, table: Table) {
        if table == Table::Attendance {
            self.terminal.note(|progress| progress.log_reads += 1);
        }
    }
}
