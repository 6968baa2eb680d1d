//! Each fault by name: what it does on the wire, and that our client and our server cope with it or say clearly what is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods)] // The clock of a terminal is compared with the true time.

#[path = "../common/mod.rs"]
mod common;

mod bulk;
mod clock;
mod data;
mod line;
mod push_commands;
mod push_form;
mod push_way;
mod session;
