//! Whatever a terminal sends, nothing panics, and cutting the stream elsewhere changes nothing.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use zk::session::{Session, Settings};
use zk::transfer::{self, Table};
use zk::{
    AttendanceLayout, AttendanceLog, CivilTime, Code, Framer, PackedTime, Packet, Sizes, UserLayout, UserTable, option,
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
    fn decoding_any_bytes_is_an_answer(bytes in vec(any::<u8>(), 0..400), told in prop::option::of(0..12_u32)) {
        let _ = Packet::parse(&bytes);
        let _ = packets_of(&[&bytes]);
        let _ = AttendanceLog::decode(&bytes, told);
        let _ = AttendanceLog::decode(&transfer::dataset(&bytes), told);
        let _ = UserTable::decode(&transfer::dataset(&bytes), told);
        let _ = (Sizes::parse(&bytes), option::value(&bytes), option::text(&bytes), option::requested_name(&bytes));
        let _ = (Table::parse_request(&bytes), transfer::ChunkRequest::parse(&bytes));
        let _ = zk::comm_key::verify(told.unwrap_or(0), 7, &bytes);
        for layout in [UserLayout::Short, UserLayout::Long] {
            let _ = layout.decode(&bytes);
        }
        for layout in [AttendanceLayout::EightA, AttendanceLayout::EightB, AttendanceLayout::Sixteen, AttendanceLayout::Forty] {
            if let Some(record) = layout.decode(&bytes) {
                let _ = (record.time.civil().map(|time| time.to_string()), format!("{:?}", record.user));
            }
        }
    }

    #[test]
    fn every_packed_time_is_packed_again_to_itself(packed in any::<i32>()) {
        let fields: CivilTime = PackedTime(packed).civil().unwrap_or_else(zk::InvalidTime::printed);
        prop_assert_eq!(PackedTime::from_civil(fields), Some(PackedTime(packed)));
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
    ) {
        let mut session = Session::new(Settings::default());
        session.connect(0, Duration::ZERO);
        session.receive(&Packet::new(Code::ACK_OK, 9, 0, []).to_frame(), Duration::ZERO);
        session.read(table, Duration::ZERO);
        let stream: Vec<u8> = packets.iter().flat_map(Packet::to_frame).chain(noise).collect();
        for (step, piece) in stream.chunks(cut).enumerate() {
            session.receive(piece, Duration::from_millis(step as u64));
        }
        // Closing ACKs and the answer to FREE_DATA may be missing; everything else must end by the idle limit.
        for minute in 1..5 {
            session.expire(Duration::from_secs(60 * minute));
        }
        let ends = std::iter::from_fn(|| session.next_event())
            .filter(|event| !matches!(event, zk::session::Event::Happened(_)))
            .count();
        prop_assert_eq!(ends, 2, "connected, and one end of the read");
        prop_assert!(session.deadline().is_none());
    }
}
