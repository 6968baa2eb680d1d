//! Completeness: what the hub holds of each source and printed date, and what terminals told of theirs.

use jiff::civil::Date;
use link::Closeout;
use link::closeout::Digest;

use crate::engine::{Row, Session, list, params};
use crate::people::{date, required_date};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    STORED = "SELECT punches, digest FROM stored_day WHERE tenant = $1 AND date = $2 AND origin = $3";
    STORED_BETWEEN = "SELECT date, origin, punches, digest FROM stored_day WHERE tenant = $1 AND date >= $2 AND date <= $3
        ORDER BY date, origin";
    PUT_STORED = "INSERT INTO stored_day (tenant, origin, date, punches, digest) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, date, origin) DO UPDATE SET punches = excluded.punches, digest = excluded.digest";
    READINGS = "SELECT serial, read_us, first_date FROM terminal_reading WHERE tenant = $1 ORDER BY serial";
    READING = "SELECT serial, read_us, first_date FROM terminal_reading WHERE tenant = $1 AND serial = $2";
    PUT_READING = "INSERT INTO terminal_reading (tenant, serial, read_us, first_date) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, serial) DO UPDATE SET read_us = excluded.read_us, first_date = excluded.first_date";
    FIRST_MISSING = "SELECT MIN(date) FROM closeout WHERE tenant = $1 AND serial = $2 AND missing > 0";
    DROP_READING = "DELETE FROM terminal_reading WHERE tenant = $1 AND serial = $2";
    GET = "SELECT serial, date, punches, digest, nameless, in_spool, read_us, proven, missing, missing_list
        FROM closeout WHERE tenant = $1 AND date = $2 AND serial = $3";
    BETWEEN = "SELECT serial, date, punches, digest, nameless, in_spool, read_us, proven, missing, missing_list
        FROM closeout WHERE tenant = $1 AND date >= $2 AND date <= $3 ORDER BY date, serial";
    PUT = "INSERT INTO closeout (tenant, serial, date, punches, digest, nameless, in_spool, read_us, proven, missing, missing_list)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (tenant, date, serial) DO UPDATE SET punches = excluded.punches, digest = excluded.digest,
        nameless = excluded.nameless, in_spool = excluded.in_spool, read_us = excluded.read_us, proven = excluded.proven,
        missing = excluded.missing, missing_list = excluded.missing_list";
    EVERY_PUNCH = "SELECT tenant, origin, printed_seconds, fingerprint FROM punch WHERE printed_seconds IS NOT NULL";
    DELIVERIES = "SELECT t.serial, t.zone, d.read_us,
        (SELECT MIN(c.date) FROM closeout c WHERE c.tenant = d.tenant AND c.serial = d.serial AND c.missing > 0)
        FROM terminal_reading d JOIN terminal t ON t.tenant = d.tenant AND t.serial = d.serial
        WHERE d.tenant = $1 AND t.is_approved = 1 ORDER BY t.serial";
}

/// What the hub holds of one source and printed date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDay {
    /// Serial, or `source:...`.
    pub origin: String,
    /// The printed date.
    pub date: Date,
    /// The set of its punches.
    pub set: Closeout,
}

/// How far a terminal's log was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReading {
    /// Serial of the terminal.
    pub serial: String,
    /// Up to when, microseconds UTC: when the whole log was read, or the end of the last day that a terminal which only pushes
    /// was asked for.
    pub read_us: i64,
    /// First printed date that it tells of; `None` for an empty log, and for one that is only asked for days.
    pub first_date: Option<Date>,
}

/// What readings told of one terminal and printed date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCloseout {
    /// Serial of the terminal.
    pub serial: String,
    /// The printed date.
    pub date: Date,
    /// The largest set that was told.
    pub set: Closeout,
    /// Records without a user number in the last reading.
    pub nameless: u64,
    /// Punches of it in the edge's spool at the last reading that counted them.
    pub in_spool: Option<u64>,
    /// The last reading that told of it, microseconds UTC.
    pub read_us: i64,
    /// Digest of the hub's set that was seen to hold all that the last reading told.
    pub proven: Option<Digest>,
    /// Punches that the hub lacked then; at least so many.
    pub missing: u64,
    /// Those of them that are known, as JSON; empty for none.
    pub missing_list: String,
}

/// How far a terminal has delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Serial.
    pub serial: String,
    /// IANA zone of its clock; the company's when `None`.
    pub zone: Option<String>,
    /// Its last reading, microseconds UTC.
    pub read_us: i64,
    /// First printed date of which the hub lacks punches.
    pub first_missing: Option<Date>,
}

fn digest(bytes: [u8; 16]) -> Digest {
    Digest(u128::from_be_bytes(bytes))
}

fn set(row: &Row<'_>, column: usize) -> Result<Closeout, Error> {
    Ok(Closeout { punches: row.get(column)?, digest: digest(row.get(column + 1)?) })
}

fn reading(row: &Row<'_>) -> Result<StoredReading, Error> {
    Ok(StoredReading { serial: row.get(0)?, read_us: row.get(1)?, first_date: date(row, 2)? })
}

fn closeout(row: &Row<'_>) -> Result<StoredCloseout, Error> {
    Ok(StoredCloseout {
        serial: row.get(0)?,
        date: required_date(row, 1)?,
        set: set(row, 2)?,
        nameless: row.get(4)?,
        in_spool: row.get(5)?,
        read_us: row.get(6)?,
        proven: row.get::<Option<[u8; 16]>>(7)?.map(digest),
        missing: row.get(8)?,
        missing_list: row.get(9)?,
    })
}

impl Read<'_> {
    /// What the hub holds of a source and printed date.
    ///
    /// # Errors
    /// Of the store.
    pub fn stored_day(&self, origin: &str, date: Date) -> Result<Closeout, Error> {
        let held = self.one(STORED, params![self.tenant, date.to_string(), origin], |row| set(row, 0))?;
        Ok(held.unwrap_or_default())
    }

    /// What the hub holds of all sources on some printed dates, by date and source.
    ///
    /// # Errors
    /// Of the store.
    pub fn stored_days(&self, from: Date, to: Date) -> Result<Vec<StoredDay>, Error> {
        self.all(STORED_BETWEEN, params![self.tenant, from.to_string(), to.to_string()], |row| {
            Ok(StoredDay { date: required_date(row, 0)?, origin: row.get(1)?, set: set(row, 2)? })
        })
    }

    /// The last reading of each terminal that was read, by serial.
    ///
    /// # Errors
    /// Of the store.
    pub fn readings(&self) -> Result<Vec<StoredReading>, Error> {
        self.all(READINGS, params![self.tenant], reading)
    }

    /// The last reading of one terminal.
    ///
    /// # Errors
    /// Of the store.
    pub fn reading(&self, serial: &str) -> Result<Option<StoredReading>, Error> {
        self.one(READING, params![self.tenant, serial], reading)
    }

    /// The first printed date of a terminal of which the hub lacks punches.
    ///
    /// # Errors
    /// Of the store.
    pub fn first_missing(&self, serial: &str) -> Result<Option<Date>, Error> {
        Ok(self.one(FIRST_MISSING, params![self.tenant, serial], |row| date(row, 0))?.flatten())
    }

    /// What readings told of one terminal and printed date.
    ///
    /// # Errors
    /// Of the store.
    pub fn closeout(&self, serial: &str, date: Date) -> Result<Option<StoredCloseout>, Error> {
        self.one(GET, params![self.tenant, date.to_string(), serial], closeout)
    }

    /// What readings told of all terminals on some printed dates, by date and serial.
    ///
    /// # Errors
    /// Of the store.
    pub fn closeouts(&self, from: Date, to: Date) -> Result<Vec<StoredCloseout>, Error> {
        self.all(BETWEEN, params![self.tenant, from.to_string(), to.to_string()], closeout)
    }

    /// How far terminals have delivered: those of which that is known, by serial.
    ///
    /// # Errors
    /// Of the store.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, Error> {
        self.all(DELIVERIES, params![self.tenant], |row| {
            Ok(Delivery { serial: row.get(0)?, zone: row.get(1)?, read_us: row.get(2)?, first_missing: date(row, 3)? })
        })
    }
}

impl Write<'_> {
    /// Adds punches that were stored just now to what the hub holds of sources and printed dates. None may come twice.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_stored_days(&self, more: &[StoredDay]) -> Result<(), Error> {
        let dates: Vec<String> = more.iter().map(|more| more.date.to_string()).collect();
        let keys = more.iter().zip(&dates).map(|(more, date)| list![self.tenant, date.as_str(), more.origin.as_str()]);
        let held = self.one_each(STORED, keys, |row| set(row, 0))?;
        let sum = |(held, more): (&Option<Closeout>, &StoredDay)| {
            let Closeout { punches, digest } = held.unwrap_or_default().and(more.set);
            let punches = i64::try_from(punches).map_err(|_| Error::TooLarge(punches))?;
            Ok((punches, digest.0.to_be_bytes()))
        };
        let sums = held.iter().zip(more).map(sum).collect::<Result<Vec<_>, Error>>()?;
        let lists = more.iter().zip(&dates).zip(&sums).map(|((more, date), (punches, digest))| {
            list![self.tenant, more.origin.as_str(), date.as_str(), *punches, digest.as_slice()]
        });
        self.run_each(PUT_STORED, lists)
    }

    /// Takes the last reading of a terminal.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_reading(&self, reading: &StoredReading) -> Result<(), Error> {
        let StoredReading { serial, read_us, first_date } = reading;
        let first_date = first_date.map(|date| date.to_string());
        self.run(PUT_READING, params![self.tenant, serial, read_us, first_date]).map(drop)
    }

    /// Forgets how far a terminal has delivered: it delivers in another way now.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_reading(&self, serial: &str) -> Result<(), Error> {
        self.run(DROP_READING, params![self.tenant, serial]).map(drop)
    }

    /// Takes what is known of a terminal's printed date.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_closeout(&self, of: &StoredCloseout) -> Result<(), Error> {
        let values = params![
            self.tenant,
            of.serial,
            of.date.to_string(),
            of.set.punches,
            of.set.digest.0.to_be_bytes(),
            of.nameless,
            of.in_spool,
            of.read_us,
            of.proven.map(|digest| digest.0.to_be_bytes()),
            of.missing,
            of.missing_list
        ];
        self.run(PUT, values).map(drop)
    }
}

/// Fills `stored_day` for punches that were stored before it existed: no statement adds numbers of 128 bits.
pub(crate) fn count_stored(session: Session<'_>) -> Result<(), Error> {
    use std::collections::BTreeMap;

    use attendance::punch::{Fingerprint, PrintedTime};

    let mut days: BTreeMap<(i64, Date, String), Closeout> = BTreeMap::new();
    session.prepare(EVERY_PUNCH)?.all(params![], |row| {
        if let Some(printed) = PrintedTime::Seconds(row.get(2)?).civil() {
            days.entry((row.get(0)?, printed.date(), row.get(1)?)).or_default().add(Fingerprint(row.get(3)?));
        }
        Ok(())
    })?;
    let mut put = session.prepare(PUT_STORED)?;
    for ((tenant, date, origin), set) in days {
        put.run(params![tenant, origin, date.to_string(), set.punches, set.digest.0.to_be_bytes()])?;
    }
    Ok(())
}
