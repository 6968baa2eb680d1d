//! Test helpers that every room may use in its tests, and nothing but tests.
//!
//! * [`Authority`]: signs who a server is ([`Identity`]), for receivers that are reached by TLS;
//! * [`Postgres`]: a real PostgreSQL server of one's own, gone when it is dropped;
//! * [`PostgresPair`]: two servers, one of which follows the other;
//! * [`Database`]: a database of a server that tests share;
//! * [`BadLine`]: a line to a server that is cut, slow and away; [`Chance`]: numbers that come again;
//! * [`FakeCalendar`]: public holidays over HTTP, or trouble, as it is told;
//! * [`FakeCrm`]: a receiver of days over HTTP or HTTPS that fails as it is told;
//! * [`FakeInbox`]: a receiver of files over HTTP or HTTPS that fails as it is told;
//! * [`FakeOdoo`]: an Odoo that behaves as the reference saw real ones do, errors included;
//! * [`FakeTds`]: a server that speaks TDS, with a table or with trouble, as it is told;
//! * [`how_many`]: how long a test is, by an environment variable;
//! * [`Process`]: an executable under test: its lines, its death by `kill -9`, no orphan left behind;
//! * [`wait_until`] and [`wait_for`]: waiting for a condition that sends no event;
//! * [`shared()`]: files that may lie beside the project;
//! * [`Sshd`]: OpenSSH's own server, which takes files by SFTP;
//! * [`skipped`]: says loudly that a test is skipped;
//! * [`TempDir`]: a folder that is removed when it is dropped.

// A shell: it owns processes, folders and deadlines.
#![allow(clippy::disallowed_methods)]

mod bad_line;
mod chance;
mod database;
mod fake_calendar;
mod fake_crm;
mod fake_inbox;
mod fake_odoo;
mod fake_tds;
mod http;
mod line;
mod pair;
mod postgres;
mod process;
mod shared;
mod skip;
mod sshd;
mod wait;

pub use crate::{
    bad_line::BadLine,
    chance::{Chance, how_many},
    database::Database,
    fake_calendar::{CalendarMood, FakeCalendar},
    fake_crm::{CrmFault, CrmRecord, FakeCrm},
    fake_inbox::{FakeInbox, InboxFault, InboxRequest},
    fake_odoo::{FakeOdoo, OdooAttendance, OdooFault, OdooVersion},
    fake_tds::{FakeTds, TdsAnswer, TdsMood},
    line::{Authority, Identity},
    pair::PostgresPair,
    postgres::Postgres,
    process::Process,
    shared::shared,
    skip::skipped,
    sshd::Sshd,
    wait::{wait_for, wait_until},
};
pub use tempfile::TempDir;
