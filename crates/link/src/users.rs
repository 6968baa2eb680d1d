//! Whom a terminal lists, told so that the hub lists the same.
//!
//! Invariants:
//! * A list is all of a terminal's user table, as it was read in one session. Of a table that broke off, or that has fewer records than
//!   the terminal says, nothing is told.
//! * An edge tells the digest of a list with each reading, once the hub has acknowledged what that brought. Where the users at the hub
//!   have another one, it asks for the list ([`Orders::wants_users`](crate::Orders::wants_users)), and the next heartbeat brings it. So
//!   neither side remembers what the other has, and whatever made them differ, the next reading ends it.
//! * Number and name travel, and nothing else: no card, no password, no template.

use serde::{Deserialize, Serialize};

use crate::closeout::Digest;

/// Most terminals that one heartbeat tells of; the next one brings more.
pub const MAX_TABLES: usize = 20;
/// Longest list that is told; one is in a heartbeat, which must fit into a call.
pub const MAX_LISTED: usize = 20_000;

/// The users of a terminal as an edge read them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    /// Serial of the terminal.
    pub serial: String,
    /// When they were read, microseconds since the epoch, UTC; what was changed later may not be in it.
    pub read_us: i64,
    /// The digest of all of them.
    pub digest: Digest,
    /// Number and name of each, where the hub has asked. At most [`MAX_LISTED`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<(String, String)>>,
}

impl UserList {
    /// A whole list; a number that the terminal has twice is called as it is called last. `None` where it is too long to be told.
    pub fn of(serial: &str, read_us: i64, users: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        let users: std::collections::BTreeMap<String, String> = users.into_iter().collect();
        let digest = digest(users.iter().map(|(number, name)| (number.as_str(), name.as_str())));
        let users = (users.len() <= MAX_LISTED).then(|| users.into_iter().collect())?;
        Some(Self { serial: serial.to_owned(), read_us, digest, users: Some(users) })
    }

    /// Whether the list is the one that its digest is of.
    pub fn is_sound(&self) -> bool {
        let is_of = |users: &Vec<(String, String)>| {
            let pairs = users.iter().map(|(number, name)| (number.as_str(), name.as_str()));
            users.len() <= MAX_LISTED && digest(pairs) == self.digest
        };
        self.users.as_ref().is_none_or(is_of)
    }
}

/// The digest of users, number and name each, in whatever order: the sum of their hashes as 128-bit numbers.
pub fn digest<'u>(users: impl IntoIterator<Item = (&'u str, &'u str)>) -> Digest {
    let sum = users.into_iter().fold(0_u128, |sum, (number, name)| sum.wrapping_add(hash(number, name)));
    Digest(sum)
}

/// A database shows a NUL by its sign, so that both are the same.
fn hash(number: &str, name: &str) -> u128 {
    let mut hash = blake3::Hasher::new();
    hash.update(b"listed/1\x1f").update(number.replace('\0', "\u{2400}").as_bytes());
    hash.update(b"\x1f").update(name.replace('\0', "\u{2400}").as_bytes());
    hash.finalize().as_bytes().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(users: &[(&str, &str)]) -> UserList {
        let users = users.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned()));
        UserList::of("A1", 5, users).unwrap()
    }

    #[test]
    fn the_order_does_not_matter_and_every_number_and_name_does() {
        let both = list(&[("12", "Ann"), ("0012", "Ben")]);
        assert_eq!(list(&[("0012", "Ben"), ("12", "Ann")]), both);
        assert_eq!(list(&[("12", "An"), ("0012", "Ben"), ("12", "Ann")]), both, "called as it is called last");
        for other in [
            list(&[]),
            list(&[("12", "Ann")]),
            list(&[("12", "Ann"), ("12", "Ben")]),
            list(&[("12", "Ann"), ("0012", "Bea")]),
            list(&[("12A", "nn"), ("0012", "Ben")]),
        ] {
            assert_ne!(other.digest, both.digest, "{other:?}");
        }
        assert_eq!(list(&[("1", "A\0n")]).digest, list(&[("1", "A\u{2400}n")]).digest, "as it is stored");
    }

    #[test]
    fn a_list_that_is_not_that_of_its_digest_is_not_sound_and_a_longer_one_is_not_told() {
        let told = list(&[("12", "Ann")]);
        assert!(told.is_sound() && UserList { users: None, ..told.clone() }.is_sound());
        assert!(!UserList { users: Some(Vec::new()), ..told }.is_sound());
        let users = |count: usize| (0..count).map(|number| (number.to_string(), String::new()));
        assert!(UserList::of("A1", 5, users(MAX_LISTED)).is_some());
        assert_eq!(UserList::of("A1", 5, users(MAX_LISTED + 1)), None);
    }
}
