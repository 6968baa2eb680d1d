//! Fuzzing of every parser that reads what comes from outside: `cargo xtask fuzz`.
//!
//! A [`Target`] hands bytes to one parser and panics where a promise is broken: the parser panics, writing and reading again
//! gives something else, a size is out of bounds, bytes get lost, or a cut elsewhere changes the result. [`run()`] feeds it the
//! kept inputs of its folder in the [`corpus`] and then mutations of them, which depend on the seed alone.
//!
//! There is no instrumentation, so that stable Rust and nothing else is needed. What leads the way instead is the [`Kind`] of
//! each answer: an input that gives a kind not seen before is mutated further.
//!
//! `./check` runs each target for a moment; `cargo xtask fuzz` as long as wanted.

// A shell, and nothing but a test: it reads files and measures time, and a broken promise is a panic.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod corpus;
mod mutate;
mod random;
mod run;
mod shrink;
pub mod targets;

pub use run::{Failure, Report, run};
pub use targets::{Kind, Target};
