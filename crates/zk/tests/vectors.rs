//! Bytes of real and recomputed packets and records (zk 14).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use zk::record::template::{TemplateHeader, TemplateKey};
use zk::transfer::{ChunkRequest, Table, announcement, buffered_answer};
use zk::{
    AttendanceLayout, AttendanceLog, AttendanceRecord, Code, Framer, Operation, OperationRecord, PackedTime, Packet,
    Password, Privilege, RealtimeEvent, TimeZones, User, UserLayout, UserRef, UserTable, comm_key, decode_operations,
    option, transfer,
};

const SESSION: u16 = 0x45CF;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    assert_eq!(digits.len() % 2, 0, "whole bytes: {text}");
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn sent(code: Code, number: u16, data: impl Into<Vec<u8>>) -> Vec<u8> {
    Packet::new(code, SESSION, number, data).to_payload()
}

#[test]
fn what_a_client_sends_has_the_bytes_of_the_captures() {
    assert_eq!(Packet::new(Code::CONNECT, 0, 0, []).to_payload(), hex("e80317fc00000000"));
    assert_eq!(Packet::new(Code::CONNECT, 0, 0, []).to_frame(), hex("5050827d08000000e80317fc00000000"));
    assert_eq!(Packet::new(Code::CONNECT, 0, 1, []).to_payload(), hex("e80316fc00000100"));
    for (key, expected) in
        [(12345, "4e044198cf4501006de1323c"), (45, "4e044db0cf45010061c9323c"), (12, "4e044e2ccf450100614d323c")]
    {
        assert_eq!(sent(Code::AUTH, 1, comm_key::scramble(key, SESSION, comm_key::TICK)), hex(expected));
    }
    assert_eq!(sent(Code::DISABLE_DEVICE, 2, []), hex("eb0343b6cf450200"));
    assert_eq!(sent(Code::DISABLE_DEVICE, 3, 30_u32.to_le_bytes()), hex("eb0324b6cf4503001e000000"));
    assert_eq!(sent(Code::GET_VERSION, 3, []), hex("4c04e1b5cf450300"));
    assert_eq!(
        sent(Code::OPTION_READ, 4, option::request(option::SERIAL)),
        hex("0b001e71cf4504007e53657269616c4e756d62657200")
    );
    assert_eq!(sent(Code::OPTION_READ, 6, option::request("TZAdj")), hex("0b001ffbcf450600545a41646a00"));
    assert_eq!(sent(Code::OPTION_READ, 6, option::request("~OS")), hex("0b004e6acf4506007e4f5300"));
    assert_eq!(sent(Code::GET_TIME, 5, []), hex("c90062b9cf450500"));
    assert_eq!(sent(Code::SET_TIME, 4, PackedTime(864_123_120).to_bytes()), hex("ca00f10ccf450400f0788133"));
    assert_eq!(sent(Code::GET_FREE_SIZES, 2, []), hex("3200fcb9cf450200"));
    assert_eq!(sent(Code::PREPARE_BUFFER, 7, Table::Users.request()), hex("df0549a6cf4507000109000500000000000000"));
    assert_eq!(
        sent(Code::PREPARE_BUFFER, 11, Table::Attendance.request()),
        hex("df0545a7cf450b00010d000000000000000000")
    );
    assert_eq!(Table::Operations.request(), hex("0122000000000000000000"));
    assert_eq!(Table::Templates.request(), hex("0107000200000000000000"));
    let chunk = ChunkRequest { offset: 0, length: 148 };
    assert_eq!(sent(Code::READ_BUFFER, 7, chunk.encode()), hex("e005b5b3cf4507000000000094000000"));
    assert_eq!(sent(Code::FREE_DATA, 8, []), hex("de054ab4cf450800"));
    assert_eq!(sent(Code::EVENT, 5, 1_u32.to_le_bytes()), hex("f40136b8cf45050001000000"));
    assert_eq!(sent(Code::EVENT, 5, 0xFFFF_u32.to_le_bytes()), hex("f40137b8cf450500ffff0000"));
    assert_eq!(sent(Code::ACK_OK, 0, []), hex("d00760b2cf450000"));
    assert_eq!(sent(Code::EXIT, 2, []), hex("e90345b6cf450200"));
}

#[test]
fn what_a_terminal_answers_has_the_bytes_of_the_captures() {
    assert_eq!(sent(Code::ACK_UNAUTH, 0, []), hex("d5075bb2cf450000"));
    assert_eq!(sent(Code::ACK_OK, 1, []), hex("d0075fb2cf450100"));
    assert_eq!(
        sent(Code::ACK_OK, 3, *b"Ver 6.60 Nov 13 2019\0"),
        hex("d007e24ecf45030056657220362e3630204e6f76203133203230313900")
    );
    assert_eq!(
        sent(Code::ACK_OK, 4, option::answer(option::SERIAL, "SIM0001")),
        hex("d0075782cf4504007e53657269616c4e756d6265723d53494d3030303100")
    );
    assert_eq!(sent(Code::ACK_OK, 5, hex("005a8133")), hex("d007da24cf450500005a8133"));
    assert_eq!(sent(Code::ACK_OK, 7, buffered_answer(148)), hex("d007588acf45070000940000009400000000000000"));
    assert_eq!(sent(Code::PREPARE_DATA, 7, announcement(148, 65_536)), hex("dc05b8b3cf4507009400000000000100"));
}

#[test]
fn packets_of_real_terminals_are_read_and_their_checksums_fit() {
    for (bytes, code, session, number, data) in [
        ("d007a7625c3c150000b4130000b4130000cdef2300", 2000, 0x3c5c, 0x15, "00b4130000b4130000cdef2300"),
        ("dc050da65c3c1600b4130000f0030000", 1500, 0x3c5c, 0x16, "b4130000f0030000"),
        ("dd0507fa0500160000000000", 1501, 5, 0x16, "00000000"),
        ("de05aebd5c3c1700", 1502, 0x3c5c, 0x17, ""),
        ("d007babb5c3c100009", 2000, 0x3c5c, 0x10, "09"),
        ("0b00b9e6f38d0c007e506c6174666f726d00", 11, 0x8df3, 0x0c, "7e506c6174666f726d00"),
        (
            "d007714cf38d0c007e506c6174666f726d3d5a454d3736305f54465400",
            2000,
            0x8df3,
            0x0c,
            "7e506c6174666f726d3d5a454d3736305f54465400",
        ),
        ("e80316fc00000100", 1000, 0, 1, ""),
        ("d0078e8ca06b0100", 2000, 0x6ba0, 1, ""),
        ("0d005094a06b0200", 13, 0x6ba0, 2, ""),
        ("dc05158aa06b02007c000000f0030000", 1500, 0x6ba0, 2, "7c000000f0030000"),
        ("e9037390a06b0300", 1001, 0x6ba0, 3, ""),
        ("d007b1f77c000200", 2000, 0x7c, 2, ""),
        ("d007f6f702003700", 2000, 2, 0x37, ""),
        ("f401a7fc0001000064", 500, 0x100, 0, "64"),
        (
            "f401ac12010000003939393131313333330000000000000000000000000000000100120619112905",
            500,
            1,
            0,
            "3939393131313333330000000000000000000000000000000100120619112905",
        ),
        (
            "f4016db80100000031303100000000000000000000000000000000000000000001001a0b140a0c00",
            500,
            1,
            0,
            "31303100000000000000000000000000000000000000000001001a0b140a0c00",
        ),
        ("f401c8e801000000070001001a0b140a0c00", 500, 1, 0, "070001001a0b140a0c00"),
        ("f4016ae8010000006500000001001a0b140a0c00", 500, 1, 0, "6500000001001a0b140a0c00"),
    ] {
        let (packet, sound) = Packet::parse(&hex(bytes)).unwrap();
        assert_eq!(packet, Packet::new(Code(code), session, number, hex(data)), "{bytes}");
        assert!(sound, "checksum of {bytes}");
        assert_eq!(packet.to_payload(), hex(bytes));
    }
}

#[test]
fn a_checksum_of_zero_is_sound_whether_written_as_zero_or_as_all_ones() {
    let edge = Packet::new(Code::CONNECT, 0, 0xFC17, []);
    assert_eq!(edge.to_payload(), hex("e8030000000017fc"));
    assert_eq!(Packet::parse(&hex("e803ffff000017fc")), Some((edge, true)));
    let (_, sound) = Packet::parse(&hex("e8030100000017fc")).unwrap();
    assert!(!sound);
}

#[test]
fn option_values_and_versions_are_read_out_of_their_answers() {
    let (packet, _) = Packet::parse(&hex("d007714cf38d0c007e506c6174666f726d3d5a454d3736305f54465400")).unwrap();
    assert_eq!(option::value(&packet.data).as_deref(), Some("ZEM760_TFT"));
    let (packet, _) = Packet::parse(&hex("d007e24ecf45030056657220362e3630204e6f76203133203230313900")).unwrap();
    assert_eq!(option::text(&packet.data).as_deref(), Some("Ver 6.60 Nov 13 2019"));
}

#[test]
fn a_captured_key_is_recovered_exactly_so_it_must_not_be_logged() {
    let captured = hex("6de1323c");
    let keys: Vec<u32> = (0..=999_999).filter(|key| comm_key::verify(*key, SESSION, &captured)).collect();
    assert_eq!(keys, [12345]);
}

#[test]
fn times_have_the_bytes_of_the_reference() {
    for (printed, bytes) in [
        ("2000-01-01 00:00:00", "00000000"),
        ("2018-06-25 17:41:05", "31b16823"),
        ("2024-02-29 12:34:56", "70c9482e"),
        ("2025-12-31 23:59:59", "ff2bcf31"),
        ("2026-01-01 00:00:00", "002ccf31"),
        ("2026-11-20 10:12:00", "f0788133"),
    ] {
        let packed = PackedTime(i32::from_le_bytes(hex(bytes).try_into().unwrap()));
        let time = packed.civil().unwrap();
        assert_eq!(time.to_string(), printed);
        assert_eq!(PackedTime::from_civil(time).unwrap().to_bytes(), hex(bytes)[..]);
    }
    let invalid = PackedTime(i32::from_le_bytes(hex("80971f32").try_into().unwrap()));
    assert_eq!(invalid.civil().unwrap_err().to_string(), "2026-02-31 00:00:00");
}

const ATTENDANCE_FORTY: &str =
    "0700 313031 000000000000000000000000000000000000000000 01 f0788133 00 00000000 ff000000";

#[test]
fn attendance_records_of_each_width_read_as_the_reference_says() {
    let time = PackedTime(864_123_120);
    let slot_seven =
        AttendanceRecord { user: UserRef::Slot(7), slot: Some(7), time, verify: 1, state: 0, work_code: 0 };
    let named = AttendanceRecord::of_number("101".into(), time);
    assert_eq!(AttendanceLayout::EightA.decode(&hex("070001f078813300")), Some(slot_seven));
    let eight_b = AttendanceRecord { verify: 0x28, ..slot_seven };
    assert_eq!(AttendanceLayout::EightB.decode(&hex("07002800f0788133")), Some(eight_b));
    let real = AttendanceLayout::EightB.decode(&hex("07002800a8eba71e")).unwrap();
    assert_eq!(
        (real.user, real.time.civil().unwrap().to_string()),
        (UserRef::Slot(7), "2016-01-01 19:02:00".to_owned())
    );
    assert_eq!(AttendanceLayout::Sixteen.decode(&hex("65000000f07881330100000000000000")), Some(named));
    let forty = AttendanceRecord { slot: Some(7), ..named };
    assert_eq!(AttendanceLayout::Forty.decode(&hex(ATTENDANCE_FORTY)), Some(forty));
    let wide = format!("{ATTENDANCE_FORTY}010203040506070809");
    assert_eq!(AttendanceLayout::Wide { width: 49 }.decode(&hex(&wide)), Some(forty));
}

#[test]
fn attendance_records_of_each_width_are_written_as_they_were_read() {
    for (layout, bytes) in [
        (AttendanceLayout::EightA, "070001f078813300"),
        (AttendanceLayout::EightB, "07002800f0788133"),
        (AttendanceLayout::Sixteen, "65000000f07881330100000000000000"),
        (AttendanceLayout::Forty, ATTENDANCE_FORTY),
    ] {
        let record = layout.decode(&hex(bytes)).unwrap();
        assert_eq!(layout.encode(&record), hex(bytes), "{layout:?}");
    }
}

#[test]
fn an_inline_data_set_of_two_punches_is_read_from_its_frame() {
    let zeros = "00".repeat(21);
    let frame = hex(&format!(
        "dd051510cf450b0050000000 0100313031{zeros}01005a81330000000000ff000000 0200313032{zeros}013d5a81330100000000ff000000"
    ));
    let (packet, sound) = Packet::parse(&frame).unwrap();
    assert!(sound && packet.code == Code::DATA);
    let log = AttendanceLog::decode(&packet.data, Some(2)).unwrap();
    let said: Vec<String> = log
        .records
        .iter()
        .map(|record| match record.user {
            UserRef::Number(number) => format!("{number} {} {}", record.time.civil().unwrap(), record.state),
            UserRef::Slot(slot) => format!("slot {slot}"),
        })
        .collect();
    assert_eq!(said, ["101 2026-11-20 08:00:00 0", "102 2026-11-20 08:01:01 1"]);
}

#[test]
fn user_records_of_both_widths_read_as_the_reference_says() {
    let short = hex("0e000631323334354e7565766f0000008f19000000010000a845ab00");
    let user = UserLayout::Short.decode(&short).unwrap();
    let expected = User {
        slot: 14,
        privilege: Privilege::MANAGER,
        password: Password::from("12345"),
        card: 6543,
        group: 1,
        ..User::new("11224488", "Nuevo")
    };
    assert_eq!(user, expected);
    assert!(user.privilege.is_administrator());
    assert_eq!(UserLayout::Short.encode(&user), short);

    let zeros = "00".repeat(21);
    let long = hex(&format!("0d0000343434 0000000000 4e6564 {zeros} de000000 02 0100 0100 0200 0000 353535 {zeros}"));
    let user = UserLayout::Long.decode(&long).unwrap();
    let expected = User {
        slot: 13,
        password: Password::from("444"),
        card: 0xDE,
        group: 2,
        time_zones: TimeZones { flags: 1, own: [1, 2, 0] },
        ..User::new("555", "Ned")
    };
    assert_eq!(user, expected);
    assert_eq!(UserLayout::Long.encode(&user), long);
    let table = UserTable::decode(&transfer::dataset(&[long.clone(), long].concat()), Some(2)).unwrap();
    assert_eq!(table, UserTable { users: vec![user.clone(), user], layout: Some(UserLayout::Long) });
}

#[test]
fn a_card_above_the_signed_range_and_a_number_with_zeros_survive() {
    let user = User { slot: 3, card: 3_000_000_000, ..User::new("0012", "Ana Cruz") };
    assert_eq!(UserLayout::Long.decode(&UserLayout::Long.encode(&user)), Some(user));
}

#[test]
fn events_of_real_terminals_are_read_out_of_their_packets() {
    let event = |bytes: &str| RealtimeEvent::decode(&Packet::parse(&hex(bytes)).unwrap().0);
    assert_eq!(event("f401a7fc0001000064"), RealtimeEvent::FingerScore { score: 100 });
    for (bytes, user, time) in [
        (
            "f401ac12010000003939393131313333330000000000000000000000000000000100120619112905",
            UserRef::Number("999111333".into()),
            "2018-06-25 17:41:05",
        ),
        (
            "f4016db80100000031303100000000000000000000000000000000000000000001001a0b140a0c00",
            UserRef::Number("101".into()),
            "2026-11-20 10:12:00",
        ),
        ("f401c8e801000000070001001a0b140a0c00", UserRef::Slot(7), "2026-11-20 10:12:00"),
        ("f4016ae8010000006500000001001a0b140a0c00", UserRef::Number("101".into()), "2026-11-20 10:12:00"),
    ] {
        let RealtimeEvent::Attendance(punch) = event(bytes) else { panic!("{bytes} is a punch") };
        assert_eq!((punch.user, punch.verify, punch.state), (user, 1, 0));
        assert_eq!(punch.time.civil().unwrap().to_string(), time);
    }
}

#[test]
fn an_operation_record_of_a_real_terminal_is_read() {
    let raw = hex("0000062ac29b68230300000007000205");
    let record = OperationRecord::decode(&raw).unwrap();
    assert_eq!((record.administrator, record.operation), (0, Operation(6)));
    assert_eq!(record.operation.to_string(), "6 (finger enrolled)");
    assert_eq!(record.time.civil().unwrap().to_string(), "2018-06-25 16:09:38");
    assert_eq!(record.parameters, [3, 0, 7, 0x0502]);
    let written = record.encode();
    assert_eq!((&written[..3], &written[4..]), (&raw[..3], &raw[4..]), "all but the padding");
    assert_eq!(decode_operations(&transfer::dataset(&[raw.clone(), raw].concat())).unwrap(), [record, record]);
    assert!(decode_operations(&transfer::dataset(&[0; 17])).is_err());
}

#[test]
fn the_header_of_a_template_in_the_set_of_all_is_read() {
    let header = TemplateHeader { key: TemplateKey { slot: 14, finger: 1 }, flag: 1, size: 1220 - 6 };
    let bytes = hex("c4040e000101");
    assert_eq!(TemplateHeader::parse_in_set(&bytes), Some(header));
    assert_eq!(header.encode_in_set(), Some(bytes));
    assert_eq!(TemplateHeader::parse_write(&header.encode_write()), Some(header));
    assert_eq!(header.encode_write(), hex("0e000101be04"));
    assert_eq!(TemplateKey::parse(&hex("0e0001")), Some(header.key));
}

#[test]
fn the_connect_frame_comes_out_of_a_stream_with_noise_around_it() {
    let mut framer = Framer::new();
    framer.push(&[b"noise PP".as_slice(), &Packet::new(Code::CONNECT, 0, 0, []).to_frame(), b"more"].concat());
    assert_eq!(framer.next_packet(), Some(Packet::new(Code::CONNECT, 0, 0, [])));
    assert_eq!((framer.next_packet(), framer.skipped_bytes()), (None, 12));
}
