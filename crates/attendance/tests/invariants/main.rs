//! The invariants of section 22, each over companies that nobody planned.
//!
//! `company` makes them: a policy (`policies`: every preset, with random valid knobs), timetables and rosters (`rosters`), leave,
//! corrections and a calendar (`facts`), and what was punched (`punches`). One person is derived at a time, so one person is
//! what a company has here. Each invariant is one test, in the group that its subject belongs to; what keeps frozen records
//! (9 with its sums, 14) is a store, so the hub's tests hold these two against the real one, over the same companies.
//!
//! `PUNCHCLOCK_CASES` says how many companies each test sees; CONTRIBUTING.md has the long run.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bank;
mod company;
mod explained;
mod facts;
mod found;
mod laid;
mod leave;
mod logs;
mod minutes;
mod order;
mod pay;
mod policies;
mod punches;
mod rosters;
mod versions;
mod work_dates;
