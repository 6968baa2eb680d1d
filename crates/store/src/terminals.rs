//! Terminals: what is registered, and what was last heard of each.

use link::{Clock, ClockSource};

use crate::engine::{Row, list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    GET = "SELECT serial, name, is_approved, address, comm_key_file, push_key_file, zone, via, sets_clock, first_seen_us, poll_minutes,
        live, live_rests_until_us, number_group FROM terminal WHERE tenant = $1 AND serial = $2";
    OF_EDGE = "SELECT t.serial, t.name, t.is_approved, t.address, t.comm_key_file, t.push_key_file, t.zone, t.via, t.sets_clock,
        t.first_seen_us, t.poll_minutes, t.live, t.live_rests_until_us, t.number_group, k.sealed, p.sealed
        FROM terminal_contact c JOIN terminal t ON t.tenant = c.tenant AND t.serial = c.serial
        LEFT JOIN secret k ON k.tenant = t.tenant AND k.place = 'comm key of terminal ' || t.serial
        LEFT JOIN secret p ON p.tenant = t.tenant AND p.place = 'push key of terminal ' || t.serial
        WHERE c.tenant = $1 AND c.edge = $2 ORDER BY t.name, t.serial";
    OF_NOBODY = "SELECT t.serial, t.name, t.is_approved, t.address, t.comm_key_file, t.push_key_file, t.zone, t.via, t.sets_clock,
        t.first_seen_us, t.poll_minutes, t.live, t.live_rests_until_us, t.number_group, k.sealed, p.sealed
        FROM terminal_contact c JOIN terminal t ON t.tenant = c.tenant AND t.serial = c.serial
        LEFT JOIN secret k ON k.tenant = t.tenant AND k.place = 'comm key of terminal ' || t.serial
        LEFT JOIN secret p ON p.tenant = t.tenant AND p.place = 'push key of terminal ' || t.serial
        WHERE c.tenant = $1 AND c.edge IS NULL ORDER BY c.serial LIMIT $2";
    LIST = "SELECT t.serial, t.name, t.is_approved, t.address, t.comm_key_file, t.push_key_file, t.zone, t.via, t.sets_clock,
        t.first_seen_us, t.poll_minutes, t.live, t.live_rests_until_us, t.number_group, c.punches, c.last_contact_us, c.last_complete_read_us, c.records_on_terminal, c.trouble, c.edge,
        c.clock_offset_s, c.clock_how, c.clock_us
        FROM terminal t LEFT JOIN terminal_contact c ON c.tenant = t.tenant AND c.serial = t.serial
        WHERE t.tenant = $1 ORDER BY t.name, t.serial";
    PUT = "INSERT INTO terminal (tenant, serial, name, is_approved, address, comm_key_file, push_key_file, zone, via, sets_clock, first_seen_us,
        poll_minutes, live, number_group) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (tenant, serial) DO UPDATE SET name = excluded.name, is_approved = excluded.is_approved,
        address = excluded.address, comm_key_file = excluded.comm_key_file, push_key_file = excluded.push_key_file,
        zone = excluded.zone, via = excluded.via, sets_clock = excluded.sets_clock, poll_minutes = excluded.poll_minutes,
        live = excluded.live, number_group = excluded.number_group";
    REST = "UPDATE terminal SET live_rests_until_us = $1 WHERE tenant = $2 AND serial = $3";
    KNOWN = "INSERT INTO terminal_contact (tenant, serial, punches) VALUES ($1, $2, 0) ON CONFLICT (tenant, serial) DO NOTHING";
    EDGE = "UPDATE terminal_contact SET edge = $1 WHERE tenant = $2 AND serial = $3";
    SEEN_BY = "SELECT serial FROM terminal_contact WHERE tenant = $1 AND edge = $2 ORDER BY serial";
    FREE_SEEN_BY = "UPDATE terminal_contact SET edge = NULL WHERE tenant = $1 AND edge = $2";
    COUNT_PUNCHES = "INSERT INTO terminal_contact (tenant, serial, punches, last_contact_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, serial) DO UPDATE SET punches = terminal_contact.punches + excluded.punches,
        last_contact_us = COALESCE(excluded.last_contact_us, terminal_contact.last_contact_us)";
    CONTACT = "INSERT INTO terminal_contact (tenant, serial, punches, last_contact_us, last_complete_read_us,
        records_on_terminal, trouble, edge, clock_offset_s, clock_how, clock_us)
        VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (tenant, serial) DO UPDATE SET
        last_contact_us = COALESCE(excluded.last_contact_us, terminal_contact.last_contact_us),
        last_complete_read_us = COALESCE(excluded.last_complete_read_us, terminal_contact.last_complete_read_us),
        records_on_terminal = COALESCE(excluded.records_on_terminal, terminal_contact.records_on_terminal),
        trouble = excluded.trouble,
        edge = CASE WHEN excluded.edge IS NULL
        OR terminal_contact.edge IS NOT NULL AND terminal_contact.last_contact_us > excluded.last_contact_us + 60000000
        THEN terminal_contact.edge ELSE excluded.edge END,
        clock_offset_s = COALESCE(excluded.clock_offset_s, terminal_contact.clock_offset_s),
        clock_how = COALESCE(excluded.clock_how, terminal_contact.clock_how),
        clock_us = COALESCE(excluded.clock_us, terminal_contact.clock_us)";
    FORGET_CLOCK = "UPDATE terminal_contact SET clock_offset_s = NULL, clock_how = NULL, clock_us = NULL
        WHERE tenant = $1 AND serial = $2";
}

/// Where the communication key of a terminal is sealed.
pub fn comm_key_place(serial: &str) -> String {
    format!("comm key of terminal {serial}")
}

/// Where the key that a terminal shows when it pushes is sealed.
pub fn push_key_place(serial: &str) -> String {
    format!("push key of terminal {serial}")
}

/// The keys of a terminal, as they were sealed for [`comm_key_place`] and [`push_key_place`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedKeys {
    /// What it asks for on port 4370.
    pub comm: Option<Vec<u8>>,
    /// What it shows when it pushes.
    pub push: Option<Vec<u8>>,
}

/// A registered terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Serial: its identity.
    pub serial: String,
    /// Name for people.
    pub name: String,
    /// A person (or an import that named it) approved it.
    pub is_approved: bool,
    /// `host` or `host:port` for polling.
    pub address: Option<String>,
    /// File with its communication key, as an older version remembered it; what it holds is not sealed yet.
    pub comm_key_file: Option<String>,
    /// File with what it must show when it pushes, likewise.
    pub push_key_file: Option<String>,
    /// IANA zone of its clock; the company's when `None`.
    pub zone: Option<String>,
    /// `push`, `poll` or `both`.
    pub via: String,
    /// Its handshake may set its clock.
    pub sets_clock: bool,
    /// When it was first heard of, microseconds UTC.
    pub first_seen_us: i64,
    /// Minutes between two readings of its log; as the edge's setting says when `None`.
    pub poll_minutes: Option<u32>,
    /// Its punches are to be heard as they happen, between readings.
    pub live: bool,
    /// Until then its edge leaves it to somebody else all the same, microseconds UTC.
    pub live_rests_until_us: Option<i64>,
    /// The group of terminals at which user numbers mean the same people; empty for that of all others.
    pub number_group: String,
}

/// What was last heard of a terminal. A `None` leaves the stored value as it is, but for `trouble`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Punches stored from it.
    pub punches: u64,
    /// Last contact, microseconds UTC.
    pub last_contact_us: Option<i64>,
    /// Last time that its whole log was read, microseconds UTC.
    pub last_complete_read_us: Option<i64>,
    /// Records in it at that time.
    pub records_on_terminal: Option<i64>,
    /// What is wrong, with the cure.
    pub trouble: Option<String>,
    /// The edge that answers for it: that saw it last, or that a person named.
    pub edge: Option<String>,
    /// What was last seen of its clock.
    pub clock: Option<Clock>,
}

fn terminal(row: &Row<'_>) -> Result<Terminal, Error> {
    Ok(Terminal {
        serial: row.get(0)?,
        name: row.get(1)?,
        is_approved: row.get::<i64>(2)? != 0,
        address: row.get(3)?,
        comm_key_file: row.get(4)?,
        push_key_file: row.get(5)?,
        zone: row.get(6)?,
        via: row.get(7)?,
        sets_clock: row.get::<i64>(8)? != 0,
        first_seen_us: row.get(9)?,
        poll_minutes: row.get(10)?,
        live: row.get::<i64>(11)? != 0,
        live_rests_until_us: row.get(12)?,
        number_group: row.get(13)?,
    })
}

fn with_keys(row: &Row<'_>) -> Result<(Terminal, SealedKeys), Error> {
    Ok((terminal(row)?, SealedKeys { comm: row.get(14)?, push: row.get(15)? }))
}

fn clock((offset_s, how, at_us): (Option<i64>, Option<String>, Option<i64>)) -> Option<Clock> {
    Some(Clock { offset_s: offset_s?, how: ClockSource::from_word(&how?)?, at_us: at_us? })
}

impl Read<'_> {
    /// One terminal.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminal(&self, serial: &str) -> Result<Option<Terminal>, Error> {
        self.one(GET, params![self.tenant, serial], terminal)
    }

    /// The terminals of some serials, in that order; `None` for one that is not known.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminals_of(&self, serials: &[&str]) -> Result<Vec<Option<Terminal>>, Error> {
        self.one_each(GET, serials.iter().map(|serial| list![self.tenant, *serial]), terminal)
    }

    /// The terminals for which this edge answers, by name; behind them those for which none does, at most so many. Each with its keys.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminals_of_edge(&self, edge: &str, most_of_nobody: u32) -> Result<Vec<(Terminal, SealedKeys)>, Error> {
        let mut terminals = self.all(OF_EDGE, params![self.tenant, edge], with_keys)?;
        terminals.extend(self.all(OF_NOBODY, params![self.tenant, most_of_nobody], with_keys)?);
        Ok(terminals)
    }

    /// The serials of the terminals for which this edge answers.
    ///
    /// # Errors
    /// Of the store.
    pub fn seen_by(&self, edge: &str) -> Result<Vec<String>, Error> {
        self.all(SEEN_BY, params![self.tenant, edge], |row| row.get(0))
    }

    /// All terminals by name, each with its last contact.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminals(&self) -> Result<Vec<(Terminal, Contact)>, Error> {
        self.all(LIST, params![self.tenant], |row| {
            let contact = Contact {
                punches: row.get::<Option<u64>>(14)?.unwrap_or(0),
                last_contact_us: row.get(15)?,
                last_complete_read_us: row.get(16)?,
                records_on_terminal: row.get(17)?,
                trouble: row.get(18)?,
                edge: row.get(19)?,
                clock: clock((row.get(20)?, row.get(21)?, row.get(22)?)),
            };
            Ok((terminal(row)?, contact))
        })
    }
}

impl Write<'_> {
    /// Adds or changes a terminal; `first_seen_us` and `live_rests_until_us` of a known one stay.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_terminal(&self, terminal: &Terminal) -> Result<(), Error> {
        let Terminal { serial, name, is_approved, address, comm_key_file, push_key_file, zone, via, .. } = terminal;
        let (approved, sets_clock) = (i64::from(*is_approved), i64::from(terminal.sets_clock));
        let values = params![
            self.tenant,
            serial,
            name,
            approved,
            address,
            comm_key_file,
            push_key_file,
            zone,
            via,
            sets_clock,
            terminal.first_seen_us,
            terminal.poll_minutes,
            i64::from(terminal.live),
            terminal.number_group
        ];
        self.run(PUT, values)?;
        self.run(KNOWN, params![self.tenant, serial]).map(drop)
    }

    /// Notes until when its edge leaves a terminal to somebody else, microseconds UTC.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_live_rest(&self, serial: &str, until_us: Option<i64>) -> Result<(), Error> {
        self.run(REST, params![until_us, self.tenant, serial]).map(drop)
    }

    /// Notes which edge answers for a terminal, until another one hears of it; with `None` each may look for it.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_edge_of(&self, serial: &str, edge: Option<&str>) -> Result<(), Error> {
        self.run(EDGE, params![edge, self.tenant, serial]).map(drop)
    }

    /// This edge answers for no terminal any more: each of them may be looked for by every edge.
    ///
    /// # Errors
    /// Of the store.
    pub fn free_terminals_of(&self, edge: &str) -> Result<(), Error> {
        self.run(FREE_SEEN_BY, params![self.tenant, edge]).map(drop)
    }

    /// Adds to the counts of punches stored from terminals, and notes the contacts that there were: serial, how many more, and
    /// when it was heard, microseconds UTC. None may come twice.
    ///
    /// # Errors
    /// Of the store.
    pub fn count_punches(&self, of: &[(&str, i64, Option<i64>)]) -> Result<(), Error> {
        let lists = of.iter().map(|(serial, more, at_us)| list![self.tenant, *serial, *more, *at_us]);
        self.run_each(COUNT_PUNCHES, lists)
    }

    /// Notes what was heard of a terminal. The edge that tells it answers for it from now on, unless another one has heard of
    /// it over a minute later: news may be late.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_contact(&self, serial: &str, contact: &Contact) -> Result<(), Error> {
        let Contact { punches: _, last_contact_us, last_complete_read_us, records_on_terminal, trouble, edge, clock } =
            contact;
        let values = params![
            self.tenant,
            serial,
            last_contact_us,
            last_complete_read_us,
            records_on_terminal,
            trouble,
            edge,
            clock.map(|clock| clock.offset_s),
            clock.map(|clock| clock.how.word()),
            clock.map(|clock| clock.at_us)
        ];
        self.run(CONTACT, values).map(drop)
    }

    /// Forgets what was seen of a terminal's clock: it was seen with another zone.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_clock(&self, serial: &str) -> Result<(), Error> {
        self.run(FORGET_CLOCK, params![self.tenant, serial]).map(drop)
    }
}
