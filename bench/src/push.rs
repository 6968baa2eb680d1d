//! Durable push ingest: the edge's listener and spool beside the skeleton and a server that only parses.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::Result;
use edge::{Edge, EdgeConfig, EdgeHandle, Uplink, UplinkError};
use link::{Ack, Batch, Heartbeat, Orders, Via};

use crate::{
    figure::{self, Aim, Contender, Figure, Plan},
    load, parse_only, skeleton,
};

const CONNECTIONS: [usize; 4] = [1, 8, 64, 256];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    CONNECTIONS.into_iter().map(|connections| measure_at(plan, connections)).collect()
}

fn measure_at(plan: &Plan, connections: usize) -> Result<Figure> {
    let time = Duration::from_millis(plan.pick(2_000, 200));
    let contender = |name, server| Contender::new(name, move || round(server, connections, time));
    figure::measure(
        plan,
        format!("durable push, connections: {connections}"),
        "punches/s",
        Some(Aim::RatioAtLeast(0.9)),
        contender("edge", Server::Edge),
        vec![contender("skeleton", Server::Skeleton), contender("parse only", Server::ParseOnly)],
    )
}

/// One round on a fresh server with an empty database.
fn round(server: Server, connections: usize, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let running = runtime.block_on(server.start(folder.path(), connections))?;
    let rate = load::punches_per_second(running.address, connections, time);
    if let Some(edge) = running.edge {
        runtime.block_on(edge.shutdown());
    }
    rate
}

#[derive(Debug, Clone, Copy)]
enum Server {
    Edge,
    Skeleton,
    ParseOnly,
}

struct Running {
    address: SocketAddr,
    edge: Option<EdgeHandle>,
}

impl Server {
    async fn start(self, folder: &Path, connections: usize) -> Result<Running> {
        match self {
            Self::Edge => start_edge(folder, connections).await,
            Self::Skeleton => Ok(Running { address: skeleton::start(folder).await?, edge: None }),
            Self::ParseOnly => Ok(Running { address: parse_only::start().await?, edge: None }),
        }
    }
}

async fn start_edge(folder: &Path, connections: usize) -> Result<Running> {
    let mut config = EdgeConfig::new("bench", folder.join("spool.db"));
    config.terminals_listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.status_listen = None;
    // One address is all terminals here.
    config.requests_per_second = None;
    let edge = Edge::start(config, LineIsDown { connections }).await?;
    Ok(Running { address: edge.terminals_addr(), edge: Some(edge) })
}

/// A hub that has approved the terminals and takes nothing, so that only the intake is measured.
struct LineIsDown {
    connections: usize,
}

impl Uplink for LineIsDown {
    async fn send(&self, _: &Batch) -> Result<Ack, UplinkError> {
        let retry_after = Some(Duration::from_secs(3_600));
        Err(UplinkError { message: "the line is down".to_owned(), retry_after })
    }

    async fn heartbeat(&self, _: &Heartbeat) -> Result<Orders, UplinkError> {
        Ok(Orders { terminals: (0..self.connections).map(approved).collect(), ..Orders::default() })
    }
}

fn approved(connection: usize) -> link::Terminal {
    let serial = load::serial(connection);
    link::Terminal { name: serial.clone(), serial, approved: true, via: Via::Push, ..link::Terminal::default() }
}
