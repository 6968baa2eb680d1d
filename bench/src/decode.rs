//! Decoding the attendance log of a full terminal: 100,000 records of 40 bytes.

use std::{hint::black_box, time::Instant};

use anyhow::{Context, Result, ensure};
use zk::{AttendanceLayout, AttendanceLog, AttendanceRecord, PackedTime, UserNumber};

use crate::figure::{self, Aim, Contender, Figure, Plan};

const RECORDS: u32 = 100_000;
const RECORD_BYTES: usize = 40;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let dataset = dataset();
    let ours = Contender::new("zk", || {
        let start = Instant::now();
        let log = AttendanceLog::decode(black_box(&dataset), Some(RECORDS)).context("the log is sound")?;
        ensure!(black_box(log).records.len() == RECORDS as usize, "records are missing");
        Ok(milliseconds(start))
    });
    let copy = Contender::new("plain copy", || {
        let start = Instant::now();
        black_box(copy_records(black_box(&dataset)));
        Ok(milliseconds(start))
    });
    let name = "decode 100,000 attendance records".to_owned();
    Ok(vec![figure::measure(plan, name, "ms", Some(Aim::AtMost(50.0)), ours, vec![copy])?])
}

/// The floor: the same bytes, record by record, without looking at them.
fn copy_records(dataset: &[u8]) -> Vec<[u8; RECORD_BYTES]> {
    dataset.get(4..).unwrap_or_default().as_chunks().0.to_vec()
}

/// The data set as a terminal sends it: the number of bytes, then the records.
fn dataset() -> Vec<u8> {
    let mut dataset = (RECORDS * RECORD_BYTES as u32).to_le_bytes().to_vec();
    for place in 0..RECORDS {
        let number = UserNumber::from_u32(1 + place % 3_000);
        let time = PackedTime(800_000_000 + i32::try_from(place).unwrap_or(0) * 37);
        dataset.extend(AttendanceLayout::Forty.encode(&AttendanceRecord::of_number(number, time)));
    }
    dataset
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
