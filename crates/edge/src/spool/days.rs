//! What is held of one terminal and printed date.

use attendance::punch::{Fingerprint, PrintedTime, RawPunch};
use jiff::civil::Date;
use rusqlite::{Connection, named_params};

use super::{Spool, SpoolError, payload};

/// The fingerprint is led by the hour: a date is a stretch of its index.
const OF_DAY: &str = "FROM entry WHERE fingerprint >= :first AND fingerprint < :end
    AND substr(payload, 1, 1) = :tag AND substr(payload, 3, :length) = :origin";

impl Spool {
    /// How many punches of a terminal with a printed date are held.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when the file can't be read.
    pub async fn count_of(&self, serial: String, date: Date) -> Result<u64, SpoolError> {
        self.read(move |connection| {
            of_day(connection, "count(*)", &serial, date, |row| row.get(0)).map(|rows: Vec<u64>| rows.into_iter().sum())
        })
        .await
    }

    /// The punches of a terminal with a printed date that are held.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when the file can't be read.
    pub async fn punches_of(&self, serial: String, date: Date) -> Result<Vec<RawPunch>, SpoolError> {
        self.read(move |connection| {
            let punch = |row: &rusqlite::Row<'_>| Ok(payload::punch(row.get_ref(0)?.as_blob()?));
            of_day(connection, "payload", &serial, date, punch).map(|rows| rows.into_iter().flatten().collect())
        })
        .await
    }
}

fn of_day<T>(
    connection: &Connection,
    what: &str,
    serial: &str,
    date: Date,
    take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let midnight = PrintedTime::from_civil(date.into()).seconds().unwrap_or_default();
    let (first, end) = (Fingerprint::first_of_hour(midnight), Fingerprint::first_of_hour(midnight + 86_400));
    let origin = payload::origin_field(serial);
    connection
        .prepare_cached(&format!("SELECT {what} {OF_DAY}"))?
        .query_map(
            named_params! {
                ":first": &first.0[..], ":end": &end.0[..], ":tag": payload::PUNCH_TAG, ":length": origin.len(), ":origin": &origin[..],
            },
            take,
        )?
        .collect()
}
