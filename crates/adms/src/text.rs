//! Device text: bytes with an uncertain character set (adms 2).

use std::borrow::Cow;

/// Text for people to read. Bytes that are not UTF-8 (GB2312 and local code pages occur) come out as U+FFFD; the caller
/// keeps the bytes, so a better decoder can be applied later.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
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
    fn chinese_bytes_are_kept_readable_as_far_as_they_are_utf8() {
        assert_eq!(decode("张三".as_bytes()), "张三");
        assert_eq!(decode(b"\xd5\xc5 Li"), "\u{fffd}\u{fffd} Li");
    }
}
