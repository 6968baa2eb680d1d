//! A large branch: the queue of an outage reaches the hub, a thousand terminals in the morning rush, the first punch after a start.

use std::{
    cell::RefCell,
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use attendance::punch::Channel;
use edge::spool::{Entry, KEY_FILE, Spool};
use edge::{Edge, EdgeConfig, Uplink, UplinkError};
use hub::Hub;
use jiff::civil::date;
use link::{Ack, Batch, Heartbeat, MAX_ITEMS, Orders, Via, What};
use simulator::{Terminal, ZkServer};
use testkit::Process;

use crate::{
    bare_rows,
    figure::{self, Aim, Contender, Figure, Plan},
    ingest, load, memory,
};

/// Terminals that push in the rush, each a punch a second.
const PUSHING: usize = 1_000;
/// Terminals that are polled meanwhile, and the records of each.
const POLLED: usize = 100;
const RECORDS: i64 = 1_000;
const START_WITHIN: Duration = Duration::from_secs(30);

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = vec![catching_up(plan)?, first_punch(plan)?];
    figures.extend(rush(plan)?);
    Ok(figures)
}

/// The edge's queue after an outage: from its disk to the hub's, and its acknowledgement noted.
fn catching_up(plan: &Plan) -> Result<Figure> {
    let batches = ingest::batches(plan.pick(50, 4));
    let written = ingest::written_by_hub(&batches)?;
    let punches = batches.len() * MAX_ITEMS;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ours = Contender::new("edge and hub", || {
        let folder = tempfile::tempdir()?;
        let hub = ingest::hub_with_people(&folder.path().join("hub.db"))?;
        runtime.block_on(async {
            let spool = folder.path().join("spool.db");
            fill(&spool, &batches).await?;
            let config = EdgeConfig {
                terminals_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
                status_listen: None,
                ..EdgeConfig::new("bench", spool)
            };
            let (done, mut all) = tokio::sync::watch::channel(0);
            let start = Instant::now();
            let edge = Edge::start(config, InProcess { hub, done }).await?;
            all.wait_for(|held| *held >= punches as i64).await.context("the edge ended")?;
            let rate = punches as f64 / start.elapsed().as_secs_f64();
            edge.shutdown().await;
            Ok(rate)
        })
    });
    let bare = Contender::new("bare statements of the hub", || {
        let folder = tempfile::tempdir()?;
        let connection = bare_rows::database(&folder.path().join("hub.db"))?;
        let start = Instant::now();
        bare_rows::write(&connection, &written)?;
        Ok(punches as f64 / start.elapsed().as_secs_f64())
    });
    let name = format!("{punches} queued punches reach the hub");
    figure::measure(plan, name, "punches/s", Some(Aim::RatioAtLeast(0.7)), ours, vec![bare])
}

async fn fill(spool: &Path, batches: &[Batch]) -> Result<()> {
    let spool = Spool::open(spool)?;
    for batch in batches {
        let said = batch.items.iter().filter_map(|item| match &item.what {
            What::Punch(punch) => Some((punch, item.received_us)),
            What::User(_) => None,
        });
        let entry = |(punch, received_us): (&link::Punch, i64)| {
            Ok(Entry::punch(Channel::Push, &punch.raw().context("a punch of our own")?, received_us))
        };
        spool.append(said.map(entry).collect::<Result<_>>()?).await?;
    }
    spool.close().await;
    Ok(())
}

/// The hub in the same process, as `serve` has it.
struct InProcess {
    hub: Hub,
    /// What it holds.
    done: tokio::sync::watch::Sender<i64>,
}

impl Uplink for InProcess {
    async fn send(&self, batch: &Batch) -> Result<Ack, UplinkError> {
        let (hub, batch) = (self.hub.clone(), batch.clone());
        let taken = tokio::task::spawn_blocking(move || hub.ingest(&batch, ingest::AFTERWARDS)).await;
        let ack = taken.map_err(|error| UplinkError::new(error.to_string()))?;
        let ack = ack.map_err(|error| UplinkError::new(error.to_string()))?;
        self.done.send_replace(ack.high_seq);
        Ok(ack)
    }

    async fn heartbeat(&self, _: &Heartbeat) -> Result<Orders, UplinkError> {
        Err(UplinkError::new("nobody asks"))
    }
}

/// From the start of the executable to the first punch that it took, with the hub away.
fn first_punch(plan: &Plan) -> Result<Figure> {
    let ours = Contender::new("edge run", || {
        let folder = tempfile::tempdir()?;
        remember(folder.path(), vec![pushing(0)])?;
        let (mut command, address) = edge_run(folder.path())?;
        let start = Instant::now();
        let _process = Process::spawn(&mut command)?;
        load::first_answer(address)?;
        Ok(start.elapsed().as_secs_f64() * 1_000.0)
    });
    figure::measure(plan, "start to the first accepted punch".to_owned(), "ms", Some(Aim::AtMost(200.0)), ours, vec![])
}

/// A thousand terminals push a punch a second each while others are read: private memory, and how long terminals wait.
fn rush(plan: &Plan) -> Result<Vec<Figure>> {
    let time = Duration::from_secs(plan.pick(15, 3));
    let waits = RefCell::new((Vec::new(), Vec::new()));
    let once = Plan { rounds: plan.pick(3, 1), ..plan.clone() };
    let ours = Contender::new("edge run", || {
        let (mebibytes, mut latencies) = rush_once(time)?;
        latencies.sort_unstable();
        let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
        let mut waits = waits.borrow_mut();
        waits.0.push(at(0.5));
        waits.1.push(at(0.99));
        Ok(mebibytes)
    });
    let name = format!("memory, {PUSHING} terminals push, {POLLED} are read");
    let memory = figure::measure(&once, name, "MiB", Some(Aim::AtMost(100.0)), ours, vec![])?;
    let (mut half, mut most) = waits.into_inner();
    let wait = |name: &str, waits: &mut Vec<f64>| {
        let taken = Contender::new("edge run", || waits.pop().context("a rush per round"));
        figure::measure(&once, format!("a terminal waits, {name}"), "ms", None, taken, vec![])
    };
    Ok(vec![memory, wait("median", &mut half)?, wait("99 of 100", &mut most)?])
}

fn rush_once(time: Duration) -> Result<(f64, Vec<Duration>)> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let polled = runtime.block_on(polled())?;
    remember(folder.path(), (0..PUSHING).map(pushing).chain(polled).collect())?;
    let (mut command, address) = edge_run(folder.path())?;
    let mut process = Process::spawn(&mut command)?;
    process.wait_for_line("terminals push to", START_WITHIN)?;
    let (latencies, most) = load::rush(address, PUSHING, time, || memory::rss_anon_kibibytes(process.pid()))?;
    ensure!(!latencies.is_empty(), "nobody pushed");
    Ok((most as f64 / 1_024.0, latencies))
}

/// Terminals with a log, as the hub lists them.
async fn polled() -> Result<Vec<link::Terminal>> {
    let mut listed = Vec::new();
    for place in 0..POLLED {
        let serial = format!("POLL{place:04}");
        let terminal = Terminal::builder(&serial).users([zk::User::new("7", "")]).build();
        for second in 0..RECORDS {
            let at = date(2026, 11, 1).at(8, 0, 0, 0).saturating_add(jiff::SignedDuration::from_secs(second));
            ensure!(terminal.punch("7", at, 0, 1), "the log is full");
        }
        let server = ZkServer::bind(terminal, "127.0.0.1:0").await?;
        let address = Some(server.local_addr()?.to_string());
        tokio::spawn(server.serve());
        listed.push(link::Terminal { via: Via::Poll, address, name: serial.clone(), serial, ..approved() });
    }
    Ok(listed)
}

pub(crate) fn pushing(place: usize) -> link::Terminal {
    let serial = load::serial(place);
    link::Terminal { via: Via::Push, name: serial.clone(), serial, ..approved() }
}

fn approved() -> link::Terminal {
    link::Terminal { approved: true, zone: Some("UTC".to_owned()), ..link::Terminal::default() }
}

/// A data folder whose edge knows these terminals.
pub(crate) fn remember(folder: &Path, terminals: Vec<link::Terminal>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let spool = Spool::open(&folder.join("edge.sqlite"))?;
        spool.remember_terminals(terminals, Vec::new()).await?;
        spool.close().await;
        ensure!(folder.join(KEY_FILE).is_file(), "the key stands elsewhere");
        Ok(())
    })
}

/// The executable as an edge whose hub is away, and where its terminals push to.
pub(crate) fn edge_run(folder: &Path) -> Result<(Command, SocketAddr)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let token = folder.join("token");
    fs::write(&token, "of no hub")?;
    let mut command = Command::new(memory::executable()?);
    command.args(["edge", "run", "--hub", "http://127.0.0.1:9", "--token-file"]).arg(token);
    command.args(["--adms-listen", &address.to_string(), "--status-listen", "127.0.0.1:0", "--data"]).arg(folder);
    // One address is all terminals here.
    command.env("PUNCHCLOCK__TERMINALS__REQUESTS_PER_SECOND", "100000");
    Ok((command, address))
}
