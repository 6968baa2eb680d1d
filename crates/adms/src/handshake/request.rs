//! What a terminal says about itself when it opens.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::language;
use crate::request::value;
use crate::text::Charset;

/// What a terminal says about itself; everything is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HandshakeRequest<'a> {
    /// `pushver`: the protocol version of the terminal, for example `2.4.1`; [`Version::read`] reads it.
    pub push_version: Option<Cow<'a, str>>,
    /// `language`: a number, 69 English, 83 Chinese, ... ([`language`]).
    pub language: Option<Cow<'a, str>>,
    /// `DeviceType`: `att`, `pid`, `ins`, `acc`, or free text (one real unit sends `middle east`).
    pub device_type: Option<Cow<'a, str>>,
    /// `PushOptionsFlag=1`: the terminal can post its options.
    pub can_post_options: bool,
}

/// What a terminal is, by its `DeviceType`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// `att`, or nothing said.
    #[default]
    Attendance,
    /// `pid`: checks national identity cards; its ATTLOG lines have two columns more
    /// ([`identity_check`](crate::AttLogLine::identity_check)).
    IdentityCard,
    /// `ins`: an information screen.
    InfoScreen,
    /// `acc`: an access terminal or controller.
    Access,
    /// Free text; it behaves like attendance.
    Other,
}

impl<'a> HandshakeRequest<'a> {
    pub(crate) fn read(query: &'a str) -> Self {
        Self {
            push_version: value(query, "pushver"),
            language: value(query, "language"),
            device_type: value(query, "DeviceType"),
            can_post_options: value(query, "PushOptionsFlag").as_deref() == Some("1"),
        }
    }

    /// What the terminal is.
    pub fn device_kind(&self) -> DeviceKind {
        let is = |known: &str| self.device_type.as_deref().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(known));
        match &self.device_type {
            None => DeviceKind::Attendance,
            Some(_) if is("acc") => DeviceKind::Access,
            Some(_) if is("pid") => DeviceKind::IdentityCard,
            Some(_) if is("ins") => DeviceKind::InfoScreen,
            Some(_) if is("att") => DeviceKind::Attendance,
            Some(_) => DeviceKind::Other,
        }
    }

    /// The dialect that it opens in: security for access terminals, else attendance. A high version alone does not make
    /// an access terminal (adms 1).
    pub fn dialect(&self) -> Dialect {
        if self.device_kind() == DeviceKind::Access { Dialect::Security } else { Dialect::Attendance }
    }

    /// The version of its protocol, when it says one.
    pub fn version(&self) -> Option<Version> {
        Version::read(self.push_version.as_deref()?)
    }

    /// The character set in which it wants names.
    pub fn charset(&self) -> Charset {
        let number = self.language.as_deref().and_then(|number| number.trim().parse().ok());
        number.map_or(Charset::Utf8, language::charset)
    }
}

/// A version of the protocol: `2.4.1`, or `Ver 2.0.33S-20211012` in the options. Ordered as versions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16, pub u16, pub u16);

impl Version {
    /// Reads the first three numbers with dots between them; missing ones are 0. `None` when the text has no number.
    pub fn read(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let mut rest = text.get(start..)?;
        let mut numbers = [0; 3];
        for number in &mut numbers {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            *number = digits.parse().ok()?;
            let Some(next) = after.strip_prefix('.').filter(|next| next.starts_with(|c: char| c.is_ascii_digit()))
            else {
                break;
            };
            rest = next;
        }
        let [major, minor, patch] = numbers;
        Some(Self(major, minor, patch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(query: &str) -> HandshakeRequest<'_> {
        HandshakeRequest::read(query)
    }

    #[test]
    fn the_device_type_tells_the_dialect_and_the_version_does_not() {
        let dialect = |query| opening(query).dialect();
        assert_eq!(dialect("SN=1"), Dialect::Attendance);
        assert_eq!(dialect("SN=1&pushver=3.2.0&DeviceType=att"), Dialect::Attendance);
        assert_eq!(dialect("SN=1&pushver=2.4.1&DeviceType=acc"), Dialect::Security);
        assert_eq!(opening("SN=1&DeviceType=middle%20east").device_kind(), DeviceKind::Other);
        assert_eq!(dialect("SN=1&DeviceType=middle east"), Dialect::Attendance);
        assert_eq!(opening("SN=1&DeviceType=PID").device_kind(), DeviceKind::IdentityCard);
        assert_eq!(opening("SN=1&DeviceType=ins").device_kind(), DeviceKind::InfoScreen);
    }

    #[test]
    fn versions_are_read_from_whatever_surrounds_them() {
        assert_eq!(Version::read("2.4.1"), Some(Version(2, 4, 1)));
        assert_eq!(Version::read("Ver 2.0.33S-20211012"), Some(Version(2, 0, 33)));
        assert_eq!(Version::read("3"), Some(Version(3, 0, 0)));
        assert_eq!(Version::read("2."), Some(Version(2, 0, 0)));
        assert_eq!(Version::read("99999999999.1"), None);
        assert_eq!(Version::read("Ver"), None);
        assert!(Version(2, 2, 14) < Version(2, 4, 0));
    }

    #[test]
    fn a_chinese_terminal_wants_names_in_its_code_page() {
        assert_eq!(opening("SN=1&language=83").charset(), Charset::Gb2312);
        assert_eq!(opening("SN=1&language=69").charset(), Charset::Utf8);
        assert_eq!(opening("SN=1&language=x").charset(), Charset::Utf8);
    }
}
