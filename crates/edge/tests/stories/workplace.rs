//! An edge on loopback with its disk in a temporary folder.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use edge::{Edge, EdgeConfig, EdgeHandle, Uplink};
use tempfile::TempDir;

pub(crate) struct Workplace {
    folder: TempDir,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.folder.path().join("spool.db")
    }

    /// Free ports, quick heartbeats.
    pub(crate) fn config(&self) -> EdgeConfig {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        EdgeConfig {
            terminals_listen: any_port,
            status_listen: Some(any_port),
            heartbeat_every: Duration::from_millis(20),
            ..EdgeConfig::new("branch-7", self.spool())
        }
    }

    pub(crate) async fn start(&self, uplink: impl Uplink) -> EdgeHandle {
        Edge::start(self.config(), uplink).await.unwrap()
    }
}
