//! Ten thousand edges against one hub: heartbeats, a morning rush, and the hub back after an hour.
//!
//! The edges are one program that speaks the contract over a bounded number of kept connections, each edge with its own token
//! and one request in flight. They call as fast as they are answered: what counts is how many the hub answers in a second,
//! against what as many edges ask for in their rhythm.

mod calls;
mod company;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use testkit::Process;

use self::{
    calls::{Call, Phase},
    company::{Company, PEOPLE, SESSION},
};
use crate::{
    figure::{self, Aim, Contender, Figure, Plan},
    http::Connection,
    load, memory,
};

/// Turns of everybody's punches: each of the first ones is a batch of the rush, the others wait for the hub.
const RUSH: usize = 2;
const TURNS: usize = 6;
const START_WITHIN: Duration = Duration::from_secs(60);
const END_WITHIN: Duration = Duration::from_secs(60);
const BARE_FOR: Duration = Duration::from_secs(2);
/// How often the list of edges is asked for.
const LOOKS: usize = 5;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let edges = plan.pick(10_000, 200);
    let seen = see(edges)?;
    let punches = |turns: usize| (edges * PEOPLE * turns) as f64;
    let seconds = |phase: &Phase| phase.took.as_secs_f64();
    let rush = |what: &str| format!("{edges} edges in a morning rush, {what}");
    let away = |what: &str| format!("{edges} edges, the hub was away, {what}");
    let rhythm = Some(Aim::AtLeast(edges as f64 / f64::from(seen.quiet.beat_every_s)));
    let signs = seen.quiet.beats.len() as f64 / seconds(&seen.quiet);
    let batches = seen.rush.batches.len() as f64 / seconds(&seen.rush);
    let all = [
        once(plan, format!("{edges} edges, heartbeats in a quiet hour"), "1/s", rhythm, signs)?,
        beside_bare_commits(plan, rush("batches, a heartbeat after each"), batches, seen.bare_commits)?,
        once(plan, rush("punches"), "1/s", None, punches(RUSH) / seconds(&seen.rush))?,
        once(plan, rush("a batch's answer, median"), "ms", None, wait_ms(&seen.rush.batches, 0.5))?,
        once(plan, rush("a batch's answer, 99 of 100"), "ms", None, wait_ms(&seen.rush.batches, 0.99))?,
        once(plan, away("punches"), "1/s", None, punches(TURNS - RUSH) / seconds(&seen.catching_up))?,
        once(plan, away("everything is there after"), "s", None, seconds(&seen.catching_up))?,
        once(plan, format!("{edges} edges, memory of the hub"), "MiB", None, seen.most_kibibytes as f64 / 1_024.0)?,
        once(plan, format!("{edges} edges, the page that lists them"), "ms", None, wait_ms(&seen.pages, 0.5))?,
    ];
    Ok(all.into())
}

/// A figure of something that was seen once.
fn once(plan: &Plan, name: String, unit: &'static str, aim: Option<Aim>, value: f64) -> Result<Figure> {
    figure::measure(&Plan { rounds: 1, ..plan.clone() }, name, unit, aim, Contender::new("hub", || Ok(value)), vec![])
}

/// A rate beside that of the bare commits of the same disk, in the same run.
fn beside_bare_commits(plan: &Plan, name: String, rate: f64, bare: f64) -> Result<Figure> {
    let bare = Contender::new("commits of a row", || Ok(bare));
    figure::measure(
        &Plan { rounds: 1, ..plan.clone() },
        name,
        "1/s",
        None,
        Contender::new("hub", || Ok(rate)),
        vec![bare],
    )
}

/// The time within which this part of the answers had come.
fn wait_ms(waits: &[Duration], part: f64) -> f64 {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len().saturating_sub(1) as f64 * part) as usize;
    sorted.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1_000.0)
}

struct Seen {
    quiet: Phase,
    rush: Phase,
    catching_up: Phase,
    pages: Vec<Duration>,
    most_kibibytes: u64,
    /// One after the other, in a second.
    bare_commits: f64,
}

/// The whole story; at its end every punch is there once.
fn see(edges: usize) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("hub.sqlite");
    let company = Arc::new(Company::new(edges)?);
    let start = Instant::now();
    company.register(&database)?;
    tell("all are registered", start.elapsed());
    let bare_commits = bare_commits(folder.path())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    let mut hub = RunningHub::start(folder.path())?;
    let (hub_pid, address) = (hub.process.pid(), hub.address);
    let (first, mut most) = runtime.block_on(load::watched(
        async {
            let first = calls::phase(&company, address, &[Call::News]).await?;
            tell("each edge has called once", first.took);
            let quiet = calls::phase(&company, address, &[Call::SignOfLife, Call::SignOfLife]).await?;
            let rush: Vec<Call> = (0..RUSH).flat_map(|turn| [Call::Batch(turn..turn + 1), Call::News]).collect();
            tell("two quiet heartbeats of each", quiet.took);
            let rush = calls::phase(&company, address, &rush).await?;
            tell("the morning rush", rush.took);
            Ok((quiet, rush, pages(address, edges).await?))
        },
        || memory::rss_anon_kibibytes(hub_pid),
    ))?;
    hub.end()?;

    let mut hub = RunningHub::start(folder.path())?;
    let (hub_pid, address) = (hub.process.pid(), hub.address);
    let (catching_up, later) = runtime
        .block_on(load::watched(calls::phase(&company, address, &[Call::Batch(RUSH..TURNS)]), || {
            memory::rss_anon_kibibytes(hub_pid)
        }))?;
    most = most.max(later);
    tell("catching up", catching_up.took);
    hub.end()?;

    let held = company.compare(&database, TURNS)?;
    eprintln!("  every punch is there once: {} with the digest {}", held.punches, held.digest);
    let (quiet, rush, pages) = first;
    Ok(Seen { quiet, rush, catching_up, pages, most_kibibytes: most, bare_commits })
}

fn tell(what: &str, took: Duration) {
    eprintln!("  {what}: {:.1} s", took.as_secs_f64());
}

/// Commits of one row each that the disk takes in a second, one after the other.
fn bare_commits(folder: &Path) -> Result<f64> {
    let connection = rusqlite::Connection::open(folder.join("bare.sqlite"))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch("CREATE TABLE row (value INTEGER)")?;
    let (start, mut commits) = (Instant::now(), 0_u32);
    while start.elapsed() < BARE_FOR {
        connection.prepare_cached("INSERT INTO row VALUES (?1)")?.execute([commits])?;
        commits += 1;
    }
    Ok(f64::from(commits) / start.elapsed().as_secs_f64())
}

/// How long the page of edges takes.
async fn pages(address: SocketAddr, edges: usize) -> Result<Vec<Duration>> {
    let session: String = SESSION.iter().map(|byte| format!("{byte:02x}")).collect();
    let head = format!("GET /edges HTTP/1.1\r\nCookie: punchclock_session={session}\r\n");
    let mut connection = Connection::open(address).await?;
    let mut waits = Vec::new();
    for _ in 0..LOOKS {
        let asked = Instant::now();
        let answer = connection.ask(&head, b"").await?;
        waits.push(asked.elapsed());
        let text = String::from_utf8_lossy(answer.body);
        ensure!(answer.status == 200 && text.contains(&company::name(0)), "{edges} edges are not listed");
    }
    Ok(waits)
}

/// The executable as a hub on loopback.
struct RunningHub {
    process: Process,
    address: SocketAddr,
}

impl RunningHub {
    fn start(data: &Path) -> Result<Self> {
        let executable: PathBuf = memory::executable()?;
        let mut command = Command::new(executable);
        command.args(["hub", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut process = Process::spawn(&mut command)?;
        let line = process.wait_for_line("pages: http://", START_WITHIN)?;
        let address = line.rsplit("http://").next().and_then(|address| address.trim().parse().ok());
        Ok(Self { process, address: address.context("the hub does not say where it listens")? })
    }

    fn end(&mut self) -> Result<()> {
        self.process.terminate()?;
        let status = self.process.wait(END_WITHIN)?;
        ensure!(status.success(), "the hub ended with {status}:\n{}", self.process.printed());
        Ok(())
    }
}
