//! Terminals that behave like real ones, and people who punch.
//!
//! One [`Terminal`] holds users and a log; two faces show it to the world: [`ZkServer`] answers the 4370 protocol over TCP
//! (zk 15), [`push`] reports to a server by ADMS (adms 13). Both read the same log, so a punch can be collected by both
//! roads. [`run()`] plays a terminal with both faces at a pace; [`people`] makes up a company whose punches have the shape of
//! real ones.
//!
//! A terminal forgets nothing by itself: what a server has not acknowledged is kept and sent again.
#![allow(clippy::disallowed_methods)] // A shell: it owns sockets, and a terminal has a clock.

pub mod faults;
mod log_file;
pub mod people;
mod profile;
pub mod push;
mod random;
mod run;
mod terminal;
mod zk_server;

pub use faults::Faults;
pub use log_file::LogFile;
pub use profile::Profile;
pub use run::{Ends, Pace, RunError, RunOptions, run};
pub use terminal::{Progress, Terminal, TerminalBuilder, TerminalUser};
pub use zk_server::ZkServer;
