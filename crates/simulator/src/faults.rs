//! Misfortunes by name, as `--fault NAME[=VALUE]` gives them.

use std::str::FromStr;

/// Which misfortunes a terminal meets; none by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Every n-th upload: the server stored it, but its reply is lost; the terminal sends the same body again (adms 5).
    pub lost_reply_every: Option<u32>,
    /// Every n-th upload is sent twice although it was acknowledged.
    pub duplicate_batch_every: Option<u32>,
    /// The 4370 protocol is answered with 6001 only (zk 11).
    pub is_locked: bool,
    /// AUTH is demanded even when the comm key is 0 (zk 4).
    pub always_asks_for_key: bool,
    /// Every n-th bulk read: the line drops after the first chunk.
    pub dropped_read_every: Option<u32>,
}

/// A fault that can't be.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// No fault of that name.
    #[error("there is no fault \"{0}\"; choose one of {names}", names = NAMES.join(", "))]
    Unknown(String),
    /// The value is no positive number.
    #[error("fault {name}: \"{value}\" is no count; write {name}=3 for every third time")]
    Value {
        /// Which fault.
        name: String,
        /// What was given.
        value: String,
    },
}

const NAMES: [&str; 5] = ["lost-reply", "duplicate-batch", "locked", "always-auth", "dropped-read"];

impl Faults {
    /// Adds the fault that `text` names: `NAME`, or `NAME=N` for every N-th time.
    ///
    /// # Errors
    /// When there is no such fault or the value is no positive number; the message lists what there is.
    pub fn with(mut self, text: &str) -> Result<Faults, FaultError> {
        let (name, value) = text.split_once('=').unwrap_or((text, "1"));
        let every = || match value.parse() {
            Ok(count @ 1..) => Ok(Some(count)),
            _ => Err(FaultError::Value { name: name.to_owned(), value: value.to_owned() }),
        };
        match name {
            "lost-reply" => self.lost_reply_every = every()?,
            "duplicate-batch" => self.duplicate_batch_every = every()?,
            "dropped-read" => self.dropped_read_every = every()?,
            "locked" => self.is_locked = true,
            "always-auth" => self.always_asks_for_key = true,
            _ => return Err(FaultError::Unknown(name.to_owned())),
        }
        Ok(self)
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Faults, FaultError> {
        Faults::default().with(text)
    }
}

/// Whether the `count`-th time (from 1) is one of every `every`.
pub(crate) fn strikes(every: Option<u32>, count: u32) -> bool {
    every.is_some_and(|every| count.is_multiple_of(every))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_with_an_optional_count() {
        let faults = Faults::default().with("lost-reply=3").unwrap().with("locked").unwrap();
        assert_eq!((faults.lost_reply_every, faults.is_locked), (Some(3), true));
        assert_eq!([2, 3, 4, 6].map(|count| strikes(faults.lost_reply_every, count)), [false, true, false, true]);
        assert_eq!(
            "slow".parse::<Faults>().unwrap_err().to_string(),
            "there is no fault \"slow\"; choose one of lost-reply, duplicate-batch, locked, always-auth, dropped-read"
        );
        assert!("lost-reply=often".parse::<Faults>().is_err());
    }
}
