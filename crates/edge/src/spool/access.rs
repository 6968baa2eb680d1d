//! Terminals that speak the security dialect (adms 9). Polls and results look the same in both dialects, and a terminal that
//! does not notice a restart of the edge goes on with them: which it speaks is remembered.

use adms::Dialect;

use super::{Spool, SpoolError};

impl Spool {
    /// Remembers the dialect of a terminal.
    ///
    /// # Errors
    /// When the write fails.
    pub(crate) async fn set_dialect(&self, serial: String, dialect: Dialect) -> Result<(), SpoolError> {
        self.change(move |connection| {
            let statement = match dialect {
                Dialect::Security => "INSERT OR IGNORE INTO access_terminal (serial) VALUES (?1)",
                Dialect::Attendance => "DELETE FROM access_terminal WHERE serial = ?1",
            };
            connection.prepare_cached(statement)?.execute([serial]).map(drop)
        })
        .await
    }

    /// The serials of those that speak the security dialect.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) async fn access_terminals(&self) -> Result<Vec<String>, SpoolError> {
        self.read(|connection| {
            connection.prepare_cached("SELECT serial FROM access_terminal")?.query_map([], |row| row.get(0))?.collect()
        })
        .await
    }
}
