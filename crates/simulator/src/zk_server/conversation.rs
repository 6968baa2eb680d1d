//! What a terminal answers to one client: packets in, packets out, no socket (zk 3 to 6).

use zk::transfer::{self, ChunkRequest, Table};
use zk::{Code, PackedTime, Packet, comm_key, option};

use crate::faults::strikes;
use crate::terminal::{Terminal, civil_of};

/// The packets that answer one request.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) packets: Vec<Packet>,
    /// Whether the terminal closes the connection after them.
    pub(super) ends: bool,
}

#[derive(Debug)]
pub(super) struct Conversation {
    terminal: Terminal,
    session: u16,
    is_open: bool,
    /// The data set prepared by 1503, and whose it is.
    buffer: Option<(Table, Vec<u8>)>,
    /// Which read of the log this is, counted over all clients.
    log_read: u32,
}

impl Conversation {
    pub(super) fn new(terminal: Terminal, session: u16) -> Conversation {
        Conversation { terminal, session, is_open: false, buffer: None, log_read: 0 }
    }

    pub(super) fn answer(&mut self, request: &Packet) -> Answer {
        match request.code {
            Code::CONNECT => self.connect(request),
            Code::AUTH => self.authenticate(request),
            _ if !self.is_open => self.reply(request, Code::ACK_UNAUTH, []),
            _ => self.command(request),
        }
    }

    fn connect(&mut self, request: &Packet) -> Answer {
        if self.terminal.faults().is_locked {
            return Answer { ends: true, ..self.reply(request, Code::LOCKED, []) };
        }
        self.is_open = self.terminal.comm_key() == 0 && !self.terminal.faults().always_asks_for_key;
        self.reply(request, if self.is_open { Code::ACK_OK } else { Code::ACK_UNAUTH }, [])
    }

    fn authenticate(&mut self, request: &Packet) -> Answer {
        self.is_open = comm_key::verify(self.terminal.comm_key(), self.session, &request.data);
        self.reply(request, if self.is_open { Code::ACK_OK } else { Code::ACK_UNAUTH }, [])
    }

    fn command(&mut self, request: &Packet) -> Answer {
        match request.code {
            Code::EXIT => Answer { ends: true, ..self.reply(request, Code::ACK_OK, []) },
            Code::RESTART => Answer { ends: true, ..Answer::default() },
            Code::ENABLE_DEVICE | Code::DISABLE_DEVICE => {
                self.terminal.set_disabled(request.code == Code::DISABLE_DEVICE);
                self.reply(request, Code::ACK_OK, [])
            }
            Code::OPTION_READ => self.read_option(request),
            Code::GET_VERSION => {
                let version = option::request(self.terminal.profile().firmware);
                self.reply(request, Code::ACK_OK, version)
            }
            Code::GET_TIME => match PackedTime::from_civil(civil_of(self.terminal.now())) {
                Some(time) => self.reply(request, Code::ACK_OK, time.to_bytes()),
                None => self.reply(request, Code::ACK_ERROR, []),
            },
            Code::GET_FREE_SIZES => self.reply(request, Code::ACK_OK, self.terminal.sizes().encode()),
            Code::PREPARE_BUFFER => self.prepare(request),
            Code::READ_BUFFER => self.read_buffer(request),
            Code::FREE_DATA => {
                self.buffer = None;
                self.reply(request, Code::ACK_OK, [])
            }
            // Accepted without effect: settings and registrations that clients make on the way.
            Code::OPTION_WRITE | Code::REFRESH_DATA | Code::SET_TIME | Code::EVENT => {
                self.reply(request, Code::ACK_OK, [])
            }
            _ => self.reply(request, Code::UNKNOWN_COMMAND, []),
        }
    }

    fn read_option(&self, request: &Packet) -> Answer {
        let name = option::requested_name(&request.data);
        let profile = self.terminal.profile();
        let value = match name.as_str() {
            option::SERIAL => self.terminal.serial(),
            option::DEVICE_NAME => profile.device_name,
            option::PLATFORM => profile.platform,
            option::MAC => "00:17:61:12:ba:c5",
            "~OS" | "~ZKFPVersion" | "~SSR" | "WorkCode" => "1",
            "~PIN2Width" => "9",
            _ => return self.reply(request, Code::ACK_ERROR, []),
        };
        self.reply(request, Code::ACK_OK, option::answer(&name, value))
    }

    fn prepare(&mut self, request: &Packet) -> Answer {
        let Some(table) = Table::parse_request(&request.data) else {
            return self.reply(request, Code::ACK_ERROR, []);
        };
        let dataset = match table {
            Table::Users => transfer::dataset(&self.terminal.user_records()),
            Table::Attendance => transfer::dataset(&self.terminal.log_records()),
            Table::Operations | Table::Templates => return self.reply(request, Code::ACK_ERROR, []),
        };
        if table == Table::Attendance {
            self.log_read = self.terminal.begin_log_read();
        }
        if dataset.len() <= self.terminal.profile().inline_bytes {
            self.note_read(table);
            return self.reply(request, Code::DATA, dataset);
        }
        let size = transfer::buffered_answer(dataset.len() as u32);
        self.buffer = Some((table, dataset));
        self.reply(request, Code::ACK_OK, size)
    }

    fn read_buffer(&mut self, request: &Packet) -> Answer {
        let chunk = ChunkRequest::parse(&request.data);
        let part = self.buffer.as_ref().zip(chunk).and_then(|((table, dataset), chunk)| {
            let end = (chunk.offset as usize).saturating_add(chunk.length as usize);
            Some((*table, dataset.get(chunk.offset as usize..end)?, end == dataset.len()))
        });
        let Some((table, part, is_last)) = part else {
            return self.reply(request, Code::ACK_ERROR, []);
        };
        let drops = table == Table::Attendance && !is_last;
        if drops && strikes(self.terminal.faults().dropped_read_every, self.log_read) {
            return Answer { ends: true, ..Answer::default() };
        }
        let packets = self.chunk_packets(request, part);
        if is_last {
            self.note_read(table);
        }
        Answer { packets, ends: false }
    }

    /// PREPARE_DATA, the DATA frames with a running index as their session, and the closing ACK_OK (zk 6.1).
    fn chunk_packets(&self, request: &Packet, part: &[u8]) -> Vec<Packet> {
        let frame_bytes = self.terminal.profile().data_frame_bytes.max(1);
        let announcement = transfer::announcement(part.len() as u32, frame_bytes as u32);
        let mut packets = vec![self.packet(request, Code::PREPARE_DATA, announcement)];
        for (index, data) in (0_u16..).zip(part.chunks(frame_bytes)) {
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

    fn packet(&self, request: &Packet, code: Code, data: impl Into<Vec<u8>>) -> Packet {
        Packet::new(code, self.session, request.number, data)
    }

    fn reply(&self, request: &Packet, code: Code, data: impl Into<Vec<u8>>) -> Answer {
        Answer { packets: vec![self.packet(request, code, data)], ends: false }
    }
}
