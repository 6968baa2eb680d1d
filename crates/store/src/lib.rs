//! The tables of the hub: statements, migrations, transactions.
//!
//! Invariants:
//! * Evidence (`punch`) and `audit` are insert only; triggers refuse anything else. They are chained by hash: see [`chain`].
//! * A punch is in exactly one of `resolved_punch`, `held_punch`, `dismissed_punch`; these can be computed again.
//! * All writes go through one [`Write`] transaction at a time (SQLite: `BEGIN IMMEDIATE`, WAL, `synchronous=FULL`;
//!   PostgreSQL: an advisory lock of the tenant): when it returns, the data survives a power cut. Other processes on
//!   the same database wait for their turn, up to [`BUSY_TIMEOUT`].
//! * Every statement is a constant of this crate, written once for SQLite and PostgreSQL with `$1`, `$2`, ... in order
//!   of appearance (SQLite then binds them by position), the tenant in every condition; a test prepares each on both engines.

pub mod access;
pub mod answers;
pub mod audit;
pub mod backup;
pub mod census;
pub mod chain;
pub mod closeouts;
pub mod commands;
pub mod company;
pub mod day_list;
pub mod days;
pub mod edges;
mod engine;
pub mod enrolment;
pub mod facts;
pub mod held;
pub mod import_list;
pub mod imports;
pub mod jobs;
pub mod lateness;
mod migrations;
pub mod moving;
pub mod outbox;
pub mod outbox_events;
pub mod outbox_list;
mod parts;
pub mod people;
pub mod periods;
pub mod person;
pub mod places;
pub mod plans;
pub mod polls;
pub mod punch_list;
pub mod punches;
pub mod replays;
pub mod retention;
pub mod secrets;
pub mod sources;
mod statement;
pub mod terminals;
pub mod users;

pub use engine::{BUSY_TIMEOUT, Error, Read, Store, Write};

/// Every constant statement of the store by name, for the test that prepares them on both engines.
pub fn statements() -> Vec<(&'static str, String)> {
    let groups = [
        access::STATEMENTS,
        answers::STATEMENTS,
        enrolment::STATEMENTS,
        audit::STATEMENTS,
        census::STATEMENTS,
        closeouts::STATEMENTS,
        commands::STATEMENTS,
        company::STATEMENTS,
        days::STATEMENTS,
        edges::STATEMENTS,
        facts::STATEMENTS,
        held::STATEMENTS,
        imports::STATEMENTS,
        jobs::STATEMENTS,
        lateness::STATEMENTS,
        outbox::STATEMENTS,
        outbox_events::STATEMENTS,
        parts::STATEMENTS,
        people::STATEMENTS,
        periods::STATEMENTS,
        person::STATEMENTS,
        places::STATEMENTS,
        plans::STATEMENTS,
        polls::STATEMENTS,
        punches::STATEMENTS,
        replays::STATEMENTS,
        retention::STATEMENTS,
        secrets::STATEMENTS,
        sources::STATEMENTS,
        terminals::STATEMENTS,
        users::STATEMENTS,
    ];
    let constants =
        groups.concat().into_iter().chain(chain::every_statement()).map(|(name, sql)| (name, sql.to_owned()));
    let lists = [
        day_list::variants(),
        import_list::variants(),
        jobs::list_variants(),
        outbox_list::variants(),
        polls::list_variants(),
        punch_list::list_variants(),
    ];
    constants.chain(lists.into_iter().flatten()).collect()
}
