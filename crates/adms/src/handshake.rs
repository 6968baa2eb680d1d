//! The opening exchange: what the terminal says about itself, and the settings that it gets (adms 4).

use std::borrow::Cow;
use std::fmt;

use crate::request::value;

/// What a terminal says about itself; everything is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HandshakeRequest<'a> {
    /// `pushver`: the protocol version of the terminal, for example `2.4.1`.
    pub push_version: Option<Cow<'a, str>>,
    /// `language`: a number, 69 English, 83 Chinese, ...
    pub language: Option<Cow<'a, str>>,
    /// `DeviceType`: `att`, `pid`, `ins`, `acc`, or free text.
    pub device_type: Option<Cow<'a, str>>,
    /// `pushcommkey`: a weak constant secret, worth pinning.
    pub comm_key: Option<Cow<'a, str>>,
    /// `PushOptionsFlag=1`: the terminal can post its options.
    pub can_post_options: bool,
}

impl<'a> HandshakeRequest<'a> {
    pub(crate) fn read(query: &'a str) -> Self {
        Self {
            push_version: value(query, "pushver"),
            language: value(query, "language"),
            device_type: value(query, "DeviceType"),
            comm_key: value(query, "pushcommkey"),
            can_post_options: value(query, "PushOptionsFlag").as_deref() == Some("1"),
        }
    }
}

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

/// What the terminal uploads by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransFlag {
    /// Form 1: a string of 0 and 1 whose order depends on the protocol version.
    Digits(String),
    /// Form 2, unambiguous: names, sent as `TransData name HT name ...`.
    Names(Vec<&'static str>),
}

impl TransFlag {
    /// Punches, operations and users; no templates, no photos.
    pub fn attendance_and_users() -> Self {
        Self::Names(vec!["AttLog", "OpLog", "EnrollUser", "ChgUser"])
    }
}

impl fmt::Display for TransFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(digits) => f.write_str(digits),
            Self::Names(names) => write!(f, "TransData {}", names.join("\t")),
        }
    }
}

/// The value of `TimeZone`: a number whose unit the terminal guesses from its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Whole hours, -11 to 11.
    Hours(i8),
    /// Minutes, more than 60 or less than -60.
    Minutes(i16),
}

impl Zone {
    /// The form that every known terminal reads alike: minutes, but hours within one hour of UTC. `None` for an offset
    /// within that hour that is no whole hour: it can't be said.
    pub fn from_offset_minutes(minutes: i16) -> Option<Self> {
        match minutes {
            60 => Some(Self::Hours(1)),
            0 => Some(Self::Hours(0)),
            -60 => Some(Self::Hours(-1)),
            -59..60 => None,
            _ => Some(Self::Minutes(minutes)),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours(hours) => hours.fmt(f),
            Self::Minutes(minutes) => minutes.fmt(f),
        }
    }
}

/// The settings block. [`HandshakeReply::new`] fills in what suits a server that wants punches at once and leaves the
/// terminal's clock alone; `to_string` gives the body, without a final LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeReply<'a> {
    /// The terminal's serial, echoed.
    pub serial: &'a str,
    /// Cursor of the punches.
    pub attlog_stamp: Stamp,
    /// Cursor of operations and users.
    pub operlog_stamp: Stamp,
    /// Cursor of the photos.
    pub attphoto_stamp: Stamp,
    /// Also send the cursors under their old names (`Stamp`, `OpStamp`, `PhotoStamp`), which old firmware wants.
    pub with_old_stamp_names: bool,
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
}

impl<'a> HandshakeReply<'a> {
    /// The house's settings for one terminal: at once, no templates and photos, no encryption, clock left alone.
    pub fn new(serial: &'a str) -> Self {
        Self {
            serial,
            attlog_stamp: Stamp::At("9999".to_owned()),
            operlog_stamp: Stamp::At("9999".to_owned()),
            attphoto_stamp: Stamp::Unknown,
            with_old_stamp_names: true,
            error_delay_s: 30,
            delay_s: 10,
            trans_times: "00:00;14:05",
            trans_interval_min: 1,
            trans_flag: TransFlag::attendance_and_users(),
            time_zone: None,
            is_realtime: true,
            wants_options: true,
        }
    }

    /// Asks for everything from the start: all cursors at 0.
    pub fn sending_everything_again(mut self) -> Self {
        self.attlog_stamp = Stamp::FromTheStart;
        self.operlog_stamp = Stamp::FromTheStart;
        self
    }
}

impl fmt::Display for HandshakeReply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A serial comes from the network: one that holds a line break must not add settings of its own.
        let serial: String = self.serial.chars().filter(|c| !c.is_control()).collect();
        write!(f, "GET OPTION FROM: {serial}")?;
        write!(f, "\nATTLOGStamp={}", self.attlog_stamp)?;
        write!(f, "\nOPERLOGStamp={}", self.operlog_stamp)?;
        write!(f, "\nATTPHOTOStamp={}", self.attphoto_stamp)?;
        if self.with_old_stamp_names {
            write!(f, "\nStamp={}", self.attlog_stamp)?;
            write!(f, "\nOpStamp={}", self.operlog_stamp)?;
            write!(f, "\nPhotoStamp={}", self.attphoto_stamp)?;
        }
        write!(f, "\nErrorDelay={}", self.error_delay_s)?;
        write!(f, "\nDelay={}", self.delay_s)?;
        write!(f, "\nTransTimes={}", self.trans_times)?;
        write!(f, "\nTransInterval={}", self.trans_interval_min)?;
        write!(f, "\nTransFlag={}", self.trans_flag)?;
        if let Some(zone) = self.time_zone {
            write!(f, "\nTimeZone={zone}")?;
        }
        write!(f, "\nRealtime={}", u8::from(self.is_realtime))?;
        if self.wants_options {
            f.write_str("\nPushOptionsFlag=1")?;
        }
        f.write_str("\nEncrypt=None")
    }
}

/// The `key=value` lines of a settings block, as a terminal reads them (LF or CR LF, the first line left out).
pub fn settings(block: &str) -> impl Iterator<Item = (&str, &str)> {
    block.lines().filter_map(|line| line.trim_end_matches('\r').split_once('='))
}
