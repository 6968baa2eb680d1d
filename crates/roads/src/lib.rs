//! Readers and writers of foreign formats. No store, no jobs: bytes in, values out.

pub mod calendar;
pub mod employees;
pub mod places;
pub mod roster;
pub mod sheet;
mod table;

pub use table::{BadRow, NotATable};
