//! The number a person types at the terminal, as text (zk 7.2).

use std::borrow::Cow;
use std::fmt;

const CAPACITY: usize = 24;

/// A user number: text of up to 24 bytes, kept in place so that a log of 100,000 records needs no allocation for them.
/// Leading zeros, letters and case are kept; NULs and blanks around it are not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserNumber {
    bytes: [u8; CAPACITY],
    len: u8,
}

impl UserNumber {
    /// Takes the bytes of a NUL padded field; more than 24 are cut.
    pub fn from_field(field: &[u8]) -> UserNumber {
        let text = crate::wire::until_nul(field).trim_ascii();
        let len = text.len().min(CAPACITY);
        let mut bytes = [0; CAPACITY];
        if let (Some(target), Some(source)) = (bytes.get_mut(..len), text.get(..len)) {
            target.copy_from_slice(source);
        }
        UserNumber { bytes, len: len as u8 }
    }

    /// The decimal text of a number.
    pub fn from_u32(mut value: u32) -> UserNumber {
        let mut digits = [0; 10];
        let mut start = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
            start -= 1;
            if value == 0 {
                break;
            }
        }
        UserNumber::from_field(digits.get(start..).unwrap_or_default())
    }

    /// The bytes of the number.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The number as text. Bytes that are no UTF-8 are read as Latin-1, so that two numbers never become one.
    pub fn text(&self) -> Cow<'_, str> {
        let bytes = self.as_bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
        }
    }
}

impl From<&str> for UserNumber {
    fn from(text: &str) -> UserNumber {
        UserNumber::from_field(text.as_bytes())
    }
}

impl fmt::Display for UserNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Debug for UserNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_letters_are_kept_and_padding_is_not() {
        assert_eq!(UserNumber::from_field(b"0012\0garbage").text(), "0012");
        assert_eq!(UserNumber::from_field(b" E-20001 \0").text(), "E-20001");
        assert_eq!(UserNumber::from_field(&[b'7'; 30]).text().len(), 24);
        assert_eq!(UserNumber::from_u32(0).text(), "0");
        assert_eq!(UserNumber::from_u32(u32::MAX).text(), "4294967295");
    }

    #[test]
    fn bytes_that_are_no_text_still_tell_two_people_apart() {
        let (one, two) = (UserNumber::from_field(&[0xC3, 0x28]), UserNumber::from_field(&[0xC3, 0x29]));
        assert_ne!(one.text(), two.text());
    }
}
