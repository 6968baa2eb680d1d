//! The records of the data sets (zk 7).

pub(crate) mod attendance;
pub(crate) mod layout;
pub(crate) mod log;
pub(crate) mod number;
pub(crate) mod password;
pub(crate) mod user;
