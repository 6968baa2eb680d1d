//! The audit trail: every change by a person, and every sign-in: who, when, what. Insert only.

use crate::chain::{Id, Kind};
use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    INSERT = "INSERT INTO audit (tenant, number, at_us, actor, action, object, detail)
        SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6 FROM audit WHERE tenant = $1 RETURNING number";
    LIST = "SELECT at_us, actor, action, object, detail FROM audit WHERE tenant = $1 ORDER BY number DESC LIMIT $2";
}

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, microseconds UTC.
    pub at_us: i64,
    /// Who.
    pub actor: String,
    /// What was done, e.g. `terminal.approve`.
    pub action: String,
    /// To which thing.
    pub object: String,
    /// Old and new values, or the reason.
    pub detail: String,
}

impl Write<'_> {
    /// Appends an entry.
    ///
    /// # Errors
    /// Of the store.
    pub fn audit(&self, entry: &Entry) -> Result<(), Error> {
        let Entry { at_us, actor, action, object, detail } = entry;
        let values = params![self.tenant, at_us, actor, action, object, detail];
        let number: Option<i64> = self.one(INSERT, values, |row| row.get(0))?;
        self.arrived(Id::numbered(Kind::Audit, number.unwrap_or_default()));
        Ok(())
    }
}

impl Read<'_> {
    /// The newest entries, newest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn audit_entries(&self, limit: u32) -> Result<Vec<Entry>, Error> {
        self.all(LIST, params![self.tenant, limit], |row| {
            Ok(Entry {
                at_us: row.get(0)?,
                actor: row.get(1)?,
                action: row.get(2)?,
                object: row.get(3)?,
                detail: row.get(4)?,
            })
        })
    }
}
