//! Independent clients in processes of their own, pyzk 0.9 and zkteco-js, read from our terminals and agree with what they hold; and
//! our client reads what pyzk reads, and is right where pyzk is known to be wrong.
//!
//! They need a Python with pyzk, named by `PUNCHCLOCK_PYTHON`, and a folder with zkteco-js, named by `PUNCHCLOCK_NODE_MODULES`; without
//! them the tests are skipped and say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod differential;
mod peer;
mod pyzk;
mod zkteco_js;
