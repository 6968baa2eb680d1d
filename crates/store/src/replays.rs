//! Facts whose punches are still to be resolved again. A replay is noted in the transaction of its fact and forgotten when
//! it is done, so that a kill in between only delays it; and only if nobody noted it again since it was read.

use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    ADD = "INSERT INTO replay (tenant, kind, subject, mark) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, kind, subject) DO UPDATE SET mark = excluded.mark";
    DROP = "DELETE FROM replay WHERE tenant = $1 AND kind = $2 AND subject = $3 AND mark = $4";
    LIST = "SELECT kind, subject, mark FROM replay WHERE tenant = $1 ORDER BY kind, subject";
}

/// A replay that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedReplay {
    /// Word of the kind.
    pub kind: String,
    /// Whose punches, in the words of its kind.
    pub subject: String,
    /// Another one whenever it is noted again.
    pub mark: i64,
}

impl Read<'_> {
    /// Replays that are not done.
    ///
    /// # Errors
    /// Of the store.
    pub fn replays(&self) -> Result<Vec<NotedReplay>, Error> {
        self.all(LIST, params![self.tenant], |row| {
            Ok(NotedReplay { kind: row.get(0)?, subject: row.get(1)?, mark: row.get(2)? })
        })
    }
}

impl Write<'_> {
    /// Notes that a replay is due.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_replay(&self, kind: &str, subject: &str) -> Result<(), Error> {
        let mark = self.next_mark()?;
        self.run(ADD, params![self.tenant, kind, subject, mark]).map(drop)
    }

    /// Forgets a replay that is done; false when it was noted again since it was read.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_replay(&self, done: &NotedReplay) -> Result<bool, Error> {
        Ok(self.run(DROP, params![self.tenant, done.kind, done.subject, done.mark])? == 1)
    }
}
