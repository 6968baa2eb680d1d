//! The binary protocol that ZKTeco-family attendance terminals speak on port 4370; the terminal is the server.
//!
//! Three layers, each usable alone:
//!
//! * **bytes**: [`Packet`] and [`Framer`] (TCP framing that resynchronises), [`PackedTime`], and the records of the
//!   data sets: [`AttendanceLog`], [`User`], [`Sizes`]. Each can be read and written, so the same code serves a client
//!   and a simulated terminal.
//! * **[`session`]**: a state machine without I/O or clock: bytes and the time go in, bytes and events come out.
//! * **`client`** (feature `client`, on by default): the session driven over TCP or UDP by tokio; and `discover`, which finds
//!   terminals on a local network.
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # async fn read() -> Result<(), zk::Error> {
//! use zk::client::{Client, Options};
//!
//! let mut terminal = Client::connect("192.168.1.201:4370", Options::default()).await?;
//! let log = terminal.attendance().await?;
//! for (record, raw) in log.iter() {
//!     match record.time.civil() {
//!         Ok(time) => println!("{:?} {time}", record.user),
//!         Err(impossible) => println!("{:?} {impossible} is no date: {raw:02x?}", record.user),
//!     }
//! }
//! terminal.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Whatever a terminal sends is a value, never a panic: times that name no date are [`InvalidTime`], unknown record
//! widths are [`Error::Corrupt`] with the bytes. Numbers in the docs ("zk 6.1") name the parts of the protocol as the README
//! lists them, with what is supported of each and where the facts come from.
//!
//! There is no call to unlock a door, to erase users, templates or other logs as a whole, to move files or firmware, or to switch a
//! terminal off: those commands have names in [`code`], so that a log can speak of them, and no more. The attendance log is
//! erased with a [`ClearProof`] only. Fingerprints are out of reach unless the feature `templates` is on.

#[cfg(feature = "client")]
pub mod client;
pub mod code;
pub mod comm_key;
#[cfg(feature = "client")]
pub mod discover;
mod error;
mod framing;
pub mod option;
mod packet;
mod proof;
pub mod record;
pub mod session;
mod sizes;
mod stranger;
#[cfg(feature = "templates")]
mod template;
mod time;
pub mod transfer;
mod wire;

pub use code::Code;
pub use error::{Error, Kept};
pub use framing::{Framer, MAX_FRAME_BYTES};
pub use packet::{HEADER_BYTES, Packet, checksum};
pub use proof::{ClearProof, Unconfirmed};
pub use record::attendance::{AttendanceLayout, AttendanceRecord, UserRef};
pub use record::event::{EventMask, RealtimeEvent};
pub use record::log::AttendanceLog;
pub use record::number::UserNumber;
pub use record::operation::{Operation, OperationRecord, decode_operations};
pub use record::password::Password;
pub use record::user::{Privilege, TimeZones, User, UserLayout, UserTable};
pub use sizes::Sizes;
#[cfg(feature = "templates")]
pub use template::Template;
pub use time::{CivilTime, EventTime, InvalidTime, PackedTime};

/// The examples of the README are compiled as tests.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
