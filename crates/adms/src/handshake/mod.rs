//! The opening exchange: what the terminal says about itself, and the settings that it gets (adms 4).
//!
//! Invariant: the block never offers encryption, whose library is not public (adms 10): `Encrypt` is off, and the
//! protocol version stays below 2.4.0.

mod request;
mod trans_flag;
mod zone;

use std::fmt;

pub use request::{DeviceKind, HandshakeRequest, Version};
pub use trans_flag::{DigitOrder, TransFlag, Transfer};
pub use zone::Zone;

/// A cursor of one table as the server hands it back (adms 5). Terminals treat it loosely: it is a hint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stamp {
    /// `None`: no cursor known.
    #[default]
    Unknown,
    /// "Send everything again."
    FromTheStart,
    /// The last value seen, or any large number such as 9999.
    At(String),
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("None"),
            Self::FromTheStart => f.write_str("0"),
            Self::At(value) => f.write_str(value),
        }
    }
}

/// Under which names the cursors of punches, operations and photos are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StampNames {
    /// `ATTLOGStamp`, `OPERLOGStamp`, `ATTPHOTOStamp`.
    New,
    /// `Stamp`, `OpStamp`, `PhotoStamp`, which old firmware wants.
    Old,
    /// Both, which does no harm.
    #[default]
    Both,
}

/// The protocol version that the server offers. Both sides use the lower one, and from 2.4.0 on a terminal may ask for
/// encryption: higher ones are deliberately not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferedVersion {
    /// 2.2.14, the same as saying nothing.
    V2_2_14,
    /// 2.3.0
    V2_3_0,
}

/// How "no encryption" is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoEncryption {
    /// `None`
    #[default]
    Word,
    /// `0`
    Zero,
}

/// How lines of the block end. LF is documented; CR LF is accepted in the field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// LF
    #[default]
    Lf,
    /// CR LF
    CrLf,
}

/// The settings block. [`HandshakeReply::new`] fills in what suits a server that wants punches at once and leaves the
/// terminal's clock alone; `to_string` gives the body, without a final line end.
///
/// Keys that this server has no use for do not exist here: `EncryptFlag`, `ATTPHOTOBase64`, `MultiBioDataSupport`,
/// `MultiBioPhotoSupport`, `IRTempUnitTrans`, `QRCodeDecryptType`, `QRCodeDecryptKey`, and the retention hints of old
/// servers (`MaxPostSize`, `ResLogDay`, `ResLogDelCount`, `ResLogCount`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeReply<'a> {
    /// The terminal's serial, echoed.
    pub serial: &'a str,
    /// Cursor of the punches.
    pub attlog_stamp: Stamp,
    /// Cursor of operations and users.
    pub operlog_stamp: Stamp,
    /// Cursor of the photos; `None` leaves it out.
    pub attphoto_stamp: Option<Stamp>,
    /// Names of these three.
    pub stamp_names: StampNames,
    /// Cursor of `BIODATA`; `None` leaves it out.
    pub biodata_stamp: Option<Stamp>,
    /// Cursor of `IDCARD`; `None` leaves it out.
    pub idcard_stamp: Option<Stamp>,
    /// Cursor of `ERRORLOG`; `None` leaves it out.
    pub errorlog_stamp: Option<Stamp>,
    /// Seconds until the terminal tries again after a failure, 30-300.
    pub error_delay_s: u32,
    /// Seconds between polls for commands, 2-60.
    pub delay_s: u32,
    /// Up to ten `HH:MM` separated by `;` for scheduled uploads.
    pub trans_times: &'a str,
    /// Minutes between checks for new data, 0 off.
    pub trans_interval_min: u32,
    /// What is uploaded.
    pub trans_flag: TransFlag,
    /// Sets the terminal's clock together with the HTTP `Date`; `None` leaves it alone.
    pub time_zone: Option<Zone>,
    /// Upload at once.
    pub is_realtime: bool,
    /// Ask the terminal to post its options (`PushOptionsFlag=1`).
    pub wants_options: bool,
    /// Names of the options that are wanted; none leaves the choice to the terminal.
    pub push_options: &'a [&'a str],
    /// The server answers `ping` (`SupportPing=1`).
    pub has_ping: bool,
    /// `ServerVer`; `None` leaves it out.
    pub server_version: Option<&'a str>,
    /// `PushProtVer`; `None` leaves it out, which means 2.2.14.
    pub push_version: Option<OfferedVersion>,
    /// `Timeout` of 3.2.0 firmware: seconds that it waits for an answer; `None` leaves it out.
    pub timeout_s: Option<u32>,
    /// `SyncTime` of 3.2.0 firmware: seconds between two settings of its clock, 0 off; `None` leaves it out.
    pub sync_time_s: Option<u32>,
    /// How "no encryption" is written.
    pub no_encryption: NoEncryption,
    /// How lines end.
    pub line_end: LineEnd,
}

impl<'a> HandshakeReply<'a> {
    /// The house's settings for one terminal: at once, no templates and photos, no encryption, clock left alone.
    pub fn new(serial: &'a str) -> Self {
        Self {
            serial,
            attlog_stamp: Stamp::At("9999".to_owned()),
            operlog_stamp: Stamp::At("9999".to_owned()),
            attphoto_stamp: Some(Stamp::Unknown),
            stamp_names: StampNames::Both,
            biodata_stamp: None,
            idcard_stamp: None,
            errorlog_stamp: None,
            error_delay_s: 30,
            delay_s: 10,
            trans_times: "00:00;14:05",
            trans_interval_min: 1,
            trans_flag: TransFlag::attendance_and_users(),
            time_zone: None,
            is_realtime: true,
            wants_options: true,
            push_options: &[],
            has_ping: false,
            server_version: None,
            push_version: None,
            timeout_s: None,
            sync_time_s: None,
            no_encryption: NoEncryption::Word,
            line_end: LineEnd::Lf,
        }
    }

    /// As [`new`](Self::new), in the forms that the terminal's version reads: from 3.0 on `TransFlag` has no `TransData`.
    pub fn answering(serial: &'a str, request: &HandshakeRequest<'_>) -> Self {
        let reply = Self::new(serial);
        match (request.version(), &reply.trans_flag) {
            (Some(version), TransFlag::Names(names)) if version >= Version(3, 0, 0) => {
                Self { trans_flag: TransFlag::BareNames(names.clone()), ..reply }
            }
            _ => reply,
        }
    }

    /// Sets the terminal's clock to this zone, in the form that its version reads. An offset that the form can't say
    /// (within one hour of UTC, no whole hour) leaves the clock alone.
    pub fn setting_the_clock(mut self, offset_minutes: i16, request: &HandshakeRequest<'_>) -> Self {
        self.time_zone = match request.version() {
            Some(version) if version >= Version(3, 0, 0) => Some(Zone::Offset(offset_minutes)),
            _ => Zone::from_offset_minutes(offset_minutes),
        };
        self
    }

    /// Asks for everything from the start: all cursors at 0.
    pub fn sending_everything_again(mut self) -> Self {
        self.attlog_stamp = Stamp::FromTheStart;
        self.operlog_stamp = Stamp::FromTheStart;
        self
    }

    /// The block's lines after the first, in order.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if self.stamp_names != StampNames::Old {
            lines.push(("ATTLOGStamp", self.attlog_stamp.to_string()));
            lines.push(("OPERLOGStamp", self.operlog_stamp.to_string()));
            lines.extend(self.attphoto_stamp.as_ref().map(|stamp| ("ATTPHOTOStamp", stamp.to_string())));
        }
        if self.stamp_names != StampNames::New {
            lines.push(("Stamp", self.attlog_stamp.to_string()));
            lines.push(("OpStamp", self.operlog_stamp.to_string()));
            lines.extend(self.attphoto_stamp.as_ref().map(|stamp| ("PhotoStamp", stamp.to_string())));
        }
        lines.extend(self.biodata_stamp.as_ref().map(|stamp| ("BIODATAStamp", stamp.to_string())));
        lines.extend(self.idcard_stamp.as_ref().map(|stamp| ("IDCARDStamp", stamp.to_string())));
        lines.extend(self.errorlog_stamp.as_ref().map(|stamp| ("ERRORLOGStamp", stamp.to_string())));
        lines.push(("ErrorDelay", self.error_delay_s.to_string()));
        lines.push(("Delay", self.delay_s.to_string()));
        lines.push(("TransTimes", self.trans_times.to_owned()));
        lines.push(("TransInterval", self.trans_interval_min.to_string()));
        lines.push(("TransFlag", self.trans_flag.to_string()));
        lines.extend(self.time_zone.map(|zone| ("TimeZone", zone.to_string())));
        lines.push(("Realtime", u8::from(self.is_realtime).to_string()));
        lines.extend(self.wants_options.then(|| ("PushOptionsFlag", "1".to_owned())));
        if !self.push_options.is_empty() {
            lines.push(("PushOptions", self.push_options.join(",")));
        }
        lines.extend(self.has_ping.then(|| ("SupportPing", "1".to_owned())));
        lines.extend(self.timeout_s.map(|seconds| ("Timeout", seconds.to_string())));
        lines.extend(self.sync_time_s.map(|seconds| ("SyncTime", seconds.to_string())));
        lines.extend(self.server_version.map(|version| ("ServerVer", version.to_owned())));
        lines.extend(self.push_version.map(|version| ("PushProtVer", version.to_string())));
        lines.push(("Encrypt", self.no_encryption.to_string()));
        lines
    }
}

impl fmt::Display for HandshakeReply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.line_end {
            LineEnd::Lf => "\n",
            LineEnd::CrLf => "\r\n",
        };
        // A serial comes from the network: one that holds a line break must not add settings of its own.
        let serial: String = self.serial.chars().filter(|c| !c.is_control()).collect();
        write!(f, "GET OPTION FROM: {serial}")?;
        self.settings().iter().try_for_each(|(key, value)| write!(f, "{end}{key}={value}"))
    }
}

impl fmt::Display for OfferedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2_2_14 => "2.2.14",
            Self::V2_3_0 => "2.3.0",
        })
    }
}

impl fmt::Display for NoEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word => "None",
            Self::Zero => "0",
        })
    }
}

/// The `key=value` lines of a settings block, as a terminal reads them (LF or CR LF, the first line left out).
pub fn settings(block: &str) -> impl Iterator<Item = (&str, &str)> {
    block.lines().filter_map(|line| line.trim_end_matches('\r').split_once('='))
}
