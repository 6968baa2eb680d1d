//! How the width of attendance records is found (zk 6.2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use zk::transfer::dataset;
use zk::{AttendanceLayout, AttendanceLog, AttendanceRecord, CivilTime, Error, PackedTime, UserRef};

use AttendanceLayout::{EightA, EightB, Forty, Sixteen, Wide};

fn punches(count: u32) -> Vec<AttendanceRecord> {
    let at = |index: u32| CivilTime {
        year: 2026,
        month: 11,
        day: 2 + (index / 24 % 20) as u8,
        hour: (index % 24) as u8,
        minute: (index * 7 % 60) as u8,
        second: (index * 13 % 60) as u8,
    };
    (0..count)
        .map(|index| AttendanceRecord {
            slot: Some(1 + (index % 30) as u16),
            state: (index % 2) as u8,
            ..AttendanceRecord::of_number(
                (100 + index % 30).to_string().as_str().into(),
                PackedTime::from_civil(at(index)).unwrap(),
            )
        })
        .collect()
}

fn set(layout: AttendanceLayout, records: &[AttendanceRecord]) -> Vec<u8> {
    dataset(&records.iter().flat_map(|record| layout.encode(record)).collect::<Vec<u8>>())
}

#[test]
fn with_the_right_count_every_layout_is_recognised_and_read() {
    for count in [1, 2, 3, 5, 10, 200] {
        for layout in [EightA, EightB, Sixteen, Forty, Wide { width: 49 }, Wide { width: 56 }, Wide { width: 80 }] {
            let log = AttendanceLog::decode(&set(layout, &punches(count)), Some(count)).unwrap();
            assert_eq!(log.layout, layout, "{count} records");
            let times: Vec<PackedTime> = log.records.iter().map(|record| record.time).collect();
            assert_eq!(times, punches(count).iter().map(|record| record.time).collect::<Vec<_>>());
            assert_eq!(log.is_complete(), Some(true));
        }
    }
}

#[test]
fn without_a_count_the_layout_is_the_one_under_which_everything_makes_sense() {
    for told in [None, Some(0), Some(7)] {
        for layout in [EightA, EightB, Sixteen, Forty, Wide { width: 49 }] {
            let log = AttendanceLog::decode(&set(layout, &punches(200)), told).unwrap();
            assert_eq!((log.layout, log.records.len()), (layout, 200), "told {told:?}");
        }
    }
}

#[test]
fn a_punch_made_between_count_and_read_is_not_swallowed() {
    let log = AttendanceLog::decode(&set(Forty, &punches(2)), Some(1)).unwrap();
    assert_eq!((log.layout, log.records.len()), (Forty, 2), "not one record of 80 bytes");
    let log = AttendanceLog::decode(&set(Wide { width: 49 }, &punches(4)), Some(2)).unwrap();
    assert_eq!(log.records.len(), 4);
}

#[test]
fn impossible_times_are_values_and_their_neighbours_are_read() {
    let mut records = punches(100);
    records[40].time = PackedTime(840_931_200);
    records[41].time = PackedTime(-964_223_993);
    for told in [Some(100), None] {
        let log = AttendanceLog::decode(&set(Forty, &records), told).unwrap();
        assert_eq!(log.records, records);
        assert_eq!(log.records[40].time.civil().unwrap_err().to_string(), "2026-02-31 00:00:00");
    }
}

#[test]
fn each_record_keeps_its_own_bytes() {
    let log = AttendanceLog::decode(&set(Forty, &punches(3)), Some(3)).unwrap();
    for (record, raw) in log.iter() {
        assert_eq!(raw, Forty.encode(record));
    }
}

#[test]
fn short_records_name_a_slot_and_long_ones_a_number() {
    let eight = AttendanceLog::decode(&set(EightA, &punches(1)), Some(1)).unwrap();
    assert_eq!(eight.records[0].user, UserRef::Slot(1));
    let forty = AttendanceLog::decode(&set(Forty, &punches(1)), Some(1)).unwrap();
    assert_eq!(forty.records[0].user, UserRef::Number("100".into()));
}

#[test]
fn an_empty_log_is_no_error() {
    for bytes in [Vec::new(), dataset(&[])] {
        let log = AttendanceLog::decode(&bytes, Some(0)).unwrap();
        assert!(log.records.is_empty());
    }
}

#[test]
fn a_set_that_fits_nothing_is_refused_with_its_bytes() {
    let error = AttendanceLog::decode(&dataset(&[0xEE; 36]), Some(3)).unwrap_err();
    assert!(matches!(&error, Error::Corrupt { raw, .. } if raw.len() == 36), "{error}");
    let cut_short = &set(Forty, &punches(3))[..100];
    assert!(matches!(AttendanceLog::decode(cut_short, Some(3)), Err(Error::Corrupt { .. })));
}
