//! What an edge is told at its start.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use link::Network;
use zk::discover::Subnet;

use crate::spool::room::Bounds;
use crate::time::Time;

/// Settings of one edge. [`EdgeConfig::new`] fills in the defaults that the manual names.
#[derive(Debug, Clone)]
pub struct EdgeConfig {
    /// The edge's name for the hub, stable over restarts.
    pub name: String,
    /// The spool's file. Its folder must exist; the file is created.
    pub spool: PathBuf,
    /// How much disk the spool may take.
    pub spool_bounds: Bounds,
    /// The file of the key with which secrets are sealed; `None` for `edge.key` beside the spool. It is made when it is
    /// missing.
    pub key_file: Option<PathBuf>,
    /// Where terminals push to. Port 0 takes any free one.
    pub terminals_listen: SocketAddr,
    /// Networks from which terminals are served; others get 403.
    pub allowed: Vec<Network>,
    /// Requests a second that one address may make for long; beyond, they get 503. For a while it may be
    /// [`BURST_SECONDS`](crate::plan::BURST_SECONDS) times as many. `None` counts nothing.
    pub requests_per_second: Option<NonZeroU32>,
    /// Proxies that are believed whom they call for.
    pub trusted_proxies: Vec<Network>,
    /// Where health, metrics and the local board are served; `None` for nowhere (`serve` has pages of its own).
    pub status_listen: Option<SocketAddr>,
    /// Time between two polls of a terminal for which the hub names no other.
    pub poll_every: Duration,
    /// Rest of a terminal between two readings when something is amiss with its live session.
    pub live_rest: Duration,
    /// Longest silence of a polled terminal while it owes an answer.
    pub terminal_silence: Duration,
    /// Subnets that are searched, by serial, for a polled terminal that is not at its address; empty for never.
    pub discover: Vec<Subnet>,
    /// How long a terminal may take for the result of a command before it gets the command again.
    pub result_patience: Duration,
    /// Time between two heartbeats, which also fetch the list of terminals.
    pub heartbeat_every: Duration,
    /// Where the time comes from.
    pub time: Time,
    /// An approved terminal that was not heard of for so long is told to be silent.
    pub missing_after: Duration,
    /// How long acknowledged entries stay, so that a restored hub can ask for them again.
    pub keep: Duration,
    /// Largest body of one request, in bytes.
    pub max_body_bytes: usize,
    /// Bytes of bodies that may be in work at once; beyond, terminals are told to come back.
    pub max_bytes_in_work: usize,
    /// Connections of terminals at once; more wait to be accepted.
    pub max_connections: usize,
}

impl EdgeConfig {
    /// The defaults for an edge of this name with its spool in this file.
    pub fn new(name: impl Into<String>, spool: PathBuf) -> Self {
        Self {
            name: name.into(),
            spool,
            spool_bounds: Bounds::default(),
            key_file: None,
            terminals_listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8081)),
            allowed: Network::PRIVATE.to_vec(),
            requests_per_second: NonZeroU32::new(200),
            trusted_proxies: Network::LOOPBACK.to_vec(),
            status_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8082))),
            poll_every: Duration::from_secs(15 * 60),
            live_rest: Duration::from_secs(60),
            terminal_silence: zk::client::Options::default().idle_timeout,
            discover: Vec::new(),
            result_patience: Duration::from_secs(300),
            heartbeat_every: Duration::from_secs(10),
            time: Time::system(),
            missing_after: Duration::from_secs(3600),
            keep: Duration::from_secs(30 * 24 * 3600),
            max_body_bytes: 16 << 20,
            max_bytes_in_work: 64 << 20,
            max_connections: 1024,
        }
    }
}
