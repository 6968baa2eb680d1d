//! Layouts of payroll files that people saved, beside those that come along.
//!
//! Invariants:
//! * A name is one layout: a saved one never hides one that comes along.
//! * What is saved was read and checked: only a layout that can be is kept, as the text that somebody wrote, with its remarks.
//! * Each save stands in the audit trail with the whole text, so that every earlier version can be read there.

use std::collections::BTreeSet;

use attendance::REGULAR;
use jiff::Timestamp;
use roads::payroll::{HOLIDAY_CREDIT, Layout, PAID_LEAVE, PRESETS};
use serde::{Deserialize, Serialize};
use store::Read;

use crate::resolve::instant;
use crate::{Actor, Error, Hub};

const LAYOUTS: &str = "payroll_layouts";

/// A layout that somebody saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedLayout {
    /// Its name.
    pub name: String,
    /// The layout as TOML, as it was written.
    pub text: String,
    /// When it was saved last, microseconds UTC.
    pub at_us: i64,
    /// By whom.
    pub by: String,
}

impl SavedLayout {
    /// When it was saved last.
    pub fn at(&self) -> Timestamp {
        instant(self.at_us)
    }

    /// What its text says.
    ///
    /// # Errors
    /// [`Error::Invalid`] when an older version of the program took what this one does not.
    pub fn layout(&self) -> Result<Layout, Error> {
        Ok(Layout::from_toml(&self.text)?)
    }
}

fn read_all(read: &Read<'_>) -> Result<Vec<SavedLayout>, Error> {
    let Some(text) = read.setting(LAYOUTS)? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|error| damaged(&error))
}

fn json(layouts: &[SavedLayout]) -> Result<String, Error> {
    serde_json::to_string(layouts).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> Error {
    Error::Damaged { what: "payroll layouts", detail: error.to_string() }
}

fn of_preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Refuses what names nothing: it stands in addresses and on command lines.
pub(crate) fn checked_name(name: &str, whose: &str) -> Result<(), Error> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Error::invalid(format!("`{name}` is no name of a {whose}"), "use letters, digits and -"));
    }
    Ok(())
}

impl Hub {
    /// The saved layouts, by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn saved_layouts(&self) -> Result<Vec<SavedLayout>, Error> {
        self.store.read(read_all)
    }

    /// The saved layout of a name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn saved_layout(&self, name: &str) -> Result<SavedLayout, Error> {
        let saved = self.saved_layouts()?.into_iter().find(|saved| saved.name == name);
        saved.ok_or_else(|| Error::NotFound(format!("saved payroll layout {name}")))
    }

    /// The text of a layout that was saved or comes along, as it was written.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is neither; it says which there are.
    pub fn layout_text(&self, name: &str) -> Result<String, Error> {
        if let Some(text) = of_preset(name) {
            return Ok(text.to_owned());
        }
        let saved = self.saved_layouts()?;
        let names: Vec<&str> =
            PRESETS.iter().map(|(name, _)| *name).chain(saved.iter().map(|saved| saved.name.as_str())).collect();
        let cure = format!("there are {}", names.join(", "));
        let found = saved.iter().find(|saved| saved.name == name).map(|saved| saved.text.clone());
        found.ok_or_else(|| Error::invalid(format!("there is no layout `{name}`"), cure))
    }

    /// The layout of a name: one that was saved, or one that comes along.
    ///
    /// # Errors
    /// As [`Hub::layout_text`].
    pub fn pay_layout(&self, name: &str) -> Result<Layout, Error> {
        Ok(Layout::from_toml(&self.layout_text(name)?)?)
    }

    /// Our pay codes that a layout may map: those of the company's policies, and what is paid besides.
    ///
    /// # Errors
    /// Of the store.
    pub fn pay_codes(&self) -> Result<Vec<String>, Error> {
        let company = self.company()?;
        let mut codes = vec![REGULAR.to_owned()];
        for version in company.policies.iter() {
            let tiers = version.policy.pay_rules.iter().map(|rule| &rule.code);
            codes.extend(tiers.chain(version.policy.premiums.iter().map(|one| &one.code)).map(ToString::to_string));
        }
        codes.extend([PAID_LEAVE, HOLIDAY_CREDIT].map(str::to_owned));
        let mut seen = BTreeSet::new();
        codes.retain(|code| seen.insert(code.clone()));
        Ok(codes)
    }

    /// Saves a layout, or another version of the one of that name. Targets keep the one that they were added with.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name of other characters than letters, digits and `-`, or of a layout that comes along; for a text that
    /// is no layout.
    pub fn save_layout(&self, actor: &Actor, name: &str, text: &str, now: Timestamp) -> Result<SavedLayout, Error> {
        checked_name(name, "layout")?;
        if of_preset(name).is_some() {
            let what = format!("`{name}` is a layout that comes along and stays as it is");
            return Err(Error::invalid(what, "save yours under another name"));
        }
        Layout::from_toml(text)?;
        let at_us = now.as_microsecond();
        let saved = SavedLayout { name: name.to_owned(), text: text.to_owned(), at_us, by: actor.name.clone() };
        self.store.write(|write| -> Result<(), Error> {
            let mut layouts = read_all(write)?;
            layouts.retain(|known| known.name != name);
            layouts.push(saved.clone());
            layouts.sort_by(|a, b| a.name.cmp(&b.name));
            write.put_setting(LAYOUTS, &json(&layouts)?)?;
            Ok(write.audit(&actor.entry(now, "payroll.layout.save", name, text))?)
        })?;
        Ok(saved)
    }

    /// Removes a saved layout. Files that were made in it stay, and so do its versions in the audit trail.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove_layout(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let mut layouts = read_all(write)?;
            let before = layouts.len();
            layouts.retain(|known| known.name != name);
            if layouts.len() == before {
                return Err(Error::NotFound(format!("saved payroll layout {name}")));
            }
            write.put_setting(LAYOUTS, &json(&layouts)?)?;
            Ok(write.audit(&actor.entry(now, "payroll.layout.remove", name, ""))?)
        })
    }
}
