//! What the hub can't do, in words for the person who asked.

/// An error of the hub. `Display` is fit for people.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing does not exist.
    #[error("there is no {0}")]
    NotFound(String),
    /// The input can't be taken.
    #[error("{what}; {cure}")]
    Invalid {
        /// What is wrong, with which thing.
        what: String,
        /// What to do.
        cure: String,
    },
    /// The store is busy, full, away or takes no writes, or something came meanwhile; the same call may go through later.
    #[error("{0}")]
    Later(store::Error),
    /// The store failed.
    #[error("{0}")]
    Store(store::Error),
    /// The key file of the hub can't be used; with the cure.
    #[error("{0}")]
    Key(String),
    /// Another worker has claimed this job; what this one does is not wanted any more.
    #[error("another worker has taken this job over: its lease had ended")]
    LeaseLost,
    /// The output could not be written.
    #[error("the output can't be written: {0}")]
    Output(#[from] std::io::Error),
    /// Stored data does not read back: a defect.
    #[error("stored {what} does not read back: {detail}. Please report this")]
    Damaged {
        /// Which.
        what: &'static str,
        /// Why.
        detail: String,
    },
}

impl Error {
    pub(crate) fn invalid(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), cure: cure.into() }
    }

    /// True when the same call may succeed later.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Later(_))
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy
            | store::Error::DiskFull
            | store::Error::ReadOnly
            | store::Error::Away(_)
            | store::Error::LeftBehind(_) => Self::Later(error),
            _ => Self::Store(error),
        }
    }
}
