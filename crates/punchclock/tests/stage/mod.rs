//! The executable on a stage of its own: a data folder, free ports, simulated terminals.

// Each test file uses a part of the stage; what fails here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use testkit::{Database, Process, TempDir};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) pages: SocketAddr,
    pub(crate) terminals: SocketAddr,
    /// Where the hub's data is, if it is not a file.
    pub(crate) database: Option<Database>,
}

pub(crate) fn stage() -> Stage {
    Stage { folder: TempDir::new().unwrap(), pages: free_address(), terminals: free_address(), database: None }
}

/// A stage whose hub is on a PostgreSQL database of its own; none where there is no server.
pub(crate) fn stage_on_postgres() -> Option<Stage> {
    Some(Stage { database: Some(Database::create().unwrap()?), ..stage() })
}

/// An address of this machine that nobody uses now. Its port is below those that the system gives away, so that nobody gets it while
/// the process that has it is killed and started again.
pub(crate) fn free_address() -> SocketAddr {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let turn = TRIED.fetch_add(1, Ordering::Relaxed);
        let place = std::process::id().wrapping_mul(61).wrapping_add(turn.wrapping_mul(7_919)) % 17_000;
        let port = 15_000 + u16::try_from(place).unwrap();
        if let Ok(socket) = TcpListener::bind(("127.0.0.1", port)) {
            return socket.local_addr().unwrap();
        }
    }
}

impl Stage {
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A new one of the same engine.
    pub(crate) fn another(&self) -> Self {
        if self.database.is_some() { stage_on_postgres().unwrap() } else { stage() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the hub's data is.
    pub(crate) fn url(&self) -> String {
        let file = || format!("sqlite:{}", self.data().join("hub.sqlite").display());
        self.database.as_ref().map_or_else(file, Database::url)
    }

    /// A command line on this stage's data.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_punchclock"));
        command.arg("--data").arg(self.data()).args(arguments).env_remove("USER").current_dir(self.folder.path());
        if let Some(database) = &self.database {
            command.args(["--database", &database.url()]);
        }
        // One address is all terminals here, and they are quicker than real ones.
        command.env("PUNCHCLOCK__TERMINALS__REQUESTS_PER_SECOND", "100000");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that succeeds prints.
    pub(crate) fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command that fails says.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// `serve` on this stage's ports, up and listening.
    pub(crate) fn serve(&self) -> Process {
        let mut process = Process::spawn(&mut self.serve_command()).unwrap();
        process.wait_for_line("pages: http://", PATIENCE).unwrap();
        process
    }

    pub(crate) fn serve_command(&self) -> Command {
        let (pages, terminals) = (self.pages.to_string(), self.terminals.to_string());
        self.command(&["serve", "--listen", &pages, "--adms-listen", &terminals])
    }

    /// Holds what an exported log says, each punch once and nothing else.
    pub(crate) fn holds_each_once(&self, log: &Path) {
        let text = std::fs::read_to_string(log).unwrap();
        let said: BTreeSet<(&str, &str)> = text
            .lines()
            .map(|line| line.split('\t'))
            .map(|mut cells| (cells.next().unwrap().trim(), cells.next().unwrap()))
            .collect();
        let exported = self.prints(&["export", "punches"]);
        let held: Vec<(&str, &str)> = exported
            .lines()
            .skip(1)
            .map(|row| row.split(',').collect::<Vec<_>>())
            .map(|cells| (cells[2], cells[3]))
            .collect();
        assert_eq!(held.len(), text.lines().count());
        assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), said);
    }

    pub(crate) fn punches(&self) -> usize {
        self.prints(&["export", "punches"]).lines().count() - 1
    }
}

/// The lines of a log in another order.
pub(crate) fn shuffled(log: &Path, into: &Path) -> PathBuf {
    let text = std::fs::read_to_string(log).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_by_cached_key(|line| {
        line.bytes().fold(7_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    });
    std::fs::write(into, lines.join("\n")).unwrap();
    into.to_owned()
}

/// A made-up log that lasts for so many kills.
pub(crate) fn log_for(stage: &Stage, kills: usize) -> PathBuf {
    // A terminal holds a hundred thousand records: sixty a day.
    let days = i64::try_from(3 * kills / 2).unwrap().clamp(56, 1_600);
    let last = jiff::civil::date(2026, 3, 1);
    let first = last.checked_sub(jiff::Span::new().days(days)).unwrap();
    log_file(stage, 30, &first.to_string(), &last.to_string())
}

/// A made-up log of one terminal: a small company over some weeks, as an exported file.
pub(crate) fn log_file(stage: &Stage, people: usize, from: &str, to: &str) -> PathBuf {
    let company = simulator::people::Company::generate(11, people, 1);
    let punches = company.punches(from.parse().unwrap(), to.parse().unwrap());
    let line = |punch: &simulator::people::Punch| {
        format!(
            "{:>9}\t{}\t1\t{}\t{}\t0\n",
            punch.user,
            punch.time.strftime("%Y-%m-%d %H:%M:%S"),
            punch.state,
            punch.verify
        )
    };
    let path = stage.folder.path().join("1_attlog.dat");
    std::fs::write(&path, punches.iter().map(line).collect::<String>()).unwrap();
    path
}
