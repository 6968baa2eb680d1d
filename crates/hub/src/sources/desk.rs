//! Sources as people see and change them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use roads::sink::KeyEnd;
use store::Read;
use store::sources::Source;

use super::holidays::forget_marks;
use super::odoo::origin;
use super::tables::password_place;
use super::{SourceNotes, SourceSettings, work};
use crate::addresses;
use crate::key_ends::{self, put_key_end};
use crate::{Actor, Error, Hub};

/// Longest name: it stands before readers and codes.
const MOST_LETTERS: usize = 40;

/// How it is with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// It answered when it was asked last.
    Well,
    /// It does not answer.
    Down,
    /// It was not asked yet.
    New,
    /// Nothing is read from it.
    Paused,
}

impl SourceState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Well, Self::Down, Self::New, Self::Paused];

    /// The word for it in tables and addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Down => "down",
            Self::New => "new",
            Self::Paused => "paused",
        }
    }

    fn of(source: &Source) -> Self {
        match (source.is_paused, source.down_us, source.read_us) {
            (true, ..) => Self::Paused,
            (false, Some(_), _) => Self::Down,
            (false, None, Some(_)) => Self::Well,
            (false, None, None) => Self::New,
        }
    }
}

/// A source as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub settings: SourceSettings,
    /// How it is with it.
    pub state: SourceState,
    /// When it was asked last.
    pub tried: Option<Timestamp>,
    /// When it answered last.
    pub read: Option<Timestamp>,
    /// Since when it does not answer.
    pub down: Option<Timestamp>,
    /// What came of it last, or why it does not answer.
    pub says: String,
    /// What else of its readings is for a person to see.
    pub notes: SourceNotes,
    /// The first of the keys there that ends, as far as it told.
    pub key_end: Option<KeyEnd>,
}

impl SourceRow {
    /// That a key ends within three weeks, with the cure.
    pub fn key_warning(&self, now: Timestamp) -> Option<String> {
        key_ends::warning(self.key_end.as_ref(), &format!("punchclock source add {}", self.settings.kind()), now)
    }

    fn new(source: Source, key_ends: &mut BTreeMap<String, KeyEnd>) -> Result<Self, Error> {
        let at = |us: Option<i64>| us.map(instant);
        Ok(Self {
            settings: SourceSettings::of(&source)?,
            state: SourceState::of(&source),
            tried: at(source.tried_us),
            read: at(source.read_us),
            down: at(source.down_us),
            notes: SourceNotes::of(&source),
            key_end: key_ends.remove(&password_place(&source.name)),
            name: source.name,
            says: source.says,
        })
    }
}

pub(super) fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The source of a name.
pub(super) fn known_source(read: &Read<'_>, name: &str) -> Result<Source, Error> {
    let missing = || Error::NotFound(format!("source {name}; `punchclock source list` shows them"));
    read.sources()?.into_iter().find(|source| source.name == name).ok_or_else(missing)
}

impl Hub {
    /// Adds a source, or changes the one of that name, which is read from the beginning then. A running server reads it at its next `pull`.
    /// `password` is what a table or an Odoo is opened with.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name of other characters than letters, digits and `-`, settings that can't be, or an address as lists show
    /// it that is not the one before; [`Error::Key`] when something can't be sealed.
    pub fn add_source(
        &self,
        actor: &Actor,
        name: &str,
        settings: &SourceSettings,
        password: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || name.len() > MOST_LETTERS || !name.chars().all(is_name) {
            return Err(Error::invalid(
                format!("`{name}` is no name of a source"),
                "use up to 40 letters, digits and -",
            ));
        }
        match settings {
            SourceSettings::Holidays(settings) => settings.check()?,
            SourceSettings::Mssql(settings) => settings.check()?,
            SourceSettings::Odoo(settings) => settings.check()?,
        }
        self.store.write(|write| {
            let before = write.sources()?.into_iter().find(|source| source.name == name);
            let mut settings = settings.clone();
            let (place, mut known) =
                (addresses::of_source(name), before.as_ref().and_then(|it| SourceSettings::of(it).ok()));
            match settings.url() {
                Some(url) => {
                    let known = known.as_mut().and_then(SourceSettings::url).map(|url| url.as_str());
                    *url = self.keep_address(write, &place, (known, url.as_str()), now)?;
                }
                None => drop(write.drop_secret(&place)?),
            }
            write.put_source(name, &settings.json()?)?;
            match password {
                Some(password) => self.keep_secret(write, &password_place(name), password, now)?,
                None => drop(write.drop_secret(&password_place(name))?),
            }
            let was = before.as_ref().map_or_else(|| "none".to_owned(), SourceSettings::audited_of);
            let detail = format!("{was} -> {}", settings.audited()?);
            Ok(write.audit(&actor.entry(now, "source.add", name, detail))?)
        })
    }

    /// Removes a source. What it stated stays; its marks of years that are not available and its proposals go.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove_source(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let before = known_source(write, name)?;
            forget_marks(write, name, now)?;
            write.forget_users_of(&origin(name))?;
            write.drop_source(name)?;
            write.drop_secret(&password_place(name))?;
            write.drop_secret(&addresses::of_source(name))?;
            put_key_end(write, &password_place(name), None)?;
            let was = SourceSettings::audited_of(&before);
            Ok(write.audit(&actor.entry(now, "source.remove", name, was))?)
        })
    }

    /// Pauses a source, or lets it go on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn pause_source(&self, actor: &Actor, name: &str, is_paused: bool, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            known_source(write, name)?;
            write.pause_source(name, is_paused)?;
            let action = if is_paused { "source.pause" } else { "source.resume" };
            Ok(write.audit(&actor.entry(now, action, name, ""))?)
        })
    }

    /// How it stands with each source, by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn sources(&self) -> Result<Vec<SourceRow>, Error> {
        self.store.read(|read| {
            let mut key_ends = key_ends::key_ends(read)?;
            read.sources()?.into_iter().map(|source| SourceRow::new(source, &mut key_ends)).collect()
        })
    }

    /// How it stands with one source.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn source(&self, name: &str) -> Result<SourceRow, Error> {
        self.store.read(|read| SourceRow::new(known_source(read, name)?, &mut key_ends::key_ends(read)?))
    }

    /// Writes down that somebody reads a source at once, here.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn note_reading(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            known_source(write, name)?;
            Ok(write.audit(&actor.entry(now, "source.read", name, "by hand"))?)
        })
    }

    /// Asks for a source to be read at once, by whichever hub takes it; the number of the job.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when it is paused.
    pub fn ask_to_read(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<i64, Error> {
        let id = self.store.write(|write| {
            if known_source(write, name)?.is_paused {
                return Err(Error::invalid(format!("source {name} is paused"), "resume it first"));
            }
            let id = work::ask(write, name, now)?;
            write.audit(&actor.entry(now, "source.read", name, format!("job {id}")))?;
            Ok(id)
        })?;
        self.bell.ring();
        Ok(id)
    }
}
