//! Device text: bytes with an uncertain character set (adms 2).

use std::borrow::Cow;

use encoding_rs::GB18030;

/// Text for people to read: UTF-8, else the Chinese code page (GB2312, read as its superset GB18030) where the bytes look
/// like it, else UTF-8 with U+FFFD for what is none. The caller keeps the bytes where they matter.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // A name that the field's end cut inside a character is UTF-8 all the same.
        Err(error) if error.error_len().is_some() && is_in_pairs(bytes) => GB18030
            .decode_without_bom_handling_and_without_replacement(bytes)
            .unwrap_or_else(|| String::from_utf8_lossy(bytes)),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// GB2312 writes two bytes above ASCII for each character. A lone one is a letter of some other code page, which the
/// decoder would join with its neighbour.
fn is_in_pairs(bytes: &[u8]) -> bool {
    bytes.split(u8::is_ascii).all(|run| run.len() % 2 == 0)
}

/// The character set of a terminal's names and messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Charset {
    /// Everything but what follows.
    #[default]
    Utf8,
    /// Terminals whose language is simplified Chinese.
    Gb2312,
}

impl Charset {
    /// Text as a terminal of this character set wants it. Letters that GB2312 and its supersets lack do not exist.
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::Gb2312 => GB18030.encode(text).0,
        }
    }
}

/// Without the NUL bytes and ASCII blanks that firmware pads fields with, on both sides.
pub fn trim(bytes: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n');
    let Some(start) = bytes.iter().position(|byte| !is_padding(byte)) else { return &[] };
    let end = bytes.iter().rposition(|byte| !is_padding(byte)).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

/// Splits at the first `separator`, which belongs to neither part.
pub(crate) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// A decimal number in ASCII, blanks around it allowed.
pub(crate) fn number<N: std::str::FromStr>(bytes: &[u8]) -> Option<N> {
    std::str::from_utf8(trim(bytes)).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_trimmed_on_both_sides_and_inner_blanks_stay() {
        assert_eq!(trim(b"\0 12 3\0\0"), b"12 3");
        assert_eq!(trim(b" \0 "), b"");
    }

    #[test]
    fn a_name_is_read_in_utf8_and_else_in_the_chinese_code_page() {
        assert_eq!(decode("张三 Peña".as_bytes()), "张三 Peña");
        assert_eq!(decode(b"\xd5\xc5\xc8\xfd"), "张三");
        assert_eq!(decode(b"\xd5\xc5 Li "), "张 Li ");
    }

    #[test]
    fn what_is_neither_shows_where_it_could_not_be_read() {
        assert_eq!(decode(b"Pe\xf1a"), "Pe\u{fffd}a", "Latin-1");
        assert_eq!(decode(b"\xff\xff"), "\u{fffd}\u{fffd}");
        assert_eq!(decode(b"Th\xe1\xbb"), "Th\u{fffd}", "cut inside a character");
    }

    #[test]
    fn what_is_encoded_for_a_terminal_is_read_back() {
        for charset in [Charset::Utf8, Charset::Gb2312] {
            assert_eq!(decode(&charset.encode("张三 Li")), "张三 Li");
        }
        assert_eq!(&*Charset::Gb2312.encode("张三"), b"\xd5\xc5\xc8\xfd");
    }
}
