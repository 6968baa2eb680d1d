//! Stories about the hub's listener, told against a real store, of the engine that the tests run on.
#![allow(missing_docs)]

mod access;
mod calendar;
mod commands;
mod completeness;
mod cures;
mod edges;
mod house;
mod idempotency;
mod imports;
mod jobs;
mod live;
mod matching;
mod pages;
mod payroll;
mod places;
mod readings;
mod rest;
mod sheets;
mod sign_in;
mod sinks;
mod sources;
mod sync;
mod tenants;
mod terminal_work;
mod transcripts;
