//! Every row of the table of real-time events (zk 10), read and written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use zk::record::event::{Alarm, AlarmKind, AttendanceEvent, Enrolment, EventLayout, verified_body};
use zk::{AttendanceRecord, Code, EventMask, EventTime, PackedTime, Packet, RealtimeEvent, UserRef};

/// 2026-11-20 10:12:00.
const TIME: EventTime = EventTime([26, 11, 20, 10, 12, 0]);

fn event(kind: EventMask, body: impl Into<Vec<u8>>) -> RealtimeEvent {
    RealtimeEvent::decode(&kind.packet(body))
}

fn punch(user: UserRef, extra: &[u8]) -> AttendanceEvent {
    AttendanceEvent { user, verify: 1, state: 0, time: TIME, extra: extra.to_vec() }
}

#[test]
fn a_punch_is_read_in_each_of_its_lengths() {
    let number = UserRef::Number("101".into());
    let slot = UserRef::Slot(7);
    for (length, layout, expected) in [
        (10, EventLayout::Slot, punch(slot, &[])),
        (14, EventLayout::Slot, punch(slot, &[1, 2, 3, 4])),
        (12, EventLayout::Integer, punch(number, &[])),
        (32, EventLayout::Text, punch(number, &[])),
        (36, EventLayout::Text, punch(number, &[1, 2, 3, 4])),
        (37, EventLayout::Text, punch(number, &[1, 2, 3, 4, 5])),
        (52, EventLayout::Text, punch(number, &[9; 20])),
        (60, EventLayout::Text, punch(number, &[9; 28])),
    ] {
        let body = expected.encode(layout);
        assert_eq!(body.len(), length);
        assert_eq!(event(EventMask::ATTENDANCE, body), RealtimeEvent::Attendance(expected), "{length} bytes");
    }
}

#[test]
fn a_body_of_an_unknown_length_or_kind_is_a_value() {
    for length in [0, 1, 9, 11, 13, 15, 31, 33, 40, 51] {
        let raw = vec![7; length];
        let kind = EventMask::ATTENDANCE;
        assert_eq!(event(kind, raw.clone()), RealtimeEvent::Unknown { kind, raw }, "{length} bytes");
    }
    for kind in [EventMask::KEY, EventMask::CARD, EventMask(0), EventMask(3)] {
        assert_eq!(event(kind, [1, 2]), RealtimeEvent::Unknown { kind, raw: vec![1, 2] });
    }
}

#[test]
fn a_punch_of_an_impossible_time_is_read_all_the_same() {
    let odd = AttendanceEvent { time: EventTime([26, 2, 31, 8, 0, 0]), ..punch(UserRef::Slot(7), &[]) };
    let RealtimeEvent::Attendance(read) = event(EventMask::ATTENDANCE, odd.encode(EventLayout::Slot)) else {
        panic!("a punch");
    };
    assert_eq!(read.time.civil().unwrap_err().to_string(), "2026-02-31 08:00:00");
    assert_eq!(read.record().unwrap().time, PackedTime(840_931_200 + 8 * 3600), "as the log has it");
    let no_time = AttendanceEvent { time: EventTime([26, 13, 1, 25, 0, 0]), ..read };
    assert_eq!(no_time.record(), None);
}

#[test]
fn a_punch_is_the_record_that_the_log_will_hold() {
    let number = punch(UserRef::Number("101".into()), &[]).record().unwrap();
    assert_eq!(number, AttendanceRecord::of_number("101".into(), PackedTime(864_123_120)));
    let slot = punch(UserRef::Slot(7), &[]).record().unwrap();
    assert_eq!((slot.user, slot.slot), (UserRef::Slot(7), Some(7)));
}

#[test]
fn an_enrolment_tells_whose_finger_or_why_not() {
    let done = Enrolment::Done { template_bytes: 1214, number: "101".into(), finger: 6 };
    assert_eq!(done.encode(), [&[0, 0, 0xbe, 4][..], b"101\0\0\0\0\0\0", &[6]].concat());
    assert_eq!(event(EventMask::FINGER_ENROLLED, done.encode()), RealtimeEvent::FingerEnrolled(done));
    let wide = [&[0, 0, 0xbe, 4][..], b"1234567890123", &[6]].concat();
    let thirteen = Enrolment::Done { template_bytes: 1214, number: "1234567890123".into(), finger: 6 };
    assert_eq!(event(EventMask::FINGER_ENROLLED, wide), RealtimeEvent::FingerEnrolled(thirteen));
    for body in [vec![4, 0], vec![4, 0, 0, 0, 0]] {
        let failed = Enrolment::Failed { result: 4 };
        assert_eq!(event(EventMask::FINGER_ENROLLED, body), RealtimeEvent::FingerEnrolled(failed));
    }
    assert!(matches!(event(EventMask::FINGER_ENROLLED, [0, 0, 1]), RealtimeEvent::Unknown { .. }));
}

/// Captures and the vendor's text number these kinds one bit apart.
#[test]
fn verification_score_and_alarm_are_told_apart_by_their_length() {
    for kind in [EventMask::VERIFIED, EventMask::FINGER_SCORE] {
        assert_eq!(event(kind, verified_body(Some(14))), RealtimeEvent::Verified { slot: Some(14) });
        assert_eq!(event(kind, verified_body(None)), RealtimeEvent::Verified { slot: None });
    }
    for kind in [EventMask::FINGER_SCORE, EventMask::ALARM] {
        assert_eq!(event(kind, [100]), RealtimeEvent::FingerScore { score: 100 });
    }
    for kind in [EventMask::ALARM, EventMask::DOOR] {
        let tamper = Alarm::Device(AlarmKind::TAMPER);
        assert_eq!(event(kind, tamper.encode()), RealtimeEvent::Alarm(tamper));
    }
}

#[test]
fn alarms_are_read_in_each_of_their_forms() {
    for (alarm, body) in [
        (Alarm::Device(AlarmKind::EXIT_BUTTON), vec![0x35, 0, 0, 0]),
        (Alarm::Device(AlarmKind::TAMPER), vec![0x37, 0, 0, 0]),
        (Alarm::Device(AlarmKind::MISOPERATION), vec![0x3A, 0, 0, 0]),
        (Alarm::Device(AlarmKind::DOOR_CLOSING), vec![0x54, 0, 0, 0, 0, 0, 0, 0]),
        (
            Alarm::Person { kind: AlarmKind::DURESS, slot: 14, matched: 1 },
            vec![0xFF, 0xFF, 0xFF, 0xFF, 0x20, 0, 14, 0, 1, 0, 0, 0],
        ),
        (
            Alarm::Person { kind: AlarmKind::PASS_BACK, slot: 300, matched: 0 },
            vec![0xFF, 0xFF, 0xFF, 0xFF, 0x22, 0, 0x2C, 1, 0, 0, 0, 0],
        ),
    ] {
        assert_eq!(alarm.encode(), body);
        assert_eq!(event(EventMask::ALARM, body), RealtimeEvent::Alarm(alarm));
    }
    let strange = event(EventMask::ALARM, [0x99, 1, 2, 3]);
    assert_eq!(format!("{strange:?}"), "Alarm(Device(AlarmKind(0x99 unknown)))");
    assert!(matches!(event(EventMask::ALARM, [0; 12]), RealtimeEvent::Unknown { .. }));
}

#[test]
fn the_kind_stands_where_the_session_stands_else() {
    assert_eq!(EventMask::FINGER_SCORE.packet([100]), Packet::new(Code::EVENT, 0x100, 0, [100]));
    let both = EventMask::ATTENDANCE | EventMask::ALARM;
    assert!(both.contains(EventMask::ALARM) && !both.contains(EventMask::KEY) && EventMask::ALL.contains(both));
}
