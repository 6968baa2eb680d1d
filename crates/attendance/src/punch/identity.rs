//! The fingerprint of a punch (punch identity, "fingerprint").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{PrintedTime, canonical_origin, canonical_user};

/// 16 bytes: big-endian hour of the printed time (offset by 2^31; 0 for a text that is no date), then 12 bytes of
/// BLAKE3 over the identity (rules 5.2). Led by the hour, so that new keys land at the end of an index. In JSON it is
/// its text form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub [u8; 16]);

/// A text that is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 32 hexadecimal digits, as `punchclock held list` prints it")]
pub struct NotAFingerprint;

impl Fingerprint {
    /// The lowest key of the hour of a printed second: a range of times is a range of keys.
    pub fn first_of_hour(seconds: i64) -> Self {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&hour_key(seconds).to_be_bytes());
        Self(key)
    }

    /// The hour in which it was printed, as seconds since 1970 on the terminal's face. Of no meaning for a text that is no date.
    pub fn hour(&self) -> i64 {
        let hour = u32::from_be_bytes(self.0.first_chunk().copied().unwrap_or_default());
        (i64::from(hour) - (1 << 31)) * 3600
    }

    /// The identity of what `origin` said: user number and printed time (rules 5.2). Origin and user are brought to
    /// canonical form.
    pub fn of(origin: &str, user: &str, time: &PrintedTime) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(b"punch/1\x1f").update(canonical_origin(origin).as_bytes());
        hash.update(b"\x1f").update(canonical_user(user).as_bytes()).update(b"\x1f");
        let hour = match time {
            PrintedTime::Seconds(seconds) => {
                hash.update(seconds.to_string().as_bytes());
                hour_key(*seconds)
            }
            PrintedTime::Raw(bytes) => {
                hash.update(b"raw:").update(bytes);
                0
            }
        };
        let mut fingerprint = [0; 16];
        fingerprint[..4].copy_from_slice(&hour.to_be_bytes());
        fingerprint[4..].copy_from_slice(&hash.finalize().as_bytes()[..12]);
        Self(fingerprint)
    }
}

/// The leading four bytes; times beyond the range of 32 bits (no clock prints them) share the outermost hours.
fn hour_key(seconds: i64) -> u32 {
    let shifted = seconds.div_euclid(3600).saturating_add(1 << 31);
    u32::try_from(shifted.clamp(1, i64::from(u32::MAX))).unwrap_or(u32::MAX)
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotAFingerprint;

    fn try_from(text: String) -> Result<Self, NotAFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAFingerprint);
        }
        let value = u128::from_str_radix(text, 16).map_err(|_| NotAFingerprint)?;
        Ok(Self(value.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table "Vectors" of the reference, printed times included.
    const VECTORS: [(&str, &str, &str, Option<i64>, &str); 8] = [
        ("A1", "5349", "2023-01-03 10:34:08", Some(1672742048), "8007170ae7e93271f5158c7e3b92ea86"),
        ("B1", "6731", "2022-11-18 19:06:15", Some(1668798375), "800712c3ae408539d9a61c899f46c344"),
        ("CGKK223862906", "12", "2000-01-01 00:00:07", Some(946684807), "800403380fe3f19ee35b547e805695a6"),
        ("CGKK223862906", "0012", "2000-01-01 00:00:07", Some(946684807), "800403389b2786940dba7bdacc9b40c2"),
        ("source:door-db/3", "E-20001", "2026-06-02 09:15:00", Some(1780391700), "80078bd90b0f76b8b13ef0fec0200412"),
        ("A1", "5349", "1969-12-31 23:59:59", Some(-1), "7fffffffff86d114bb1679d8cef3b01d"),
        ("A1", "5349", "1971--10--29 -23:-59:-53", Some(7), "8000000038e371e29bd9c9e3b71bdae6"),
        ("A1", "5349", "2026-13-45 25:61:00", None, "000000004d548ee45be81914849e3b57"),
    ];

    #[test]
    fn every_vector_of_the_reference_holds() {
        for (origin, user, printed, seconds, expected) in VECTORS {
            let time = PrintedTime::parse(printed);
            assert_eq!(time.seconds(), seconds, "{printed}");
            assert_eq!(Fingerprint::of(origin, user, &time).to_string(), expected, "{origin} {user} {printed}");
        }
    }

    #[test]
    fn blanks_and_nuls_around_serial_and_number_do_not_make_a_twin() {
        let time = PrintedTime::parse("2023-01-03 10:34:08");
        let plain = Fingerprint::of("A1", "5349", &time);
        assert_eq!(Fingerprint::of("A1\0\0", "     5349\0", &time), plain);
        assert_ne!(Fingerprint::of("a1", "5349", &time), plain);
        assert_ne!(Fingerprint::of("A1", "05349", &time), plain);
    }

    #[test]
    fn the_text_form_reads_back() {
        let fingerprint = Fingerprint::of("A1", "1", &PrintedTime::Seconds(7));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!("80".parse::<Fingerprint>(), Err(NotAFingerprint));
    }
}
