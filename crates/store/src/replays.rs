//! Facts whose punches are still to be resolved again. A replay is noted in the transaction of its fact and forgotten when
//! it is done, so that a kill in between only delays it.

use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    ADD = "INSERT INTO replay (tenant, kind, subject) VALUES ($1, $2, $3) ON CONFLICT (tenant, kind, subject) DO NOTHING";
    DROP = "DELETE FROM replay WHERE tenant = $1 AND kind = $2 AND subject = $3";
    LIST = "SELECT kind, subject FROM replay WHERE tenant = $1 ORDER BY kind, subject";
}

impl Read<'_> {
    /// Replays that are not done: kind word and subject.
    ///
    /// # Errors
    /// Of the store.
    pub fn replays(&self) -> Result<Vec<(String, String)>, Error> {
        self.all(LIST, params![self.tenant], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Write<'_> {
    /// Notes that a replay is due.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_replay(&self, kind: &str, subject: &str) -> Result<(), Error> {
        self.run(ADD, params![self.tenant, kind, subject]).map(drop)
    }

    /// Forgets a replay that is done.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_replay(&self, kind: &str, subject: &str) -> Result<(), Error> {
        self.run(DROP, params![self.tenant, kind, subject]).map(drop)
    }
}
