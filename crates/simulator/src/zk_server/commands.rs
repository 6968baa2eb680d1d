//! Commands by their code, and those about the terminal as a whole: its clock, its options, its state (zk 3, 5).

use std::time::Duration;

use tokio::time::Instant;
use zk::{Code, PackedTime, Packet, option};

use super::conversation::{Answer, Conversation};
use crate::terminal::{civil_of, datetime_of};

/// Answer to "read the state": at work.
const STATE_AT_WORK: u16 = 2;

impl Conversation {
    pub(super) fn command(&mut self, request: &Packet) -> Answer {
        match request.code {
            Code::EXIT => Answer { ends: true, ..self.reply(request, Code::ACK_OK, []) },
            Code::RESTART => self.restart(request),
            Code::POWER_OFF => Answer { ends: true, ..self.reply(request, Code::ACK_OK, []) },
            Code::ENABLE_DEVICE => self.enable(request),
            Code::DISABLE_DEVICE => self.disable(request),
            Code::GET_VERSION => {
                let version = option::request(self.terminal.profile().firmware);
                self.reply(request, Code::ACK_OK, version)
            }
            Code::GET_TIME => match PackedTime::from_civil(civil_of(self.terminal.now())) {
                Some(time) => self.reply(request, Code::ACK_OK, time.to_bytes()),
                None => self.acknowledge(request, false),
            },
            Code::SET_TIME => self.set_time(request),
            Code::OPTION_READ => self.read_option(request),
            Code::OPTION_WRITE => self.write_option(request),
            Code::GET_FREE_SIZES => self.read_sizes(request),
            Code::GET_PIN_WIDTH => {
                let width = self.terminal.profile().binary.pin_width;
                self.reply(request, Code::ACK_OK, width.into_iter().collect::<Vec<u8>>())
            }
            Code::READ_STATE => {
                // The state stands where the session does else (zk 3).
                let packet = Packet::new(Code::ACK_OK, STATE_AT_WORK, request.number, []);
                Answer { packets: vec![packet], ends: false }
            }
            Code::DOOR_STATE_READ => self.reply(request, Code::ACK_OK, [0]),
            Code::PREPARE_BUFFER => self.prepare(request),
            Code::READ_BUFFER => self.read_buffer(request),
            Code::USERS_READ | Code::ATTENDANCE_READ | Code::OPERATIONS_READ | Code::TEMPLATES_READ => {
                self.read_directly(request)
            }
            Code::FREE_DATA => {
                (self.prepared, self.upload) = (None, None);
                self.acknowledge(request, true)
            }
            Code::PREPARE_DATA => self.begin_upload(request),
            Code::DATA => self.take_upload(request),
            Code::CHECKSUM_BUFFER => self.sum_upload(request),
            Code::TEMPLATE_WRITE => self.write_template(request),
            Code::SAVE_TEMPLATES => self.write_templates(request),
            Code::USER_WRITE => self.write_user(request),
            Code::DELETE_USER => self.delete_user(request),
            Code::TEMPLATE_READ => self.read_template(request),
            Code::DELETE_TEMPLATE => self.delete_template(request),
            Code::DELETE_TEMPLATE_OF_NUMBER => self.delete_template_of_number(request),
            Code::START_ENROLMENT => self.enrol(request),
            Code::CLEAR_DATA => self.clear(request),
            Code::CLEAR_ATTENDANCE => {
                self.terminal.clear_log();
                self.acknowledge(request, true)
            }
            Code::CLEAR_OPERATIONS => {
                self.terminal.clear_operations();
                self.acknowledge(request, true)
            }
            Code::CLEAR_ADMINISTRATORS => {
                self.terminal.clear_administrators();
                self.acknowledge(request, true)
            }
            Code::EVENT => self.register(request),
            // What shows on the unit only, or makes written data count.
            Code::REFRESH_DATA
            | Code::REFRESH_OPTIONS
            | Code::TEST_VOICE
            | Code::UNLOCK
            | Code::ENABLE_CLOCK
            | Code::WRITE_LCD
            | Code::CLEAR_LCD
            | Code::START_VERIFY
            | Code::CANCEL_CAPTURE
            | Code::CLEAR_ACCESS_CONTROL
            | Code::SLEEP
            | Code::RESUME => self.acknowledge(request, true),
            _ => self.reply(request, Code::UNKNOWN_COMMAND, []),
        }
    }

    /// Some units drop the line without a word.
    fn restart(&mut self, request: &Packet) -> Answer {
        self.terminal.restart();
        let answer =
            if self.terminal.faults().silent_restart { Answer::default() } else { self.acknowledge(request, true) };
        Answer { ends: true, ..answer }
    }

    fn enable(&mut self, request: &Packet) -> Answer {
        self.enabled_at = None;
        self.terminal.set_disabled(false);
        self.acknowledge(request, true)
    }

    /// With a number of seconds the terminal enables itself after them (zk 3).
    fn disable(&mut self, request: &Packet) -> Answer {
        let seconds = u32_of(&request.data).map(u64::from);
        self.enabled_at = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        self.terminal.set_disabled(true);
        self.acknowledge(request, true)
    }

    /// The seconds of a disable are over.
    pub(super) fn enabled_itself(&mut self) {
        self.enabled_at = None;
        self.terminal.set_disabled(false);
    }

    fn set_time(&self, request: &Packet) -> Answer {
        let time = u32_of(&request.data).and_then(|packed| datetime_of(PackedTime(packed as i32)));
        if let Some(time) = time {
            self.terminal.set_clock(time);
        }
        self.acknowledge(request, time.is_some())
    }

    fn read_option(&self, request: &Packet) -> Answer {
        let name = option::requested_name(&request.data);
        let faults = self.terminal.faults();
        let is_missing = faults.missing_option.as_deref() == Some(name.as_str());
        match self.terminal.option(&name).filter(|_| !is_missing) {
            Some(value) => self.reply(request, Code::ACK_OK, option::answer(&name, &value)),
            None if faults.blank_options => self.reply(request, Code::ACK_OK, option::answer(&name, "")),
            None => self.acknowledge(request, false),
        }
    }

    /// What describes the hardware can't be written.
    fn write_option(&self, request: &Packet) -> Answer {
        let text = option::requested_name(&request.data);
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty() && !name.starts_with('~'));
        if let Some((name, value)) = pair {
            self.terminal.set_option(name, value);
        }
        self.acknowledge(request, pair.is_some())
    }

    fn read_sizes(&self, request: &Packet) -> Answer {
        let mut sizes = self.terminal.sizes().encode();
        sizes.resize(self.terminal.profile().binary.sizes_bytes, 0);
        self.reply(request, Code::ACK_OK, sizes)
    }

    /// Everything, or the table that the byte names (zk 3).
    fn clear(&self, request: &Packet) -> Answer {
        let table = request.data.first().copied();
        match table {
            Some(1) => self.terminal.clear_log(),
            Some(2) => self.terminal.clear_templates(),
            Some(4) => self.terminal.clear_operations(),
            Some(5) => self.terminal.clear_users(),
            Some(_) => return self.acknowledge(request, false),
            None => {
                self.terminal.clear_log();
                self.terminal.clear_users();
                self.terminal.clear_operations();
            }
        }
        self.acknowledge(request, true)
    }
}

/// The number that the data begin with.
pub(super) fn u32_of(data: &[u8]) -> Option<u32> {
    data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
