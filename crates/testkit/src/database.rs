//! Databases of a PostgreSQL server that tests share.

use std::{
    env, process,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use anyhow::{Context, Result, anyhow};
use postgres::{Client, NoTls};

use crate::Postgres;
use crate::postgres::{OWNER, SUPERUSER};

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
static COUNT: AtomicU32 = AtomicU32::new(0);

/// An empty database, dropped with the value.
#[derive(Debug)]
pub struct Database {
    name: String,
    folder: String,
    /// The server of this process, which ends with the last of its databases.
    _server: Option<Arc<Postgres>>,
}

impl Database {
    /// `postgres` lets the tests that run on either engine run on PostgreSQL.
    pub const ENGINE_VARIABLE: &str = "PUNCHCLOCK_TEST_ENGINE";
    /// The folder of the socket of a server that is there already and lets in `postgres`; else each process starts one.
    pub const SERVER_VARIABLE: &str = "PUNCHCLOCK_TEST_POSTGRES";

    /// A database where `PUNCHCLOCK_TEST_ENGINE` asks for PostgreSQL; otherwise the test takes an SQLite file.
    ///
    /// # Errors
    /// When PostgreSQL is asked for and none can be had.
    pub fn asked_for() -> Result<Option<Self>> {
        if env::var_os(Self::ENGINE_VARIABLE).is_none_or(|engine| engine != "postgres") {
            return Ok(None);
        }
        Self::create()?.context("the tests are to run on PostgreSQL, and there is none").map(Some)
    }

    /// Makes a database. `None`, with a loud line on standard error, when this machine has no server binaries.
    ///
    /// # Errors
    /// When the server does not start, or refuses.
    pub fn create() -> Result<Option<Self>> {
        aside(Self::create_here)
    }

    fn create_here() -> Result<Option<Self>> {
        let (folder, server) = match env::var(Self::SERVER_VARIABLE) {
            Ok(folder) => (folder, None),
            Err(_) => match shared()? {
                Some(server) => (server.folder().display().to_string(), Some(server)),
                None => return Ok(None),
            },
        };
        let name = format!("test_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        connect(&folder)?.batch_execute(&format!("CREATE DATABASE {name} OWNER {OWNER}"))?;
        Ok(Some(Self { name, folder, _server: server }))
    }

    /// Its address for its owner, who may do nothing else on the server: as a hub connects.
    #[must_use]
    pub fn url(&self) -> String {
        url(OWNER, &self.folder, &self.name)
    }

    /// Its address for the superuser, whom row-level security lets see and do everything: as a test looks into it.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        url(SUPERUSER, &self.folder, &self.name)
    }

    /// A connection of the superuser to it.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn connect(&self) -> Result<Client> {
        Client::connect(&self.superuser_url(), NoTls).context("could not connect to the database of a test")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = || Ok(connect(&self.folder)?.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name))?);
        if let Err(error) = aside(drop) {
            eprintln!("the database {} could not be dropped: {error}", self.name);
        }
    }
}

/// On a thread of its own: a test may have a runtime on this one, within which the client refuses to wait.
fn aside<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let done = thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|_| Err(anyhow!("the thread that speaks with PostgreSQL broke off")))
}

fn shared() -> Result<Option<Arc<Postgres>>> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return Ok(Some(server));
    }
    let Some(server) = Postgres::start()?.map(Arc::new) else { return Ok(None) };
    *shared = Arc::downgrade(&server);
    Ok(Some(server))
}

fn url(user: &str, folder: &str, name: &str) -> String {
    format!("postgresql://{user}@/{name}?host={folder}")
}

fn connect(folder: &str) -> Result<Client> {
    Client::connect(&url(SUPERUSER, folder, "postgres"), NoTls)
        .context("could not connect to the PostgreSQL of the tests")
}
