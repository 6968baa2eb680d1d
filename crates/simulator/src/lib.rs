//! Terminals that behave like real ones, and people who punch.
//!
//! One [`Terminal`] holds users, logs and templates; two faces show it to the world: [`ZkServer`] answers the 4370 protocol over
//! TCP and UDP (zk 15), [`push`] reports to a server by ADMS (adms 13). A [`Profile`] says of which make it is. Both read the same log, so a punch can be collected by both
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

pub use faults::{FaultInfo, Faults};
pub use log_file::LogFile;
pub use profile::{Binary, Capacity, DirectReads, Profile, Push, Transports, UnknownProfile, ZoneReading};
pub use run::{Ends, Pace, RunError, RunOptions, run};
pub use terminal::{OperationEntry, Progress, Template, Terminal, TerminalBuilder, UserRefused, WhenFull};
pub use zk_server::ZkServer;
