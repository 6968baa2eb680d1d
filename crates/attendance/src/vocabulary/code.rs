//! Short codes (timetables, pay tiers, premiums) and minutes per code.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

/// The pay code of minutes that no rule claims; always 100 percent (rules 14.3).
pub const REGULAR: &str = "REG";

/// A short name chosen by the company: a timetable, a pay tier, a premium (rules 3). Cheap to copy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Arc<str>);

impl Code {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl std::borrow::Borrow<str> for Code {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// Minutes per code, sorted by code, without zeros (rules 3). In JSON an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CodeMinutes(SmallVec<[(Code, i64); 2]>);

impl CodeMinutes {
    /// Adds minutes to a code; an entry that reaches 0 disappears.
    pub fn add(&mut self, code: &Code, minutes: i64) {
        match self.0.binary_search_by(|(known, _)| known.cmp(code)) {
            Ok(at) => {
                let Some(entry) = self.0.get_mut(at) else { return };
                entry.1 += minutes;
                if entry.1 == 0 {
                    self.0.remove(at);
                }
            }
            Err(at) if minutes != 0 => self.0.insert(at, (code.clone(), minutes)),
            Err(_) => {}
        }
    }

    /// Minutes of a code, 0 if it is absent.
    pub fn get(&self, code: &str) -> i64 {
        self.0.iter().find(|(known, _)| known == code).map_or(0, |(_, minutes)| *minutes)
    }

    /// Sum over all codes, in minutes.
    pub fn sum(&self) -> i64 {
        self.0.iter().map(|(_, minutes)| minutes).sum()
    }

    /// Whether no code has minutes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Codes with their minutes, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&Code, i64)> {
        self.0.iter().map(|(code, minutes)| (code, *minutes))
    }
}

impl<'a> FromIterator<(&'a str, i64)> for CodeMinutes {
    fn from_iter<I: IntoIterator<Item = (&'a str, i64)>>(entries: I) -> Self {
        let mut all = Self::default();
        entries.into_iter().for_each(|(code, minutes)| all.add(&code.into(), minutes));
        all
    }
}

impl Serialize for CodeMinutes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for CodeMinutes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = std::collections::BTreeMap::<String, i64>::deserialize(deserializer)?;
        Ok(entries.iter().map(|(code, minutes)| (code.as_str(), *minutes)).collect())
    }
}
