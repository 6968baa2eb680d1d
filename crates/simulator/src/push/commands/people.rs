//! Users by command: written and deleted (adms 7).

use jiff::civil::DateTime;
use zk::{PackedTime, Password, Privilege, TimeZones, User};

use super::code;
use crate::push::reporter::Reporter;
use crate::terminal::{UserRefused, chinese, datetime_of};

impl Reporter<'_> {
    /// Replaces the whole record: what is left out is wiped.
    pub(super) fn update_user(&mut self, fields: &str) -> i64 {
        let number = field(fields, &["PIN"]);
        if number.is_empty() {
            return code::NO_DATA;
        }
        let name = field(fields, &["Name"]);
        let parsed = |keys: &[&str]| field(fields, keys).parse::<u8>().ok();
        let user = User {
            name_raw: if self.terminal.faults().gb2312_names { chinese(name) } else { name.as_bytes().to_vec() },
            password: Password::from_field(field(fields, &["Passwd", "Password"]).as_bytes()),
            privilege: parsed(&["Pri", "Privilege"]).map_or(Privilege::USER, Privilege),
            card: card(field(fields, &["Card", "CardNo"])),
            group: parsed(&["Grp", "Group"]).unwrap_or(1),
            time_zones: zones(field(fields, &["TZ"])),
            ..User::new(number, "")
        };
        match self.terminal.put_user(user) {
            Ok(_) => code::DONE,
            Err(UserRefused::TableFull) => code::CAPACITY,
            Err(_) => code::NO_DATA,
        }
    }

    pub(super) fn delete_user(&mut self, fields: &str) -> i64 {
        let slot = self.terminal.slot_of(field(fields, &["PIN"]));
        match slot.and_then(|slot| self.terminal.delete_user(slot)) {
            Some(_) => code::DONE,
            None => code::NO_SUCH_PIN,
        }
    }
}

/// The value of the first of these keys, in any case; empty when there is none. Fields are separated by tabs.
pub(super) fn field<'a>(fields: &'a str, keys: &[&str]) -> &'a str {
    let pairs = || fields.split('\t').filter_map(|pair| pair.split_once('='));
    let found = keys.iter().find_map(|key| pairs().find(|(name, _)| name.trim().eq_ignore_ascii_case(key)));
    found.map_or("", |(_, value)| value.trim())
}

/// A time as commands write it: `2026-11-20 10:12:00`, or packed.
pub(super) fn time(value: &str) -> Option<DateTime> {
    match value.trim().parse::<u32>() {
        Ok(packed) => datetime_of(PackedTime(packed.cast_signed())),
        Err(_) => value.trim().replace(' ', "T").parse().ok(),
    }
}

/// Decimal, or four bytes in little-endian hex between brackets (adms 6.2); 0 for none.
fn card(value: &str) -> u32 {
    let hex = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    let number = match hex {
        Some(hex) => u32::from_str_radix(hex, 16).map(u32::swap_bytes).ok(),
        None => value.parse().ok(),
    };
    number.unwrap_or(0)
}

/// Four times four digits: whether the user's own zones count, and those zones.
fn zones(value: &str) -> TimeZones {
    let four = |at: usize| value.get(at..at + 4).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    TimeZones { flags: four(0), own: [four(4), four(8), four(12)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_and_zones_are_read_in_their_forms() {
        assert_eq!([card("123456789"), card("[15CD5B07]"), card(""), card("x")], [123_456_789, 123_456_789, 0, 0]);
        assert_eq!(zones("0001000200010000"), TimeZones { flags: 1, own: [2, 1, 0] });
        assert_eq!(zones(""), TimeZones::default());
    }

    #[test]
    fn fields_are_found_by_any_of_their_names() {
        let fields = "PIN=0012\tname=Ana Cruz\tPassword=1=2";
        assert_eq!(field(fields, &["Pin"]), "0012");
        assert_eq!(field(fields, &["Passwd", "Password"]), "1=2");
        assert_eq!(field(fields, &["Card"]), "");
    }

    #[test]
    fn times_are_printed_or_packed() {
        let expected = jiff::civil::date(2026, 11, 20).at(10, 12, 0, 0);
        assert_eq!(
            [time("2026-11-20 10:12:00"), time("864123120"), time("soon")],
            [Some(expected), Some(expected), None]
        );
    }
}
