//! What a service manager hears: that the server serves, that it lives as long as its writers take their turns, that it ends.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod stage;

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use stage::{PATIENCE, Stage, stage};
use testkit::Process;

/// The time in which the manager wants a sign of life.
const WATCHDOG: Duration = Duration::from_millis(300);
/// Far longer than that, and far shorter than a writer waits for a lock.
const LONG: Duration = Duration::from_secs(2);

/// The manager's end of the socket.
struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    fn of(command: &mut Command, stage: &Stage) -> Self {
        let path = stage.folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
        command.env_remove("WATCHDOG_PID");
        Self { socket }
    }

    /// What is told next, within that time.
    fn hear(&self, within: Duration) -> Option<String> {
        let mut heard = [0; 200];
        self.socket.set_read_timeout(Some(within)).unwrap();
        let length = self.socket.recv(&mut heard).ok()?;
        Some(String::from_utf8(heard[..length].to_vec()).unwrap().trim().to_owned())
    }

    fn hear_signs_of_life(&self) {
        for _ in 0..3 {
            assert_eq!(self.hear(PATIENCE).as_deref(), Some("WATCHDOG=1"));
        }
    }

    /// Hears nothing for long, once a sign that was on its way has come.
    fn hears_nothing(&self) {
        let (start, mut signs) = (Instant::now(), 0);
        while let Some(left) = LONG.checked_sub(start.elapsed()) {
            signs += usize::from(self.hear(left.max(Duration::from_millis(1))).is_some());
        }
        assert!(signs <= 1, "{signs} signs of life while the writer could not take its turn");
    }

    fn hears_the_end_of(&self, mut process: Process) {
        process.terminate().unwrap();
        while self.hear(PATIENCE).unwrap() != "STOPPING=1" {}
        assert!(process.wait(PATIENCE).unwrap().success());
    }
}

#[test]
fn serve_gives_signs_of_life_only_while_both_writers_take_their_turns() {
    let stage = stage();
    let mut command = stage.serve_command();
    let manager = Manager::of(&mut command, &stage);
    let process = Process::spawn(&mut command).unwrap();
    assert_eq!(manager.hear(PATIENCE).as_deref(), Some("READY=1"));
    assert!(std::net::TcpStream::connect(stage.pages).is_ok() && std::net::TcpStream::connect(stage.terminals).is_ok());
    manager.hear_signs_of_life();
    for file in ["hub.sqlite", "edge.sqlite"] {
        let other = Connection::open(stage.data().join(file)).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        manager.hears_nothing();
        other.execute_batch("ROLLBACK").unwrap();
        manager.hear_signs_of_life();
    }
    manager.hears_the_end_of(process);
}

#[test]
fn an_edge_is_ready_and_lives_without_its_hub_and_takes_hub_and_token_from_its_settings() {
    let stage = stage();
    std::fs::create_dir(stage.data()).unwrap();
    std::fs::write(stage.data().join("punchclock.toml"), "[edge]\nhub = \"http://127.0.0.1:1\"\n").unwrap();
    std::fs::write(stage.data().join("edge.token"), "pc_made_up").unwrap();
    let listen = stage.terminals.to_string();
    let mut command = stage.command(&["edge", "run", "--adms-listen", &listen, "--status-listen", "127.0.0.1:0"]);
    let manager = Manager::of(&mut command, &stage);
    let process = Process::spawn(&mut command).unwrap();
    assert_eq!(manager.hear(PATIENCE).as_deref(), Some("READY=1"));
    manager.hear_signs_of_life();
    manager.hears_the_end_of(process);

    std::fs::remove_file(stage.data().join("punchclock.toml")).unwrap();
    let error = stage.fails(&["edge", "run", "--adms-listen", &listen], 1);
    assert!(
        error.contains("this edge belongs to no hub; enrol it") && error.contains("as `hub` below [edge]"),
        "{error}"
    );
}

#[test]
fn a_server_that_is_asked_to_end_as_soon_as_it_is_seen_ends_in_order() {
    let stage = stage();
    let mut process = stage.serve();
    process.terminate().unwrap();
    assert!(process.wait(PATIENCE).unwrap().success());
}
