//! The edges as the hub sees them: each calls in its turn, one request in flight, over a bounded number of kept connections.

use std::{
    net::SocketAddr,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use link::{Ack, Clock, ClockSource, Contact, EdgeClock, Health, Heartbeat, Orders, Outcome, body, path};
use tokio::time::timeout;

use super::company::{Company, PEOPLE, name, serial, terminals, token};
use crate::{http::Connection, load};

/// Connections that all edges share.
const CONNECTIONS: usize = 256;

/// A hub that needs longer for a phase is not measured to the end.
const PHASE_WITHIN: Duration = Duration::from_secs(180);

/// What each edge does in a phase, one after the other.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// A heartbeat that tells of its terminals.
    News,
    /// A heartbeat that tells nothing new.
    SignOfLife,
    /// A batch with everybody's punches of these turns; it follows those before.
    Batch(Range<usize>),
}

/// How a phase went.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    /// How long the answer to each batch took.
    pub(crate) batches: Vec<Duration>,
    /// How long the answer to each heartbeat took.
    pub(crate) beats: Vec<Duration>,
    /// From its first request to its last answer.
    pub(crate) took: Duration,
    /// How far apart the hub wants an edge's heartbeats, in seconds, as it said last.
    pub(crate) beat_every_s: u32,
}

/// All edges make these calls: each edge the first of them, then each the second.
///
/// # Errors
/// When a connection fails, or the hub does not take what it is told.
pub(crate) async fn phase(company: &Arc<Company>, address: SocketAddr, calls: &[Call]) -> Result<Phase> {
    let connections = CONNECTIONS.min(company.edges);
    let open = load::all(0..connections, |first| async move { Ok((first, Connection::open(address).await?)) }).await?;
    let start = Instant::now();
    let parts = load::all(open, |(first, mut connection)| {
        let (company, calls) = (company.clone(), calls.to_vec());
        async move {
            let mut part = Phase::default();
            for call in &calls {
                for edge in (first..company.edges).step_by(connections) {
                    let made = make(&company, &mut connection, edge, call, &mut part).await;
                    made.with_context(|| format!("{call:?} of {}", name(edge)))?;
                }
            }
            Ok(part)
        }
    });
    let parts = timeout(PHASE_WITHIN, parts).await;
    let mut whole = Phase::default();
    for part in parts.context("the hub answers too slowly for this to end")?? {
        whole.batches.extend(part.batches);
        whole.beats.extend(part.beats);
        whole.beat_every_s = whole.beat_every_s.max(part.beat_every_s);
    }
    Ok(Phase { took: start.elapsed(), ..whole })
}

/// Makes one call, looks at what is answered, and notes how long that took.
async fn make(
    company: &Company,
    connection: &mut Connection,
    edge: usize,
    call: &Call,
    part: &mut Phase,
) -> Result<()> {
    match call {
        Call::Batch(turns) => {
            let batch = company.batch(edge, turns.clone(), (turns.start * PEOPLE) as i64);
            let (waited, ack) = post::<Ack>(connection, edge, path::PUNCHES, &serde_json::to_vec(&batch)?).await?;
            let is_new = ack.outcomes.iter().all(|outcome| *outcome == Outcome::Stored);
            ensure!(is_new && ack.high_seq == batch.up_to, "a punch was not new or not matched");
            part.batches.push(waited);
        }
        Call::News | Call::SignOfLife => {
            let beat = heartbeat(edge, matches!(call, Call::News));
            let (waited, orders) =
                post::<Orders>(connection, edge, path::HEARTBEAT, &serde_json::to_vec(&beat)?).await?;
            let own = |place| orders.terminals.iter().any(|known| known.serial == serial(edge, place));
            ensure!((0..terminals(edge)).all(own), "the edge is not told of its terminals");
            part.beats.push(waited);
            part.beat_every_s = orders.beat_every_s.unwrap_or(1);
        }
    }
    Ok(())
}

/// Packed where an edge packs.
async fn post<A: serde::de::DeserializeOwned>(
    connection: &mut Connection,
    edge: usize,
    path: &str,
    plain: &[u8],
) -> Result<(Duration, A)> {
    let packed = body::pack(plain);
    let coding = if packed.is_some() { "Content-Encoding: gzip\r\n" } else { "" };
    let head = format!(
        "POST {path} HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{coding}",
        token(edge)
    );
    let asked = Instant::now();
    let answer = connection.ask(&head, packed.as_deref().unwrap_or(plain)).await?;
    let waited = asked.elapsed();
    ensure!(answer.status == 200, "the hub answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
    Ok((waited, serde_json::from_slice(answer.body)?))
}

fn heartbeat(edge: usize, has_news: bool) -> Heartbeat {
    let now_us = Timestamp::now().as_microsecond();
    let contact = |place| Contact {
        serial: serial(edge, place),
        last_contact_us: Some(now_us),
        clock: Some(Clock { offset_s: 0, how: ClockSource::Uploads, at_us: now_us }),
        ..Contact::default()
    };
    Heartbeat {
        edge: name(edge),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now_us,
        terminals: if has_news { (0..terminals(edge)).map(contact).collect() } else { Vec::new() },
        health: Some(Health {
            spool_used_bytes: 1 << 20,
            spool_limit_bytes: 1 << 30,
            disk_free_bytes: Some(10 << 30),
            clock: Some(EdgeClock { is_right: true, is_synchronised: true, offset_us: Some(0) }),
            ..Health::default()
        }),
        ..Heartbeat::default()
    }
}
