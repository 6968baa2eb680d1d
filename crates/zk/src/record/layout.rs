//! Which layout a data set has (zk 6.2). Nothing in it says so.
//!
//! Invariants: a layout comes from the count that the terminal told, by exact division, or makes sense for the whole set;
//! otherwise the set is refused. It is never guessed by "divisible by": 80 bytes are 2 x 40, 5 x 16 and 10 x 8.
//!
//! The count may be stale, as people punch between count and read. What can't be a coincidence, a printable user number in its
//! place in every record, therefore beats the count; the short layouts, which show nothing of the kind, do not.

use crate::error::Error;
use crate::record::attendance::{AttendanceLayout, AttendanceRecord, UserRef};

use AttendanceLayout::{EightA, EightB, Forty, Sixteen, Wide};

/// Widths of the wide layouts (zk 7.3): from the narrowest seen to one that is no longer believed.
const WIDE_BYTES: std::ops::RangeInclusive<usize> = 49..=128;

/// The layout of `records`, given how many the terminal told it has.
///
/// # Errors
/// [`Error::Corrupt`] when no known layout fits.
pub(crate) fn attendance_layout(records: &[u8], told: Option<u32>) -> Result<AttendanceLayout, Error> {
    let by_count = exact_width(records.len(), told).and_then(|width| layout_of_width(records, width));
    let plausible = |layout: &AttendanceLayout| is_plausible(*layout, records);
    let layout = [Forty, Wide { width: *WIDE_BYTES.start() }]
        .into_iter()
        .find(plausible)
        .or_else(|| by_count.filter(|layout| is_short(*layout) || plausible(layout)))
        .or_else(|| [Sixteen, better_eight(records)].into_iter().find(plausible))
        .or(by_count);
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
        _ if WIDE_BYTES.contains(&width) => Some(Wide { width }),
        _ => None,
    }
}

fn is_short(layout: AttendanceLayout) -> bool {
    matches!(layout, EightA | EightB | Sixteen)
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
