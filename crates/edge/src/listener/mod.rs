//! The listener that terminals push to: `/iclock/*`, perhaps with a key before it, and nothing else (adms 2, 11).
//!
//! Invariants: a terminal hears 200 for an upload only after the commit of all its lines; the memory for bodies in work
//! is bounded, archives unpacked, and whoever comes beyond that hears 503 and keeps its data; networks that are not allowed hear 403
//! before a byte of their body is read, and so does whoever does not show the key to which its terminal is pinned. An address
//! that asks without end is slowed down, and the others are not.

mod access;
mod body;
mod commands;
mod exchange;
mod framing;
mod intake;
mod repair;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::Stop;
use crate::config::EdgeConfig;
pub(crate) use exchange::Desk;
use repair::Repairing;

/// Longest silence between two requests of a connection, and longest time for the head of one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a request in work may take to finish when the edge stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// Rest after a failed accept (out of file handles, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the listener works with.
pub(crate) struct Listener {
    desk: Arc<Desk>,
    connections: Arc<Semaphore>,
}

impl Listener {
    pub(crate) fn new(config: &EdgeConfig, desk: Desk) -> Self {
        Self { desk: Arc::new(desk), connections: Arc::new(Semaphore::new(config.max_connections)) }
    }

    /// Serves until the stop; requests in work are finished then.
    pub(crate) async fn serve(self, socket: TcpListener, mut stop: Stop) {
        let mut serving = JoinSet::new();
        loop {
            // The permit comes first: whoever is too much waits in the system's queue and costs nothing here.
            let accepted = tokio::select! {
                () = stop.wait() => break,
                accepted = self.accept(&socket) => accepted,
                Some(_) = serving.join_next() => continue,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    serving.spawn(connection(self.desk.clone(), stream, peer, permit, stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a terminal's connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        while serving.join_next().await.is_some() {}
    }

    async fn accept(&self, socket: &TcpListener) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permit = self.connections.clone().acquire_owned().await.map_err(std::io::Error::other)?;
        let (stream, peer) = socket.accept().await?;
        Ok((stream, peer, permit))
    }
}

async fn connection(
    desk: Arc<Desk>,
    stream: TcpStream,
    peer: SocketAddr,
    _permit: OwnedSemaphorePermit,
    mut stop: Stop,
) {
    // Replies are small and complete: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(desk.serve(peer.ip(), request).await) }
    });
    // Some firmware looks for `Content-Length` in this very spelling.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .title_case_headers(true)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(Repairing::new(stream)), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.wait() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(FAREWELL, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a terminal's connection ended early");
    }
}
