//! Bytes from the network are only ever read or refused, and nothing of them is lost.

use adms::{
    Info, Method, Photo, PhotoName, Request, TransFlag, Zone, archive, attlog, command, handshake, line, operlog,
    options, query, results, security, text, verify,
};
use proptest::prelude::*;

/// Bytes with the marks of the protocol in them more often than chance has it.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 0..12),
        1 => proptest::sample::select(vec![
            &b"\t"[..], b"\n", b"\r\n", b"\0\0\0", b"\0\t", b"USER PIN=", b"OPLOG ", b"BIODATA Pin=", b"ID=", b"Return=",
            b"Content=", b"&", b",~a=", b"[15CD5B07]", b"Card=", b"%2", b"2024-01-01 08:00:00", b"time=", b"pin=", b"event=",
            b"user ", b"transaction ", b"time_second=", b"alarm=", b"eyJ9", b"TransData ", b"-05:00",
        ]).prop_map(<[u8]>::to_vec),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Without what separates lines and pads them.
fn solid(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r' | 0 | b' ' | b'\t')).collect()
}

proptest! {
    #[test]
    fn readers_take_any_bytes(body in body()) {
        let lines: Vec<_> = line::lines(&body).collect();
        prop_assert_eq!(attlog::lines(&body).count(), lines.len());
        prop_assert_eq!(operlog::lines(&body).count(), lines.len());
        prop_assert_eq!(security::events(&body).count(), lines.len());
        prop_assert_eq!(security::states(&body).count(), lines.len());
        prop_assert_eq!(security::records(&body).count(), lines.len());
        for line in lines {
            prop_assert!(!line.iter().any(|byte| matches!(byte, b'\n' | b'\r')));
        }
        for line in attlog::lines(&body).flatten() {
            line.mask();
            line.temperature();
            line.converted_temperature();
            line.utc_offset_s();
            line.extend_data();
            line.identity_check();
        }
        for state in security::states(&body).flatten() {
            for door in 0..20 {
                state.sensor.two_bits(door);
                state.alarm.whole_byte(door);
            }
        }
        for result in results::read(&body) {
            results::meaning(result.code.unwrap_or_default(), result.command, adms::Dialect::Security);
            result.sum();
        }
        let _ = archive::unpack(&body, 1 << 16);
        if let Some(photo) = Photo::read(&body) {
            photo.decoded();
        }
        operlog::card(&body);
        verify::VerifyType::read(&body);
        let text = text::decode(&body);
        options::pairs(&text).count();
        command::read(&text).count();
        handshake::settings(&text).count();
        handshake::Version::read(&text);
        TransFlag::read(&text, handshake::DigitOrder::V2);
        Zone::read(&text);
        Info::read(&text);
        PhotoName::read(&text);
        query::pairs(&text).count();
    }

    #[test]
    fn archives_take_any_bytes_behind_a_valid_beginning(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let body = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &tail].concat();
        let _ = archive::unpack(&body, 1 << 16);
    }

    #[test]
    fn requests_take_any_target(path in "\\PC{0,40}", query in "\\PC{0,60}") {
        for method in [Method::Get, Method::Post, Method::Other] {
            Request::read(method, &path, &query).call.dialect();
        }
    }

    #[test]
    fn numbers_of_any_size_are_read_or_refused(code in any::<i64>(), value in any::<u32>(), packed in any::<i32>()) {
        for dialect in [adms::Dialect::Attendance, adms::Dialect::Security] {
            results::meaning(code, b"ENROLL_FP", dialect);
        }
        security::day_span(value);
        let time = adms::PackedTime(packed);
        prop_assert_eq!(adms::PackedTime::from_civil(time.civil()), Some(time));
    }

    /// Each line is a record or a bad line with its bytes: together they are the body.
    #[test]
    fn nothing_of_a_body_is_lost(body in body()) {
        let attlog: Vec<u8> = attlog::lines(&body)
            .flat_map(|line| line.map_or_else(|bad| bad.bytes, |line| line.bytes).to_vec())
            .collect();
        prop_assert_eq!(solid(&attlog), solid(&body));
        let events: Vec<u8> = security::events(&body)
            .flat_map(|line| line.map_or_else(|bad| bad.bytes, |event| event.bytes).to_vec())
            .collect();
        prop_assert_eq!(solid(&events), solid(&body));
        for line in attlog::lines(&body) {
            let bytes = line.map_or_else(|bad| bad.bytes, |line| line.bytes);
            prop_assert!(body.windows(bytes.len().max(1)).any(|window| window == bytes));
        }
    }
}
