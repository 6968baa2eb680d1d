//! Secrets that were sealed elsewhere: this crate has no key.

use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    GET = "SELECT sealed FROM secret WHERE tenant = $1 AND place = $2";
    LIST = "SELECT place, sealed FROM secret WHERE tenant = $1 ORDER BY place";
    PUT = "INSERT INTO secret (tenant, place, sealed, at_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, place) DO UPDATE SET sealed = excluded.sealed, at_us = excluded.at_us";
    DROP = "DELETE FROM secret WHERE tenant = $1 AND place = $2";
}

impl Read<'_> {
    /// What was sealed for a place.
    ///
    /// # Errors
    /// Of the store.
    pub fn sealed_secret(&self, place: &str) -> Result<Option<Vec<u8>>, Error> {
        self.one(GET, params![self.tenant, place], |row| row.get(0))
    }

    /// Everything that was sealed: place and bytes, by place.
    ///
    /// # Errors
    /// Of the store.
    pub fn sealed_secrets(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        self.all(LIST, params![self.tenant], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Write<'_> {
    /// Keeps what was sealed for a place, over what was there.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_sealed_secret(&self, place: &str, sealed: &[u8], now_us: i64) -> Result<(), Error> {
        self.run(PUT, params![self.tenant, place, sealed, now_us]).map(drop)
    }

    /// Forgets a secret; whether there was one.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_secret(&self, place: &str) -> Result<bool, Error> {
        Ok(self.run(DROP, params![self.tenant, place])? == 1)
    }
}
