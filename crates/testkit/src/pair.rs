//! A PostgreSQL primary, and a standby that follows it.
//!
//! Invariants:
//! * what the primary has acknowledged, the standby has applied (`synchronous_commit = remote_apply`), from the moment that
//!   [`PostgresPair::follow`] returns until a server is killed;
//! * each listens on a unix socket in its own folder only; nothing of them outlives the value.

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use postgres::{Client, NoTls};

use crate::postgres::{Account, OWNER, START_WITHIN, command, find_bin, init_cluster};
use crate::{Process, TempDir, skipped, wait_until};

/// By this name a primary knows its standby.
const STANDBY: &str = "standby";
const SETTINGS: [&str; 7] = [
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=64",
    "synchronous_commit=remote_apply",
    "cluster_name=standby",
];

/// Two servers of one's own. The first is the primary.
#[derive(Debug)]
pub struct PostgresPair {
    bin: PathBuf,
    account: Option<Account>,
    servers: [Server; 2],
    primary: usize,
    // Dropped last: the files of both.
    _folder: TempDir,
}

/// One of them, running or not.
#[derive(Debug)]
struct Server {
    folder: PathBuf,
    process: Option<Process>,
}

impl PostgresPair {
    /// Makes both and starts them. `None`, with a loud line on standard error, when this machine has no server binaries.
    ///
    /// # Errors
    /// When the binaries are there and the servers still do not start.
    pub fn start() -> Result<Option<Self>> {
        let Some(bin) = find_bin().filter(|bin| bin.join("pg_basebackup").is_file()) else {
            skipped(
                "no PostgreSQL server with pg_basebackup found: install the packages `postgresql` and `postgresql-client`",
            );
            return Ok(None);
        };
        let account = Account::for_server()?;
        let folder = tempfile::Builder::new().prefix("pg-").tempdir()?;
        let server = |name: &str| {
            let folder = folder.path().join(name);
            fs::create_dir(&folder)?;
            own(&folder, account)?;
            Ok::<_, anyhow::Error>(Server { folder, process: None })
        };
        own(folder.path(), account)?;
        let servers = [server("a")?, server("b")?];
        init_cluster(&bin, &servers[0].folder, account)?;
        let mut pair = Self { bin, account, servers, primary: 0, _folder: folder };
        pair.run(0, "ready to accept connections")?;
        pair.connect()?
            .batch_execute(&format!("CREATE ROLE {OWNER} LOGIN; ALTER DATABASE postgres OWNER TO {OWNER}"))?;
        pair.follow()?;
        Ok(Some(pair))
    }

    /// The address of the database `postgres` of both, for its owner, who may do nothing else on the servers: who connects finds the one
    /// that takes writes.
    #[must_use]
    pub fn url(&self) -> String {
        let [a, b] = [0, 1].map(|number: usize| self.servers[number].folder.display().to_string());
        format!("postgresql://{OWNER}@/postgres?host={a}&host={b}")
    }

    /// A fresh connection to the primary.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn connect(&self) -> Result<Client> {
        self.connect_to(self.primary)
    }

    /// `kill -9` of the primary and all that belongs to it.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill_primary(&mut self) -> Result<()> {
        let server = &mut self.servers[self.primary];
        let mut process = server.process.take().context("the primary does not run")?;
        // Its children would end by themselves once they see that it is gone; until then they would go on.
        let children = children(process.pid());
        process.kill_9()?;
        children.into_iter().for_each(kill_9);
        server.free_memory();
        fs::remove_file(server.folder.join("data/postmaster.pid"))?;
        Ok(())
    }

    /// Makes the standby the primary, as an operator does.
    ///
    /// # Errors
    /// When it can't be promoted.
    pub fn promote(&mut self) -> Result<()> {
        let standby = 1 - self.primary;
        let output = command(&self.bin, "pg_ctl", &self.servers[standby].folder, self.account)
            .args(["promote", "-D", "data", "-w"])
            .output()?;
        if !output.status.success() {
            bail!("the standby can't be promoted: {}", String::from_utf8_lossy(&output.stderr));
        }
        self.primary = standby;
        Ok(())
    }

    /// Starts the server that was the primary before, as it is: what an operator must not do.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_old_primary(&mut self) -> Result<()> {
        self.run(1 - self.primary, "ready to accept connections")
    }

    /// Makes the other server anew as a standby of the primary, and the primary wait for it. Returns once it does.
    ///
    /// # Errors
    /// When a server refuses, or the standby does not catch up.
    pub fn follow(&mut self) -> Result<()> {
        let (primary, standby) = (self.primary, 1 - self.primary);
        self.servers[standby].stop(&self.bin, self.account);
        let data = self.servers[standby].folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        let output = command(&self.bin, "pg_basebackup", &self.servers[standby].folder, self.account)
            .args(["-D", "data", "-U", "postgres", "-X", "stream", "-R", "--checkpoint=fast", "--no-sync", "-h"])
            .arg(&self.servers[primary].folder)
            .output()?;
        if !output.status.success() {
            bail!("pg_basebackup failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        self.run(standby, "ready to accept read")?;
        let mut client = self.connect()?;
        client.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"))?;
        client.batch_execute("SELECT pg_reload_conf()")?;
        let follows =
            "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND replay_lsn >= pg_current_wal_lsn()";
        wait_until("the standby to follow", START_WITHIN, || {
            client.query_opt(follows, &[]).is_ok_and(|row| row.is_some())
        })
    }

    fn connect_to(&self, number: usize) -> Result<Client> {
        let url = format!("postgresql://postgres@/postgres?host={}", self.servers[number].folder.display());
        Client::connect(&url, NoTls).context("could not connect to a temporary PostgreSQL")
    }

    fn run(&mut self, number: usize, ready: &str) -> Result<()> {
        let server = &mut self.servers[number];
        let mut command = command(&self.bin, "postgres", &server.folder, self.account);
        command.args(["-D", "data", "-k"]).arg(&server.folder);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let mut process = Process::spawn(&mut command)?;
        process.wait_for_line(ready, START_WITHIN)?;
        server.process = Some(process);
        Ok(())
    }
}

impl Drop for PostgresPair {
    fn drop(&mut self) {
        for server in &mut self.servers {
            server.stop(&self.bin, self.account);
        }
    }
}

impl Server {
    /// Stops it, if it runs. `immediate` lets it free its shared memory.
    fn stop(&mut self, bin: &Path, account: Option<Account>) {
        let Some(mut process) = self.process.take() else { return };
        let stopped = command(bin, "pg_ctl", &self.folder, account)
            .args(["stop", "-D", "data", "-m", "immediate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) || process.wait(Duration::from_secs(10)).is_err() {
            eprintln!("a temporary PostgreSQL (pid {}) did not stop when asked; killing it", process.pid());
        }
    }

    /// Frees the piece of shared memory that a killed server leaves behind: the last word of the seventh line of its pid file.
    fn free_memory(&self) {
        let text = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let segment = text.lines().nth(6).and_then(|line| line.split_whitespace().last());
        let freed = segment.map(|segment| Command::new("ipcrm").args(["-m", segment]).status());
        if !freed.is_some_and(|freed| freed.is_ok_and(|status| status.success())) {
            eprintln!("the shared memory of a killed PostgreSQL stays until the machine restarts");
        }
    }
}

fn own(folder: &Path, account: Option<Account>) -> Result<()> {
    Ok(account.map_or(Ok(()), |account| chown(folder, Some(account.uid), Some(account.gid)))?)
}

/// The processes that this one has started.
fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn kill_9(pid: u32) {
    // Fails only when it is gone already, which is the aim.
    let _ = Command::new("sh").args(["-c", "kill -KILL \"$0\"", &pid.to_string()]).stderr(Stdio::null()).status();
}
