//! The edge as its users meet it: terminals in front, a hub behind, a disk that survives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod access;
mod alone;
mod archives;
mod clock;
mod commands;
mod completeness;
mod days;
mod enrolment;
mod fake_hub;
mod forwarder;
mod full_disk;
mod handshakes;
mod http;
mod hubs;
mod listener;
mod live;
mod own_clock;
mod pins;
mod poller;
mod push_faults;
mod reconcile;
mod search;
mod secrets;
mod spool;
mod status;
mod tls;
mod torn;
mod transcripts;
mod user_lists;
mod users;
mod workplace;
