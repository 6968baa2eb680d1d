//! How times, durations and counts are written on pages.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Minutes as hours and minutes: `9:02`, `-0:30`.
pub(crate) fn hours(minutes: i64) -> String {
    let sign = if minutes < 0 { "-" } else { "" };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{}:{:02}", minutes / 60, minutes % 60)
}

/// The same with nothing for zero, for dense tables.
pub(crate) fn hours_or_blank(minutes: i64) -> String {
    if minutes == 0 { String::new() } else { hours(minutes) }
}

/// Minutes in a sentence: `9 h 2 min`.
pub(crate) fn duration(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} min"),
        (whole, 0) => format!("{whole} h"),
        (whole, rest) => format!("{whole} h {rest} min"),
    }
}

/// How long something took: `0.4 s`, `42 s`, `7 min`.
pub(crate) fn took(span: std::time::Duration) -> String {
    match span.as_secs_f64() {
        seconds if seconds < 9.95 => format!("{seconds:.1} s"),
        seconds if seconds < 89.5 => format!("{seconds:.0} s"),
        seconds => duration((seconds / 60.0).round() as i64),
    }
}

/// A count with separators: `24,162`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The size of a file: `812 bytes`, `3.4 KiB`, `12.0 MiB`.
pub(crate) fn bytes(size: u64) -> String {
    match size {
        0..=1023 => format!("{size} bytes"),
        1024..=1_048_575 => format!("{:.1} KiB", size as f64 / 1024.0),
        _ => format!("{:.1} MiB", size as f64 / 1_048_576.0),
    }
}

/// An instant that the rules hold in seconds since the epoch.
pub(crate) fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The clock time of an instant: `08:03`.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

/// The clock time as seen from a work date: `01:30+1` lies on the following date.
pub(crate) fn clock_on(date: Date, at: Timestamp, zone: &TimeZone) -> String {
    let civil = at.to_zoned(zone.clone());
    let days = civil.date().since(date).map_or(0, |span| span.get_days());
    let other_day = if days == 0 { String::new() } else { format!("{days:+}") };
    format!("{}{other_day}", civil.strftime("%H:%M"))
}

/// An instant in full, for tool tips and programs: RFC 3339 with the zone's offset.
pub(crate) fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// An instant for reading: `2026-11-24 08:03`.
pub(crate) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// An instant for reading where no zone is told beside it: `2026-11-24 08:03 +08:00`.
pub(crate) fn moment_in_full(at: Timestamp, zone: &TimeZone) -> String {
    format!("{} {}", moment(at, zone), offset(zone, at))
}

/// A date for reading: `Tue 24 Nov 2026`.
pub(crate) fn date(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// A zone with its offset at an instant: `Asia/Manila (UTC+08:00)`.
pub(crate) fn zone(zone: &TimeZone, at: Timestamp) -> String {
    let offset = offset(zone, at);
    zone.iana_name().map_or_else(|| format!("UTC{offset}"), |name| format!("{name} (UTC{offset})"))
}

/// The offset of a zone at an instant: `+08:00`.
pub(crate) fn offset(zone: &TimeZone, at: Timestamp) -> String {
    at.to_zoned(zone.clone()).strftime("%:z").to_string()
}

/// How long ago something was: `42 s ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let passed = now.duration_since(then);
    if passed < SignedDuration::ZERO {
        return "in the future".to_owned();
    }
    match passed.as_secs() {
        seconds @ 0..=89 => format!("{seconds} s ago"),
        seconds @ 90..=5399 => format!("{} min ago", (seconds + 30) / 60),
        seconds @ 5400..=172_799 => format!("{} h ago", (seconds + 1800) / 3600),
        seconds => format!("{} days ago", (seconds + 43_200) / 86_400),
    }
}

/// The IANA name of a zone.
pub(crate) fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_counts_read_well() {
        assert_eq!((hours(542).as_str(), hours(-30).as_str(), hours_or_blank(0).as_str()), ("9:02", "-0:30", ""));
        assert_eq!(
            (duration(7), duration(60), duration(450)),
            ("7 min".to_owned(), "1 h".to_owned(), "7 h 30 min".to_owned())
        );
        let took = |millis| took(std::time::Duration::from_millis(millis));
        assert_eq!(
            (took(40).as_str(), took(42_400).as_str(), took(5_400_000).as_str()),
            ("0.0 s", "42 s", "1 h 30 min")
        );
        assert_eq!(
            (bytes(812).as_str(), bytes(3482).as_str(), bytes(12 << 20).as_str()),
            ("812 bytes", "3.4 KiB", "12.0 MiB")
        );
        assert_eq!((count(7), count(1000), count(24_162)), ("7".to_owned(), "1,000".to_owned(), "24,162".to_owned()));
    }

    #[test]
    fn a_time_after_midnight_says_that_it_is_on_the_following_date() {
        let manila = TimeZone::get("Asia/Manila").unwrap();
        let at: Timestamp = "2026-11-24T17:30:00Z".parse().unwrap();
        let date = jiff::civil::date(2026, 11, 24);
        assert_eq!(clock_on(date, at, &manila), "01:30+1");
        assert_eq!(rfc3339(at, &manila), "2026-11-25T01:30:00+08:00");
        assert_eq!(zone(&manila, at), "Asia/Manila (UTC+08:00)");
    }

    #[test]
    fn the_past_is_told_in_the_unit_that_fits() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let told = |seconds| ago(now - SignedDuration::from_secs(seconds), now);
        assert_eq!(
            (told(42), told(600), told(7200), told(864_000)),
            ("42 s ago".to_owned(), "10 min ago".to_owned(), "2 h ago".to_owned(), "10 days ago".to_owned())
        );
    }
}
