//! Long work in short transactions: what runs its parts.

use store::Write;

use crate::{Error, Hub};

/// Runs the parts of long work, each in a transaction of its own. What is done when it breaks off stays.
pub(crate) trait Steps {
    /// Runs a part.
    fn step<T>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, Error>) -> Result<T, Error>;
}

impl Steps for Hub {
    fn step<T>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.store.write(work)
    }
}
