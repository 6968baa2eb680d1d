//! The file with the token that the hub gave this edge: sealed where the edge wrote it, plain where a person put it.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use safe::{Key, KeyError, is_sealed, private};

use crate::KEY_HOLDER;

/// The place that sealed tokens are bound to.
const PLACE: &str = "token";

/// The file, and what was last read from it.
#[derive(Debug)]
pub struct TokenFile {
    file: PathBuf,
    key_file: PathBuf,
    cached: Mutex<Option<String>>,
}

/// Why there is no token, or none could be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The file can't be read.
    #[error("the token file {0} can't be read: {1}; `punchclock edge enroll CODE` writes it")]
    Unreadable(String, String),
    /// There is nothing in it.
    #[error("the token file {0} is empty: `punchclock edge enroll CODE` writes it")]
    Empty(String),
    /// Another key sealed it.
    #[error(
        "the token in {file} can't be opened with the key file {key_file}: put back the key file that sealed it, or ask at the hub \
         for a code (`punchclock edge invite`) and enrol again; what terminals said is not affected"
    )]
    Closed {
        /// The token's file.
        file: String,
        /// The key's file.
        key_file: String,
    },
    /// There is no key to seal it with.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file can't be written.
    #[error("the token file {0} can't be written: {1}; give the user that runs the edge access to its folder")]
    NotWritten(String, String),
}

impl TokenFile {
    /// A file, which is read when it is needed, and the file of the key that seals it.
    pub fn new(file: PathBuf, key_file: PathBuf) -> Self {
        Self { file, key_file, cached: Mutex::new(None) }
    }

    /// The token; read from the file at the first call and after [`TokenFile::forget`].
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn read(&self) -> Result<String, TokenError> {
        let mut cached = self.cached();
        if let Some(token) = &*cached {
            return Ok(token.clone());
        }
        let text = std::fs::read_to_string(&self.file)
            .map_err(|error| TokenError::Unreadable(self.shown(), error.to_string()))?;
        let text = text.trim();
        let token = if is_sealed(text) {
            Key::of_file(&self.key_file, KEY_HOLDER)?.open_text(text, PLACE).ok_or_else(|| TokenError::Closed {
                file: self.shown(),
                key_file: self.key_file.display().to_string(),
            })?
        } else {
            text.to_owned()
        };
        if token.is_empty() {
            return Err(TokenError::Empty(self.shown()));
        }
        *cached = Some(token.clone());
        Ok(token)
    }

    /// Seals a token into the file, in the place of the one before. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`TokenError`]; the one before stays then.
    pub fn write(&self, token: &str) -> Result<(), TokenError> {
        let mut cached = self.cached();
        let sealed = Key::of_file(&self.key_file, KEY_HOLDER)?.seal_text(token, PLACE)?;
        private::replace(&self.file, format!("{sealed}\n").as_bytes())
            .map_err(|error| TokenError::NotWritten(self.shown(), error.to_string()))?;
        *cached = Some(token.to_owned());
        Ok(())
    }

    /// Has the file read again.
    pub fn forget(&self) {
        *self.cached() = None;
    }

    /// The file, for messages.
    pub fn shown(&self) -> String {
        self.file.display().to_string()
    }

    fn cached(&self) -> MutexGuard<'_, Option<String>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_a_person_put_there_is_read_and_one_that_was_given_is_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("edge.token");
        let token = |key: &str| TokenFile::new(file.clone(), folder.path().join(key));
        std::fs::write(&file, "pc_by_hand\n").unwrap();
        assert_eq!(token("edge.key").read().as_deref(), Ok("pc_by_hand"));

        token("edge.key").write("pc_given").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(is_sealed(&text) && !text.contains("pc_given"), "{text}");
        assert_eq!(token("edge.key").read().as_deref(), Ok("pc_given"));

        let error = token("other.key").read().unwrap_err().to_string();
        assert!(error.contains("edge.token can't be opened") && error.contains("enrol again"), "{error}");
        std::fs::write(&file, "\n").unwrap();
        assert!(token("edge.key").read().unwrap_err().to_string().contains("is empty"));
    }
}
