//! Instants as Odoo takes and gives them: naive text, UTC, whole seconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// Seconds UTC as Odoo takes them.
pub(super) fn utc(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().strftime(FORM).to_string()
}

/// Seconds UTC of what Odoo gives.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let civil = DateTime::strptime(FORM, text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_naive_utc_and_read_back() {
        let at = 1_772_611_200;
        assert_eq!(utc(at), "2026-03-04 08:00:00");
        assert_eq!(seconds(&utc(at)), Some(at));
        for other in ["2026-03-04T08:00:00", "2026-03-04 08:00:00Z", "2026-03-04 08:00:00.5", "false", ""] {
            assert_eq!(seconds(other), None, "{other}");
        }
    }
}
