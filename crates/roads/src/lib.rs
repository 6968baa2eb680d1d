//! Readers and writers of foreign formats. No store, no jobs: bytes in, values out.

pub mod employees;
pub mod sheet;
