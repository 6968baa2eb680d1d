//! Start and end of an edge.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Stop;
use crate::config::EdgeConfig;
use crate::counters::Counters;
use crate::days::Days;
use crate::forwarder::Forwarder;
use crate::listener::{Desk, Listener};
use crate::poller::Poller;
use crate::spool::{Options, Spool, SpoolError};
use crate::status::Status;
use crate::terminals::Terminals;
use crate::timekeeper::Timekeeper;
use crate::uplink::Uplink;

/// The branch agent.
pub struct Edge;

/// A running edge. Dropping it stops the tasks without waiting; nothing acknowledged is lost by that.
pub struct EdgeHandle {
    terminals_addr: SocketAddr,
    status_addr: Option<SocketAddr>,
    spool: Spool,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Why an edge did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The spool can't be used.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// An address can't be listened on.
    #[error("can't listen on {address} for {purpose}: {source}; is another program using it?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What it is for.
        purpose: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Edge {
    /// Opens the spool, binds the sockets and starts the tasks on the current runtime.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start<U: Uplink>(config: EdgeConfig, uplink: U) -> Result<EdgeHandle, StartError> {
        let path = config.spool.clone();
        let key_file = config.key_file.clone();
        let options = Options { bounds: config.spool_bounds, key_file, ..Options::default() };
        let opened = tokio::task::spawn_blocking(move || Spool::open_with(&path, options)).await;
        let spool = opened.unwrap_or(Err(SpoolError::Closed))?;
        match Self::start_tasks(&config, uplink, spool.clone()).await {
            Ok(handle) => Ok(handle),
            Err(error) => {
                spool.close().await;
                Err(error)
            }
        }
    }

    async fn start_tasks<U: Uplink>(config: &EdgeConfig, uplink: U, spool: Spool) -> Result<EdgeHandle, StartError> {
        let (socket, terminals_addr) = listen(config.terminals_listen, "terminals").await?;
        let status_socket = match config.status_listen {
            Some(address) => Some(listen(address, "its status page").await?),
            None => None,
        };
        let status_addr = status_socket.as_ref().map(|(_, address)| *address);

        let terminals = Arc::new(Terminals::new(spool.memory().await?));
        let counters = Arc::new(Counters::default());
        let (stop, stopped) = watch::channel(false);
        let stopped = Stop(stopped);
        let mut tasks = JoinSet::new();

        let time = Arc::new(Timekeeper::new(config.time.clone(), spool.clone(), terminals.clone()));
        tasks.spawn(time.clone().keep(config.heartbeat_every, stopped.clone()));

        let days = Arc::new(Days {
            spool: spool.clone(),
            terminals: terminals.clone(),
            counters: counters.clone(),
            time: time.clone(),
        });
        tasks.spawn(days.clone().run(config.poll_every, stopped.clone()));
        tasks.spawn(Listener::new(config, Desk::new(config, days)).serve(socket, stopped.clone()));

        let poller = Poller::new(config, spool.clone(), terminals.clone(), counters.clone(), time.clone());
        tasks.spawn(Arc::new(poller).run(config.poll_every, stopped.clone()));

        if let Some((socket, _)) = status_socket {
            let status = Status {
                name: config.name.clone(),
                spool: spool.clone(),
                terminals: terminals.clone(),
                counters: counters.clone(),
                time: time.clone(),
                missing_after: config.missing_after,
            };
            tasks.spawn(status.serve(socket, stopped.clone()));
        }

        let forwarder = Arc::new(Forwarder::new(config, uplink, spool.clone(), terminals, counters, time));
        tasks.spawn(forwarder.clone().send(stopped.clone()));
        tasks.spawn(forwarder.clone().beat(config.heartbeat_every, stopped.clone()));
        tasks.spawn(forwarder.trim(config.keep, stopped));

        tracing::info!(edge = config.name, %terminals_addr, "the edge is running");
        Ok(EdgeHandle { terminals_addr, status_addr, spool, stop, tasks })
    }
}

async fn listen(address: SocketAddr, purpose: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, purpose, source };
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    Ok((socket, bound))
}

impl EdgeHandle {
    /// Where terminals push to.
    pub fn terminals_addr(&self) -> SocketAddr {
        self.terminals_addr
    }

    /// Where health, metrics and the board are, if anywhere.
    pub fn status_addr(&self) -> Option<SocketAddr> {
        self.status_addr
    }

    /// The spool, for tools that run in the same process.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Stops: requests in work are finished, the spool's queue is written, the file is closed.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        self.spool.close().await;
    }
}
