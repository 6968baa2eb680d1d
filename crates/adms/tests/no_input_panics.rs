//! Bytes from the network are only ever read or refused.

use adms::{Info, Method, Request, attlog, command, handshake, line, operlog, options, query, results, text};
use proptest::prelude::*;

/// Bytes with the marks of the protocol in them more often than chance has it.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 0..12),
        1 => proptest::sample::select(vec![
            &b"\t"[..], b"\n", b"\r\n", b"\0\0\0", b"\0\t", b"USER PIN=", b"OPLOG ", b"ID=", b"Return=", b"Content=", b"&", b",~a=",
            b"[15CD5B07]", b"Card=", b"%2", b"2024-01-01 08:00:00",
        ]).prop_map(<[u8]>::to_vec),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn readers_take_any_bytes(body in body()) {
        let lines: Vec<_> = line::lines(&body).collect();
        prop_assert_eq!(attlog::lines(&body).count(), lines.len());
        prop_assert_eq!(operlog::lines(&body).count(), lines.len());
        for line in lines {
            prop_assert!(!line.iter().any(|byte| matches!(byte, b'\n' | b'\r')));
        }
        results::read(&body);
        operlog::card(&body);
        let text = text::decode(&body);
        options::pairs(&text).count();
        command::read(&text).count();
        handshake::settings(&text).count();
        Info::read(&text);
        query::pairs(&text).count();
    }

    #[test]
    fn requests_take_any_target(path in "\\PC{0,40}", query in "\\PC{0,60}") {
        for method in [Method::Get, Method::Post, Method::Other] {
            Request::read(method, &path, &query);
        }
    }

    #[test]
    fn every_line_of_a_body_is_found_again_in_it(body in body()) {
        for line in attlog::lines(&body) {
            let bytes = line.map_or_else(|bad| bad.bytes, |line| line.bytes);
            prop_assert!(body.windows(bytes.len().max(1)).any(|window| window == bytes));
        }
    }
}
