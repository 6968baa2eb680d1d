//! Texts that people saved under a name: layouts of payroll files, mappings of tables.
//!
//! Invariants:
//! * A name is one text of its shelf.
//! * Each save stands in the audit trail with the whole text, so that every earlier version can be read there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Read, Write};

use crate::resolve::instant;
use crate::{Actor, Error};

/// A text that somebody saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedText {
    /// Its name.
    pub name: String,
    /// The text, as it was written.
    pub text: String,
    /// When it was saved last, microseconds UTC.
    pub at_us: i64,
    /// By whom.
    pub by: String,
}

impl SavedText {
    /// When it was saved last.
    pub fn at(&self) -> Timestamp {
        instant(self.at_us)
    }
}

/// Refuses what names nothing: it stands in addresses and on command lines.
pub(crate) fn checked_name(name: &str, whose: &str) -> Result<(), Error> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Error::invalid(format!("`{name}` is no name of a {whose}"), "use letters, digits and -"));
    }
    Ok(())
}

/// Where texts of a kind are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shelf {
    /// The setting that holds them.
    pub(crate) setting: &'static str,
    /// What each is, for messages.
    pub(crate) what: &'static str,
    /// What is done to one, in the audit trail: `ACTION.save`, `ACTION.remove`.
    pub(crate) action: &'static str,
}

impl Shelf {
    /// All of them, by name.
    pub(crate) fn all(&self, read: &Read<'_>) -> Result<Vec<SavedText>, Error> {
        let Some(text) = read.setting(self.setting)? else { return Ok(Vec::new()) };
        serde_json::from_str(&text).map_err(|error| self.damaged(&error))
    }

    /// The one of a name.
    pub(crate) fn one(&self, read: &Read<'_>, name: &str) -> Result<SavedText, Error> {
        let found = self.all(read)?.into_iter().find(|saved| saved.name == name);
        found.ok_or_else(|| self.missing(name))
    }

    /// Saves a text that was looked at, in the place of the one of that name.
    pub(crate) fn save(
        &self,
        write: &Write<'_>,
        actor: &Actor,
        (name, text): (&str, &str),
        now: Timestamp,
    ) -> Result<SavedText, Error> {
        let at_us = now.as_microsecond();
        let saved = SavedText { name: name.to_owned(), text: text.to_owned(), at_us, by: actor.name.clone() };
        let mut all = self.all(write)?;
        all.retain(|known| known.name != name);
        all.push(saved.clone());
        all.sort_by(|a, b| a.name.cmp(&b.name));
        self.put(write, &all)?;
        write.audit(&actor.entry(now, &format!("{}.save", self.action), name, text))?;
        Ok(saved)
    }

    /// Removes the one of a name. Its versions stay in the audit trail.
    pub(crate) fn remove(&self, write: &Write<'_>, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        let mut all = self.all(write)?;
        let before = all.len();
        all.retain(|known| known.name != name);
        if all.len() == before {
            return Err(self.missing(name));
        }
        self.put(write, &all)?;
        Ok(write.audit(&actor.entry(now, &format!("{}.remove", self.action), name, ""))?)
    }

    fn put(&self, write: &Write<'_>, all: &[SavedText]) -> Result<(), Error> {
        let text = serde_json::to_string(all).map_err(|error| self.damaged(&error))?;
        Ok(write.put_setting(self.setting, &text)?)
    }

    fn missing(&self, name: &str) -> Error {
        Error::NotFound(format!("saved {} {name}", self.what))
    }

    fn damaged(&self, error: &serde_json::Error) -> Error {
        Error::Damaged { what: self.what, detail: error.to_string() }
    }
}
