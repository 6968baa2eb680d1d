//! How an edge becomes a hub's: the code that a person carries from one to the other, and the calls that give the edge its
//! token and, later, a new one.
//!
//! Invariants:
//! * A code is good for one edge, for a while, until that edge has shown the token that it got for it. The hub stores no code
//!   and no token, only their hashes.
//! * A new token takes the place of the old one when it is shown for the first time, not when it is given: an answer that is
//!   lost locks nobody out.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// What a code begins with; the number is that of its form.
const PREFIX: &str = "punch1.";
const PIN_PREFIX: &str = "sha256//";
const PIN_BYTES: usize = 32;
const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;
/// Most pins of a code.
pub const MOST_PINS: u8 = 9;
/// Stands between the addresses of several hubs.
const BETWEEN: char = ',';

/// The public key of a hub's certificate, as curl's `--pinnedpubkey` writes it: `sha256//` and the base64 of the SHA-256 of its
/// SubjectPublicKeyInfo.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; PIN_BYTES]);

/// A text that is no pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pin: write sha256// and 44 letters of base64, as `punchclock hub certificate` prints it")]
pub struct NoPin(String);

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PIN_PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = NoPin;

    fn from_str(text: &str) -> Result<Self, NoPin> {
        let bytes = text.trim().strip_prefix(PIN_PREFIX).and_then(|text| STANDARD.decode(text).ok());
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(|| NoPin(text.to_owned()))
    }
}

/// What a code says.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The addresses of the hub, or of several on one database, `http` or `https`.
    pub hubs: Vec<String>,
    /// The keys of their certificates, [`MOST_PINS`] at most; empty where the certificates that the edge's system trusts decide.
    pub pins: Vec<Pin>,
    /// 32 random bytes.
    pub secret: [u8; SECRET_BYTES],
}

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    /// It is something else, or of a newer version.
    #[error("this is no code of `punchclock edge invite`: it begins with {PREFIX}")]
    Other,
    /// It was cut or changed on the way.
    #[error("the code is not whole: copy all of it, in one line")]
    Damaged,
}

impl Invitation {
    /// The one-time token as it is sent, in `Authorization: Bearer`.
    pub fn token(&self) -> String {
        token(&self.secret)
    }
}

/// The one-time token of a secret.
pub fn token(secret: &[u8; SECRET_BYTES]) -> String {
    format!("pi_{}", URL_SAFE_NO_PAD.encode(secret))
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation").field("hubs", &self.hubs).field("pins", &self.pins).finish_non_exhaustive()
    }
}

/// The code: what is told, and a check of four bytes, in letters that survive a mail and a shell.
impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = u8::try_from(self.pins.len()).unwrap_or(MOST_PINS).min(MOST_PINS);
        let mut bytes = vec![count];
        bytes.extend(self.pins.iter().take(count.into()).flat_map(|pin| pin.0));
        bytes.extend(self.secret);
        bytes.extend(self.hubs.join(&BETWEEN.to_string()).bytes());
        bytes.extend(check(&bytes));
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Invitation {
    type Err = NoCode;

    fn from_str(text: &str) -> Result<Self, NoCode> {
        let text = text.trim().strip_prefix(PREFIX).ok_or(NoCode::Other)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCode::Damaged)?;
        let (told, sum) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(NoCode::Damaged)?;
        if check(told) != *sum {
            return Err(NoCode::Damaged);
        }
        let (count, mut rest) = told.split_first().ok_or(NoCode::Damaged)?;
        if *count > MOST_PINS {
            return Err(NoCode::Other);
        }
        let mut pins = Vec::new();
        for _ in 0..*count {
            let (pin, after) = rest.split_first_chunk().ok_or(NoCode::Damaged)?;
            pins.push(Pin(*pin));
            rest = after;
        }
        let (secret, hubs) = rest.split_first_chunk().ok_or(NoCode::Damaged)?;
        let hubs = std::str::from_utf8(hubs).map_err(|_| NoCode::Damaged)?;
        Ok(Self { hubs: hubs.split(BETWEEN).map(str::to_owned).collect(), pins, secret: *secret })
    }
}

/// Against slips of people, not against people: FNV-1a.
fn check(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let sum = bytes.iter().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    sum.to_be_bytes()
}

/// The hub's answer to a one-time token ([`path::ENROLL`](crate::path::ENROLL)).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The name by which the hub knows the edge.
    pub edge: String,
    /// The edge's token.
    pub token: String,
}

/// The hub's answer to an edge that asks for a new token ([`path::TOKEN`](crate::path::TOKEN)). The old one holds until this
/// one is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// The edge's next token.
    pub token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitations() -> [Invitation; 3] {
        let pinned =
            Invitation { hubs: vec!["https://hub.example:8443".into()], pins: vec![Pin([7; 32])], secret: [9; 32] };
        let several = Invitation {
            hubs: vec!["https://10.0.0.7".into(), "https://10.0.0.8".into()],
            pins: vec![Pin([7; 32]), Pin([8; 32])],
            ..pinned.clone()
        };
        [Invitation { pins: Vec::new(), hubs: vec!["http://10.0.0.7:8080".into()], ..pinned.clone() }, several, pinned]
    }

    #[test]
    fn a_code_for_one_hub_is_that_of_older_versions() {
        let [_, _, pinned] = invitations();
        assert!(pinned.to_string().starts_with("punch1.AQcHBwcHBwcH"), "{pinned}");
    }

    #[test]
    fn a_code_is_read_as_it_was_written() {
        for invitation in invitations() {
            let code = invitation.to_string();
            assert!(code.len() < 200 && code.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{code}");
            assert_eq!(format!(" {code}\n").parse(), Ok(invitation));
        }
    }

    #[test]
    fn a_code_that_was_cut_or_changed_is_refused() {
        for code in invitations().map(|invitation| invitation.to_string()) {
            for end in 0..code.len() {
                assert!(code[..end].parse::<Invitation>().is_err(), "{end}");
                let other = if &code[end..=end] == "A" { "B" } else { "A" };
                let changed = format!("{}{other}{}", &code[..end], &code[end + 1..]);
                assert!(changed.parse::<Invitation>().is_err(), "{changed}");
            }
        }
        assert_eq!("hello".parse::<Invitation>(), Err(NoCode::Other));
        assert_eq!("punch1.AAAA".parse::<Invitation>(), Err(NoCode::Damaged));
    }

    #[test]
    fn nothing_secret_shows_where_values_are_logged() {
        let [_, _, pinned] = invitations();
        assert_eq!(
            format!("{pinned:?}"),
            "Invitation { hubs: [\"https://hub.example:8443\"], pins: [Pin(sha256//BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=)], .. }"
        );
    }

    #[test]
    fn a_pin_is_read_as_it_is_written() {
        let pin = Pin([7; 32]);
        assert_eq!(pin.to_string().parse(), Ok(pin));
        for other in ["", "sha256//", "sha256//BwcH", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="] {
            assert!(other.parse::<Pin>().is_err(), "{other}");
        }
    }
}
