//! Imports that are tried first: a transaction that does its work, and takes it back.

use crate::Error;

/// Why a transaction ended without a commit.
pub(crate) enum Undone {
    DryRun,
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Undone {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
