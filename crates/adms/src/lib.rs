//! The push protocol (ADMS, "iclock") of attendance terminals, in which the terminal is the HTTP client.
//!
//! Requests and bodies go in, values come out; replies are text. There is no socket, no clock and no storage here, so a
//! server, a simulator and a test use the same code. "adms N" in the documentation names a section of the protocol
//! reference.
//!
//! What holds everywhere:
//! * Bodies are bytes. Nothing is decoded before somebody looks at it ([`text::decode`]), so the original survives.
//! * One bad line never rejects its neighbours: readers yield a `Result` per line.
//! * No input panics.
//!
//! ```
//! use adms::{Call, Method, Request, Table};
//!
//! let request = Request::read(Method::Post, "/iclock/cdata.aspx", "sn=X903-1&table=ATTLOG&Stamp=9999");
//! assert_eq!(request.serial.as_deref(), Some("X903-1"));
//! assert!(matches!(request.call, Call::Upload(upload) if upload.table == Table::AttLog));
//!
//! let body = b"7\t2024-07-07 01:29:01\t0\t1\t0\t0\t0\t0\t0\t0\t\n";
//! let line = adms::attlog::lines(body).next().unwrap().unwrap();
//! assert_eq!((line.pin, line.time), (&b"7"[..], &b"2024-07-07 01:29:01"[..]));
//! assert_eq!(adms::reply::ok_count(1), "OK:1");
//! ```

pub mod archive;
pub mod attlog;
pub mod command;
pub mod dialect;
pub mod handshake;
pub mod info;
pub mod language;
pub mod line;
pub mod operlog;
pub mod options;
pub mod photo;
pub mod query;
pub mod reply;
pub mod request;
pub mod results;
pub mod security;
pub mod text;
pub mod time;
pub mod verify;

pub use attlog::AttLogLine;
pub use command::{Command, CommandError, CommandLine, Pin, Privilege, UserRecord};
pub use dialect::Dialect;
pub use handshake::{HandshakeReply, HandshakeRequest, TransFlag, Transfer, Zone};
pub use info::Info;
pub use line::{BadLine, BadLineReason};
pub use operlog::{OperLine, UserLine};
pub use photo::{Photo, PhotoName};
pub use request::{Call, DataTable, Found, Method, QueryData, Request, Shown, Table, Upload};
pub use results::{CommandResult, Meaning, Verdict};
pub use time::{CivilTime, PackedTime};
