//! Until when the keys hold that other systems are opened with, as those systems say: told some weeks before.
//!
//! Invariants:
//! * What is known is of the secret that is there: with another one it is forgotten, until the system was asked again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use roads::sink::KeyEnd;
use store::{Read, Write};

use crate::{Error, Hub};

/// Setting: the first key that ends, by the place of the secret.
const KEY_ENDS: &str = "key_ends";
/// How long before it is told: time enough to ask whoever makes keys.
const TOLD_BEFORE: SignedDuration = SignedDuration::from_hours(21 * 24);

/// What is known, by the place of the secret.
pub(crate) fn key_ends(read: &Read<'_>) -> Result<BTreeMap<String, KeyEnd>, Error> {
    let damaged = |error: serde_json::Error| Error::Damaged { what: "ends of keys", detail: error.to_string() };
    read.setting(KEY_ENDS)?.map_or_else(|| Ok(BTreeMap::new()), |text| serde_json::from_str(&text).map_err(damaged))
}

/// Notes what is known of a place; nothing when `None`.
pub(crate) fn put_key_end(write: &Write<'_>, place: &str, end: Option<&KeyEnd>) -> Result<(), Error> {
    let mut all = key_ends(write)?;
    let before = match end {
        Some(end) => all.insert(place.to_owned(), end.clone()),
        None => all.remove(place),
    };
    if before.as_ref() == end {
        return Ok(());
    }
    let text = serde_json::to_string(&all);
    let text = text.map_err(|error| Error::Damaged { what: "ends of keys", detail: error.to_string() })?;
    Ok(write.put_setting(KEY_ENDS, &text)?)
}

/// That a key ends soon, with the cure; `None` where there is time, or no word of it. `add` is the command that takes another one.
pub(crate) fn warning(end: Option<&KeyEnd>, add: &str, now: Timestamp) -> Option<String> {
    let end = end?;
    let left = end.at.duration_since(now);
    if left > TOLD_BEFORE || left.is_negative() {
        return None;
    }
    let left = match left.as_hours() / 24 {
        0 => "in less than a day".to_owned(),
        1 => "in a day".to_owned(),
        days => format!("in {days} days"),
    };
    Some(format!(
        "API key `{}` of its user ends {left}, on {} UTC: make a new one in Odoo, give the same `{add}` command again with it (what waits \
         stays), and delete the old one there",
        end.name,
        end.at.strftime("%Y-%m-%d %H:%M")
    ))
}

impl Hub {
    /// Notes which key ends first, when a system told of some.
    pub(crate) fn note_key_ends(&self, place: &str, told: Option<Vec<KeyEnd>>, now: Timestamp) -> Result<(), Error> {
        let Some(told) = told else { return Ok(()) };
        // What has ended is not the one that opened it now.
        let first = told.into_iter().filter(|end| end.at > now).min_by_key(|end| end.at);
        if self.store.read(key_ends)?.get(place) == first.as_ref() {
            return Ok(());
        }
        self.store.write(|write| put_key_end(write, place, first.as_ref()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_three_weeks_before_it_ends_and_not_when_it_has() {
        let end = KeyEnd { name: "punchclock".to_owned(), at: "2026-03-25T10:00:00Z".parse().unwrap() };
        let told = |now: &str| warning(Some(&end), "punchclock sink add odoo", now.parse().unwrap());
        assert_eq!(told("2026-03-04T09:59:00Z"), None);
        for (now, left) in [
            ("2026-03-04T10:00:00Z", "ends in 21 days, on 2026-03-25 10:00 UTC: make a new one"),
            ("2026-03-24T09:00:00Z", "ends in a day"),
            ("2026-03-25T09:00:00Z", "ends in less than a day"),
        ] {
            let says = told(now).unwrap();
            assert!(says.contains(left) && says.contains("`punchclock sink add odoo`"), "{says}");
        }
        assert_eq!((told("2026-03-25T10:00:01Z"), warning(None, "", Timestamp::UNIX_EPOCH)), (None, None));
    }
}
