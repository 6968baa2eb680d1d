//! Reading a full terminal over TCP: our client beside pyzk and zkteco-js, each against the same simulated terminal.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use simulator::{Profile, Terminal, ZkServer};
use tokio::runtime::Runtime;
use zk::client::{Client, Options};
use zk::{AttendanceRecord, PackedTime, User};

use crate::figure::{self, Aim, Contender, Figure, Plan};

/// What a full terminal holds.
const RECORDS: usize = 100_000;
/// As many as hardware sends in a second or two.
const PACED_RECORDS: usize = 10_000;
const RECORD_BYTES: usize = 40;
/// 2026-07-01 00:00:00, packed: the 43 days that follow all exist, and pyzk stops at one that does not.
const FIRST_OF_JULY: i32 = ((26 * 12 + 6) * 31) * 86_400;
/// Reads of a peer until one is whole.
const ATTEMPTS: usize = 20;
const PEOPLE: u16 = 500;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(vec![at_once(plan, &runtime)?, paced(plan, &runtime)?])
}

/// One DATA frame per chunk, without a pause: what the programs can do.
fn at_once(plan: &Plan, runtime: &Runtime) -> Result<Figure> {
    let records = plan.pick(RECORDS, PACED_RECORDS);
    let address = serve(runtime, Profile::default(), records)?;
    let slow = serve(runtime, unhurried(), records)?;
    let ours = Contender::new("zk", || {
        let start = Instant::now();
        runtime.block_on(read(&address, records))?;
        Ok(per_second(records, start))
    });
    let mut peers = Vec::new();
    if let Some(mut pyzk) = Peer::pyzk()? {
        let address = address.clone();
        peers.push(Contender::new("pyzk", move || pyzk.read(&address, records)));
    }
    if let Some(mut zkteco_js) = Peer::zkteco_js()? {
        // It loses frames that come together, so it is given time between them; on a busy machine even that may not do.
        match zkteco_js.read(&slow, records) {
            Ok(_) => {
                let read = move || zkteco_js.read(&slow, records);
                peers.push(Contender::new("zkteco-js (20 ms between frames)", read));
            }
            Err(error) => eprintln!("zkteco-js is left out: {error}"),
        }
    }
    let aim = (!peers.is_empty()).then_some(Aim::RatioAtLeast(20.0));
    figure::measure(plan, format!("read {records} records over TCP"), "records/s", aim, ours, peers)
}

/// 1008-byte frames with 3 ms between them, as K20-class hardware sends: only the pauses should count.
fn paced(plan: &Plan, runtime: &Runtime) -> Result<Figure> {
    let profile: Profile = "k20".parse()?;
    let pauses = pauses(&profile, PACED_RECORDS);
    let address = serve(runtime, profile, PACED_RECORDS)?;
    let ours = Contender::new("zk", || {
        let start = Instant::now();
        runtime.block_on(read(&address, PACED_RECORDS))?;
        Ok(per_second(PACED_RECORDS, start))
    });
    let alone = Contender::new("the pauses alone", || {
        let start = Instant::now();
        runtime.block_on(async {
            for pause in &pauses {
                tokio::time::sleep(*pause).await;
            }
        });
        Ok(per_second(PACED_RECORDS, start))
    });
    let name = format!("read {PACED_RECORDS} records paced like hardware");
    figure::measure(plan, name, "records/s", Some(Aim::RatioAtLeast(0.9)), ours, vec![alone])
}

/// The pauses of one read: one before each DATA frame of each chunk.
fn pauses(profile: &Profile, records: usize) -> Vec<Duration> {
    let binary = &profile.binary;
    let bytes = records * RECORD_BYTES + 4;
    let chunks = (0..bytes).step_by(zk::transfer::CHUNK_BYTES as usize);
    let frames = chunks.map(|from| (bytes - from).min(zk::transfer::CHUNK_BYTES as usize));
    let frames: usize = frames.map(|chunk| chunk.div_ceil(binary.data_frame_bytes)).sum();
    vec![binary.frame_pause; frames]
}

fn unhurried() -> Profile {
    let mut profile = Profile::default();
    profile.binary.frame_pause = Duration::from_millis(20);
    profile
}

/// A terminal with so many records on a free port, for as long as the runtime lives.
fn serve(runtime: &Runtime, profile: Profile, records: usize) -> Result<String> {
    let users: Vec<User> =
        (1..=PEOPLE).map(|slot| User { slot, ..User::new((1000 + slot).to_string(), "Ann Reyes") }).collect();
    let log = (0..records).zip(users.iter().cycle()).map(|(place, user)| {
        let time = PackedTime(FIRST_OF_JULY + i32::try_from(place).unwrap_or(0) * 37);
        AttendanceRecord { slot: Some(user.slot), ..AttendanceRecord::of_number(user.number.as_str().into(), time) }
    });
    let log: Vec<AttendanceRecord> = log.collect();
    let terminal = Terminal::builder("SIM0001").profile(profile).users(users).log(log).build();
    runtime.block_on(async {
        let server = ZkServer::bind(terminal, "127.0.0.1:0").await?;
        let address = server.local_addr()?.to_string();
        tokio::spawn(server.serve());
        Ok(address)
    })
}

async fn read(address: &str, records: usize) -> Result<()> {
    let mut client = Client::connect(address, Options::default()).await?;
    let log = client.attendance().await?;
    client.close().await;
    ensure!(log.records.len() == records, "{} of {records} records came", log.records.len());
    Ok(())
}

fn per_second(records: usize, since: Instant) -> f64 {
    records as f64 / since.elapsed().as_secs_f64()
}

/// Somebody else's client in a process of its own, as the tests have it: a JSON request per line, a JSON answer per line.
struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn pyzk() -> Result<Option<Peer>> {
        let Some(python) = std::env::var_os("PUNCHCLOCK_PYTHON") else {
            eprintln!("pyzk is left out: PUNCHCLOCK_PYTHON names no Python that has it");
            return Ok(None);
        };
        Peer::start(Command::new(python).arg(script("pyzk_peer.py"))).map(Some)
    }

    fn zkteco_js() -> Result<Option<Peer>> {
        let Some(modules) = std::env::var_os("PUNCHCLOCK_NODE_MODULES") else {
            eprintln!("zkteco-js is left out: PUNCHCLOCK_NODE_MODULES names no folder that has it");
            return Ok(None);
        };
        Peer::start(Command::new("node").arg(script("zkteco_peer.js")).env("NODE_PATH", modules)).map(Some)
    }

    fn start(command: &mut Command) -> Result<Peer> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("a peer can't be run")?;
        let requests = child.stdin.take().context("the peer's input is piped")?;
        let answers = BufReader::new(child.stdout.take().context("the peer's output is piped")?);
        Ok(Peer { child, requests, answers })
    }

    /// Reads the log once; records per second.
    fn read(&mut self, address: &str, records: usize) -> Result<f64> {
        let (host, port) = address.rsplit_once(':').context("an address has a port")?;
        let request = json!({"do": "count", "host": host, "port": port.parse::<u16>()?, "attempts": 1});
        let mut last = Value::Null;
        for _ in 0..ATTEMPTS {
            let start = Instant::now();
            writeln!(self.requests, "{request}")?;
            let mut line = String::new();
            self.answers.read_line(&mut line)?;
            let answer: Value = serde_json::from_str(&line).context("a peer's answer is JSON")?;
            if answer["ok"] == json!(records) {
                return Ok(per_second(records, start));
            }
            // Frames that came together spoiled it: that is no measurement.
            last = answer;
        }
        bail!("a peer could not read the log in {ATTEMPTS} attempts: {last}")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/simulator/tests/peers").join(name)
}
