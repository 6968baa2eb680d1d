//! Serde forms of an instant held as seconds since the epoch: RFC 3339 text outside, an integer inside.
//!
//! Use as `#[serde(with = "instant")]`, or `#[serde(default, with = "instant::option")]` for an optional one.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// Writes seconds since the epoch as RFC 3339 in UTC. Fails beyond the years that RFC 3339 can name.
pub fn serialize<S: Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    Timestamp::from_second(*seconds).map_err(ser::Error::custom)?.serialize(serializer)
}

/// Reads RFC 3339 with any offset; fractions of a second are dropped.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let instant = Timestamp::deserialize(deserializer).map_err(de::Error::custom)?;
    Ok(instant.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(i64::MAX))
}

/// The same for an instant that may be missing.
pub mod option {
    use super::{Deserialize, Deserializer, Serializer};

    /// Writes null, or RFC 3339.
    pub fn serialize<S: Serializer>(seconds: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        match seconds {
            Some(seconds) => super::serialize(seconds, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads null, or RFC 3339.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        #[derive(Deserialize)]
        struct Present(#[serde(with = "super")] i64);
        Ok(Option::<Present>::deserialize(deserializer)?.map(|present| present.0))
    }
}
