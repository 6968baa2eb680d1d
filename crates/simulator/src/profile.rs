//! Makes of terminals: how wide their records are and how they send them (zk 7, 11).

use std::str::FromStr;
use std::time::Duration;

use zk::{AttendanceLayout, UserLayout};

/// What differs between makes of terminals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The word for it on the command line.
    pub name: &'static str,
    /// Answer to `~DeviceName`.
    pub device_name: &'static str,
    /// Answer to `~Platform`.
    pub platform: &'static str,
    /// Firmware version, on both protocols.
    pub firmware: &'static str,
    /// Layout of attendance records.
    pub attendance: AttendanceLayout,
    /// Layout of user records.
    pub users: UserLayout,
    /// Most data bytes of one DATA frame.
    pub data_frame_bytes: usize,
    /// Pause between DATA frames. Clients that take one read for one frame need it (zk 15).
    pub frame_pause: Duration,
    /// Data sets up to this size come inline, without being asked for in chunks.
    pub inline_bytes: usize,
}

/// There is no profile of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no terminal profile \"{name}\"; choose one of {}", Profile::names().join(", "))]
pub struct UnknownProfile {
    name: String,
}

const COLOUR: Profile = Profile {
    name: "colour",
    device_name: "uFace800",
    platform: "ZMM220_TFT",
    firmware: "Ver 8.0.4.4-20190617",
    attendance: AttendanceLayout::Forty,
    users: UserLayout::Long,
    data_frame_bytes: 0x1_0000,
    frame_pause: Duration::ZERO,
    inline_bytes: 1024,
};

const PROFILES: [Profile; 6] = [
    COLOUR,
    Profile {
        name: "k20",
        device_name: "K20",
        platform: "JZ4725_TFT",
        firmware: "Ver 6.60 Nov 13 2019",
        data_frame_bytes: 1008,
        frame_pause: Duration::from_millis(3),
        ..COLOUR
    },
    Profile {
        name: "speedface",
        device_name: "SpeedFace-V5L",
        platform: "ZAM180_TFT",
        firmware: "ZAM180-NF-Ver1.1.17",
        attendance: AttendanceLayout::Wide { width: 49 },
        ..COLOUR
    },
    Profile {
        name: "zem16",
        device_name: "iClock260",
        platform: "ZEM600",
        firmware: "Ver 6.39 Jul 6 2010",
        attendance: AttendanceLayout::Sixteen,
        users: UserLayout::Short,
        ..COLOUR
    },
    Profile {
        name: "zem8",
        device_name: "U580",
        platform: "ZEM500",
        firmware: "Ver 5.04 Jan 9 2008",
        attendance: AttendanceLayout::EightA,
        users: UserLayout::Short,
        ..COLOUR
    },
    Profile {
        name: "ma300",
        device_name: "MA300",
        platform: "ZEM560",
        firmware: "Ver 6.60 Aug 26 2011",
        attendance: AttendanceLayout::EightB,
        users: UserLayout::Short,
        ..COLOUR
    },
];

impl Profile {
    /// All names.
    pub fn names() -> Vec<&'static str> {
        PROFILES.iter().map(|profile| profile.name).collect()
    }
}

impl Default for Profile {
    /// A colour unit: 40-byte records, 72-byte users.
    fn default() -> Profile {
        COLOUR
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Profile, UnknownProfile> {
        let found = PROFILES.into_iter().find(|profile| profile.name == name);
        found.ok_or_else(|| UnknownProfile { name: name.to_owned() })
    }
}
