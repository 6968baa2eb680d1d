//! The records of the data sets (zk 7).

pub(crate) mod attendance;
pub mod event;
pub(crate) mod layout;
pub(crate) mod log;
pub(crate) mod number;
pub(crate) mod operation;
pub(crate) mod password;
pub mod template;
pub(crate) mod user;
