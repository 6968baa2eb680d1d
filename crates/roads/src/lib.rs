//! Readers and writers of foreign formats, and clients of other systems behind small ports ([`sink::Sink`]) or on their own
//! ([`holidays::Asker`]). No store, no jobs.

pub mod calendar;
pub mod crm;
pub mod delivery;
pub mod employees;
pub mod feed;
pub mod holidays;
pub mod mssql;
mod network;
pub mod odoo;
pub mod outside;
mod pace;
pub mod payroll;
pub mod places;
pub mod punch_json;
pub mod punch_table;
pub mod roster;
mod secrets;
pub mod sheet;
pub mod shown_url;
pub mod sink;
mod table;
pub mod template;

pub use network::{in_words, no_client};
pub use table::{BadRow, NotATable};
