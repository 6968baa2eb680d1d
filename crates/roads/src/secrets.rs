//! What others say, without what may open a door: a receiver may repeat what it was shown, as a page of an error names its address, and its
//! words are stored, listed and logged.
//!
//! Invariants:
//! * No secret stands in what is told, in large or small letters, nor its beginning of [`TELLING`] bytes: whoever answers may cut its words.
//! * What is told is cut after secrets were taken out, never before.
//! * Words in which a secret is written with escapes, as of an address, of JSON or of HTML, are not told at all.

use std::collections::BTreeSet;

use reqwest::Url;

use crate::shown_url::{HIDDEN, hidden_of};

/// Bytes with which a longer secret may begin that count as the secret. A shorter one counts as a word of its own only: the value of
/// `env=prod` stands by chance within other words.
const TELLING: usize = 8;
/// Bytes of a secret for which no escapes are resolved: the value of `v=2` may come of them by chance.
const SHORT: usize = 3;
/// Bytes of an answer that are looked at.
const MOST_BYTES: usize = 64 * 1024;
/// Bytes of the name of an entity of HTML, at most.
const LONGEST_NAME: usize = 10;
/// How often a text may be written with escapes, one over another.
const LEVELS: usize = 3;

/// What is not to be told of a receiver.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// What lists hide of an address, and these.
    pub(crate) fn new<'a>(url: &str, others: impl IntoIterator<Item = &'a str>) -> Self {
        // A request has the address as it is read, which may be written in other ways than it was given.
        let read = Url::parse(url).map(String::from).unwrap_or_default();
        let given = [hidden_of(url), hidden_of(&read)].concat();
        let mut forms = BTreeSet::new();
        for text in given.into_iter().chain(others.into_iter().map(str::to_owned)) {
            let plain = unescaped(&text);
            // In a query a space may be a plus.
            forms.extend([text.replace(' ', "+"), plain.replace('+', " "), plain, text]);
        }
        forms.remove("");
        Self(forms.into_iter().collect())
    }

    /// Words of others in one line of so many characters at most.
    pub(crate) fn said(&self, text: &str, most_chars: usize) -> String {
        let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text);
        let said = self.without(text);
        said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most_chars).collect()
    }

    /// A text without secrets.
    pub(crate) fn without(&self, text: &str) -> String {
        let marks = self.marks(text, 0);
        let (mut told, mut is_within) = (String::with_capacity(text.len()), false);
        for (at, char) in text.char_indices() {
            let is_secret = marks.get(at).copied().unwrap_or_default();
            if !is_secret {
                told.push(char);
            } else if !is_within {
                told += HIDDEN;
            }
            is_within = is_secret;
        }
        // Where more of a secret shows once escapes are resolved, what was found is not all of it.
        let found = |text: &str| self.marks(text, SHORT).into_iter().filter(|mark| *mark).count();
        let (plainly, mut plain) = (found(text), unescaped(text));
        for _ in 0..LEVELS {
            if found(&plain) > plainly {
                return HIDDEN.to_owned();
            }
            plain = unescaped(&plain);
        }
        told
    }

    /// Which bytes of a text are of a secret of more than so many bytes.
    fn marks(&self, text: &str, over: usize) -> Vec<bool> {
        let bytes = text.as_bytes();
        let mut marks = vec![false; bytes.len()];
        let is_in_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        for secret in self.0.iter().filter(|secret| secret.len() > over) {
            for at in 0..bytes.len() {
                let here = bytes.iter().skip(at).zip(secret.bytes());
                let alike = here.take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count();
                let is_told = if secret.len() >= TELLING {
                    alike >= TELLING
                } else {
                    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                    alike == secret.len() && !is_in_word(before) && !is_in_word(bytes.get(at + alike))
                };
                if is_told {
                    marks.iter_mut().skip(at).take(alike).for_each(|mark| *mark = true);
                }
            }
        }
        marks
    }
}

/// A text with one level of its escapes resolved: `%2F`, `\/`, `\u002f`, `&#47;`, `&amp;`.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let length = escape(rest, &mut plain).unwrap_or_else(|| {
            plain.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
            first.len_utf8()
        });
        rest = rest.get(length..).unwrap_or_default();
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Adds what the escape stands for with which a text begins; its length. `None` when it begins with none.
fn escape(text: &str, plain: &mut Vec<u8>) -> Option<usize> {
    let number = |digits: &str, radix| {
        let are_digits = digits.chars().all(|c| c.is_digit(radix));
        are_digits.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
    };
    let mut add = |c: char| plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    if let Some(code) = text.strip_prefix("\\u").and_then(|rest| rest.get(..4)) {
        char::from_u32(number(code, 16)?).map(&mut add)?;
        return Some(6);
    }
    if let Some(escaped) = text.strip_prefix('\\') {
        let c = escaped.chars().next()?;
        add(c);
        return Some(1 + c.len_utf8());
    }
    if let Some(rest) = text.strip_prefix('&') {
        let name = rest.get(..rest.bytes().take(LONGEST_NAME).position(|byte| byte == b';')?)?;
        let code = match name {
            "amp" => '&'.into(),
            "quot" => '"'.into(),
            "apos" => '\''.into(),
            "lt" => '<'.into(),
            "gt" => '>'.into(),
            _ => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
                Some(digits) => number(digits, 16)?,
                None => number(name.strip_prefix('#')?, 10)?,
            },
        };
        char::from_u32(code).map(&mut add)?;
        return Some(name.len() + 2);
    }
    let byte = number(text.strip_prefix('%')?.get(..2)?, 16)?;
    plain.push(u8::try_from(byte).ok()?);
    Some(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://crm.example/hooks/550e8400-e29b-41d4-a716-446655440000/in?key=cl%C3%A9+5ecret%2Fx&v=2";

    fn said(text: &str) -> String {
        Secrets::new(URL, ["t0ken/abc+\"def=", "whsec_c2lnbmluZw=="]).said(text, 120)
    }

    #[test]
    fn what_a_receiver_repeats_of_the_address_or_the_token_is_not_told() {
        assert_eq!(
            said("Cannot POST /hooks/550e8400-e29b-41d4-a716-446655440000/in?key=cl%C3%A9+5ecret%2Fx&v=2"),
            "Cannot POST /hooks/***/in?key=***&v=***"
        );
        assert_eq!(said("no key `cl\u{e9} 5ecret/x` here"), "no key `***` here", "as it is read");
        assert_eq!(said("who is Token T0KEN/ABC+\"DEF=?"), "who is Token ***?");
        assert_eq!(said("signed with  whsec_c2lnbmluZw==\n"), "signed with ***");
        assert_eq!(said("run 42 of /hooks"), "run 42 of /hooks", "other words stay");
        assert_eq!(said("run 2"), "run ***");
        assert_eq!(Secrets::default().said("all \n well", 5), "all w");
    }

    #[test]
    fn a_secret_in_which_an_answer_is_cut_is_not_told_in_part() {
        let long = format!("{} /hooks/550e8400-e29b-41d4-a716-446655440000/in", "x".repeat(100));
        assert_eq!(said(&long), format!("{} /hooks/***/in", "x".repeat(100)), "cut by us");
        assert_eq!(said("no page /hooks/550e8400-e29b..."), "no page /hooks/***...", "cut by the receiver");
    }

    #[test]
    fn short_values_are_words_and_a_long_answer_is_read_at_once() {
        let said = |text: &str| Secrets::new("https://crm.example/in?env=prod", []).said(text, 40);
        assert_eq!(said("unknown product in prod"), "unknown product in ***");
        assert_eq!(said(&"&".repeat(10_000_000)), "&".repeat(40));
    }

    #[test]
    fn words_with_a_secret_behind_escapes_are_not_told() {
        for text in [
            r#"{"said": "Token t0ken\/abc+\"def="}"#,
            r#"{"said": "Token \u0074\u0030ken\u002fabc+\u0022def="}"#,
            "Token t0ken&#x2f;abc&#43;&quot;def=",
            "t0ken%2Fabc%2b%22def%3D",
            "t0ken%252Fabc%252b%2522def%253D",
            "key=cl%25C3%25A9%2B5ecret%252Fx",
            // With the escape behind what counts as its beginning.
            "signed with whsec_c2lnbmluZw\\u003d=, or t0ken/abc+\\\"def=",
            "t0ken/abc+&quot;def=",
        ] {
            assert_eq!(said(text), HIDDEN, "{text}");
        }
        for text in ["100 % \\ &c; %zz \\u12 &#; %", r#"{"a": "b\/c \u00e9"}"#, "&amp;", "%+a"] {
            assert_eq!(said(text), text, "it is as it was");
        }
    }
}
