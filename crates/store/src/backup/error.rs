//! What can go wrong with a backup, in words that name the cure.

use std::path::PathBuf;

/// What can go wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something has the name that the backup was to get.
    #[error("there is a file {0} already, and nothing is written over it: name another, or a folder")]
    Exists(PathBuf),
    /// Somebody else is writing into the same folder.
    #[error("another backup is being written into the folder {0}: wait for its end")]
    Busy(PathBuf),
    /// The disk would be full.
    #[error(
        "the disk of {folder} has {} MiB left, and about {} MiB are needed: free some room, or name another place",
        free >> 20, needed.div_ceil(1 << 20)
    )]
    NoRoom {
        /// Where it was to be written.
        folder: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// The system refuses something.
    #[error("{path} can't be {doing}: {cause}. Check that its folder exists, its mode, and that its disk is there")]
    File {
        /// The file.
        path: PathBuf,
        /// What was refused: `read`, `written`.
        doing: &'static str,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Another file.
    #[error("{0} is no backup, or its beginning is damaged: name a file that `punchclock backup` has written")]
    NotABackup(PathBuf),
    /// What it holds is not what it says that it holds.
    #[error("the backup {path} is damaged: {what}. Nothing was restored; use another one, or another copy of this one")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it does not agree with itself.
        what: String,
    },
    /// A newer version wrote it.
    #[error(
        "the backup {path} was made by punchclock {version}, with schema {found}; this one knows up to {known}: use the newer \
         punchclock"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Who made it.
        version: String,
        /// Schema of the backup.
        found: u64,
        /// Newest schema that this version knows.
        known: usize,
    },
    /// What is to be filled holds something.
    #[error(
        "the database that is to be filled holds something already (table {0}), and nothing was restored: name an empty one, or \
         say --overwrite to give up all that it holds"
    )]
    Occupied(&'static str),
    /// Of the store.
    #[error(transparent)]
    Store(#[from] crate::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
