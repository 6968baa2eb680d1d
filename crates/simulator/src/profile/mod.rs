//! Makes of terminals: what their records look like and how they send them (zk 7, 11; adms 12).
//!
//! A profile is data. All that differs between makes stands in one table; code asks the profile and never the name.

mod table;

use std::str::FromStr;
use std::time::Duration;

use adms::Dialect;
use zk::record::event::EventLayout;
use zk::{AttendanceLayout, Code, UserLayout};

/// What differs between makes of terminals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The word for it on the command line.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// Answer to `~DeviceName`.
    pub device_name: &'static str,
    /// Answer to `~Platform`.
    pub platform: &'static str,
    /// Firmware version, on both protocols.
    pub firmware: &'static str,
    /// Answer to `~OEMVendor`.
    pub vendor: &'static str,
    /// How much fits.
    pub capacity: Capacity,
    /// Port 4370.
    pub binary: Binary,
    /// ADMS; `None` for makes that do not have it.
    pub push: Option<Push>,
}

/// How much a terminal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Punches.
    pub punches: u32,
    /// People.
    pub users: u32,
    /// Finger templates.
    pub fingers: u32,
    /// Faces; `None` for makes without a camera.
    pub faces: Option<u32>,
}

/// Port 4370 as this make speaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binary {
    /// What CONNECT is answered when the firmware keeps the protocol locked (zk 11).
    pub locked: Option<Code>,
    /// Over what it listens.
    pub transports: Transports,
    /// Layout of attendance records.
    pub attendance: AttendanceLayout,
    /// Layout of user records.
    pub users: UserLayout,
    /// Layout of real-time attendance events.
    pub events: EventLayout,
    /// Bytes that follow in an attendance event, of unknown meaning (zk 10).
    pub event_extra_bytes: usize,
    /// Most data bytes of one DATA frame; a datagram holds 1024 at most.
    pub data_frame_bytes: usize,
    /// Pause between DATA frames. Clients that take one read for one frame need it (zk 15).
    pub frame_pause: Duration,
    /// Data sets up to this size come inline, without being asked for in chunks.
    pub inline_bytes: usize,
    /// Length of the answer to GET_FREE_SIZES (zk 5.3).
    pub sizes_bytes: usize,
    /// What becomes of the plain requests 9 and 13 (zk 6.1).
    pub direct_reads: DirectReads,
    /// Answer to GET_PINWIDTH; `None` is answered without data (zk 11).
    pub pin_width: Option<u8>,
}

/// Over what a terminal answers the 4370 protocol; the port number is the same (zk 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transports {
    /// TCP and UDP.
    Both,
    /// TCP alone.
    Tcp,
    /// UDP alone, as the oldest units.
    Udp,
}

/// The old way to read a table: its command by itself, without a buffer (zk 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectReads {
    /// It gives the table.
    Served,
    /// It gives a blob in another code; colour units.
    Coded,
}

/// ADMS as this make speaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push {
    /// Which of the dialects (adms 1).
    pub dialect: Dialect,
    /// `pushver` of the handshake.
    pub version: &'static str,
    /// `PushVersion` among the options.
    pub software: &'static str,
    /// What the paths end with: nothing, or `.aspx`.
    pub path_suffix: &'static str,
    /// Columns of an ATTLOG line, 4 to 12 (adms 6.1).
    pub columns: u8,
    /// Each ATTLOG line ends with a tab: an empty column more.
    pub has_trailing_tab: bool,
    /// Sends photos of those who punch, if the server wants them.
    pub has_camera: bool,
    /// How it reads the server's `TimeZone` (adms 4).
    pub time_zone: ZoneReading,
}

/// How a terminal reads the number in `TimeZone` (adms 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneReading {
    /// Hours when small, minutes beyond 60.
    BySize,
    /// Always minutes, as K40 units.
    Minutes,
}

/// There is no profile of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no terminal profile \"{name}\"; choose one of {}", Profile::names().join(", "))]
pub struct UnknownProfile {
    name: String,
}

impl Profile {
    /// All profiles.
    pub fn all() -> &'static [Profile] {
        &table::PROFILES
    }

    /// All names, without the aliases.
    pub fn names() -> Vec<&'static str> {
        Profile::all().iter().map(|profile| profile.name).collect()
    }

    fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

impl Transports {
    /// Whether it listens for TCP.
    pub fn has_tcp(self) -> bool {
        self != Transports::Udp
    }

    /// Whether it listens for UDP.
    pub fn has_udp(self) -> bool {
        self != Transports::Tcp
    }
}

impl Default for Profile {
    /// A colour unit: 40-byte records, 72-byte users, push 2.4.1.
    fn default() -> Profile {
        table::UFACE800
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    /// Finds a profile by its name or an alias, in any case.
    fn from_str(name: &str) -> Result<Profile, UnknownProfile> {
        let found = Profile::all().iter().find(|profile| profile.is_called(name));
        found.cloned().ok_or_else(|| UnknownProfile { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_profile_is_found_by_any_of_its_names_in_any_case() {
        for name in ["k20", "K20"] {
            assert_eq!(name.parse::<Profile>().unwrap().device_name, "K20");
        }
        assert_eq!("Colour".parse::<Profile>().unwrap(), Profile::default());
        let unknown = "zk9000".parse::<Profile>().unwrap_err().to_string();
        assert!(unknown.starts_with("there is no terminal profile \"zk9000\"; choose one of uface800, "), "{unknown}");
    }

    #[test]
    fn no_two_profiles_share_a_name() {
        let names = || Profile::all().iter().flat_map(|profile| profile.aliases.iter().chain([&profile.name]));
        assert_eq!(names().collect::<BTreeSet<_>>().len(), names().count());
    }

    #[test]
    fn every_make_can_be_collected_by_one_road_at_least() {
        for profile in Profile::all() {
            assert!(profile.binary.locked.is_none() || profile.push.is_some(), "{}", profile.name);
        }
    }
}
