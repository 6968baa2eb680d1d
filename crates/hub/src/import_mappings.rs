//! Mappings of tables of punches that people saved, beside those that come along.
//!
//! Invariants:
//! * A name is one mapping: a saved one never hides one that comes along.
//! * What is saved was read and checked, and is kept as the text that somebody wrote.

use jiff::Timestamp;
use roads::punch_table::Mapping;

use crate::saved::{SavedText, Shelf, checked_name};
use crate::{Actor, Error, Hub};

const MAPPINGS: Shelf = Shelf { setting: "import_mappings", what: "mapping of a table", action: "import.mapping" };

impl Hub {
    /// The saved mappings, by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn saved_mappings(&self) -> Result<Vec<SavedText>, Error> {
        self.store.read(|read| MAPPINGS.all(read))
    }

    /// The mapping of a name: one that comes along, or one that was saved.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is neither; it says which there are.
    pub fn import_mapping(&self, name: &str) -> Result<Mapping, Error> {
        if let Some(preset) = Mapping::preset(name) {
            return Ok(preset);
        }
        let saved = self.saved_mappings()?;
        if let Some(saved) = saved.iter().find(|saved| saved.name == name) {
            return read(name, &saved.text);
        }
        let names =
            Mapping::presets().map(|(name, _)| name.to_owned()).chain(saved.into_iter().map(|saved| saved.name));
        let cure = format!("there are {}", names.collect::<Vec<_>>().join(", "));
        Err(Error::invalid(format!("there is no mapping `{name}`"), cure))
    }

    /// Saves a mapping as TOML, or another version of the one of that name. What was imported by it stays.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name of other characters than letters, digits and `-`, or of a mapping that comes along; for a text that
    /// is no mapping.
    pub fn save_mapping(&self, actor: &Actor, name: &str, text: &str, now: Timestamp) -> Result<SavedText, Error> {
        checked_name(name, "mapping")?;
        if Mapping::preset(name).is_some() {
            let what = format!("`{name}` is a mapping that comes along and stays as it is");
            return Err(Error::invalid(what, "save yours under another name"));
        }
        read(name, text)?;
        self.store.write(|write| MAPPINGS.save(write, actor, (name, text), now))
    }

    /// Removes a saved mapping. What was imported by it stays, and so do its versions in the audit trail.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove_mapping(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| MAPPINGS.remove(write, actor, name, now))
    }
}

fn read(name: &str, text: &str) -> Result<Mapping, Error> {
    Mapping::parse(name, text).map_err(|why| Error::invalid(why, "see docs/imports.md"))
}
