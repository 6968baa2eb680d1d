//! A temporary PostgreSQL server.
//!
//! Invariants:
//! * it listens on a unix socket in its own folder only, so any number of tests run side by side;
//! * nothing of it outlives the value: the server is stopped, then the folder removed;
//! * it never runs as root, which the server refuses: then it runs as `postgres`, else as `nobody`.

use std::{
    env, fs,
    io::Write as _,
    net::TcpListener,
    os::unix::{fs::MetadataExt, fs::OpenOptionsExt as _, fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use postgres::{Client, NoTls};

use crate::{Process, TempDir, skipped};

/// Names a folder with `initdb` and `postgres`, and goes before every other place.
const BIN_VARIABLE: &str = "PUNCHCLOCK_PG_BIN";
/// Where Debian's packages put them, one folder per major version.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";
const DEFAULT_PORT: u16 = 5432;
/// Who made the cluster.
pub(crate) const SUPERUSER: &str = "postgres";
/// Who owns the databases that hubs use, and is nothing else.
pub(crate) const OWNER: &str = "punchclock";
pub(crate) const START_WITHIN: Duration = Duration::from_secs(60);
/// Durability is the production server's business; a test's cluster is thrown away.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=64",
];
/// As it comes, but for the network, and without checkpoints in the middle of what is measured.
const DURABLE: &[&str] = &["listen_addresses=", "shared_buffers=128MB", "max_wal_size=4GB", "checkpoint_timeout=1h"];

/// A running PostgreSQL cluster of one's own: empty, in UTF-8, sorted by byte order.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: the server first, then its files.
    server: Mutex<Process>,
    bin: PathBuf,
    account: Option<Account>,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts it. `None`, with a loud line on standard error, when this machine has no server
    /// binaries: then the caller skips its test.
    ///
    /// # Errors
    /// When the binaries are there and the cluster still does not start.
    pub fn start() -> Result<Option<Self>> {
        Self::start_with(SETTINGS, None)
    }

    /// As [`Postgres::start`], but it also listens on 127.0.0.1, and encrypts whoever asks for it there, with this certificate and
    /// its key in PEM. Both are settings of its own file, so that a test may change them.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_encrypted(certificate: &str, key: &str) -> Result<Option<Self>> {
        Self::start_with(SETTINGS, Some((certificate, key)))
    }

    /// As [`Postgres::start`], but what it commits is on the disk, as on a production server: for benches.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_durable() -> Result<Option<Self>> {
        Self::start_with(DURABLE, None)
    }

    fn start_with(settings: &[&str], encrypted: Option<(&str, &str)>) -> Result<Option<Self>> {
        let Some(bin) = find_bin() else {
            skipped(&format!(
                "no PostgreSQL server found: install the package `postgresql`, or set {BIN_VARIABLE} to the folder of \
                 initdb and postgres"
            ));
            return Ok(None);
        };
        let folder = tempfile::Builder::new().prefix("pg-").tempdir()?;
        let account = Account::for_server()?;
        if let Some(account) = account {
            chown(folder.path(), Some(account.uid), Some(account.gid))?;
        }
        init_cluster(&bin, folder.path(), account)?;
        let (mut settings, mut port) = (settings.to_vec(), DEFAULT_PORT);
        if let Some((certificate, key)) = encrypted {
            encrypt(&folder.path().join("data"), account, certificate, key)?;
            port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            settings.push("listen_addresses=127.0.0.1");
        }
        let server = start_server(&bin, folder.path(), account, &settings, port)?;
        let server = Mutex::new(server);
        let server = Self { server, bin, account, folder, port };
        server.connect()?.batch_execute(&format!("CREATE ROLE {OWNER} LOGIN"))?;
        Ok(Some(server))
    }

    /// The address of the cluster's database `postgres`, for its superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of one of its databases, for its superuser.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        self.address(SUPERUSER, database)
    }

    /// Makes a database; its address for its owner, who may do nothing else on the server: as a hub connects.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn make(&self, database: &str) -> Result<String> {
        self.connect()?.batch_execute(&format!("CREATE DATABASE {database} OWNER {OWNER}"))?;
        Ok(self.address(OWNER, database))
    }

    fn address(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}@/{database}?port={}&host={}", self.port, self.folder.path().display())
    }

    /// The port at which one that encrypts listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A fresh connection.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn connect(&self) -> Result<Client> {
        Client::connect(&self.url(), NoTls).context("could not connect to the temporary PostgreSQL")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // `immediate` lets the server free its shared memory, which a plain kill would leave behind.
        let stopped = command(&self.bin, "pg_ctl", self.folder.path(), self.account)
            .args(["stop", "-D", "data", "-m", "immediate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            let pid = self.server.get_mut().unwrap_or_else(PoisonError::into_inner).pid();
            eprintln!("the temporary PostgreSQL (pid {pid}) did not stop when asked; killing it");
        }
    }
}

/// Another user to run the server as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// `None` where we are not root: then the server runs as we do.
    pub(crate) fn for_server() -> Result<Option<Self>> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd")?;
        let found = ["postgres", "nobody"].iter().find_map(|name| Self::parse(&passwd, name));
        found.map(Some).context("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
    }

    fn parse(passwd: &str, name: &str) -> Option<Self> {
        let mut fields = passwd.lines().map(|line| line.split(':')).find_map(|mut fields| {
            let is_named = fields.next() == Some(name);
            is_named.then_some(fields)
        })?;
        Some(Self { uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }
}

pub(crate) fn find_bin() -> Option<PathBuf> {
    let named = env::var_os(BIN_VARIABLE).map(PathBuf::from);
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    named.into_iter().chain(debian_bins()).chain(on_path).find(|bin| has_server(bin))
}

/// The newest version first.
fn debian_bins() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(DEBIAN_ROOT) else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

fn has_server(bin: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl"].iter().all(|program| bin.join(program).is_file())
}

pub(crate) fn command(bin: &Path, program: &str, folder: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(bin.join(program));
    command.current_dir(folder).env("LC_ALL", "C").env("TZ", "UTC");
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

pub(crate) fn init_cluster(bin: &Path, folder: &Path, account: Option<Account>) -> Result<()> {
    let output = command(bin, "initdb", folder, account)
        .args(["-D", "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .output()
        .with_context(|| format!("could not start initdb in {}", bin.display()))?;
    if !output.status.success() {
        bail!("initdb failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Gives a cluster its certificate and key, and has it encrypt.
fn encrypt(data: &Path, account: Option<Account>, certificate: &str, key: &str) -> Result<()> {
    for (name, content) in [("server.crt", certificate), ("server.key", key)] {
        let file = data.join(name);
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?.write_all(content.as_bytes())?;
        if let Some(account) = account {
            chown(&file, Some(account.uid), Some(account.gid))?;
        }
    }
    let mut settings = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
    Ok(settings.write_all(b"\nssl = on\n")?)
}

fn start_server(bin: &Path, folder: &Path, account: Option<Account>, settings: &[&str], port: u16) -> Result<Process> {
    let mut command = command(bin, "postgres", folder, account);
    command.args(["-D", "data", "-k"]).arg(folder).args(["-p", &port.to_string()]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    let mut server = Process::spawn(&mut command)?;
    server.wait_for_line("database system is ready to accept connections", START_WITHIN)?;
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn the_account_of_a_name_is_read_from_the_passwd_file() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\nnot a line\n";
        let account = Account::parse(passwd, "postgres").expect("the account is there");
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(Account::parse(passwd, "nobody").is_none());
        assert!(Account::parse(passwd, "not a line").is_none());
    }
}
