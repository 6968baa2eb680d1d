//! Settings of the company: one value per name.

use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    GET = "SELECT value FROM setting WHERE tenant = $1 AND name = $2";
    PUT = "INSERT INTO setting (tenant, name, value) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value";
}

impl Read<'_> {
    /// The value of a setting.
    ///
    /// # Errors
    /// Of the store.
    pub fn setting(&self, name: &str) -> Result<Option<String>, Error> {
        self.one(GET, params![self.tenant, name], |row| row.get(0))
    }
}

impl Write<'_> {
    /// Sets a setting.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_setting(&self, name: &str, value: &str) -> Result<(), Error> {
        self.run(PUT, params![self.tenant, name, value]).map(drop)
    }
}
