//! The census of punches: each row in the order of its key, and where it counts. What is looked for is decided above.

use attendance::punch::{Fingerprint, PrintedTime};

use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read};

statements! {
    PUNCHES = "SELECT fingerprint, origin, user_number, printed_seconds, printed_raw FROM punch
        WHERE tenant = $1 AND fingerprint > $2 ORDER BY fingerprint LIMIT $3";
    RESOLVED = "SELECT fingerprint FROM resolved_punch WHERE tenant = $1 AND fingerprint > $2 AND fingerprint <= $3 ORDER BY fingerprint";
    HELD = "SELECT fingerprint FROM held_punch WHERE tenant = $1 AND fingerprint > $2 AND fingerprint <= $3 ORDER BY fingerprint";
    DISMISSED = "SELECT fingerprint FROM dismissed_punch WHERE tenant = $1 AND fingerprint > $2 AND fingerprint <= $3 ORDER BY fingerprint";
}

/// Some rows of the punches, in the order of their keys, with all that counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CensusPage {
    /// The rows.
    pub rows: Vec<CensusRow>,
    /// The keys under which the range of these rows is resolved, held and dismissed: each list in order, a key as often as it stands there.
    pub counted: [Vec<Fingerprint>; 3],
}

/// A row of the punches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusRow {
    /// The key under which it is stored.
    pub key: Fingerprint,
    /// Serial, or `source:...`.
    pub origin: String,
    /// User number as said.
    pub user: String,
    /// Printed time.
    pub time: PrintedTime,
}

impl Read<'_> {
    /// The next punches after a key, so many at most; of one snapshot.
    ///
    /// # Errors
    /// Of the store.
    pub fn census_page(&self, after: Fingerprint, most: u32) -> Result<CensusPage, Error> {
        let rows: Vec<CensusRow> = self.all(PUNCHES, params![self.tenant, after.0, most], |row| {
            let time = match row.get::<Option<i64>>(3)? {
                Some(seconds) => PrintedTime::Seconds(seconds),
                None => PrintedTime::Raw(row.get::<Option<Vec<u8>>>(4)?.unwrap_or_default()),
            };
            Ok(CensusRow { key: Fingerprint(row.get(0)?), origin: row.get(1)?, user: row.get(2)?, time })
        })?;
        let Some(last) = rows.last().map(|row| row.key) else { return Ok(CensusPage::default()) };
        let keys = |sql| self.all(sql, params![self.tenant, after.0, last.0], |row| row.get(0).map(Fingerprint));
        let counted = [keys(RESOLVED)?, keys(HELD)?, keys(DISMISSED)?];
        Ok(CensusPage { rows, counted })
    }
}
