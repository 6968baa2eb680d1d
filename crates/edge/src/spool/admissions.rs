//! Addresses that were admitted by a key in a handshake (`plan::judge`). They outlive a restart of the edge: a terminal that
//! does not notice it opens no new handshake, and could not show its key.

use std::net::IpAddr;

use rusqlite::Connection;

use super::{Spool, SpoolError};
use crate::plan::Admission;

impl Spool {
    /// Remembers the address that was admitted for a serial; the one before is forgotten.
    ///
    /// # Errors
    /// When the write fails; after a restart the terminal has to show its key again then.
    pub(crate) async fn admit(&self, serial: String, admission: Admission) -> Result<(), SpoolError> {
        self.change(move |connection| {
            let (from, key) = (admission.from.to_string(), &admission.key.as_bytes()[..]);
            connection
                .prepare_cached(
                    "INSERT INTO admission (serial, address, key_hash) VALUES (?1, ?2, ?3)
                     ON CONFLICT (serial) DO UPDATE SET address = excluded.address, key_hash = excluded.key_hash",
                )?
                .execute((serial, from, key))
                .map(drop)
        })
        .await
    }

    /// The admitted address of each serial that has one.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) async fn admissions(&self) -> Result<Vec<(String, Admission)>, SpoolError> {
        self.read(admissions).await
    }
}

/// A row that does not read back admits nobody.
fn admissions(connection: &Connection) -> rusqlite::Result<Vec<(String, Admission)>> {
    let mut statement = connection.prepare_cached("SELECT serial, address, key_hash FROM admission")?;
    let rows = statement.query_map([], |row| {
        let (serial, address, key): (String, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let admission = address.parse::<IpAddr>().ok().zip(blake3::Hash::from_slice(&key).ok());
        Ok(admission.map(|(from, key)| (serial, Admission { from, key })))
    })?;
    rows.filter_map(Result::transpose).collect()
}
