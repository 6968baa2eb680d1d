//! Layouts of payroll files that people saved, beside those that come along.
//!
//! Invariants:
//! * A name is one layout: a saved one never hides one that comes along.
//! * What is saved was read and checked: only a layout that can be is kept, as the text that somebody wrote, with its remarks.

use std::collections::BTreeSet;

use attendance::REGULAR;
use jiff::Timestamp;
use roads::payroll::{HOLIDAY_CREDIT, Layout, PAID_LEAVE, PRESETS};

use crate::saved::{SavedText, Shelf, checked_name};
use crate::{Actor, Error, Hub};

const LAYOUTS: Shelf = Shelf { setting: "payroll_layouts", what: "payroll layout", action: "payroll.layout" };

fn of_preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

impl Hub {
    /// The saved layouts, by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn saved_layouts(&self) -> Result<Vec<SavedText>, Error> {
        self.store.read(|read| LAYOUTS.all(read))
    }

    /// The saved layout of a name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn saved_layout(&self, name: &str) -> Result<SavedText, Error> {
        self.store.read(|read| LAYOUTS.one(read, name))
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
    pub fn save_layout(&self, actor: &Actor, name: &str, text: &str, now: Timestamp) -> Result<SavedText, Error> {
        checked_name(name, "layout")?;
        if of_preset(name).is_some() {
            let what = format!("`{name}` is a layout that comes along and stays as it is");
            return Err(Error::invalid(what, "save yours under another name"));
        }
        Layout::from_toml(text)?;
        self.store.write(|write| LAYOUTS.save(write, actor, (name, text), now))
    }

    /// Removes a saved layout. Files that were made in it stay, and so do its versions in the audit trail.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove_layout(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| LAYOUTS.remove(write, actor, name, now))
    }
}
