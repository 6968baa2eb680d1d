//! Lines of bodies in the forms that occur (adms 6).
#![allow(clippy::unwrap_used, clippy::panic)]

use adms::operlog::{BiometricKind, BiometricType};
use adms::{AttLogLine, BadLineReason, OperLine, attlog, operlog};

#[test]
fn two_columns_are_enough_and_twelve_are_kept() {
    let line = AttLogLine::read(b" 0012 \t2024-01-01 08:00:00").unwrap();
    assert_eq!(
        (line.pin, line.time, line.status, line.rest),
        (&b"0012"[..], &b"2024-01-01 08:00:00"[..], None, &b""[..])
    );
    assert_eq!((line.mask(), line.temperature(), line.utc_offset_s(), line.identity_check()), (None, None, None, None));
    let line = AttLogLine::read(b"1\t2024-01-01 08:00:00\t0\t1\tW7\t0\t0\t1\t36.5\t36.5\t+28800\teyJ9").unwrap();
    assert_eq!(line.workcode, b"W7");
    assert_eq!(line.rest, b"0\t0\t1\t36.5\t36.5\t+28800\teyJ9");
    assert_eq!(line.mask(), Some(true));
}

#[test]
fn every_count_of_columns_from_two_to_twelve_reads_alike() {
    let columns = ["7", "2024-01-01 08:00:00", "1", "15", "3", "0", "0", "1", "36.4", "97.5", "-10800", "e30="];
    for count in 2..=columns.len() {
        for end in ["", "\t", "\r"] {
            let text = columns[..count].join("\t") + end;
            let line = AttLogLine::read(text.as_bytes()).unwrap();
            assert_eq!((line.pin, line.time), (&b"7"[..], &b"2024-01-01 08:00:00"[..]));
            assert_eq!(line.status, (count > 2).then_some(1), "{text:?}");
            assert_eq!(line.verify, (count > 3).then_some(15), "{text:?}");
            assert_eq!(line.mask(), (count > 7).then_some(true), "{text:?}");
            assert_eq!(line.temperature(), (count > 8).then_some(36.4), "{text:?}");
            assert_eq!(line.utc_offset_s(), (count > 10).then_some(-10_800), "{text:?}");
            assert_eq!(line.extend_data().as_deref(), (count > 11).then_some("{}"), "{text:?}");
        }
    }
}

#[test]
fn a_terminal_for_identity_cards_appends_two_columns() {
    let check = |bytes| AttLogLine::read(bytes).unwrap().identity_check();
    let verified = check(b"7\t2024-01-01 08:00:00\t1\t2\t0\t0\t0\t110101199003070011\t1").unwrap();
    assert_eq!((verified.card_number, verified.is_verification), (&b"110101199003070011"[..], true));
    assert!(!check(b"7\t2024-01-01 08:00:00\t0\t2\t0\t0\t0\t110101199003070011\t0\t").unwrap().is_verification);
    assert_eq!(check(b"7\t2024-01-01 08:00:00\t0\t2\t0\t0\t0\tx\t5"), None);
}

#[test]
fn a_bad_line_does_not_reject_its_neighbours() {
    let body = b"1\t2024-01-01 08:00:00\t0\ngarbage\n2\t2026-13-45 25:61:00\t0\r\n3\t2024-01-01 08:00:02";
    let lines: Vec<_> = attlog::lines(body).collect();
    assert_eq!(lines.len(), 4);
    let bad = lines[1].unwrap_err();
    assert_eq!((bad.bytes, bad.reason), (&b"garbage"[..], BadLineReason::TooFewColumns));
    assert_eq!(lines[2].unwrap().time, b"2026-13-45 25:61:00");
    assert_eq!(lines[3].unwrap().pin, b"3");
}

#[test]
fn templates_are_recognised_by_tag_whatever_the_case_of_their_keys() {
    let body = b"FP PIN=1\tFID=6\tSize=4\tValid=3\tTMP=AAAA\nFACE PIN=1\tFID=0\tSIZE=4\tVALID=1\tTMP=BBBB\n\
        FVEIN Pin=1\tFID=2\tIndex=1\tSize=4\tValid=1\tTmp=DDDD\nUSERPIC PIN=1\tFileName=../1.jpg\tSize=4\tContent=EEEE\n\
        BIOPHOTO PIN=1\tFileName=1.jpg\tType=9\tSize=4\tContent=CCCC\n\
        BIODATA Pin=1\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=8\tMajorVer=12\tMinorVer=0\tFormat=0\tTmp=FFFF==\n";
    let lines: Vec<_> = operlog::lines(body)
        .map(|line| match line {
            Ok(OperLine::Biometric(line)) => line,
            other => panic!("a template, not {other:?}"),
        })
        .collect();
    let kinds: Vec<_> = lines.iter().map(|line| (line.kind, line.content)).collect();
    assert_eq!(
        kinds,
        [
            (BiometricKind::Finger, &b"AAAA"[..]),
            (BiometricKind::Face, b"BBBB"),
            (BiometricKind::FingerVein, b"DDDD"),
            (BiometricKind::UserPicture, b"EEEE"),
            (BiometricKind::ComparisonPicture, b"CCCC"),
            (BiometricKind::BioData, b"FFFF=="),
        ]
    );
    assert!(lines.iter().all(|line| line.pin == b"1"));
    assert_eq!((lines[0].number, lines[0].valid, lines[0].size), (Some(6), Some(3), Some(4)));
    assert_eq!(lines[3].file_name, b"../1.jpg", "a text, never a path");
    assert_eq!(lines[4].biometric_type, Some(BiometricType::VisibleFace));
    assert_eq!((lines[5].biometric_type, lines[5].version), (Some(BiometricType::PalmVein), (&b"12"[..], &b"0"[..])));
    for line in lines {
        assert!(!format!("{line:?}").contains(std::str::from_utf8(line.content).unwrap()), "no template in a log");
    }
}

#[test]
fn unknown_tags_and_users_without_number_are_told_apart() {
    let body = b"user pin=2\tname=Li\nUSER Name=Nobody\nNEWTAG a=b\nIDCARD Name=x\nOPLOG x\t0\t2024-07-07 01:42:53\n";
    let lines: Vec<_> = operlog::lines(body).collect();
    assert!(matches!(lines[0], Ok(OperLine::User(user)) if user.pin == b"2" && user.name == b"Li"));
    assert!(matches!(lines[1], Err(bad) if bad.reason == BadLineReason::NoUserNumber));
    assert_eq!(lines[2], Ok(OperLine::Unknown { tag: b"NEWTAG" }));
    assert_eq!(lines[3], Ok(OperLine::IdCard));
    assert!(matches!(lines[4], Err(bad) if bad.reason == BadLineReason::TooFewColumns));
}
