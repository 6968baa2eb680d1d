//! Requests and framing of bulk reads and uploads, as both sides need them (zk 6.1, 6.3).

use crate::code::Code;
use crate::error::Error;
use crate::wire::{u16_at, u32_at};

/// Largest data set that is believed (zk 12).
pub const MAX_DATASET_BYTES: usize = 64 << 20;

/// Chunk length that the vendor's programs ask for on TCP.
pub const CHUNK_BYTES: u32 = 0xFFC0;

/// Chunk length that the vendor's programs ask for on UDP.
pub const DATAGRAM_CHUNK_BYTES: u32 = 0x4000;

/// A data set that can be read in bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// The user table.
    Users,
    /// The attendance log.
    Attendance,
    /// The operation log.
    Operations,
    /// Finger templates.
    Templates,
}

impl Table {
    /// All of them.
    pub const ALL: [Table; 4] = [Table::Users, Table::Attendance, Table::Operations, Table::Templates];

    /// The command that the terminal runs to fill its buffer.
    pub fn command(self) -> Code {
        match self {
            Table::Users => Code::USERS_READ,
            Table::Attendance => Code::ATTENDANCE_READ,
            Table::Operations => Code::OPERATIONS_READ,
            Table::Templates => Code::TEMPLATES_READ,
        }
    }

    fn table_code(self) -> u32 {
        match self {
            Table::Users => 5,
            Table::Templates => 2,
            Table::Attendance | Table::Operations => 0,
        }
    }

    /// The 11 bytes of a 1503 request.
    pub fn request(self) -> Vec<u8> {
        let mut data = vec![1];
        data.extend_from_slice(&self.command().0.to_le_bytes());
        data.extend_from_slice(&self.table_code().to_le_bytes());
        data.extend_from_slice(&[0; 4]);
        data
    }

    /// The data of the table's own command, which old units answer with the whole set (zk 6.1).
    pub fn direct_request(self) -> Vec<u8> {
        match self.table_code() {
            0 => Vec::new(),
            code => vec![code as u8],
        }
    }

    /// Reads a 1503 request; `None` when it asks for something else.
    pub fn parse_request(data: &[u8]) -> Option<Table> {
        let command = u16_at(data, 1).map(Code)?;
        Table::ALL.into_iter().find(|table| table.command() == command)
    }
}

/// A part of the prepared data set: the data of a 1504 request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRequest {
    /// First byte.
    pub offset: u32,
    /// Number of bytes.
    pub length: u32,
}

impl ChunkRequest {
    /// The eight bytes of the request.
    pub fn encode(self) -> Vec<u8> {
        [self.offset.to_le_bytes(), self.length.to_le_bytes()].concat()
    }

    /// Reads a request.
    pub fn parse(data: &[u8]) -> Option<ChunkRequest> {
        Some(ChunkRequest { offset: u32_at(data, 0)?, length: u32_at(data, 4)? })
    }
}

/// The 13 bytes that answer a 1503 request when the data set must be read in chunks.
pub fn buffered_answer(dataset_bytes: u32) -> Vec<u8> {
    let mut data = vec![0];
    data.extend_from_slice(&dataset_bytes.to_le_bytes());
    data.extend_from_slice(&dataset_bytes.to_le_bytes());
    data.extend_from_slice(&[0; 4]);
    data
}

/// The data of PREPARE_DATA: bytes that follow, and the size of the packets they come in.
pub fn announcement(length: u32, packet_bytes: u32) -> Vec<u8> {
    [length.to_le_bytes(), packet_bytes.to_le_bytes()].concat()
}

/// The data of PREPARE_DATA that announces an upload of `bytes` to the terminal (zk 6.3).
pub fn upload_announcement(bytes: u32) -> Vec<u8> {
    bytes.to_le_bytes().to_vec()
}

/// The bytes that PREPARE_DATA announces, in either direction; `None` when it is cut short.
pub fn announced_bytes(data: &[u8]) -> Option<u32> {
    u32_at(data, 0)
}

/// Puts the byte count in front of the records: a data set as it is read.
pub fn dataset(records: &[u8]) -> Vec<u8> {
    [&(records.len() as u32).to_le_bytes(), records].concat()
}

/// The records of a data set, without its byte count.
///
/// # Errors
/// [`Error::Corrupt`] when fewer bytes follow than counted.
pub fn records(dataset: &[u8]) -> Result<&[u8], Error> {
    if dataset.is_empty() {
        return Ok(&[]);
    }
    let counted = u32_at(dataset, 0).map(|count| count as usize);
    counted.and_then(|count| dataset.get(4..)?.get(..count)).ok_or_else(|| {
        let counted = counted.map_or_else(|| "no byte count".to_owned(), |count| format!("{count} bytes announced"));
        Error::corrupt(format!("{counted}, {} came", dataset.len().saturating_sub(4)), dataset)
    })
}
