//! The branch agent: collects punches from terminals, keeps them on disk, and hands them to the hub.
//!
//! ```text
//! terminals --push--> listener --+                  +--> forwarder --> Uplink --> hub
//! terminals <--poll-- poller ----+--> spool (disk) -+
//! ```
//!
//! * [`spool`]: what terminals said, on disk until the hub has it. Its invariants are the edge's promise.
//! * `listener`: the push protocol over HTTP. `poller`: reads the logs of terminals on port 4370.
//! * `live`: punches as they happen, from terminals that tell them there.
//! * `visit`: a conversation with one terminal there, on which `users` are written; `search` finds a terminal that has another address now.
//! * `closing`: what a reading proves of each day, for the hub to compare; `days` asks terminals that only push.
//! * `reconcile`: the proof that the hub holds a terminal's whole log, before that is erased.
//! * `forwarder`: sends to an [`Uplink`]; [`HttpUplink`] is the one to a hub elsewhere.
//! * `timekeeper`: what the edge's clock shows, and whether that is believed.
//! * [`plan`]: the decisions (back-off, when to poll, who is let in), pure.
//! * [`Steps`]: what the tasks do, one step at a time, for a simulation that owns time and network.
//! * `status`: health, metrics and a small board for the person in the branch; `overview` is what that board shows.
//!
//! The edge works without its hub: it knows the approved terminals from the last list, and holds what they say.

// A shell: it owns sockets, a disk, the clock and chance.
#![allow(clippy::disallowed_methods)]

mod board;
mod closing;
mod config;
mod counters;
mod days;
mod edge;
mod forwarder;
mod listener;
mod live;
mod names;
mod once;
mod overview;
pub mod plan;
mod poller;
mod reading;
mod reconcile;
mod search;
pub mod spool;
mod status;
mod steps;
mod terminals;
mod time;
mod timekeeper;
mod tls;
mod token;
mod trouble;
mod uplink;
mod users;
mod visit;

pub use config::EdgeConfig;
pub use edge::{Edge, EdgeHandle, StartError};
pub use names::name_of;
pub use once::{Reading, read_once};
pub use overview::{NoAnswer, Overview, TerminalLine};
pub use reconcile::{Unproven, prove_held};
pub use steps::{BeganReading, Pause, Steps};
pub use time::Time;
pub use tls::pin_of;
pub use token::{TokenError, TokenFile};
pub use trouble::Trouble;
pub use uplink::{HttpUplink, Uplink, UplinkError};
pub use users::record_of;
pub use visit::{Face, Tables, Visit, dialable};

/// The key of an edge, in messages.
const KEY_HOLDER: safe::Holder = safe::Holder {
    name: "edge",
    setting: "edge.key_file",
    if_lost: "delete this one: a new one is made, the hub sends the keys of terminals again, and `punchclock edge enroll` brings a \
              new token",
};

/// Microseconds since the epoch, UTC.
fn now_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A random number from 0 to 1; 0.5 when the system has none to give.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

/// The wish that everything ends.
#[derive(Clone)]
struct Stop(tokio::sync::watch::Receiver<bool>);

impl Stop {
    /// Returns when the edge is to stop.
    async fn wait(&mut self) {
        // An error means that the handle is gone: that is a stop as well.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}
