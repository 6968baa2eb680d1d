//! `TimeZone`: the zone that a terminal sets its clock by, together with the HTTP `Date` (adms 4). A wrong form shifts the
//! clock; leaving it out leaves the clock alone.

use std::fmt;

/// The value of `TimeZone`: a number whose unit the terminal guesses from its size, or an offset in the 3.2.0 form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Whole hours, -11 to 11.
    Hours(i8),
    /// Minutes, more than 60 or less than -60.
    Minutes(i16),
    /// Minutes, printed as `-05:00`: the form of the 3.2.0 document.
    Offset(i16),
}

impl Zone {
    /// The form that every 2.x terminal reads alike: minutes (which K40-class units insist on), but hours within one hour
    /// of UTC. `None` for an offset within that hour that is no whole hour: it can't be said.
    pub fn from_offset_minutes(minutes: i16) -> Option<Self> {
        match minutes {
            60 => Some(Self::Hours(1)),
            0 => Some(Self::Hours(0)),
            -60 => Some(Self::Hours(-1)),
            -59..60 => None,
            _ => Some(Self::Minutes(minutes)),
        }
    }

    /// The offset in minutes that a terminal reads in a value, in whichever form; `None` where the documents leave the
    /// unit open (12 to 60).
    pub fn read(value: &str) -> Option<i16> {
        let value = value.trim();
        if let Some((hours, minutes)) = value.split_once(':') {
            let sign = if hours.starts_with('-') { -1 } else { 1 };
            let hours: i16 =
                hours.trim_start_matches(['+', '-']).parse().ok().filter(|hours| (0..=14).contains(hours))?;
            let minutes: i16 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
            return Some(sign * (hours * 60 + minutes)).filter(|offset| (-840..=840).contains(offset));
        }
        match value.parse::<i16>().ok()? {
            hours @ -11..=11 => Some(hours * 60),
            minutes @ (61..=840 | -840..=-61) => Some(minutes),
            _ => None,
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours(hours) => hours.fmt(f),
            Self::Minutes(minutes) => minutes.fmt(f),
            Self::Offset(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_said_in_the_form_that_every_terminal_reads_alike() {
        let said = |minutes| Zone::from_offset_minutes(minutes).map(|zone| zone.to_string());
        assert_eq!(said(330).as_deref(), Some("330"));
        assert_eq!(said(-210).as_deref(), Some("-210"));
        assert_eq!(said(720).as_deref(), Some("720"));
        assert_eq!(said(60).as_deref(), Some("1"));
        assert_eq!(said(0).as_deref(), Some("0"));
        assert_eq!(said(30), None);
        assert_eq!(Zone::Offset(-300).to_string(), "-05:00");
        assert_eq!(Zone::Offset(330).to_string(), "+05:30");
    }

    #[test]
    fn what_is_said_is_read_back_as_the_same_offset() {
        for minutes in [-720, -300, -210, -60, 0, 60, 330, 345, 480, 720, 840] {
            for zone in [Zone::from_offset_minutes(minutes), Some(Zone::Offset(minutes))].into_iter().flatten() {
                assert_eq!(Zone::read(&zone.to_string()), Some(minutes), "{zone}");
            }
        }
        assert_eq!(Zone::read("8"), Some(480));
        for unclear in ["12", "60", "-12", "900", "x", "-05:60", "99:00", "-32768", "é:00", "14:03"] {
            assert_eq!(Zone::read(unclear), None, "{unclear}");
        }
    }
}
