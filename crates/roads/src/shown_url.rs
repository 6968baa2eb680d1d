//! Addresses of other systems as rows, lists, answers and the audit trail have them: without what may open a door.
//!
//! Invariants:
//! * Whoever is named before `@`, the values of a query, the fragment, and what of the path looks drawn by chance are never shown; where
//!   they are kept, the hub says.
//! * What is filled in, `{year}` and `{country}`, stays, so that addresses that differ in it differ as they are shown.
//! * An address as it is shown is shown as it is.

/// What stands for what is not shown.
pub(crate) const HIDDEN: &str = "***";
/// What is filled in.
const FILLED_IN: [&str; 2] = ["{year}", "{country}"];
/// Characters that a secret in a path has at least.
const SHORTEST_SECRET: usize = 16;
/// Characters in words of letters and digits that a piece of a path has at least, to look drawn by chance: more than `2026q1`.
const SHORTEST_MIX: usize = 8;

/// An address without what may open a door.
pub fn shown_url(url: &str) -> String {
    veil(url, &mut Vec::new())
}

/// What of an address is not shown, piece by piece; of whoever is named before `@`, name and password also each by itself.
pub(crate) fn hidden_of(url: &str) -> Vec<String> {
    let mut hidden = Vec::new();
    veil(url, &mut hidden);
    hidden
}

/// An address without what may open a door, which is put with what is hidden.
fn veil(url: &str, hidden: &mut Vec<String>) -> String {
    let (url, fragment) = cut(url, '#');
    let (place, query) = cut(url, '?');
    let mut shown = match place.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find(is_slash).unwrap_or(rest.len()));
            let host = match authority.rsplit_once('@') {
                Some((user, host)) => {
                    hidden.extend([user].into_iter().chain(user.splitn(2, ':')).map(str::to_owned));
                    format!("{HIDDEN}@{host}")
                }
                None => authority.to_owned(),
            };
            format!("{scheme}://{host}{}", shown_path(path, hidden))
        }
        None => shown_path(place, hidden),
    };
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(|pair| shown_pair(pair, hidden)).collect();
        shown += &format!("?{}", pairs.join("&"));
    }
    if let Some(fragment) = fragment {
        hidden.push(fragment.to_owned());
        shown += &format!("#{HIDDEN}");
    }
    shown
}

/// Whether something of an address is hidden.
pub fn has_hidden(url: &str) -> bool {
    url.contains(HIDDEN)
}

const fn is_slash(c: char) -> bool {
    c == '/' || c == '\\'
}

fn shown_path(path: &str, hidden: &mut Vec<String>) -> String {
    let shown = |part: &str| {
        let segment = part.trim_end_matches(is_slash);
        veiled(segment, looks_drawn, hidden) + part.strip_prefix(segment).unwrap_or_default()
    };
    path.split_inclusive(is_slash).map(shown).collect()
}

fn shown_pair(pair: &str, hidden: &mut Vec<String>) -> String {
    let is_any = |text: &str| !text.is_empty();
    match pair.split_once('=') {
        Some((name, value)) => format!("{name}={}", veiled(value, is_any, hidden)),
        // A value without a name.
        None => veiled(pair, is_any, hidden),
    }
}

/// A text of which that is hidden which is told by this, between what is filled in.
fn veiled(text: &str, is_secret: impl Fn(&str) -> bool + Copy, hidden: &mut Vec<String>) -> String {
    let first = FILLED_IN.iter().filter_map(|word| text.split_once(word).map(|(before, after)| (before, *word, after)));
    match first.min_by_key(|(before, ..)| before.len()) {
        Some((before, word, after)) => {
            let before = veiled(before, is_secret, hidden);
            format!("{before}{word}{}", veiled(after, is_secret, hidden))
        }
        None if is_secret(text) => {
            hidden.push(text.to_owned());
            HIDDEN.to_owned()
        }
        None => text.to_owned(),
    }
}

/// Whether a piece of a path is nothing that a person would call a folder: long, with letters and digits mixed, as a key or a UUID is, or
/// of letters in no order of large and small ones.
fn looks_drawn(piece: &str) -> bool {
    if piece.chars().count() < SHORTEST_SECRET {
        return false;
    }
    let plain = without_escapes(piece);
    let words = || plain.split(|c: char| !c.is_alphanumeric());
    let has = |word: &str, is: fn(char) -> bool| word.contains(is);
    let mixed = |word: &&str| has(word, char::is_alphabetic) && has(word, char::is_numeric);
    let is_wild = |word: &str| {
        let (large, all) = (word.chars().filter(|c| !c.is_lowercase()).count(), word.chars().count());
        all >= SHORTEST_SECRET && large * 3 > all
    };
    words().filter(mixed).map(str::len).sum::<usize>() >= SHORTEST_MIX || words().any(is_wild)
}

/// A text with a space where a byte is written as `%20`: its digits are none of the text.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| match part.get(..2) {
        Some(byte) if byte.chars().all(|c| c.is_ascii_hexdigit()) => plain + " " + part.get(2..).unwrap_or_default(),
        _ => plain + "%" + part,
    })
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_open_a_door_is_not_shown_and_where_it_is_stays_readable() {
        for (url, shown) in [
            ("https://crm.example/api/days", "https://crm.example/api/days"),
            ("https://crm.example:8443/in?token=5ecret&v=2", "https://crm.example:8443/in?token=***&v=***"),
            ("https://ann:pass@word@crm.example/in", "https://***@crm.example/in"),
            ("https://crm.example?5ecret", "https://crm.example?***"),
            ("https://crm.example/in?key=#5ecret", "https://crm.example/in?key=#***"),
            (
                "https://days.example/{year}?country={country}&key=k",
                "https://days.example/{year}?country={country}&key=***",
            ),
            ("https://crm.example/a@b?to=c@d", "https://crm.example/a@b?to=***"),
            ("https://days.example/?of=k-{year}-{country}", "https://days.example/?of=***{year}***{country}"),
            ("https://days.example/?of={5ecret}", "https://days.example/?of=***"),
            ("no address", "no address"),
        ] {
            assert_eq!((shown_url(url).as_str(), shown_url(shown).as_str()), (shown, shown));
            assert_eq!(has_hidden(shown), url != shown, "{url}");
        }
    }

    #[test]
    fn what_is_not_shown_is_told_to_whoever_has_to_keep_it_out_of_other_words() {
        for (url, hidden) in [
            ("https://crm.example/api/days", &[][..]),
            (
                "https://ann:pass@crm.example/in?token=5ecret&v=&w#end",
                &["ann:pass", "ann", "pass", "5ecret", "w", "end"],
            ),
            ("https://x.example/550e8400-e29b-41d4-a716-446655440000/in", &["550e8400-e29b-41d4-a716-446655440000"]),
            ("https://days.example/?of=k-{year}-{country}", &["k-", "-"]),
        ] {
            assert_eq!(hidden_of(url), hidden, "{url}");
        }
    }

    #[test]
    fn what_of_a_path_looks_drawn_by_chance_is_not_shown_and_folders_of_people_are() {
        for (path, shown) in [
            ("/services/T00/B00/XXXXXXXXXXXXXXXX", "/services/T00/B00/***"),
            ("/services/T00/B00/aB3dE5gH7jK9mN1pQ3sT5vW7", "/services/T00/B00/***"),
            ("/webhook/550e8400-e29b-41d4-a716-446655440000/in", "/webhook/***/in"),
            ("/webhook/{550e8400-e29b-41d4-a716-446655440000}", "/webhook/***"),
            ("/bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/send", "/***/send"),
            ("/private-0123456789abcdef0123456789abcdef/basic.ics", "/***/basic.ics"),
            ("/in\\qWeRtZuIoPaSdFgHjK", "/in\\***"),
            ("/1234567890123456/", "/***/"),
            ("/0123456789abcdefXYZ-{year}.ics", "/***{year}.ics"),
            ("/api/v3/PublicHolidays/{year}/{country}", "/api/v3/PublicHolidays/{year}/{country}"),
            (
                "/PublicHolidaysOfGermany/2026-01-01/attendance-records",
                "/PublicHolidaysOfGermany/2026-01-01/attendance-records",
            ),
            ("/exports/attendance-2026q1-of-cebu/everything", "/exports/attendance-2026q1-of-cebu/everything"),
            (
                "/en.german%23holiday%40group.calendar.example/basic.ics",
                "/en.german%23holiday%40group.calendar.example/basic.ics",
            ),
        ] {
            let (path, shown) = (format!("https://x.example{path}"), format!("https://x.example{shown}"));
            assert_eq!((shown_url(&path), shown_url(&shown)), (shown.clone(), shown));
        }
    }
}
