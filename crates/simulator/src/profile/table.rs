//! The table of makes. Values are those of real units where the references quote one (zk 11, adms 7, 12, 14).

use std::time::Duration;

use adms::Dialect;
use zk::record::event::EventLayout;
use zk::{AttendanceLayout, Code, UserLayout};

use super::{Binary, Capacity, DirectReads, Profile, Push, Transports, ZoneReading};

/// Colour units: one DATA frame per chunk, text numbers.
const COLOUR: Binary = Binary {
    locked: None,
    transports: Transports::Both,
    attendance: AttendanceLayout::Forty,
    users: UserLayout::Long,
    events: EventLayout::Text,
    event_extra_bytes: 0,
    data_frame_bytes: 0x1_0000,
    frame_pause: Duration::ZERO,
    inline_bytes: 1024,
    sizes_bytes: 80,
    direct_reads: DirectReads::Coded,
    pin_width: Some(9),
};

/// The same with a camera: counts and capacity of faces are told.
const FACE: Binary = Binary { sizes_bytes: 92, ..COLOUR };

/// Black and white units: short users, integer numbers.
const MONO: Binary = Binary {
    attendance: AttendanceLayout::EightA,
    users: UserLayout::Short,
    events: EventLayout::Slot,
    data_frame_bytes: 1024,
    inline_bytes: 512,
    direct_reads: DirectReads::Served,
    pin_width: Some(5),
    ..COLOUR
};

const PUSH: Push = Push {
    dialect: Dialect::Attendance,
    version: "2.4.1",
    software: "Ver 2.0.33S-20220623",
    path_suffix: "",
    columns: 7,
    has_trailing_tab: false,
    has_camera: false,
    time_zone: ZoneReading::BySize,
};

/// Face units of push 2.4: ten columns and a tab (adms 12).
const PUSH_FACE: Push = Push { columns: 10, has_trailing_tab: true, has_camera: true, ..PUSH };

pub(super) const UFACE800: Profile = Profile {
    name: "uface800",
    aliases: &["colour"],
    device_name: "uFace800",
    platform: "ZMM220_TFT",
    firmware: "Ver 8.0.4.4-20190617",
    vendor: "ZKTECO CO., LTD.",
    capacity: Capacity { punches: 100_000, users: 30_000, fingers: 3_000, faces: Some(800) },
    binary: FACE,
    push: Some(Push { has_camera: true, ..PUSH }),
};

pub(super) static PROFILES: [Profile; 15] = [
    UFACE800,
    Profile {
        name: "f18",
        aliases: &[],
        device_name: "F18",
        platform: "ZMM210_TFT",
        firmware: "Ver 8.0.4.3-20180709",
        capacity: Capacity { punches: 30_000, users: 30_000, fingers: 3_000, faces: None },
        binary: COLOUR,
        push: Some(PUSH),
        ..UFACE800
    },
    Profile {
        name: "k40",
        aliases: &[],
        device_name: "K40",
        platform: "JZ4725_TFT",
        firmware: "Ver 6.60 Oct 12 2018",
        capacity: Capacity { punches: 80_000, users: 1_000, fingers: 1_000, faces: None },
        binary: Binary { data_frame_bytes: 1008, ..COLOUR },
        push: Some(Push { version: "2.2.14", time_zone: ZoneReading::Minutes, ..PUSH }),
        ..UFACE800
    },
    Profile {
        name: "k20",
        aliases: &[],
        device_name: "K20",
        platform: "JZ4725_TFT",
        firmware: "Ver 6.60 Nov 13 2019",
        capacity: Capacity { punches: 50_000, users: 500, fingers: 500, faces: None },
        binary: Binary { data_frame_bytes: 1008, frame_pause: Duration::from_millis(3), ..COLOUR },
        push: Some(Push { version: "2.2.14", ..PUSH }),
        ..UFACE800
    },
    Profile {
        name: "mb20-8",
        aliases: &["zem8"],
        device_name: "MB20",
        platform: "ZEM510",
        firmware: "Ver 6.20 Aug 19 2010",
        capacity: Capacity { punches: 50_000, users: 10_000, fingers: 500, faces: None },
        binary: MONO,
        push: None,
        ..UFACE800
    },
    Profile {
        name: "mb20-16",
        aliases: &["zem16"],
        device_name: "MB20",
        platform: "ZEM600",
        firmware: "Ver 6.39 Jul 6 2010",
        capacity: Capacity { punches: 100_000, users: 10_000, fingers: 500, faces: None },
        binary: Binary { attendance: AttendanceLayout::Sixteen, events: EventLayout::Integer, ..MONO },
        push: None,
        ..UFACE800
    },
    Profile {
        name: "u580",
        aliases: &[],
        device_name: "U580",
        platform: "ZEM500",
        firmware: "Ver 5.04 Jan 9 2008",
        capacity: Capacity { punches: 50_000, users: 5_000, fingers: 500, faces: None },
        binary: Binary { transports: Transports::Udp, attendance: AttendanceLayout::EightB, ..MONO },
        push: None,
        ..UFACE800
    },
    Profile {
        name: "ma300",
        aliases: &[],
        device_name: "MA300",
        platform: "ZEM560",
        firmware: "Ver 6.60 Aug 26 2011",
        capacity: Capacity { punches: 100_000, users: 10_000, fingers: 1_500, faces: None },
        binary: Binary { attendance: AttendanceLayout::EightB, event_extra_bytes: 4, ..MONO },
        push: None,
        ..UFACE800
    },
    Profile {
        name: "iclock580",
        aliases: &[],
        device_name: "iClock580",
        platform: "ZMM100_TFT",
        firmware: "Ver 6.60 Apr 1 2013",
        capacity: Capacity { punches: 100_000, users: 10_000, fingers: 3_000, faces: None },
        binary: Binary { pin_width: None, ..COLOUR },
        push: Some(Push { version: "2.2.14", ..PUSH }),
        ..UFACE800
    },
    Profile {
        name: "speedface-v5l",
        aliases: &["speedface"],
        device_name: "SpeedFace-V5L",
        platform: "ZAM180_TFT",
        firmware: "ZAM180-NF-Ver1.1.17",
        capacity: Capacity { punches: 200_000, users: 10_000, fingers: 10_000, faces: Some(6_000) },
        binary: Binary {
            attendance: AttendanceLayout::Wide { width: 49 },
            event_extra_bytes: 5,
            sizes_bytes: 112,
            ..FACE
        },
        push: Some(PUSH_FACE),
        ..UFACE800
    },
    Profile {
        name: "senseface",
        aliases: &["zam70"],
        device_name: "SenseFace 3A",
        platform: "ZAM70_TFT",
        firmware: "ZAM70-NF-Ver3.3.12",
        capacity: Capacity { punches: 150_000, users: 5_000, fingers: 5_000, faces: Some(3_000) },
        binary: Binary { locked: Some(Code::LOCKED), ..FACE },
        push: Some(PUSH_FACE),
        ..UFACE800
    },
    Profile {
        name: "mb2000",
        aliases: &[],
        device_name: "MB2000",
        platform: "ZMM220_TFT",
        firmware: "Ver 8.0.4.2-I113-02",
        capacity: Capacity { punches: 100_000, users: 5_000, fingers: 2_000, faces: Some(500) },
        binary: Binary { event_extra_bytes: 20, ..FACE },
        push: Some(PUSH),
        ..UFACE800
    },
    Profile {
        name: "x903",
        aliases: &[],
        device_name: "X903",
        platform: "ZMM510_TFT",
        firmware: "ZMM510-NF-Ver1.0.19",
        vendor: "Solution",
        capacity: Capacity { punches: 50_000, users: 1_000, fingers: 1_000, faces: Some(500) },
        binary: FACE,
        push: Some(Push { software: "Ver 2.0.33S-20211012", has_camera: false, ..PUSH_FACE }),
    },
    Profile {
        name: "access",
        aliases: &["acc"],
        device_name: "ProFace X",
        platform: "ZAM180_TFT",
        firmware: "ZAM180-NF50VA-Ver1.3.7",
        capacity: Capacity { punches: 1_000_000, users: 30_000, fingers: 20_000, faces: Some(30_000) },
        binary: FACE,
        push: Some(Push { dialect: Dialect::Security, version: "3.1.2", ..PUSH_FACE }),
        ..UFACE800
    },
    Profile {
        name: "essl",
        aliases: &["x990"],
        device_name: "X990",
        platform: "ZMM220_TFT",
        firmware: "Ver 8.0.4.1-20171125",
        vendor: "eSSL",
        capacity: Capacity { punches: 100_000, users: 3_000, fingers: 3_000, faces: None },
        binary: COLOUR,
        push: Some(Push { version: "2.2.14", path_suffix: ".aspx", ..PUSH }),
    },
];
