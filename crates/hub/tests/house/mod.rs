//! A small company in a temporary store.

// Each test file uses a part of it; what fails here fails the test.
#![allow(dead_code, clippy::unwrap_used)]

use std::fmt::Write as _;

use attendance::punch::{Channel, RawPunch, attlog};
use hub::view::{DayFilter, PunchFilter};
use hub::{Actor, Counts, FileImport, Hub, NewTerminal, Store};
use jiff::Timestamp;
use link::{Batch, Item, Punch, What};

/// A hub, and the folder that goes with it.
pub(crate) struct House {
    pub(crate) hub: Hub,
    pub(crate) store: Store,
    database: Database,
}

pub(crate) fn house() -> House {
    house_on(store())
}

pub(crate) fn house_on((store, database): (Store, Database)) -> House {
    House { hub: Hub::new(store.clone()), store, database }
}

/// An empty store of the engine that the tests run on, and what it stands on.
pub(crate) fn store() -> (Store, Database) {
    testkit::Database::asked_for().unwrap().map_or_else(on_sqlite, on_postgres)
}

pub(crate) fn on_postgres(database: testkit::Database) -> (Store, Database) {
    (Store::connect(&database.url(), None).unwrap(), Database::Postgres(database))
}

pub(crate) fn on_sqlite() -> (Store, Database) {
    let folder = tempfile::tempdir().unwrap();
    (Store::open(&folder.path().join("hub.sqlite")).unwrap(), Database::Sqlite(folder))
}

/// What a store stands on; gone with the value.
pub(crate) enum Database {
    /// The folder of the file.
    Sqlite(tempfile::TempDir),
    /// A database of its own.
    Postgres(testkit::Database),
}

/// Wednesday 2026-03-04, noon in Manila: the whole log below is in the past.
pub(crate) fn now() -> Timestamp {
    "2026-03-04T12:00:00+08:00".parse().unwrap()
}

pub(crate) fn clerk() -> Actor {
    Actor::new("clerk")
}

/// Four weeks of two people, with what real logs have: lunch, a forgotten punch, a late night, a repeated press.
pub(crate) fn log() -> Vec<String> {
    let mut lines = Vec::new();
    for day in 2..=27 {
        if matches!(day % 7, 0 | 1) {
            continue;
        }
        let mut punch = |user: &str, time: String| lines.push(format!("{user:>9}\t2026-02-{time}\t1\t0\t1\t0"));
        punch("12", format!("{day:02} 07:5{}:10", day % 10));
        punch("12", format!("{day:02} 12:01:00"));
        punch("12", format!("{day:02} 12:55:30"));
        if day != 10 {
            punch("12", format!("{day:02} 18:0{}:00", day % 10));
        }
        punch("0012", format!("{day:02} 08:{:02}:00", day % 30));
        punch("0012", format!("{day:02} 08:{:02}:40", day % 30));
        match day {
            11 => punch("0012", "12 01:20:00".to_owned()),
            _ => punch("0012", format!("{day:02} 17:{:02}:00", 30 + day)),
        }
    }
    lines
}

impl House {
    /// Whether nothing but this house writes to its database server.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    /// A hub of another process on the same database.
    pub(crate) fn another_hub(&self) -> Hub {
        Hub::new(match &self.database {
            Database::Sqlite(folder) => Store::open(&folder.path().join("hub.sqlite")).unwrap(),
            Database::Postgres(database) => Store::connect(&database.url(), None).unwrap(),
        })
    }

    pub(crate) fn import(&self, lines: &[String], create_employees: bool) -> Counts {
        let file = lines.iter().fold(String::new(), |mut file, line| {
            let _ = writeln!(file, "{line}");
            file
        });
        let how = FileImport {
            serial: "A1",
            name: "1_attlog.dat",
            zone: "Asia/Manila",
            groups: &[],
            create_employees,
            is_dry_run: false,
        };
        self.hub.import_attlog(&clerk(), file.as_bytes(), &how, now(), |_, _| {}).unwrap()
    }

    /// An edge's batch of these lines, as terminal `serial` pushed them.
    pub(crate) fn batch(&self, serial: &str, lines: &[&str], first_seq: i64) -> Batch {
        let items = lines.iter().zip(first_seq..).map(|(line, seq)| {
            let said: RawPunch = attlog::punches(serial, line.as_bytes()).next().unwrap();
            let received_us = now().as_microsecond();
            Item { seq, received_us, is_time_doubted: false, what: What::Punch(Punch::of(Channel::Push, &said)) }
        });
        let (edge, follows) = ("branch".to_owned(), first_seq - 1);
        Batch { edge, follows, items: items.collect(), ..Batch::default() }
    }

    pub(crate) fn register(&self, serial: &str, zone: &str) {
        let new = NewTerminal { serial: serial.to_owned(), zone: Some(zone.to_owned()), ..NewTerminal::default() };
        self.hub.add_terminal(&clerk(), &new, now()).unwrap();
    }

    pub(crate) fn derive(&self) -> u64 {
        self.hub.derive_all(now(), |_| {}).unwrap().written
    }

    /// What leaves the house: days, payroll and punches as files.
    pub(crate) fn files(&self) -> [String; 3] {
        self.derive();
        let text = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            String::from_utf8(out).unwrap()
        };
        let (from, to) = ("2026-01-01".parse().unwrap(), "2026-12-31".parse().unwrap());
        [
            text(&|out| self.hub.days_csv(&DayFilter::default(), out).unwrap()),
            text(&|out| self.hub.payroll_csv(from, to, out).unwrap()),
            text(&|out| self.hub.punches_csv(&PunchFilter::default(), out).unwrap()),
        ]
    }
}
