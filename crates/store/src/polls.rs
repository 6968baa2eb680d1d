//! How the last readings of each terminal ended.
//!
//! Invariants:
//! * A terminal and the begin of a reading, as it was told, are one row, however often it is told.
//! * Of each terminal so many rows stay at most; those go first that began first, and of those that began in the same microsecond
//!   the ones whose own clock says so.
//! * A list has one order, also of readings that began in the same microsecond: pages neither skip a row nor show one twice.

use crate::engine::{Row, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

macro_rules! columns {
    () => {
        "p.serial, p.told_us, p.began_us, p.took_ms, p.outcome, p.says, p.records, p.new_punches, p.edge"
    };
}

statements! {
    ADD = "INSERT INTO terminal_poll (tenant, serial, told_us, began_us, took_ms, outcome, says, records, new_punches, edge)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, serial, told_us) DO NOTHING";
    NTH = "SELECT began_us, told_us FROM terminal_poll WHERE tenant = $1 AND serial = $2
        ORDER BY began_us DESC, told_us DESC LIMIT 1 OFFSET $3";
    DROP_UP_TO = "DELETE FROM terminal_poll WHERE tenant = $1 AND serial = $2 AND (began_us, told_us) <= ($3, $4)";
    COUNT = "SELECT COUNT(*) FROM terminal_poll WHERE tenant = $1";
    COUNT_OF = "SELECT COUNT(*) FROM terminal_poll WHERE tenant = $1 AND serial = $2";
}

/// How a list of readings is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PollOrder {
    /// By when they began.
    #[default]
    Began,
    /// By how long they took.
    Took,
    /// By how they ended.
    Outcome,
    /// By how many records came.
    Records,
    /// By how many of them were new.
    New,
}

impl PollOrder {
    const ALL: [Self; 5] = [Self::Began, Self::Took, Self::Outcome, Self::Records, Self::New];

    /// The list in this order, of one terminal or of all. Limit and offset are the last values.
    fn list(self, descending: bool, is_of_one: bool) -> String {
        let direction = if descending { "DESC" } else { "ASC" };
        let (one, limit) = if is_of_one { (" AND p.serial = $2", 3) } else { ("", 2) };
        // The engines put what is not there at different ends.
        let order = match self {
            Self::Began => None,
            Self::Took => Some("p.took_ms"),
            Self::Outcome => Some("p.outcome"),
            Self::Records => Some("COALESCE(p.records, -1)"),
            Self::New => Some("COALESCE(p.new_punches, -1)"),
        };
        let (order, then) = match order {
            None => (String::new(), direction),
            Some(order) => (format!("{order} {direction}, "), "DESC"),
        };
        let columns = columns!();
        format!(
            "SELECT {columns} FROM terminal_poll p WHERE p.tenant = $1{one}
                ORDER BY {order}p.began_us {then}, p.serial {then}, p.told_us {then} LIMIT ${limit} OFFSET ${}",
            limit + 1
        )
    }
}

/// Every form of the list, for the catalogue test.
pub(crate) fn list_variants() -> Vec<(&'static str, String)> {
    let mut variants = Vec::new();
    for order in PollOrder::ALL {
        for (descending, is_of_one) in [(false, false), (false, true), (true, false), (true, true)] {
            variants.push(("store::polls::list", order.list(descending, is_of_one)));
        }
    }
    variants
}

/// How a reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Serial of the terminal.
    pub serial: String,
    /// When it began by the clock of who tells it, microseconds.
    pub told_us: i64,
    /// When it began, microseconds UTC.
    pub began_us: i64,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// Word of the outcome: `whole`, `partial`, `failed`.
    pub outcome: String,
    /// What was in the way, or is to be known.
    pub says: String,
    /// Records that came.
    pub records: Option<u64>,
    /// How many of them were new.
    pub new_punches: Option<u64>,
    /// The edge that read it; `None` for one that was read from here by hand.
    pub edge: Option<String>,
}

fn poll(row: &Row<'_>) -> Result<Poll, Error> {
    Ok(Poll {
        serial: row.get(0)?,
        told_us: row.get(1)?,
        began_us: row.get(2)?,
        took_ms: row.get(3)?,
        outcome: row.get(4)?,
        says: row.get(5)?,
        records: row.get(6)?,
        new_punches: row.get(7)?,
        edge: row.get(8)?,
    })
}

impl Read<'_> {
    /// The last readings, of one terminal or of all, in an order or the other way round, of what is equal the latest first; and how many
    /// there are without offset and limit.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_polls(
        &self,
        serial: Option<&str>,
        (order, descending): (PollOrder, bool),
        offset: u32,
        limit: u32,
    ) -> Result<(Vec<Poll>, u64), Error> {
        let list = order.list(descending, serial.is_some());
        let (rows, total) = match serial {
            Some(serial) => (
                self.all(&list, params![self.tenant, serial, limit, offset], poll)?,
                self.one(COUNT_OF, params![self.tenant, serial], |row| row.get(0))?,
            ),
            None => (
                self.all(&list, params![self.tenant, limit, offset], poll)?,
                self.one(COUNT, params![self.tenant], |row| row.get(0))?,
            ),
        };
        Ok((rows, total.unwrap_or(0)))
    }
}

impl Write<'_> {
    /// Notes how a reading ended, and drops the oldest of that terminal beyond `most`. False when it is known already.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_poll(&self, new: &Poll, most: u32) -> Result<bool, Error> {
        let Poll { serial, told_us, began_us, took_ms, outcome, says, records, new_punches, edge } = new;
        let values =
            params![self.tenant, serial, told_us, began_us, took_ms, outcome, says, records, new_punches, edge];
        if self.run(ADD, values)? == 0 {
            return Ok(false);
        }
        let nth = |row: &Row<'_>| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?));
        if let Some((began_us, told_us)) = self.one(NTH, params![self.tenant, serial, most], nth)? {
            self.run(DROP_UP_TO, params![self.tenant, serial, began_us, told_us])?;
        }
        Ok(true)
    }
}
