//! The port to whoever is told of days: what a record is, and what may become of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is told of a day, by name.
pub type Fields = Map<String, Value>;

/// A record that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Whose hub tells it.
    pub tenant: i64,
    /// Which day of which employee, for which sink; the same for every revision.
    pub id: String,
    /// Rises with its changes, and is never again that of another content.
    pub revision: i64,
    /// Attempts at it that failed.
    pub attempts: u32,
    /// What is told.
    pub fields: Fields,
}

impl Letter {
    /// The same whenever this revision is sent: a receiver that keeps it takes it once.
    pub fn key(&self) -> String {
        format!("{}/{}", self.id, self.revision)
    }
}

/// What became of a record. Each holds words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The receiver has it: the receipt.
    Taken(String),
    /// It may go another time: no answer, or one of trouble. The receiver may have taken it all the same.
    NotNow(String),
    /// It was not sent, for what became of others that were sent before it: no attempt.
    Unsent(String),
    /// The receiver does not want this record.
    Refused(String),
    /// The receiver says that something is not there or not allowed: what this record is about, or all that comes from here.
    Barred(String),
    /// The receiver wants nothing from here, or is not there.
    Closed(String),
}

/// A key of the user whom a client logs in as, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEnd {
    /// What it is called there.
    pub name: String,
    /// When it ends.
    pub at: Timestamp,
}

/// A client of another system. Calls block.
pub trait Sink: Send + Sync {
    /// Sends records of different days, in any order and several at a time; the answers, in the order of the records.
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer>;

    /// The body of a record.
    fn render(&self, fields: &Fields) -> Value;

    /// What would be sent of records, in their order: their bodies, unless what is sent depends on what the receiver has.
    ///
    /// # Errors
    /// What is in the way of looking, in words.
    fn preview(&self, letters: &[Letter]) -> Result<Vec<Value>, String> {
        Ok(letters.iter().map(|letter| self.render(&letter.fields)).collect())
    }

    /// Asks whether the receiver is there and lets this hub in, without telling it of a day; in words.
    ///
    /// # Errors
    /// What is in the way, with its cure.
    fn test(&self) -> Result<String, String>;

    /// The user's keys that end, as the receiver tells; which of them it is shown, it does not. `None` where it tells nothing.
    fn key_ends(&self) -> Option<Vec<KeyEnd>> {
        None
    }
}
