//! Three hubs on a PostgreSQL primary with a standby, edges that know all three, and the death of any of them under load: what a
//! terminal was told OK for is in the database, once, and the days are those of a straight run.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod stage;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use simulator::push::PushOptions;
use simulator::{LogFile, Pace, RunOptions, Terminal};
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{Chance, PostgresPair, Process, how_many, wait_for, wait_until};

/// Primaries that die. `PUNCHCLOCK_FAILOVERS=20` makes it a long run: each but the first is one that was promoted before.
const FAILOVERS: usize = 1;
/// Hubs that die around each death of a primary.
const HUB_KILLS: usize = 4;
const SEED: u64 = 11;
const SERIALS: [&str; 2] = ["SIM1", "SIM2"];
const ZONE: &str = "Asia/Manila";

/// A hub, as a service manager keeps it: it is started again whenever it ends, and needs nothing else.
struct Hub {
    stage: Stage,
    database: String,
    process: Process,
}

impl Hub {
    fn start(database: &str) -> Self {
        let stage = stage();
        let process = Process::spawn(&mut Self::command(&stage, database)).unwrap();
        Self { stage, database: database.to_owned(), process }
    }

    fn command(stage: &Stage, database: &str) -> std::process::Command {
        stage.command(&["--database", database, "hub", "--listen", &stage.pages.to_string()])
    }

    fn kill_and_start_again(&mut self) {
        self.process.kill_9().unwrap();
        self.process = Process::spawn(&mut Self::command(&self.stage, &self.database)).unwrap();
    }

    /// Status and body of a page that needs no login.
    fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = std::net::TcpStream::connect(self.stage.pages).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.stage.pages);
        std::io::Write::write_all(&mut stream, request.as_bytes()).ok()?;
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer))
    }
}

/// A branch: an edge that knows all hubs, and a terminal that pushes to it.
struct Branch {
    // The edge ends before its files go.
    edge: Process,
    stage: Stage,
    log: PathBuf,
    count: usize,
    terminal: Terminal,
}

impl Branch {
    fn acknowledged(&self) -> usize {
        self.terminal.progress().borrow().acknowledged
    }
}

/// Every second line of a company's log is another terminal's.
fn part(stage: &Stage, company: &Path, number: usize) -> PathBuf {
    let text = std::fs::read_to_string(company).unwrap();
    let lines: String = text.lines().skip(number).step_by(SERIALS.len()).flat_map(|line| [line, "\n"]).collect();
    let path = stage.folder.path().join("part.dat");
    std::fs::write(&path, lines).unwrap();
    path
}

fn branch(office: &dyn Fn(&[&str]) -> String, hubs: &[Hub], company: &Path, number: usize) -> Branch {
    let (stage, serial) = (stage(), SERIALS[number]);
    let log = part(&stage, company, number);
    let file = LogFile::parse(&std::fs::read(&log).unwrap());
    office(&["terminal", "add", serial, "--serial", serial, "--zone", ZONE]);
    let token = stage.folder.path().join("token");
    std::fs::write(&token, office(&["token", "create", serial, "--kind", "edge"])).unwrap();
    let adms = stage.terminals.to_string();
    let mut arguments = vec!["edge", "run", "--token-file", token.to_str().unwrap(), "--adms-listen", &adms];
    let addresses: Vec<String> = hubs.iter().map(|hub| format!("http://{}", hub.stage.pages)).collect();
    arguments.extend(["--status-listen", "127.0.0.1:0"]);
    arguments.extend(addresses.iter().flat_map(|address| ["--hub", address.as_str()]));
    let mut edge = Process::spawn(&mut stage.command(&arguments)).unwrap();
    edge.wait_for_line("board and health: http://", PATIENCE).unwrap();
    let count = file.records.len();
    Branch { edge, log, count, terminal: Terminal::builder(serial).awaited(file.records).build(), stage }
}

/// Punches in the database. `None` while there is none that answers.
fn stored(pair: &PostgresPair) -> Option<usize> {
    let row = pair.connect().ok()?.query_one("SELECT count(*) FROM punch", &[]).ok()?;
    usize::try_from(row.get::<_, i64>(0)).ok()
}

#[test]
fn three_hubs_and_a_primary_die_under_load_and_every_acknowledged_punch_is_there_once() {
    let failovers = how_many("PUNCHCLOCK_FAILOVERS", FAILOVERS);
    let Some(mut pair) = PostgresPair::start().unwrap() else { return };
    let (database, desk) = (pair.url(), stage());
    let office = |arguments: &[&str]| desk.prints(&[&["--database", database.as_str()], arguments].concat());
    let last = jiff::civil::date(2026, 1, 18);
    let first = last.checked_sub(jiff::Span::new().days(i64::try_from(30 * failovers).unwrap().min(1_000))).unwrap();
    let company = log_file(&desk, 30, &first.to_string(), &last.to_string());

    let mut hubs: Vec<Hub> = (0..3).map(|_| Hub::start(&database)).collect();
    for hub in &mut hubs {
        hub.process.wait_for_line("pages: http://", PATIENCE).unwrap();
    }
    let mut branches: Vec<Branch> = (0..SERIALS.len()).map(|number| branch(&office, &hubs, &company, number)).collect();
    let total: usize = branches.iter().map(|branch| branch.count).sum();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running: Vec<_> = branches
        .iter()
        .map(|branch| {
            let push = PushOptions {
                batch_lines: 7,
                error_delay: Some(Duration::from_millis(20)),
                ..PushOptions::new(format!("http://{}", branch.stage.terminals).parse().unwrap())
            };
            let options = RunOptions { push: Some(push), pace: Pace::PerSecond(60.0), ..RunOptions::default() };
            runtime.spawn(simulator::run(branch.terminal.clone(), options, std::future::pending()))
        })
        .collect();
    let acknowledged = |branches: &[Branch]| branches.iter().map(Branch::acknowledged).sum::<usize>();

    let mut chance = Chance::new(SEED);
    let mut waits = Vec::new();
    for round in 0..failovers {
        let dies_after = chance.below(HUB_KILLS as u64);
        for kill in 0..HUB_KILLS as u64 {
            let more = 20 + usize::try_from(chance.below(60)).unwrap();
            let before = acknowledged(&branches);
            let waited = wait_until("uploads", PATIENCE, || acknowledged(&branches) >= (before + more).min(total));
            assert!(waited.is_ok(), "terminals wait; an edge says:\n{}", branches[0].edge.printed());
            let victim = usize::try_from(chance.below(3)).unwrap();
            hubs[victim].kill_and_start_again();
            if kill == dies_after {
                waits.push(lose_the_primary(&mut pair, &hubs, &mut branches));
            }
        }
        if round + 1 < failovers {
            pair.follow().unwrap();
        }
    }
    assert!(acknowledged(&branches) < total, "punches flowed to the last kill; only {total} were there");
    wait_until("the whole log", 10 * PATIENCE, || acknowledged(&branches) == total).unwrap();
    let arrived = wait_until("the edges' queues to reach the database", 10 * PATIENCE, || stored(&pair) >= Some(total));
    assert!(arrived.is_ok(), "{:?} of {total}; an edge says:\n{}", stored(&pair), branches[0].edge.printed());
    running.iter().for_each(tokio::task::JoinHandle::abort);
    // A rolling end: each finishes what it has.
    for hub in &mut hubs {
        hub.process.terminate().unwrap();
        assert!(hub.process.wait(PATIENCE).unwrap().success());
    }
    assert_eq!(stored(&pair), Some(total), "each once");

    office(&["held", "cure", "--all-numbers", "--create-employees"]);
    office(&["derive"]);
    let straight = stage();
    for (branch, serial) in branches.iter().zip(SERIALS) {
        let log = branch.log.to_str().unwrap();
        straight.prints(&["import", "attlog", log, "--serial", serial, "--zone", ZONE, "--create-employees"]);
    }
    straight.prints(&["derive"]);
    let (punches, days) = (office(&["export", "punches"]), office(&["export", "days"]));
    assert_eq!(days, straight.prints(&["export", "days"]));
    // The same punches, of the same terminals; the road by which they came is another.
    let said = |text: &str| -> BTreeSet<Vec<String>> {
        text.lines().map(|line| line.split(',').take(4).map(str::to_owned).collect()).collect()
    };
    assert_eq!(said(&punches), said(&straight.prints(&["export", "punches"])));
    println!(
        "{} hubs and {} primaries were killed among {total} punches; after a primary's death it took {waits:.1?} until punches \
         were stored again",
        HUB_KILLS * failovers,
        waits.len()
    );
}

/// Kills the primary; the hubs say what is missing, edges keep what comes, and when the standby is promoted all go on by themselves.
/// How long it was from the death until a punch was stored again.
fn lose_the_primary(pair: &mut PostgresPair, hubs: &[Hub], branches: &mut [Branch]) -> Duration {
    let before = stored(pair).unwrap();
    pair.kill_primary().unwrap();
    let died = Instant::now();
    let says_why = |hub: &Hub| {
        hub.get("/readyz").is_some_and(|(status, answer)| {
            status == 503
                && answer.contains("PostgreSQL does not answer")
                && answer.to_lowercase().contains("retry-after: ")
        })
    };
    // One that was killed just now waits for its database before it listens.
    let hub = wait_for("a hub that says what is missing", PATIENCE, || hubs.iter().find(|hub| says_why(hub))).unwrap();
    assert_eq!(hub.get("/healthz").unwrap().0, 200, "it is not the hub that has to be restarted");
    let taken: usize = branches.iter().map(Branch::acknowledged).sum();
    let still_taken = || branches.iter().map(Branch::acknowledged).sum::<usize>();
    wait_until("terminals to be answered meanwhile", PATIENCE, || still_taken() > taken).unwrap();
    pair.promote().unwrap();
    let kept = stored(pair).unwrap();
    assert!(kept >= before, "{before} were acknowledged, the new primary has {kept}");
    let waited = wait_until("punches in the new primary", PATIENCE, || stored(pair) > Some(kept));
    assert!(waited.is_ok(), "nothing more than {kept}; an edge says:\n{}", branches[0].edge.printed());
    died.elapsed()
}
