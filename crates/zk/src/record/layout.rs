//! Which layout a data set has (zk 6.2). Nothing in it says so.
//!
//! Invariants: a width comes from the count that the terminal told, by exact division, or from a layout under which the whole set
//! makes sense; otherwise the set is refused. It is never guessed by "divisible by": 80 bytes are 2 x 40, 5 x 16 and 10 x 8.
//! A count may be stale (somebody punched meanwhile), so a width that is a multiple of a known one is checked against that one.

use crate::error::Error;
use crate::record::attendance::{AttendanceLayout, AttendanceRecord, UserRef};

use AttendanceLayout::{EightA, EightB, Forty, Sixteen, Wide};

/// Narrowest of the wide layouts (zk 7.3).
const WIDE_BYTES: usize = 49;

/// The layout of `records`, given how many the terminal told it has.
///
/// # Errors
/// [`Error::Corrupt`] when no known layout fits.
pub(crate) fn attendance_layout(records: &[u8], told: Option<u32>) -> Result<AttendanceLayout, Error> {
    let by_count = exact_width(records.len(), told).and_then(|width| layout_of_width(records, width));
    let layout = by_count.or_else(|| plausible_layout(records));
    layout.ok_or_else(|| {
        let told = told.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
        Error::corrupt(
            format!("{} bytes for {told} attendance records fit no known record width", records.len()),
            records,
        )
    })
}

/// `total / count`, if it divides exactly.
pub(crate) fn exact_width(total: usize, count: Option<u32>) -> Option<usize> {
    let count = count? as usize;
    (count > 0 && total.is_multiple_of(count)).then(|| total / count)
}

fn layout_of_width(records: &[u8], width: usize) -> Option<AttendanceLayout> {
    match width {
        8 => Some(better_eight(records)),
        16 => Some(Sixteen),
        40 => Some(Forty),
        WIDE_BYTES.. => {
            // 80 may be one record of 80 bytes, or two of 40 of which the count knows only one.
            let stale = [Forty, Wide { width: WIDE_BYTES }].into_iter().find(|narrow| {
                width > narrow.width() && width.is_multiple_of(narrow.width()) && is_plausible(*narrow, records)
            });
            Some(stale.unwrap_or(Wide { width }))
        }
        _ => None,
    }
}

fn plausible_layout(records: &[u8]) -> Option<AttendanceLayout> {
    let candidates = [Forty, Wide { width: WIDE_BYTES }, Sixteen, better_eight(records)];
    candidates.into_iter().find(|layout| is_plausible(*layout, records))
}

/// Whether every record names somebody and (nearly) every one a day. Text numbers are strong evidence, so a few impossible
/// times are forgiven beside them; the short layouts have nothing else to show.
fn is_plausible(layout: AttendanceLayout, records: &[u8]) -> bool {
    if records.is_empty() || !records.len().is_multiple_of(layout.width()) {
        return false;
    }
    let chunks = || records.chunks_exact(layout.width());
    let all_named = chunks().all(|raw| match layout {
        Forty | Wide { .. } => raw.get(2..26).is_some_and(is_number_field),
        Sixteen => raw.get(..4) != Some(&[0; 4]) && raw.get(10..12) == Some(&[0; 2]),
        EightA | EightB => raw.get(..2) != Some(&[0; 2]),
    });
    let total = records.len() / layout.width();
    let dated = chunks().filter(|raw| layout.decode(raw).is_some_and(is_datable)).count();
    let needed = match layout {
        Forty | Wide { .. } => total - total / 10,
        Sixteen | EightA | EightB => total,
    };
    all_named && dated >= needed
}

/// Printable text, then nothing or a NUL.
fn is_number_field(field: &[u8]) -> bool {
    let text = crate::wire::until_nul(field);
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

/// A day since clocks of this kind exist; the epoch is where they fall back to.
fn is_datable(record: AttendanceRecord) -> bool {
    record.time.civil().is_ok_and(|time| time.year >= 1970)
}

/// Of the two 8-byte layouts, the one with more records in the years that such terminals work in.
fn better_eight(records: &[u8]) -> AttendanceLayout {
    let score = |layout: AttendanceLayout| {
        let decoded = records.chunks_exact(8).filter_map(|raw| layout.decode(raw));
        decoded.filter(is_in_service).count()
    };
    if score(EightB) > score(EightA) { EightB } else { EightA }
}

fn is_in_service(record: &AttendanceRecord) -> bool {
    let known_state = record.state <= 5 || record.state == 255;
    known_state
        && matches!(record.user, UserRef::Slot(1..))
        && record.time.civil().is_ok_and(|time| (2005..=2060).contains(&time.year))
}
