//! How somebody was recognised: the verify codes (adms appendix A).
//!
//! The number is kept as it came; what it means depends on the terminal, because three lists exist.

/// Which list a terminal numbers its methods by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VerifyList {
    /// The 2.x documents and the security dialect.
    #[default]
    Documented,
    /// Simple units: password, finger, card.
    Simple,
    /// The 3.2.0 document, where it is configured so.
    Sdk320,
}

/// The method's name in lower case, parts joined by ` or ` (any of them) and ` and ` (all of them); `None` for a code that
/// the list does not have.
pub fn name(code: u16, list: VerifyList) -> Option<&'static str> {
    match list {
        VerifyList::Documented => documented(code),
        VerifyList::Simple => match code {
            0 => Some("password"),
            1 => Some("finger"),
            2 => Some("card"),
            _ => None,
        },
        VerifyList::Sdk320 => sdk_320(code),
    }
}

const fn documented(code: u16) -> Option<&'static str> {
    Some(match code {
        0 => "any",
        1 => "finger",
        2 => "id",
        3 => "password",
        4 => "card",
        5 => "finger or password",
        6 => "finger or card",
        7 => "card or password",
        8 => "id and finger",
        9 => "finger and password",
        10 => "card and finger",
        11 => "card and password",
        12 => "finger and password and card",
        13 => "id and finger and password",
        14 => "id and finger, or card and finger",
        15 => "face",
        16 => "face and finger",
        17 => "face and password",
        18 => "face and card",
        19 => "face and finger and card",
        20 => "face and finger and password",
        21 => "finger vein",
        22 => "finger vein and password",
        23 => "finger vein and card",
        24 => "finger vein and password and card",
        25 => "palm",
        26 => "palm and card",
        27 => "palm and face",
        28 => "palm and finger",
        29 => "palm and finger and face",
        200 => "other",
        _ => return None,
    })
}

const fn sdk_320(code: u16) -> Option<&'static str> {
    Some(match code {
        0 => "password",
        1 => "finger",
        2 => "card",
        3 => "id",
        4 => "id and finger",
        5 => "finger and password",
        6 => "card and finger",
        7 => "card and password",
        8 => "card and finger and password",
        16 => "id, not verified",
        17 => "card, not verified",
        _ => return None,
    })
}

/// A `verifytype` of the security dialect: a code, or, when "new verification" was negotiated, 16 characters of bits
/// (adms 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyType {
    /// A code of [`VerifyList::Documented`].
    Code(u16),
    /// A set of methods: bit 1 face, 2 palm, ... ([`VerifyType::methods`]); bit 0 is the right-most character.
    Bits(u16),
}

impl VerifyType {
    /// Reads the value; `None` when it is neither form.
    pub fn read(value: &[u8]) -> Option<Self> {
        let value = crate::text::trim(value);
        let text = std::str::from_utf8(value).ok()?;
        if value.len() == 16 && value.iter().all(|byte| matches!(byte, b'0' | b'1')) {
            return u16::from_str_radix(text, 2).ok().map(Self::Bits);
        }
        text.parse().ok().map(Self::Code)
    }

    /// The methods by name: one for a code, all that are set for bits.
    pub fn methods(self) -> impl Iterator<Item = &'static str> {
        const BY_BIT: [&str; 12] = [
            "any",
            "face",
            "palm",
            "palm vein",
            "finger",
            "finger vein",
            "voice",
            "iris",
            "retina",
            "password",
            "id",
            "card",
        ];
        let (code, bits) = match self {
            Self::Code(code) => (documented(code), 0),
            Self::Bits(bits) => (None, bits),
        };
        let set = BY_BIT.into_iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name);
        code.into_iter().chain(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_means_three_things() {
        let all = |code| [VerifyList::Documented, VerifyList::Simple, VerifyList::Sdk320].map(|list| name(code, list));
        assert_eq!(all(0), [Some("any"), Some("password"), Some("password")]);
        assert_eq!(all(2), [Some("id"), Some("card"), Some("card")]);
        assert_eq!(all(15), [Some("face"), None, None]);
        assert_eq!(all(16), [Some("face and finger"), None, Some("id, not verified")]);
        assert!((0..=29).chain([200]).all(|code| name(code, VerifyList::Documented).is_some()));
        assert_eq!(name(30, VerifyList::Documented), None);
    }

    #[test]
    fn new_verification_is_a_set_of_bits() {
        let methods = |value: &[u8]| VerifyType::read(value).unwrap().methods().collect::<Vec<_>>();
        assert_eq!(methods(b"0000001000000010"), ["face", "password"]);
        assert_eq!(methods(b"0000100000000000"), ["card"]);
        assert_eq!(methods(b"4"), ["card"]);
        assert_eq!(methods(b"99"), Vec::<&str>::new());
        assert_eq!(VerifyType::read(b"1111"), Some(VerifyType::Code(1111)));
        assert_eq!(VerifyType::read(b"face"), None);
    }
}
