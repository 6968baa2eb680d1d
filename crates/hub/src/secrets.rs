//! What the hub shows to other systems, tokens and keys: sealed in its database with a key file that lies outside of it.
//!
//! Invariants:
//! * A secret leaves this crate only to whoever shows it to its receiver; lists, logs, answers and the audit trail never hold one.
//! * All secrets of a database are sealed with one key: nothing is sealed with another while one is there. The key file is made
//!   when there is none and nothing was sealed yet, never in the place of one that is missing.

use std::path::Path;

use jiff::Timestamp;
use safe::{Holder, Key};
use store::{Read, Write};

use crate::key_ends::put_key_end;
use crate::{Error, Hub};

/// The hub's key, in messages.
const HOLDER: Holder = Holder {
    name: "hub",
    setting: "hub.key_file",
    if_lost: "delete this one, remove what has a secret (`punchclock sink remove`, `terminal add ... --comm-key-file \"\"`) and add it again with its \
              secret: a new key is made then",
};

/// The cure for secrets that can't be opened.
const CURE: &str = "put back the key file that sealed them (several hubs on one database need the same; it lies beside the first one's \
                    data, or where hub.key_file says). If it is lost, remove what has a secret (`punchclock sink remove`, \
                    `terminal add ... --comm-key-file \"\"`) and add it again";

impl Hub {
    /// The key that secrets are sealed with; made when there is none and nothing was sealed yet.
    pub(crate) fn sealing_key(&self, read: &Read<'_>) -> Result<Key, Error> {
        let sealed = read.sealed_secrets()?;
        if sealed.is_empty() {
            return key_in(self.key_file()?);
        }
        let key = self.opening_key()?;
        for (place, sealed) in &sealed {
            open(&key, place, sealed)?;
        }
        Ok(key)
    }

    /// The key that opens what was sealed.
    pub(crate) fn opening_key(&self) -> Result<Key, Error> {
        let file = self.key_file()?;
        if !file.exists() {
            let what = format!("secrets are sealed, and the key file {} is not there", file.display());
            return Err(Error::invalid(what, CURE));
        }
        key_in(file)
    }

    fn key_file(&self) -> Result<&Path, Error> {
        self.key_file
            .as_ref()
            .map(|file| file.as_path())
            .ok_or_else(|| Error::invalid("this hub has no key file", "name one with the setting hub.key_file"))
    }

    /// Seals a secret for its place, over the one that was there.
    pub(crate) fn keep_secret(&self, write: &Write<'_>, place: &str, plain: &str, now: Timestamp) -> Result<(), Error> {
        put_key_end(write, place, None)?;
        seal(write, &self.sealing_key(write)?, place, plain, now)
    }

    /// The secret of a place; `None` when it has none.
    pub(crate) fn secret(&self, read: &Read<'_>, place: &str) -> Result<Option<String>, Error> {
        let Some(sealed) = read.sealed_secret(place)? else { return Ok(None) };
        open(&self.opening_key()?, place, &sealed).map(Some)
    }

    /// How many secrets there are; each was opened.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Key`], with the cure, when the key file is missing or another.
    pub fn check_secrets(&self) -> Result<usize, Error> {
        self.store.read(|read| {
            let count = read.sealed_secrets()?.len();
            if count > 0 {
                self.sealing_key(read)?;
            }
            Ok(count)
        })
    }
}

fn key_in(file: &Path) -> Result<Key, Error> {
    Key::of_file(file, HOLDER).map_err(|error| Error::Key(error.to_string()))
}

/// Seals a secret for its place with a key of [`Hub::sealing_key`].
pub(crate) fn seal(write: &Write<'_>, key: &Key, place: &str, plain: &str, now: Timestamp) -> Result<(), Error> {
    let sealed = key.seal(plain.as_bytes(), place).map_err(|error| Error::Key(error.to_string()))?;
    Ok(write.put_sealed_secret(place, &sealed, now.as_microsecond())?)
}

/// Opens what was sealed for a place.
pub(crate) fn open(key: &Key, place: &str, sealed: &[u8]) -> Result<String, Error> {
    let plain = key.open(sealed, place).ok_or_else(|| {
        let what = format!("what is sealed for {place} does not open with the key file {}", key.file().display());
        Error::invalid(what, CURE)
    })?;
    String::from_utf8(plain)
        .map_err(|_| Error::Damaged { what: "secret", detail: format!("that of {place} is no text") })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use store::Store;

    use super::*;

    fn hub(folder: &Path, key_file: &str) -> Hub {
        Hub::new(Store::open(&folder.join("hub.sqlite")).unwrap()).with_key_file(folder.join(key_file))
    }

    fn keep(hub: &Hub, place: &str, plain: &str) -> Result<(), Error> {
        hub.store.write(|write| hub.keep_secret(write, place, plain, Timestamp::UNIX_EPOCH))
    }

    fn told(hub: &Hub, place: &str) -> Result<Option<String>, Error> {
        hub.store.read(|read| hub.secret(read, place))
    }

    #[test]
    fn a_secret_is_sealed_for_its_place_and_opens_with_the_key_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let ours = hub(folder.path(), "hub.key");
        assert_eq!(ours.check_secrets().unwrap(), 0);
        assert!(!folder.path().join("hub.key").exists(), "no key is made for nothing");
        keep(&ours, "sink crm", "t0ken").unwrap();
        keep(&ours, "sink other", "0ther").unwrap();
        assert_eq!(told(&ours, "sink crm").unwrap().as_deref(), Some("t0ken"));
        assert_eq!(told(&ours, "sink none").unwrap(), None);
        let sealed = ours.store.read(|read| read.sealed_secrets()).unwrap();
        assert!(sealed.iter().all(|(_, sealed)| !sealed.windows(5).any(|bytes| bytes == b"t0ken")));
        // Moved to another place, it does not open.
        ours.store.write(|write| write.put_sealed_secret("sink other", &sealed[0].1, 0)).unwrap();
        assert!(told(&ours, "sink other").is_err());
    }

    #[test]
    fn a_key_file_that_is_missing_or_another_is_told_with_the_cure_and_nothing_is_sealed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        keep(&hub(folder.path(), "hub.key"), "sink crm", "t0ken").unwrap();
        let without = hub(folder.path(), "gone.key");
        for error in [told(&without, "sink crm").unwrap_err(), keep(&without, "sink b", "x").unwrap_err()] {
            let text = error.to_string();
            assert!(text.contains("gone.key is not there") && text.contains("put back the key file"), "{text}");
        }
        assert!(!folder.path().join("gone.key").exists(), "no new key stands in the place of a missing one");
        Key::of_file(&folder.path().join("other.key"), HOLDER).unwrap();
        let other = hub(folder.path(), "other.key");
        for error in [
            told(&other, "sink crm").unwrap_err(),
            keep(&other, "sink b", "x").unwrap_err(),
            other.check_secrets().unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("does not open") && text.contains("other.key") && text.contains("sink remove"),
                "{text}"
            );
        }
        assert_eq!(hub(folder.path(), "hub.key").check_secrets().unwrap(), 1, "the right one still opens all");
    }
}
