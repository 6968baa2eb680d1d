//! Bulk reads: inline, in chunks, and the old way without a buffer (zk 6.1).

use zk::transfer::{self, ChunkRequest, Table};
use zk::{Code, Packet};

use super::conversation::{Answer, Conversation};
use super::tables;
use crate::profile::DirectReads;
use crate::random::Random;

/// Bytes of the blob that colour units give for a plain request: a count, and 120 in another code.
const CODED_BYTES: usize = 124;
/// Bytes by which a short data set is short: less than any record.
const SHORT_BY: usize = 5;

/// A data set that waits to be read.
#[derive(Debug)]
pub(super) struct Prepared {
    table: Table,
    dataset: Vec<u8>,
}

impl Conversation {
    pub(super) fn prepare(&mut self, request: &Packet) -> Answer {
        if self.terminal.faults().direct_only {
            return self.reply(request, Code::UNKNOWN_COMMAND, []);
        }
        let Some(table) = Table::parse_request(&request.data) else {
            return self.acknowledge(request, false);
        };
        if let Some(refusal) = self.refused_read(request, table) {
            return refusal;
        }
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
        if table == Table::Attendance && !is_last {
            let faults = self.terminal.faults();
            if faults.dropped_read.strikes(self.log_read) {
                return Answer { ends: true, ..Answer::default() };
            }
            if faults.stalled_read.strikes(self.log_read) {
                return Answer::default();
            }
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
                if let Some(refusal) = self.refused_read(request, table) {
                    return refusal;
                }
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

    /// Firmware that gives no attendance unless it is set to time-attendance mode (zk 11).
    fn refused_read(&self, request: &Packet, table: Table) -> Option<Answer> {
        let code = self.terminal.faults().read_refused.get().filter(|_| table == Table::Attendance)?;
        Some(self.reply(request, Code(u16::try_from(code).unwrap_or(u16::MAX)), []))
    }

    /// The table as it is now; a read of the log is counted.
    fn begin_read(&mut self, table: Table) -> Vec<u8> {
        let faults = self.terminal.faults();
        if table == Table::Attendance {
            if let Some(count) = faults.growing_log.get() {
                self.terminal.grow_log(count);
            }
            self.log_read = self.terminal.begin_log_read();
        }
        let mut dataset = tables::dataset(&self.terminal, table);
        if self.terminal.faults().short_set {
            dataset.truncate(dataset.len() - dataset.len().min(SHORT_BY));
        }
        dataset
    }

    /// PREPARE_DATA, the DATA frames with a running index as their session, and the closing ACK_OK.
    pub(super) fn data_packets(&self, request: &Packet, part: &[u8]) -> Vec<Packet> {
        let faults = self.terminal.faults();
        let mut packets = Vec::new();
        if !faults.unannounced {
            let announcement = transfer::announcement(part.len() as u32, self.frame_bytes as u32);
            packets.push(self.packet(request, Code::PREPARE_DATA, announcement));
        }
        let mut index = 0;
        for data in part.chunks(self.frame_bytes) {
            packets.push(Packet::new(Code::DATA, index, request.number, data));
            if index == 0 && faults.event_in_read {
                packets.extend(self.some_event());
            }
            index = index.wrapping_add(1);
        }
        if faults.empty_last_frame {
            packets.push(Packet::new(Code::DATA, index, request.number, []));
        }
        if faults.odd_closing_ack {
            packets.push(Packet::new(Code::ACK_OK, index, request.number, []));
        } else if !faults.no_closing_ack {
            packets.push(self.packet(request, Code::ACK_OK, []));
        }
        packets
    }

    fn note_read(&self, table: Table) {
        if table != Table::Attendance {
            return;
        }
        self.terminal.note(|progress| progress.log_reads += 1);
        if self.terminal.faults().cleared_log.strikes(self.log_read) {
            self.terminal.clear_log();
        }
    }
}
