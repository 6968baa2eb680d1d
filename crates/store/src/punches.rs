//! Punches: the evidence, and whose they are.

use std::collections::BTreeSet;

use attendance::punch::{Channel, Fingerprint, PrintedTime, RawPunch};

use crate::chain::{Id, Kind};
use crate::engine::{Inserting, Row, Value, list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    INSERT = "INSERT INTO punch (tenant, fingerprint, origin, user_number, printed_seconds, printed_raw, state, verify,
        work_code, channel, received_us, original) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (tenant, fingerprint) DO NOTHING";
    GET = "SELECT origin, user_number, printed_seconds, printed_raw, state, verify, work_code, original, channel, received_us
        FROM punch WHERE tenant = $1 AND fingerprint = $2";
    HOLDS = "SELECT COUNT(*) FROM punch WHERE tenant = $1 AND fingerprint = $2";
    HOLDS_RECORD = "SELECT COUNT(*) FROM punch WHERE tenant = $1 AND fingerprint >= $2 AND fingerprint < $3
        AND origin = $4 AND original = $5";
    COUNT = "SELECT COUNT(*) FROM punch WHERE tenant = $1";
    BETWEEN = "SELECT 1 FROM punch WHERE tenant = $1 AND fingerprint >= $2 AND fingerprint < $3 LIMIT 1";
    OF_ORIGIN = "SELECT fingerprint FROM punch WHERE tenant = $1 AND origin = $2 AND fingerprint > $3 ORDER BY fingerprint LIMIT $4";
    OF_ORIGIN_PRINTED = "SELECT fingerprint FROM punch WHERE tenant = $1 AND origin = $2 AND fingerprint > $3 AND fingerprint < $4
        AND printed_seconds >= $5 AND printed_seconds <= $6 ORDER BY fingerprint LIMIT $7";
    OF_ORIGIN_STATED = "SELECT DISTINCT s.fingerprint FROM punch_statement s
        JOIN punch p ON p.tenant = s.tenant AND p.fingerprint = s.fingerprint
        WHERE s.tenant = $1 AND p.origin = $2 AND s.fingerprint > $3 AND s.printed_seconds >= $4 AND s.printed_seconds <= $5
        ORDER BY s.fingerprint LIMIT $6";
    PRINTED_BETWEEN = "SELECT fingerprint FROM punch WHERE tenant = $1 AND fingerprint > $2 AND fingerprint < $3
        AND printed_seconds >= $4 AND printed_seconds < $5 ORDER BY fingerprint LIMIT $6";
    OF_NUMBER = "SELECT fingerprint FROM punch WHERE tenant = $1 AND user_number = $2 AND fingerprint > $3 ORDER BY fingerprint LIMIT $4";
    COPY = "INSERT INTO differing_copy (tenant, fingerprint, original, channel, received_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, fingerprint, original) DO NOTHING";
    COPIES_BESIDE = "SELECT COUNT(*) FROM differing_copy WHERE tenant = $1 AND fingerprint = $2 AND channel <> $3";
    RESOLVE = "INSERT INTO resolved_punch (tenant, employee, at_us, fingerprint, state, received_us, origin)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant, employee, at_us, fingerprint) DO NOTHING";
    RESOLVED = "SELECT employee, at_us FROM resolved_punch WHERE tenant = $1 AND fingerprint = $2";
    UNRESOLVE = "DELETE FROM resolved_punch WHERE tenant = $1 AND fingerprint = $2";
    OF_EMPLOYEE = "SELECT at_us, fingerprint, state, received_us, origin FROM resolved_punch
        WHERE tenant = $1 AND employee = $2 AND at_us >= $3 AND at_us < $4 ORDER BY at_us, fingerprint";
    BOUNDS_OF_EMPLOYEE = "SELECT (SELECT MIN(at_us) FROM resolved_punch WHERE tenant = $1 AND employee = $2),
        (SELECT MAX(at_us) FROM resolved_punch WHERE tenant = $1 AND employee = $2)";
    SINCE = "SELECT employee, at_us, state, origin FROM resolved_punch
        WHERE tenant = $1 AND fingerprint >= $2 AND at_us >= $3 ORDER BY at_us, fingerprint";
}

/// A stored punch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPunch {
    /// What the source said.
    pub said: RawPunch,
    /// The road of the first copy.
    pub channel: String,
    /// When the first copy was received, microseconds UTC.
    pub received_us: i64,
}

/// A punch that is to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewPunch<'a> {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What the source said.
    pub said: &'a RawPunch,
    /// The road by which it came.
    pub channel: Channel,
    /// When it was received, microseconds UTC.
    pub received_us: i64,
}

/// Punches on their way into the store.
#[must_use = "what is not waited for may have failed"]
pub struct InsertingPunches<'tx, 'p> {
    punches: &'p [NewPunch<'p>],
    /// Of each row of the insert the place of its punch.
    places: Vec<usize>,
    inserting: Inserting<'tx, 'p, 1>,
}

/// A punch of an employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedPunch {
    /// The instant, microseconds UTC.
    pub at_us: i64,
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// State code as said.
    pub state: Option<i32>,
    /// When the first copy was received, microseconds UTC.
    pub received_us: i64,
}

/// A recent punch, for the page "who is in".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentPunch {
    /// The employee's id.
    pub employee: i64,
    /// The instant, microseconds UTC.
    pub at_us: i64,
    /// State code as said.
    pub state: Option<i32>,
    /// The terminal's serial.
    pub origin: String,
}

/// Rows in the order of their keys, each with its place: neighbours in an index are written one after another. Of equal keys the first
/// stays first.
fn by_key<T, K: Ord>(rows: &[T], key: impl Fn(&T) -> K) -> Vec<(usize, &T)> {
    let mut sorted: Vec<(usize, &T)> = rows.iter().enumerate().collect();
    sorted.sort_by_key(|(_, row)| key(row));
    sorted
}

pub(crate) fn fingerprint(row: &Row<'_>, column: usize) -> Result<Fingerprint, Error> {
    row.get(column).map(Fingerprint)
}

pub(crate) fn stored(row: &Row<'_>) -> Result<StoredPunch, Error> {
    let time = match row.get::<Option<i64>>(2)? {
        Some(seconds) => PrintedTime::Seconds(seconds),
        None => PrintedTime::Raw(row.get::<Option<Vec<u8>>>(3)?.unwrap_or_default()),
    };
    let said = RawPunch {
        origin: row.get(0)?,
        user: row.get(1)?,
        time,
        state: row.get(4)?,
        verify: row.get(5)?,
        work_code: row.get(6)?,
        original: row.get(7)?,
    };
    Ok(StoredPunch { said, channel: row.get(8)?, received_us: row.get(9)? })
}

impl Read<'_> {
    /// One punch.
    ///
    /// # Errors
    /// Of the store.
    pub fn punch(&self, fingerprint: Fingerprint) -> Result<Option<StoredPunch>, Error> {
        self.one(GET, params![self.tenant, fingerprint.0], stored)
    }

    /// Some punches, in the order of their identities; `None` for one that is not stored.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches(&self, of: &[Fingerprint]) -> Result<Vec<Option<StoredPunch>>, Error> {
        self.one_each(GET, self.each_key(of), stored)
    }

    /// Whether a punch is stored.
    ///
    /// # Errors
    /// Of the store.
    pub fn holds(&self, of: Fingerprint) -> Result<bool, Error> {
        Ok(self.hold_punches(&[of])? == [true])
    }

    /// Whether each punch is stored.
    ///
    /// # Errors
    /// Of the store.
    pub fn hold_punches(&self, of: &[Fingerprint]) -> Result<Vec<bool>, Error> {
        self.are_there(HOLDS, self.each_key(of))
    }

    /// Whether a punch is stored whose key is not before the first and before the second.
    pub(crate) fn has_punches_between(&self, first: &[u8], after: &[u8]) -> Result<bool, Error> {
        Ok(self.one(BETWEEN, params![self.tenant, first, after], |row| row.get::<i64>(0))?.is_some())
    }

    /// Whether each of these very records of a terminal is stored, whoever it was taken for: by its bytes, within the hour of its
    /// time.
    ///
    /// # Errors
    /// Of the store.
    pub fn hold_records(&self, said: &[&RawPunch]) -> Result<Vec<bool>, Error> {
        let hours = said.iter().map(|said| match said.time.seconds() {
            Some(seconds) => {
                (Fingerprint::first_of_hour(seconds), Fingerprint::first_of_hour(seconds.saturating_add(3600)))
            }
            // Texts that are no date stand before all hours.
            None => (Fingerprint([0; 16]), Fingerprint::first_of_hour(i64::MIN)),
        });
        let hours: Vec<_> = hours.collect();
        let lists = said.iter().zip(&hours).map(|(said, (first, end))| {
            let (first, end) = (first.0.as_slice(), end.0.as_slice());
            list![self.tenant, first, end, said.origin.as_str(), said.original.as_slice()]
        });
        self.are_there(HOLDS_RECORD, lists)
    }

    /// Whether a copy of each punch came by another road than this one.
    ///
    /// # Errors
    /// Of the store.
    pub fn have_copies_beside(&self, channel: Channel, of: &[Fingerprint]) -> Result<Vec<bool>, Error> {
        self.are_there(COPIES_BESIDE, of.iter().map(|of| list![self.tenant, of.0.as_slice(), channel.word()]))
    }

    /// Of each list whether a count is above 0.
    fn are_there<'v, const N: usize>(
        &self,
        sql: &str,
        lists: impl IntoIterator<Item = [Value<'v>; N], IntoIter: ExactSizeIterator>,
    ) -> Result<Vec<bool>, Error> {
        let counts = self.one_each(sql, lists, |row| row.get::<i64>(0))?;
        Ok(counts.into_iter().map(|count| count.is_some_and(|count| count > 0)).collect())
    }

    /// Tenant and identity of some punches.
    pub(crate) fn each_key<'v>(&self, of: &'v [Fingerprint]) -> impl ExactSizeIterator<Item = [Value<'v>; 2]> {
        let tenant = self.tenant;
        of.iter().map(move |of| list![tenant, of.0.as_slice()])
    }

    /// How many punches are stored.
    ///
    /// # Errors
    /// Of the store.
    pub fn punch_count(&self) -> Result<u64, Error> {
        Ok(self.one(COUNT, params![self.tenant], |row| row.get(0))?.unwrap_or(0))
    }

    /// Identities of the punches from one terminal after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches_of_origin(&self, origin: &str, after: Fingerprint, limit: u32) -> Result<Vec<Fingerprint>, Error> {
        self.keys(OF_ORIGIN, origin, after, limit)
    }

    /// Identities of the punches from one terminal whose printed times lie between two, both included (seconds since 1970 on the
    /// terminal's face), after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches_printed(
        &self,
        origin: &str,
        (first, last): (i64, i64),
        after: Fingerprint,
        limit: u32,
    ) -> Result<Vec<Fingerprint>, Error> {
        // The fingerprint is led by the hour: a range of times is a range of the key.
        let begin = Fingerprint::first_of_hour(first).0;
        // What comes after the last key before the hour is in it.
        let (after, end) = (after.0.max(begin), Fingerprint::first_of_hour(last.saturating_add(3600)).0);
        let values = params![self.tenant, origin, after, end, first, last, limit];
        self.all(OF_ORIGIN_PRINTED, values, |row| row.get(0).map(Fingerprint))
    }

    /// Identities of the punches from one terminal of which a person once stated a time between two, both included (seconds since 1970
    /// on the terminal's face), after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches_stated(
        &self,
        origin: &str,
        (first, last): (i64, i64),
        after: Fingerprint,
        limit: u32,
    ) -> Result<Vec<Fingerprint>, Error> {
        let values = params![self.tenant, origin, after.0, first, last, limit];
        self.all(OF_ORIGIN_STATED, values, |row| row.get(0).map(Fingerprint))
    }

    /// Identities of the punches of any terminal that were printed from a second on until before another (since 1970 on the
    /// terminal's face), after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches_printed_between(
        &self,
        (from, to): (i64, i64),
        after: Fingerprint,
        limit: u32,
    ) -> Result<Vec<Fingerprint>, Error> {
        let after = after.0.max(Fingerprint::first_of_hour(from).0);
        let end = Fingerprint::first_of_hour(to.saturating_add(3600)).0;
        let values = params![self.tenant, after, end, from, to, limit];
        self.all(PRINTED_BETWEEN, values, |row| row.get(0).map(Fingerprint))
    }

    /// Identities of the punches with one user number after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches_of_number(&self, number: &str, after: Fingerprint, limit: u32) -> Result<Vec<Fingerprint>, Error> {
        self.keys(OF_NUMBER, number, after, limit)
    }

    /// Employee and instant (microseconds UTC) of each punch that is resolved.
    ///
    /// # Errors
    /// Of the store.
    pub fn resolutions(&self, of: &[Fingerprint]) -> Result<Vec<Option<(i64, i64)>>, Error> {
        self.one_each(RESOLVED, self.each_key(of), |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The punches of an employee with `from_us <= at < to_us`, in time order, and where they were made: serials, or
    /// `source:...`.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches_of(
        &self,
        employee: i64,
        from_us: i64,
        to_us: i64,
    ) -> Result<(Vec<ResolvedPunch>, BTreeSet<String>), Error> {
        let mut origins = BTreeSet::new();
        let punches = self.all(OF_EMPLOYEE, params![self.tenant, employee, from_us, to_us], |row| {
            let origin = row.get::<&str>(4)?;
            if !origins.contains(origin) {
                origins.insert(origin.to_owned());
            }
            Ok(ResolvedPunch {
                at_us: row.get(0)?,
                fingerprint: fingerprint(row, 1)?,
                state: row.get(2)?,
                received_us: row.get(3)?,
            })
        })?;
        Ok((punches, origins))
    }

    /// First and last instant of an employee's punches, microseconds UTC.
    ///
    /// # Errors
    /// Of the store.
    pub fn punch_bounds(&self, employee: i64) -> Result<Option<(i64, i64)>, Error> {
        let bounds = self.one(BOUNDS_OF_EMPLOYEE, params![self.tenant, employee], |row| {
            Ok((row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?))
        })?;
        Ok(bounds.and_then(|(first, last)| first.zip(last)))
    }

    /// All resolved punches at or after an instant, in time order. The search is bounded by the key: no zone is further
    /// behind UTC than a day.
    ///
    /// # Errors
    /// Of the store.
    pub fn recent_punches(&self, since_us: i64) -> Result<Vec<RecentPunch>, Error> {
        let day_before = since_us.div_euclid(1_000_000) - 86_400;
        self.all(SINCE, params![self.tenant, Fingerprint::first_of_hour(day_before).0, since_us], |row| {
            Ok(RecentPunch { employee: row.get(0)?, at_us: row.get(1)?, state: row.get(2)?, origin: row.get(3)? })
        })
    }
}

impl Write<'_> {
    /// Stores punches; of each whether it is new. Nothing changes for a fingerprint that is known, and of equal ones the first is
    /// stored.
    ///
    /// # Errors
    /// Of the store.
    pub fn insert_punches(&self, punches: &[NewPunch<'_>]) -> Result<Vec<bool>, Error> {
        self.inserted_punches(self.begin_insert_punches(punches)?)
    }

    /// [`Write::insert_punches`], whose answer is taken later, before the commit: there is time for other work meanwhile.
    ///
    /// # Errors
    /// Of the store.
    pub fn begin_insert_punches<'p>(&self, punches: &'p [NewPunch<'p>]) -> Result<InsertingPunches<'_, 'p>, Error> {
        let sorted = by_key(punches, |punch| punch.fingerprint);
        let lists = sorted.iter().map(|(_, NewPunch { fingerprint, said, channel, received_us })| {
            let RawPunch { origin, user, time, state, verify, work_code, original } = said;
            let (seconds, raw) = match time {
                PrintedTime::Seconds(seconds) => (Some(*seconds), None),
                PrintedTime::Raw(bytes) => (None, Some(bytes.as_slice())),
            };
            list![
                self.tenant,
                fingerprint.0.as_slice(),
                origin.as_str(),
                user.as_str(),
                seconds,
                raw,
                *state,
                *verify,
                work_code.as_deref(),
                channel.word(),
                *received_us,
                original.as_slice()
            ]
        });
        let inserting = self.session.begin_insert_each(INSERT, [("fingerprint", 1)], lists)?;
        let places = sorted.into_iter().map(|(place, _)| place).collect();
        Ok(InsertingPunches { punches, places, inserting })
    }

    /// Of each punch of an insert whether it is new.
    ///
    /// # Errors
    /// Of the store.
    pub fn inserted_punches(&self, inserting: InsertingPunches<'_, '_>) -> Result<Vec<bool>, Error> {
        let mut is_new = vec![false; inserting.places.len()];
        for (place, told) in inserting.places.into_iter().zip(inserting.inserting.end()?) {
            if let Some(is_new) = is_new.get_mut(place) {
                *is_new = told;
            }
        }
        let new = inserting.punches.iter().zip(&is_new).filter(|(_, is_new)| **is_new);
        new.for_each(|(punch, _)| self.arrived(Id::punched(Kind::Punch, punch.fingerprint)));
        Ok(is_new)
    }

    /// Notes whose stored punches are, and when they were: employee, punch, and where it was made (a serial, or `source:...`).
    ///
    /// # Errors
    /// Of the store.
    pub fn resolve_punches(&self, resolved: &[(i64, ResolvedPunch, &str)]) -> Result<(), Error> {
        let sorted = by_key(resolved, |(employee, punch, _)| (*employee, punch.at_us, punch.fingerprint));
        let lists = sorted.into_iter().map(|(_, (employee, punch, origin))| {
            let ResolvedPunch { at_us, fingerprint, state, received_us } = punch;
            list![self.tenant, *employee, *at_us, fingerprint.0.as_slice(), *state, *received_us, *origin]
        });
        self.run_each(RESOLVE, lists)
    }

    /// Keeps copies of known punches that differ from them.
    ///
    /// # Errors
    /// Of the store.
    pub fn insert_copies(&self, copies: &[NewPunch<'_>]) -> Result<(), Error> {
        let lists = copies.iter().map(|NewPunch { fingerprint, said, channel, received_us }| {
            let (of, original) = (fingerprint.0.as_slice(), said.original.as_slice());
            list![self.tenant, of, original, channel.word(), *received_us]
        });
        let is_new = self.session.insert_each(COPY, [("fingerprint", 1), ("original", 2)], lists)?;
        let new = copies.iter().zip(is_new).filter(|(_, is_new)| *is_new);
        new.for_each(|(copy, _)| self.arrived(Id::copy(copy.fingerprint, &copy.said.original)));
        Ok(())
    }

    /// Forgets whose punches are.
    ///
    /// # Errors
    /// Of the store.
    pub fn unresolve(&self, of: &[Fingerprint]) -> Result<(), Error> {
        self.run_each(UNRESOLVE, self.each_key(of))
    }
}
