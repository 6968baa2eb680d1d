//! Sources: what is read from other systems by itself, and how it stands with each.
//!
//! Invariants:
//! * A source that does not answer is down since the first time that it did not; an answer ends that.

use crate::engine::{Row, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    SOURCES = "SELECT name, body, is_paused, position, tried_us, read_us, down_us, says, notes FROM source WHERE tenant = $1 ORDER BY name";
    PUT = "INSERT INTO source (tenant, name, body, is_paused, position, says) VALUES ($1, $2, $3, 0, '', '')
        ON CONFLICT (tenant, name) DO UPDATE SET body = excluded.body, is_paused = 0, position = '', tried_us = NULL, read_us = NULL,
        down_us = NULL, says = '', notes = ''";
    BODY = "UPDATE source SET body = $1 WHERE tenant = $2 AND name = $3";
    PAUSE = "UPDATE source SET is_paused = $1 WHERE tenant = $2 AND name = $3";
    DROP = "DELETE FROM source WHERE tenant = $1 AND name = $2";
    WELL = "UPDATE source SET tried_us = $1, read_us = $2, down_us = NULL, says = $3 WHERE tenant = $4 AND name = $5";
    DOWN = "UPDATE source SET down_us = $1 WHERE tenant = $2 AND name = $3 AND down_us IS NULL";
    TROUBLE = "UPDATE source SET tried_us = $1, says = $2 WHERE tenant = $3 AND name = $4";
    POSITION = "UPDATE source SET position = $1 WHERE tenant = $2 AND name = $3 AND body = $4";
    NOTE = "UPDATE source SET notes = $1 WHERE tenant = $2 AND name = $3 AND body = $4";
    PAGE = "SELECT mark, body FROM source_page WHERE tenant = $1 AND source = $2 AND address = $3";
    PUT_PAGE = "INSERT INTO source_page (tenant, source, address, mark, body, read_us) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant, source, address) DO UPDATE SET mark = excluded.mark, body = excluded.body, read_us = excluded.read_us";
    ADDRESSES = "SELECT address FROM source_page WHERE tenant = $1 AND source = $2 ORDER BY address";
    RENAME_PAGE = "UPDATE source_page SET address = $1 WHERE tenant = $2 AND source = $3 AND address = $4";
    DROP_PAGES = "DELETE FROM source_page WHERE tenant = $1 AND source = $2";
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// How it is reached, as JSON.
    pub body: String,
    /// Whether nothing is read from it now.
    pub is_paused: bool,
    /// How far it was read; empty for from the beginning.
    pub position: String,
    /// When it was asked last, microseconds UTC.
    pub tried_us: Option<i64>,
    /// When it answered last, microseconds UTC.
    pub read_us: Option<i64>,
    /// Since when it does not answer, microseconds UTC.
    pub down_us: Option<i64>,
    /// What came of it last, in words.
    pub says: String,
    /// What of its readings is for a person to see, as JSON; empty for nothing.
    pub notes: String,
}

/// What an address of a source answered. It is kept under its name: the address as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The mark to ask with whether it has anything new.
    pub mark: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

fn source(row: &Row<'_>) -> Result<Source, Error> {
    Ok(Source {
        name: row.get(0)?,
        body: row.get(1)?,
        is_paused: row.get(2)?,
        position: row.get(3)?,
        tried_us: row.get(4)?,
        read_us: row.get(5)?,
        down_us: row.get(6)?,
        says: row.get(7)?,
        notes: row.get(8)?,
    })
}

impl Read<'_> {
    /// All of them, by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn sources(&self) -> Result<Vec<Source>, Error> {
        self.all(SOURCES, params![self.tenant], source)
    }

    /// The names of the addresses of a source that answered.
    ///
    /// # Errors
    /// Of the store.
    pub fn source_pages(&self, source: &str) -> Result<Vec<String>, Error> {
        self.all(ADDRESSES, params![self.tenant, source], |row| row.get(0))
    }

    /// What an address of a source answered last.
    ///
    /// # Errors
    /// Of the store.
    pub fn source_page(&self, source: &str, address: &str) -> Result<Option<Page>, Error> {
        self.one(PAGE, params![self.tenant, source, address], |row| Ok(Page { mark: row.get(0)?, body: row.get(1)? }))
    }
}

impl Write<'_> {
    /// Keeps a source, over the one of that name. It is read from the beginning then.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_source(&self, name: &str, body: &str) -> Result<(), Error> {
        self.run(DROP_PAGES, params![self.tenant, name])?;
        self.run(PUT, params![self.tenant, name, body]).map(drop)
    }

    /// Says otherwise how a source is reached that is reached as before: it is read on from where it was.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_source_body(&self, name: &str, body: &str) -> Result<(), Error> {
        self.run(BODY, params![body, self.tenant, name]).map(drop)
    }

    /// Pauses a source, or lets it go on; whether there is one.
    ///
    /// # Errors
    /// Of the store.
    pub fn pause_source(&self, name: &str, is_paused: bool) -> Result<bool, Error> {
        Ok(self.run(PAUSE, params![is_paused, self.tenant, name])? == 1)
    }

    /// Removes a source with what it answered; whether there was one.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_source(&self, name: &str) -> Result<bool, Error> {
        self.run(DROP_PAGES, params![self.tenant, name])?;
        Ok(self.run(DROP, params![self.tenant, name])? == 1)
    }

    /// Notes how far a source was read that is reached as it was then; whether it still is.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_source_position(&self, name: &str, body: &str, position: &str) -> Result<bool, Error> {
        Ok(self.run(POSITION, params![position, self.tenant, name, body])? == 1)
    }

    /// Keeps what of the readings of a source is for a person to see, while it is reached as it was then.
    ///
    /// # Errors
    /// Of the store.
    pub fn note_source(&self, name: &str, body: &str, notes: &str) -> Result<(), Error> {
        self.run(NOTE, params![notes, self.tenant, name, body]).map(drop)
    }

    /// Notes that a source answered, and what came of it.
    ///
    /// # Errors
    /// Of the store.
    pub fn source_is_well(&self, name: &str, says: &str, now_us: i64) -> Result<(), Error> {
        self.run(WELL, params![now_us, now_us, says, self.tenant, name]).map(drop)
    }

    /// Notes that a source does not answer, and why.
    ///
    /// # Errors
    /// Of the store.
    pub fn source_is_down(&self, name: &str, why: &str, now_us: i64) -> Result<(), Error> {
        self.run(DOWN, params![now_us, self.tenant, name])?;
        self.run(TROUBLE, params![now_us, why, self.tenant, name]).map(drop)
    }

    /// Keeps what an address of a source answered.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_source_page(&self, source: &str, address: &str, page: &Page, now_us: i64) -> Result<(), Error> {
        self.run(PUT_PAGE, params![self.tenant, source, address, page.mark, page.body, now_us]).map(drop)
    }

    /// Keeps what an address of a source answered under another name.
    ///
    /// # Errors
    /// Of the store.
    pub fn rename_source_page(&self, source: &str, from: &str, to: &str) -> Result<(), Error> {
        self.run(RENAME_PAGE, params![to, self.tenant, source, from]).map(drop)
    }
}
