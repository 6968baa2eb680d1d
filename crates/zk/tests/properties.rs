//! What is written is read back, and cutting the stream elsewhere changes nothing. That any bytes at all are answered is fuzzed
//! beside the other parsers (`fuzz/` at the top of the repository).
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use zk::record::event::{Alarm, Enrolment, EventLayout};
use zk::record::template::TemplateHeader;
use zk::session::{Carrier, Session, Settings};
use zk::transfer::{self, Table};
use zk::{
    CivilTime, Code, Framer, OperationRecord, PackedTime, Packet, Password, Privilege, RealtimeEvent, TimeZones, User,
    UserLayout,
};

fn packet() -> impl Strategy<Value = Packet> {
    let code = prop_oneof![
        prop::sample::select(vec![500, 1500, 1501, 2000, 2001, 2005, 4989, 4991, 6001, 0xFFFF]),
        any::<u16>()
    ];
    let data = prop_oneof![
        vec(any::<u8>(), 0..64),
        (0..200_u32).prop_map(|size| transfer::announcement(size, 1008)),
        (0..200_u32).prop_map(transfer::buffered_answer),
    ];
    (code, any::<u16>(), 0..6_u16, data)
        .prop_map(|(code, session, number, data)| Packet::new(Code(code), session, number, data))
}

fn packets_of(pieces: &[&[u8]]) -> Vec<Packet> {
    let mut framer = Framer::new();
    let mut packets = Vec::new();
    for piece in pieces {
        framer.push(piece);
        packets.extend(std::iter::from_fn(|| framer.next_packet()));
    }
    packets
}

proptest! {
    #[test]
    fn every_packed_time_is_packed_again_to_itself(packed in any::<i32>()) {
        let fields: CivilTime = PackedTime(packed).civil().unwrap_or_else(zk::InvalidTime::printed);
        prop_assert_eq!(PackedTime::from_civil(fields), Some(PackedTime(packed)));
    }

    #[test]
    fn every_event_is_a_value_and_its_known_form_is_written_as_it_was_read(
        kind in prop_oneof![Just(1_u16), Just(8), Just(128), Just(256), Just(512), any::<u16>()],
        body in prop_oneof![
            vec(any::<u8>(), 0..64),
            prop::sample::select(vec![1_usize, 4, 5, 10, 12, 14, 32, 36, 37]).prop_flat_map(|len| vec(any::<u8>(), len)),
        ],
    ) {
        let packet = Packet::new(Code::EVENT, kind, 0, body.clone());
        let event = RealtimeEvent::decode(&packet);
        match &event {
            RealtimeEvent::Attendance(punch) => {
                let _ = (punch.time.civil().map(|time| time.to_string()), punch.record());
                let layout = match body.len() {
                    10 | 14 => EventLayout::Slot,
                    12 => EventLayout::Integer,
                    _ => EventLayout::Text,
                };
                let again = Packet::new(Code::EVENT, kind, 0, punch.encode(layout));
                prop_assert_eq!(RealtimeEvent::decode(&again), event);
            }
            RealtimeEvent::Alarm(alarm) => prop_assert_eq!(Alarm::decode(&alarm.encode()), Some(*alarm)),
            RealtimeEvent::FingerEnrolled(end) => prop_assert_eq!(Enrolment::decode(&end.encode()), Some(*end)),
            RealtimeEvent::Unknown { raw, .. } => prop_assert_eq!(raw, &body),
            RealtimeEvent::Verified { .. } | RealtimeEvent::FingerScore { .. } => {}
        }
    }

    #[test]
    fn a_user_that_fits_survives_the_wire(
        slot in 1..=u16::MAX,
        number in prop_oneof!["[1-9][0-9]{0,8}", "[!-~]{1,24}"],
        name in "\\PC{0,12}",
        password in "[!-~]{0,9}",
        (privilege, card, group, flags) in any::<(u8, u32, u8, u16)>(),
        own in prop_oneof![Just([0; 3]), any::<[u16; 3]>()],
    ) {
        let user = User {
            slot,
            privilege: Privilege(privilege),
            password: Password::from(&*password),
            card,
            group,
            time_zones: TimeZones { flags, own },
            ..User::new(number, &name)
        };
        for layout in [UserLayout::Short, UserLayout::Long] {
            if layout.fits(&user).is_ok() {
                prop_assert_eq!(layout.decode(&layout.encode(&user)), Some(user.clone()));
            }
        }
    }

    #[test]
    fn operations_and_template_headers_survive_the_wire(raw in vec(any::<u8>(), 16), size in 0..=65_529_u16) {
        let record = OperationRecord::decode(&raw).unwrap();
        prop_assert_eq!(OperationRecord::decode(&record.encode()), Some(record));
        let header = TemplateHeader { size, ..TemplateHeader::parse_write(&raw).unwrap() };
        prop_assert_eq!(TemplateHeader::parse_write(&header.encode_write()), Some(header));
        prop_assert_eq!(TemplateHeader::parse_in_set(&header.encode_in_set().unwrap()), Some(header));
    }

    #[test]
    fn a_packet_survives_the_wire(packet in packet()) {
        prop_assert_eq!(Packet::parse(&packet.to_payload()), Some((packet.clone(), true)));
        prop_assert_eq!(packets_of(&[&packet.to_frame()]), vec![packet]);
    }

    #[test]
    fn the_same_packets_come_out_however_the_stream_is_cut(
        packets in vec(packet(), 1..6),
        noise in vec(0_u8..0x50, 0..9),
        cut in 1..40_usize,
    ) {
        let stream: Vec<u8> = packets.iter().flat_map(|packet| [noise.clone(), packet.to_frame()].concat()).collect();
        let pieces: Vec<&[u8]> = stream.chunks(cut).collect();
        prop_assert_eq!(packets_of(&pieces), packets);
    }

    #[test]
    fn a_session_ends_each_task_once_whatever_the_terminal_answers(
        packets in vec(packet(), 0..30),
        noise in vec(any::<u8>(), 0..20),
        cut in 1..200_usize,
        table in prop::sample::select(Table::ALL.to_vec()),
        carrier in prop::sample::select(vec![Carrier::Stream, Carrier::Datagrams]),
        is_direct in any::<bool>(),
    ) {
        let mut session = Session::new(Settings::over(carrier));
        session.connect(0, Duration::ZERO);
        let opened = Packet::new(Code::ACK_OK, 9, 0, []);
        let pieces: Vec<Vec<u8>> = match carrier {
            Carrier::Stream => {
                session.receive(&opened.to_frame(), Duration::ZERO);
                let stream: Vec<u8> = packets.iter().flat_map(Packet::to_frame).chain(noise).collect();
                stream.chunks(cut).map(<[u8]>::to_vec).collect()
            }
            Carrier::Datagrams => {
                session.receive(&opened.to_payload(), Duration::ZERO);
                packets.iter().map(Packet::to_payload).chain([noise]).collect()
            }
        };
        if is_direct {
            session.read_directly(table, Duration::ZERO);
        } else {
            session.read(table, Duration::ZERO);
        }
        for (step, piece) in pieces.iter().enumerate() {
            session.receive(piece, Duration::from_millis(step as u64));
        }
        // Everything must end by the idle limit, however often the session asks again until then.
        while let Some(deadline) = session.deadline() {
            prop_assert!(deadline < Duration::from_secs(60));
            session.expire(deadline);
        }
        let ends = std::iter::from_fn(|| session.next_event())
            .filter(|event| !matches!(event, zk::session::Event::Happened(_)))
            .count();
        prop_assert_eq!(ends, 2, "connected, and one end of the read");
        prop_assert!(session.deadline().is_none());
    }
}
