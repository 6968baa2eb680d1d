//! Query strings as terminals write them: percent-encoded or not, keys in any case (adms 2).

use std::borrow::Cow;

use crate::text;

/// The pairs of a query string in order, decoded.
pub fn pairs(query: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key, decode(value))
    })
}

/// Undoes percent-encoding, and reads what comes out as [`text::decode`] does. A `%` without two hex digits stands for itself, and `+` is a plus, never a blank.
pub fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| hex_byte(after)).flatten();
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    Cow::Owned(text::decode(&bytes).into_owned())
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_encoded_half_encoded_and_not_at_all() {
        assert_eq!(decode("middle%20east"), "middle east");
        assert_eq!(decode("middle east"), "middle east");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("a+b"), "a+b");
        assert_eq!(decode("%d5%C5"), "张", "GB2312");
    }

    #[test]
    fn a_pair_without_value_is_a_key_with_an_empty_one() {
        let all: Vec<_> = pairs("SN=1&&INFO&x=a=b").collect();
        assert_eq!(all, [("SN", "1".into()), ("INFO", "".into()), ("x", "a=b".into())]);
    }
}
