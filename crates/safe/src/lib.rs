//! Secrets at rest: the keys of terminals, an edge's token and what the hub shows to other systems are sealed with a key that lies
//! in a file of its own, so that whoever gets hold of a spool or a database, or of a copy of it, has none of them.
//!
//! Invariants:
//! * A secret is sealed with ChaCha20-Poly1305 under a nonce of 12 random bytes, and bound to its place (a serial, the token
//!   file, a sink): it opens nowhere else, and what was changed does not open.
//! * The key file is its owner's alone, is whole or not there, and is never overwritten.

// A shell: it owns the key's file and draws the bytes of keys and nonces.
#![allow(clippy::disallowed_methods)]

pub mod private;

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// What a sealed text begins with.
const SEALED: &str = "sealed:";

/// Whose key it is: what messages about it say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Who: `edge`, `hub`.
    pub name: &'static str,
    /// The setting that names the file.
    pub setting: &'static str,
    /// What to do when the file is lost.
    pub if_lost: &'static str,
}

/// A key.
pub struct Key {
    file: PathBuf,
    key: LessSafeKey,
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read.
    #[error("the key file {file} can't be read: {why}; give the user that runs the {holder} access to it")]
    Unreadable {
        /// Who reads it.
        holder: &'static str,
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// There is no file and none could be made.
    #[error("the key file {file} can't be made: {why}; name another with the setting {setting}")]
    NotMade {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// The file is something else.
    #[error("the key file {file} holds no key (32 bytes in base64); put the right file back. If it is lost, {if_lost}")]
    NoKey {
        /// What to do when the right one is lost.
        if_lost: &'static str,
        /// The file.
        file: String,
    },
    /// The system gives no random bytes.
    #[error("nothing can be sealed: the system gives no random bytes: {0}")]
    NoChance(String),
}

impl Key {
    /// The key in a file. A file that is not there is made, with a new key that is its owner's alone.
    ///
    /// # Errors
    /// [`KeyError`]; a file that is there stays as it is.
    pub fn of_file(file: &Path, holder: Holder) -> Result<Self, KeyError> {
        let shown = file.display().to_string();
        if !file.exists() {
            let new = STANDARD.encode(random::<KEY_BYTES>()?);
            match private::make(file, format!("{new}\n").as_bytes()) {
                Ok(()) => {
                    tracing::info!(file = shown, "a key was made; secrets of this {} are sealed with it", holder.name);
                }
                // Somebody else made it meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(KeyError::NotMade { setting: holder.setting, file: shown, why: error.to_string() });
                }
            }
        }
        let text = std::fs::read(file).map_err(|error| {
            let (holder, why) = (holder.name, error.to_string());
            KeyError::Unreadable { holder, file: shown.clone(), why }
        })?;
        let bytes = STANDARD.decode(text.trim_ascii()).unwrap_or_default();
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes);
        let key = key.map_err(|_| KeyError::NoKey { if_lost: holder.if_lost, file: shown })?;
        Ok(Self { file: file.to_owned(), key: LessSafeKey::new(key) })
    }

    /// Where it lies.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Seals a secret for its place.
    ///
    /// # Errors
    /// [`KeyError::NoChance`].
    pub fn seal(&self, plain: &[u8], place: &str) -> Result<Vec<u8>, KeyError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = plain.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .map_err(|_| KeyError::NoChance("a secret is too large".to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The secret again; `None` when another key sealed it, for another place, or it was changed.
    pub fn open(&self, sealed: &[u8], place: &str) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = sealed.to_vec();
        let plain = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut bytes).ok()?;
        let count = plain.len();
        bytes.truncate(count);
        Some(bytes)
    }

    /// As [`Key::seal`], as one line of text.
    ///
    /// # Errors
    /// As [`Key::seal`].
    pub fn seal_text(&self, plain: &str, place: &str) -> Result<String, KeyError> {
        Ok(format!("{SEALED}{}", STANDARD.encode(self.seal(plain.as_bytes(), place)?)))
    }

    /// What [`Key::seal_text`] sealed.
    pub fn open_text(&self, sealed: &str, place: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed.strip_prefix(SEALED)?).ok()?;
        String::from_utf8(self.open(&bytes, place)?).ok()
    }
}

/// Whether a text was sealed.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(SEALED)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("file", &self.file).finish_non_exhaustive()
    }
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::NoChance(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OURS: Holder = Holder { name: "edge", setting: "edge.key_file", if_lost: "delete this one" };

    #[test]
    fn a_secret_opens_with_its_key_at_its_place_and_unchanged_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| Key::of_file(&folder.path().join(name), OURS).unwrap();
        let (ours, other) = (key("edge.key"), key("other.key"));
        let sealed = ours.seal(b"918273", "A1").unwrap();
        assert_eq!(key("edge.key").open(&sealed, "A1").as_deref(), Some(&b"918273"[..]), "the file was not made anew");
        assert_ne!(ours.seal(b"918273", "A1").unwrap(), sealed, "nobody sees that two are the same");
        assert_eq!(other.open(&sealed, "A1"), None);
        assert_eq!(ours.open(&sealed, "A2"), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(ours.open(&changed, "A1"), None, "byte {at}");
            assert_eq!(ours.open(&sealed[..at], "A1"), None, "cut at {at}");
        }
        let line = ours.seal_text("pc_1", "token").unwrap();
        assert_eq!(ours.open_text(&line, "token").as_deref(), Some("pc_1"));
        assert!(is_sealed(&line) && !is_sealed("pc_1"));
    }

    #[test]
    fn a_file_that_is_no_key_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("edge.key");
        std::fs::write(&file, "milk, bread, coffee\n").unwrap();
        let error = Key::of_file(&file, OURS).unwrap_err().to_string();
        assert!(error.contains("edge.key holds no key") && error.contains("delete this one"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"milk, bread, coffee\n");
        let nowhere = Key::of_file(&folder.path().join("gone/edge.key"), OURS).unwrap_err().to_string();
        assert!(nowhere.contains("can't be made") && nowhere.contains("edge.key_file"), "{nowhere}");
    }
}
