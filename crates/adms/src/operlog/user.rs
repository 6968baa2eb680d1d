//! Users of a terminal: `USER` lines (adms 6.2).

use crate::command::Privilege;
use crate::line;
use crate::text;

/// One user of a terminal. `Debug` shows number and name alone.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct UserLine<'a> {
    /// The original bytes, without the line end. They hold the password: do not print them.
    pub bytes: &'a [u8],
    /// User number, trimmed; never empty.
    pub pin: &'a [u8],
    /// Name in the terminal's character set; see [`text::decode`].
    pub name: &'a [u8],
    /// Its number as it came; [`Privilege::of`] knows it.
    pub privilege: Option<u8>,
    /// The password in plain text.
    pub password: &'a [u8],
    /// Card number; `None` when there is none (empty, 0) or it is not readable.
    pub card: Option<u64>,
    /// Access group.
    pub group: Option<u16>,
    /// Time zones, 4 x 4 digits; see [`UserLine::own_time_zones`].
    pub time_zones: &'a [u8],
    /// Verification method; `None` when the group's method applies (empty, -1).
    pub verify: Option<u16>,
    /// Second card, as text.
    pub second_card: &'a [u8],
    /// First moment of validity as printed, `0` or empty for none.
    pub valid_from: &'a [u8],
    /// Last moment of validity as printed, `0` or empty for none.
    pub valid_until: &'a [u8],
}

impl<'a> UserLine<'a> {
    pub(super) fn read(bytes: &'a [u8], payload: &'a [u8]) -> Option<Self> {
        let mut user = Self { bytes, ..Self::default() };
        for (key, value) in line::pairs(payload) {
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            if is("PIN") {
                user.pin = text::trim(value);
            } else if is("Name") {
                user.name = text::trim(value);
            } else if is("Pri") || is("Privilege") {
                user.privilege = text::number(value);
            } else if is("Passwd") || is("Password") {
                user.password = text::trim(value);
            } else if is("Card") {
                user.card = card(value);
            } else if is("Grp") {
                user.group = text::number(value);
            } else if is("TZ") {
                user.time_zones = text::trim(value);
            } else if is("Verify") {
                user.verify = text::number(value);
            } else if is("ViceCard") {
                user.second_card = text::trim(value);
            } else if is("StartDatetime") {
                user.valid_from = text::trim(value);
            } else if is("EndDatetime") {
                user.valid_until = text::trim(value);
            }
        }
        (!user.pin.is_empty()).then_some(user)
    }

    /// True for somebody who may use the terminal's menu.
    pub fn is_privileged(&self) -> bool {
        self.privilege.and_then(Privilege::of).is_some_and(|privilege| privilege != Privilege::User)
    }

    /// The user's own three time zones (0 for none); `None` when those of the group apply, or the value is no 16 digits.
    pub fn own_time_zones(&self) -> Option<[u16; 3]> {
        if self.time_zones.len() != 16 {
            return None;
        }
        let four = |at: usize| self.time_zones.get(at..at + 4).and_then(text::number::<u16>);
        let (own, zones) = (four(0)?, [four(4)?, four(8)?, four(12)?]);
        (own != 0).then_some(zones)
    }
}

impl std::fmt::Debug for UserLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserLine")
            .field("pin", &text::decode(self.pin))
            .field("name", &text::decode(self.name))
            .field("privilege", &self.privilege)
            .finish_non_exhaustive()
    }
}

/// A card number: decimal text, or four bytes in little-endian hex between brackets (`[15CD5B07]` is 123456789).
/// `None` for no card.
pub fn card(value: &[u8]) -> Option<u64> {
    let value = text::trim(value);
    let number = match value.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")) {
        Some(hex) if hex.len() == 8 && hex.iter().all(u8::is_ascii_hexdigit) => {
            let digits = std::str::from_utf8(hex).ok()?;
            u64::from(u32::from_str_radix(digits, 16).ok()?.swap_bytes())
        }
        Some(_) => return None,
        None => text::number(value)?,
    };
    (number != 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_of_ones_own_are_told_from_those_of_the_group() {
        let zones =
            |text: &'static str| UserLine { time_zones: text.as_bytes(), ..UserLine::default() }.own_time_zones();
        assert_eq!(zones("0001000200010000"), Some([2, 1, 0]));
        assert_eq!(zones("0000000000000000"), None);
        assert_eq!(zones("0000000100000000"), None, "a terminal with group zones sends this");
        assert_eq!(zones("1"), None);
    }

    #[test]
    fn only_a_number_that_grants_something_makes_an_administrator() {
        let line = |code| UserLine { privilege: code, ..UserLine::default() };
        let privileged =
            [None, Some(0), Some(1), Some(2), Some(6), Some(10), Some(14)].map(|code| line(code).is_privileged());
        assert_eq!(privileged, [false, false, false, true, true, true, true], "1 is an inactive user on some firmware");
    }
}
