//! Three hubs on one PostgreSQL share their jobs: killed with -9, stopped for too long, restarted one after another.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use serde_json::Value;
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{Database, Process, wait_until};

/// Jobs that a hub does at a time.
const WORKERS: usize = 4;
const HUBS: usize = 3;

/// A post of a hub, which waits for its answer.
struct Post {
    number: usize,
    stream: TcpStream,
}

impl Post {
    fn answer(mut self) {
        // Whoever was killed meanwhile does not hear it.
        let _ = self.stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    }
}

/// A receiver that hands on each post, to be answered later.
fn receiver() -> (SocketAddr, mpsc::Receiver<Post>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (came, posts) = mpsc::channel();
    thread::spawn(move || {
        for stream in socket.incoming() {
            let (stream, came) = (stream.unwrap(), came.clone());
            thread::spawn(move || {
                if let Some(post) = read(stream) {
                    let _ = came.send(post);
                }
            });
        }
    });
    (address, posts)
}

/// The body is a number in braces, so that its end can be seen.
fn read(mut stream: TcpStream) -> Option<Post> {
    let (mut heard, mut part) = (Vec::new(), [0; 1024]);
    while !heard.ends_with(b"}") {
        let length = stream.read(&mut part).ok().filter(|length| *length > 0)?;
        heard.extend_from_slice(&part[..length]);
    }
    let text = String::from_utf8(heard).unwrap();
    let number = text.rsplit_once('{').unwrap().1.trim_end_matches('}').parse().unwrap();
    Some(Post { number, stream })
}

/// A hub, and how it is started.
struct Hub {
    stage: Stage,
    url: String,
    webhook: String,
    process: Process,
}

impl Hub {
    fn start(url: &str, receiver: SocketAddr) -> Self {
        let (stage, webhook) = (stage(), format!("http://{receiver}/hook"));
        let process = Process::spawn(&mut Self::command(&stage, url, &webhook)).unwrap();
        Self { stage, url: url.to_owned(), webhook, process }
    }

    fn command(stage: &Stage, url: &str, webhook: &str) -> Command {
        let mut command = stage.command(&["--database", url, "hub", "--listen", &stage.pages.to_string()]);
        command.env("PUNCHCLOCK__HUB__SILENCE_WEBHOOK", webhook);
        command
    }

    fn start_again(&mut self) {
        self.process = Process::spawn(&mut Self::command(&self.stage, &self.url, &self.webhook)).unwrap();
        self.process.wait_for_line("pages: http://", PATIENCE).unwrap();
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", "kill -$0 $1", name, &self.process.pid().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Whether it is the one that a job names.
    fn is(&self, job: &Value) -> bool {
        job["worker"].as_str().unwrap().ends_with(&format!(":{}", self.process.pid()))
    }
}

/// A value of `/metrics`.
fn metric(hub: &Hub, name: &str) -> Option<String> {
    let mut stream = TcpStream::connect(hub.stage.pages).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", hub.stage.pages);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

/// What a test has at hand.
struct Scene {
    database: Database,
    office: Stage,
    hubs: Vec<Hub>,
    posts: mpsc::Receiver<Post>,
}

impl Scene {
    fn start() -> Option<Self> {
        let database = Database::create().unwrap()?;
        let (address, posts) = receiver();
        let mut hubs: Vec<Hub> = (0..HUBS).map(|_| Hub::start(&database.url(), address)).collect();
        for hub in &mut hubs {
            hub.process.wait_for_line("pages: http://", PATIENCE).unwrap();
        }
        Some(Self { database, office: stage(), hubs, posts })
    }

    fn prints(&self, arguments: &[&str]) -> String {
        self.office.prints(&[&["--database", &self.database.url()], arguments].concat())
    }

    fn execute(&self, sql: &str) {
        self.database.connect().unwrap().batch_execute(sql).unwrap();
    }

    /// Asks for posts with these numbers, as silent edges do.
    fn ask(&self, numbers: std::ops::Range<usize>) {
        let rows: Vec<String> = numbers
            .map(|n| format!("(1, {}, 'notice', 'notice {n}', '{{{n}}}', 'waiting', 0, 0, 0, '', 0, '')", 1000 + n))
            .collect();
        self.execute(&format!(
            "INSERT INTO job (tenant, id, kind, lane, body, state, due_us, attempts, fence, owner, created_us, outcome) VALUES {}",
            rows.join(", ")
        ));
    }

    /// As if the minute of a job's lease was over.
    fn end_lease(&self, number: usize) {
        self.execute(&format!("UPDATE job SET due_us = 0 WHERE id = {} AND state = 'running'", 1000 + number));
    }

    fn jobs(&self, kind: &str) -> Vec<Value> {
        serde_json::from_str(&self.prints(&["--json", "job", "list", "--kind", kind, "--limit", "1000"])).unwrap()
    }

    fn job(&self, number: usize) -> Value {
        let is_it = |job: &Value| job["job"] == 1000 + number;
        self.jobs("notice").into_iter().find(is_it).unwrap()
    }

    fn next_post(&self) -> Post {
        self.posts.recv_timeout(PATIENCE).unwrap()
    }

    fn is_done(&self, number: usize) -> bool {
        self.job(number)["state"] == "done"
    }
}

#[test]
fn three_hubs_share_jobs_and_what_one_leaves_behind_is_done_once_by_another() {
    let Some(mut scene) = Scene::start() else { return };
    let all = WORKERS * HUBS;
    scene.ask(0..all);
    // They are under way at the same time, and no hub does more than its part.
    let mut posts: BTreeMap<usize, Post> =
        (0..all).map(|_| scene.next_post()).map(|post| (post.number, post)).collect();
    assert_eq!(posts.keys().copied().collect::<Vec<_>>(), (0..all).collect::<Vec<_>>());
    let workers: BTreeSet<String> = scene.jobs("notice").iter().map(|job| job["worker"].to_string()).collect();
    assert_eq!(workers.len(), HUBS, "{workers:?}");

    // One hub is killed, and one stands still, each in the middle of four jobs.
    let of = |scene: &Scene, hub: usize| -> Vec<usize> {
        (0..all).filter(|number| scene.hubs[hub].is(&scene.job(*number))).collect()
    };
    let (killed, stopped) = (of(&scene, 0), of(&scene, 1));
    assert_eq!((killed.len(), stopped.len()), (WORKERS, WORKERS));
    scene.hubs[0].process.kill_9().unwrap();
    scene.hubs[1].signal("STOP");
    for number in of(&scene, 2) {
        posts.remove(&number).unwrap().answer();
    }
    for number in killed.iter().chain(&stopped) {
        scene.end_lease(*number);
    }
    for _ in 0..killed.len() + stopped.len() {
        scene.next_post().answer();
    }
    wait_until("all jobs to be done", PATIENCE, || (0..all).all(|number| scene.is_done(number))).unwrap();
    for number in killed.iter().chain(&stopped) {
        let job = scene.job(*number);
        assert!(scene.hubs[2].is(&job) && job["attempts"] == 2, "{job}");
    }

    // The slow one goes on: its posts are answered at last, and what it notes of them changes nothing.
    let before = scene.jobs("notice");
    for number in &stopped {
        posts.remove(number).unwrap().answer();
    }
    scene.hubs[1].signal("CONT");
    for _ in &stopped {
        scene.hubs[1].process.wait_for_line("another worker has it now", PATIENCE).unwrap();
    }
    assert_eq!(scene.jobs("notice"), before);
    let takeovers = metric(&scene.hubs[2], "punchclock_job_takeovers_total{kind=\"notice\"}");
    assert_eq!(takeovers.as_deref(), Some("8"));
}

#[test]
fn due_times_that_all_hubs_missed_are_one_run_when_they_come_back_together() {
    let Some(mut scene) = Scene::start() else { return };
    let is_waiting = |job: &serde_json::Value| job["state"] == "waiting";
    let has_begun = || {
        let jobs = scene.jobs("derive");
        jobs.iter().any(|job| job["state"] == "done") && jobs.iter().any(is_waiting)
    };
    wait_until("the first run, and the next due time to be planned", PATIENCE, has_begun).unwrap();
    for hub in &mut scene.hubs {
        hub.process.terminate().unwrap();
    }
    for hub in &mut scene.hubs {
        assert!(hub.process.wait(PATIENCE).unwrap().success());
    }
    // As if that was eleven hours ago, with the due time that waited then.
    scene.execute(
        "UPDATE job SET slot_us = slot_us - 11 * 3600000000::bigint,
           due_us = CASE state WHEN 'waiting' THEN due_us - 11 * 3600000000::bigint ELSE due_us END WHERE kind = 'derive'",
    );
    let before = scene.jobs("derive").len();
    for hub in &mut scene.hubs {
        hub.start_again();
    }
    let done = || scene.jobs("derive").iter().filter(|job| job["state"] == "done").count();
    let is_planned = || done() >= before && scene.jobs("derive").iter().any(is_waiting);
    wait_until("the run, and the next due time to be planned", PATIENCE, is_planned).unwrap();
    let jobs = scene.jobs("derive");
    assert_eq!((done(), jobs.len()), (before, before + 1), "{jobs:?}");
}

#[test]
fn a_rolling_restart_under_load_loses_and_doubles_no_effect() {
    let Some(mut scene) = Scene::start() else { return };
    let log = log_file(&scene.office, 12, "2026-01-05", "2026-01-18");
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (mut asked, mut posted) = (0, Vec::new());
    for round in 0..HUBS {
        scene.ask(asked..asked + 40);
        asked += 40;
        // Some are answered before the hub is asked to end, the others while it does.
        for _ in 0..20 {
            let post = scene.next_post();
            posted.push(post.number);
            post.answer();
        }
        let part = scene.office.folder.path().join("part.dat");
        std::fs::write(&part, lines[lines.len() * round / HUBS..lines.len() * (round + 1) / HUBS].join("\n")).unwrap();
        let import = ["import", "attlog", part.to_str().unwrap(), "--serial", "A1", "--zone", "Asia/Manila"];
        scene.prints(&[&import[..], &["--create-employees"]].concat());
        scene.hubs[round].process.terminate().unwrap();
        for _ in 0..20 {
            let post = scene.next_post();
            posted.push(post.number);
            post.answer();
        }
        assert!(scene.hubs[round].process.wait(PATIENCE).unwrap().success());
        scene.hubs[round].start_again();
    }
    wait_until("all jobs to be done", PATIENCE, || scene.jobs("notice").iter().all(|job| job["state"] == "done"))
        .unwrap();
    posted.sort_unstable();
    assert_eq!(posted, (0..asked).collect::<Vec<_>>(), "each once");
    assert!(scene.posts.try_recv().is_err());
    assert!(scene.jobs("notice").iter().all(|job| job["attempts"] == 1), "nobody had to do it for another");

    // What is derived meanwhile is what one alone derives.
    let straight = stage();
    let import = ["import", "attlog", log.to_str().unwrap(), "--serial", "A1", "--zone", "Asia/Manila"];
    straight.prints(&[&import[..], &["--create-employees"]].concat());
    assert_eq!(scene.prints(&["export", "days"]), straight.prints(&["export", "days"]));
    assert_eq!(scene.prints(&["export", "punches"]), straight.prints(&["export", "punches"]));
}
