//! The company behind the edges: what is registered at the hub before they come, what they send, and whether all of it
//! arrived once.

use std::path::Path;

use anyhow::{Result, ensure};
use attendance::punch::{Channel, Fingerprint, PrintedTime, RawPunch};
use hub::{Actor, Hub, NewTerminal, Role, Store};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, date},
};
use link::{Batch, Closeout, Item, What};
use rusqlite::{Connection, OpenFlags};
use store::access::Token;
use store::people::{Employee, UserNumber};
use store::terminals::Terminal;

/// People who punch at each edge.
pub(crate) const PEOPLE: usize = 10;
/// Random bytes of the session that looks at the pages.
pub(crate) const SESSION: [u8; 32] = [7; 32];

const ZONE: &str = "Asia/Manila";
const ALWAYS: (Date, Date) = (date(2000, 1, 1), date(2999, 12, 31));
const PASSWORD: &str = "a password for the bench";

/// Many branches, each with an edge, one or two terminals and a few people.
pub(crate) struct Company {
    pub(crate) edges: usize,
    /// The day on which everybody punches: yesterday.
    day: Date,
}

impl Company {
    pub(crate) fn new(edges: usize) -> Result<Self> {
        Ok(Self { edges, day: Timestamp::now().in_tz(ZONE)?.date().yesterday()? })
    }

    /// Registers everything in a new database: what people and `edge enroll` would have done one by one.
    pub(crate) fn register(&self, database: &Path) -> Result<()> {
        let (store, now) = (Store::open(database)?, Timestamp::now());
        let (hub, actor) = (Hub::new(store.clone()), Actor::new("bench"));
        // The first terminal gives the company its zone.
        let first = NewTerminal { serial: serial(0, 0), zone: Some(ZONE.to_owned()), ..NewTerminal::default() };
        hub.add_terminal(&actor, &first, now)?;
        hub.account_add(&actor, "bench", PASSWORD, Role::Admin, [1; 16], now)?;
        ensure!(hub.sign_in("bench", PASSWORD, None, now, SESSION)?.is_some(), "nobody can sign in");
        store.write(|write| {
            for edge in 0..self.edges {
                write.add_token(&edge_token(edge, now), blake3::hash(token(edge).as_bytes()).as_bytes())?;
                for place in 0..terminals(edge) {
                    write.put_terminal(&terminal(edge, place, now))?;
                    write.set_edge_of(&serial(edge, place), Some(&name(edge)))?;
                }
                for person in 0..PEOPLE {
                    let number = number(edge, person);
                    let employee = write.add_employee(&employee(&number))?;
                    let (valid_from, valid_to) = ALWAYS;
                    write.put_user_number(&UserNumber {
                        group: String::new(),
                        number,
                        valid_from,
                        valid_to,
                        employee,
                    })?;
                }
            }
            Ok(())
        })
    }

    /// The batch of one edge in which everybody there punches once, at that turn of the day; `follows` is the sequence before it.
    pub(crate) fn batch(&self, edge: usize, turns: std::ops::Range<usize>, follows: i64) -> Batch {
        let said = turns.flat_map(|turn| (0..PEOPLE).map(move |person| (turn, person)));
        let items: Vec<Item> = said
            .zip(follows + 1..)
            .map(|((turn, person), seq)| {
                let punch = link::Punch::of(Channel::Push, &self.punch(edge, person, turn));
                let received_us = Timestamp::now().as_microsecond();
                Item { seq, received_us, is_time_doubted: false, what: What::Punch(punch) }
            })
            .collect();
        let up_to = follows + items.len() as i64;
        Batch { edge: name(edge), follows, up_to, items, ..Batch::default() }
    }

    fn punch(&self, edge: usize, person: usize, turn: usize) -> RawPunch {
        let (user, at) = (number(edge, person), self.at(person, turn));
        let original = format!("{user}\t{}\t255\t1\t0\t0\t0", at.strftime("%Y-%m-%d %H:%M:%S")).into_bytes();
        let origin = serial(edge, person % terminals(edge));
        RawPunch {
            origin,
            user,
            time: PrintedTime::from_civil(at),
            state: Some(255),
            verify: Some(1),
            work_code: None,
            original,
        }
    }

    /// From a quarter to eight on, people every minute, turns every half an hour.
    fn at(&self, person: usize, turn: usize) -> DateTime {
        let minutes = 7 * 60 + 45 + 30 * turn + person;
        self.day.at((minutes / 60) as i8, (minutes % 60) as i8, turn as i8, 0)
    }

    /// Holds what the hub's database holds against everything that was sent in this many turns.
    ///
    /// # Errors
    /// When a punch is missing, doubled or another.
    pub(crate) fn compare(&self, database: &Path, turns: usize) -> Result<Closeout> {
        let mut sent = Closeout::default();
        for edge in 0..self.edges {
            for (turn, person) in (0..turns).flat_map(|turn| (0..PEOPLE).map(move |person| (turn, person))) {
                sent.add(self.punch(edge, person, turn).fingerprint());
            }
        }
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut held = Closeout::default();
        let mut statement = connection.prepare("SELECT fingerprint FROM punch")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            held.add(Fingerprint(row.get(0)?));
        }
        ensure!(held == sent, "the hub holds {held:?}, and the edges have sent {sent:?}");
        let unresolved: u64 = connection.query_row("SELECT COUNT(*) FROM held_punch", [], |row| row.get(0))?;
        ensure!(unresolved == 0, "{unresolved} punches are held, and everybody is known");
        Ok(held)
    }
}

/// The name of an edge.
pub(crate) fn name(edge: usize) -> String {
    format!("branch-{edge:05}")
}

/// The token of an edge: 32 bytes, as the hub makes them, and different for each.
pub(crate) fn token(edge: usize) -> String {
    format!("pc_{}", blake3::hash(name(edge).as_bytes()).to_hex())
}

/// How many terminals an edge has: one or two.
pub(crate) const fn terminals(edge: usize) -> usize {
    1 + edge % 2
}

/// The serial of a terminal.
pub(crate) fn serial(edge: usize, place: usize) -> String {
    format!("EDGE{edge:05}T{place}")
}

fn number(edge: usize, person: usize) -> String {
    (1 + edge * PEOPLE + person).to_string()
}

fn edge_token(edge: usize, now: Timestamp) -> Token {
    Token { name: name(edge), kind: "edge".to_owned(), created_us: now.as_microsecond(), revoked_us: None }
}

fn terminal(edge: usize, place: usize, now: Timestamp) -> Terminal {
    let serial = serial(edge, place);
    Terminal {
        name: serial.clone(),
        serial,
        is_approved: true,
        address: None,
        comm_key_file: None,
        push_key_file: None,
        zone: None,
        via: "push".to_owned(),
        sets_clock: false,
        first_seen_us: now.as_microsecond(),
        poll_minutes: None,
        live: false,
        live_rests_until_us: None,
        number_group: String::new(),
    }
}

fn employee(number: &str) -> Employee {
    Employee { code: format!("E{number}"), is_confirmed: true, ..Employee::default() }
}
