//! What terminals said, on disk, until the hub has it.
//!
//! One SQLite file in WAL mode with `synchronous=FULL`, one writer thread, one reader connection.
//!
//! Invariants:
//! 1. A caller of [`Spool::append`] hears success only after the commit that holds its entries: a kill or a power cut
//!    after that loses nothing of them. Before it, the terminal still has them.
//! 2. A punch is one row, whichever roads it came by: `fingerprint` is unique. The first copy stays; a later copy that
//!    says something else is counted and kept beside it.
//! 3. Sequence numbers only grow and are never given twice, also after a trim and a restart. They are this file's: a new file
//!    has another [`Spool::id`], so that no hub takes its numbers for those of the one before.
//!    What the hub turns out to lack is given a new number, in the transaction in which its old one ends.
//! 4. Nothing above the hub's acknowledgement is ever trimmed; below it, entries stay for the configured time after it, however long
//!    they waited before. While the edge's clock is not believed no time passes for them, and what is received is marked.
//! 5. Memory is bounded: at most [`QUEUE_BATCHES`] batches wait. One more is refused with [`SpoolError::Busy`], which
//!    makes the terminal keep its data.
//! 6. The disk is bounded, in size and by a reserve of free room ([`room`] has the numbers). What would pass a bound is refused
//!    with [`SpoolError::Full`] before SQLite has to fail; reading, sending and acknowledging go on, and once there is
//!    room entries are taken again.
//! 7. No key of a terminal stands in the file but sealed ([`safe`]). Without the right key file the edge goes on:
//!    pinned terminals wait for the hub's next list, and what is said of punches needs no key.
//!
//! Group commit: the writer takes whatever waits (up to [`GROUP_ENTRIES`] entries), writes it in one transaction, and
//! answers all. Under load the disk's flush is shared by everybody who came during the one before. A lone punch writes 17 KiB to
//! the card, one in a rush 1.5 KiB, an idle edge nothing (`cargo xtask bench --only card`).

mod access;
mod admissions;
pub mod commands;
mod days;
pub mod look;
mod payload;
pub mod room;
mod schema;
mod secrets;
pub mod slots;
mod tail;
pub mod terminals;
pub mod unknown_slots;
pub(crate) mod visits;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use safe::Key;
use tokio::sync::{mpsc, oneshot, watch};

pub use payload::Entry;
pub(crate) use payload::encode_punch;
use room::{Bounds, Room};
use tail::Believed;
use writer::{Job, Writer};

/// Batches that may wait for the writer.
pub const QUEUE_BATCHES: usize = 1024;
/// Entries after which the writer commits although more are waiting.
pub const GROUP_ENTRIES: usize = 4096;
/// The key file's usual name.
pub const KEY_FILE: &str = "edge.key";

/// Why the spool did not take or give something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolError {
    /// Too much is waiting already; try again in a moment.
    #[error("the spool is busy: {QUEUE_BATCHES} batches wait for the disk; the sender should try again")]
    Busy,
    /// A bound of size or disk is reached: nothing of it is stored, the sender keeps it.
    #[error("the spool takes nothing more: {0}")]
    Full(Arc<str>),
    /// The edge is stopping.
    #[error("the spool is closed because the edge is stopping")]
    Closed,
    /// The write did not happen: nothing of it is stored.
    #[error("the spool could not write: {0}; check the disk's free space and health")]
    NotStored(Arc<str>),
    /// The file can't be opened or read.
    #[error("the spool at {path} can't be used: {reason}")]
    Unusable {
        /// The file.
        path: Arc<str>,
        /// What SQLite says.
        reason: Arc<str>,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// Entries that are new.
    pub new: usize,
    /// Entries that were there already.
    pub known: usize,
    /// Of the known ones, those that say something else than the first copy.
    pub differing: usize,
}

/// What the spool holds, for people and for the hub.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Highest sequence that the hub acknowledged.
    pub acked: i64,
    /// Highest sequence given.
    pub last: i64,
    /// Entries not yet acknowledged. (A user who was seen again under another name counts twice.)
    pub unsent: i64,
    /// When the oldest of them was received, microseconds since the epoch, UTC; `None` when the clock was not believed then.
    pub oldest_unsent_us: Option<i64>,
}

/// A stretch of what the spool holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// What could be read, in order.
    pub items: Vec<link::Item>,
    /// The last sequence that was looked at. It is above the last item's when entries after that one can't be read, and
    /// where the stretch began when nothing comes after.
    pub up_to: i64,
}

/// What a spool is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Batches that may wait for the writer.
    pub queue_batches: usize,
    /// How much disk it may take.
    pub bounds: Bounds,
    /// The file of the key with which secrets are sealed; `None` for `edge.key` beside the spool.
    pub key_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue_batches: QUEUE_BATCHES, bounds: Bounds::default(), key_file: None }
    }
}

/// The spool. Clones share it.
#[derive(Clone)]
pub struct Spool {
    inner: Arc<Inner>,
}

struct Inner {
    path: Arc<str>,
    id: String,
    file: PathBuf,
    bounds: Bounds,
    key: Key,
    jobs: mpsc::Sender<Job>,
    reader: Mutex<Connection>,
    grown: watch::Sender<i64>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    believed: Arc<Believed>,
}

impl Spool {
    /// Opens or creates the spool with the default [`Options`] and starts its writer. Blocks while SQLite recovers what a kill
    /// left behind.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when the file can't be created, is no spool, is one of a newer version, or the thread can't
    /// be started, or there is no key file and none can be made.
    pub fn open(path: &Path) -> Result<Self, SpoolError> {
        Self::open_with(path, Options::default())
    }

    /// As [`Spool::open`], with other options.
    ///
    /// # Errors
    /// As [`Spool::open`].
    pub fn open_with(path: &Path, options: Options) -> Result<Self, SpoolError> {
        let shown: Arc<str> = path.display().to_string().into();
        let unusable = |reason: String| SpoolError::Unusable { path: shown.clone(), reason: reason.into() };
        let Options { queue_batches, bounds, key_file } = options;
        let mut connection = open_writer(path, bounds).map_err(|error| unusable(error.to_string()))?;
        schema::bring_up(&mut connection).map_err(unusable)?;
        let key_file = key_file.unwrap_or_else(|| path.with_file_name(KEY_FILE));
        let key = Key::of_file(&key_file, crate::KEY_HOLDER).map_err(|error| unusable(error.to_string()))?;
        if let Err(why) = secrets::seal_what_is_plain(&mut connection, &key) {
            tracing::error!(spool = %shown, "keys of terminals still stand unsealed in the spool: {why}; the next start tries again");
        }
        let reader = open_reader(path).map_err(|error| unusable(error.to_string()))?;
        let last: i64 = last_seq(&connection).map_err(|error| unusable(error.to_string()))?;
        let id = id(&connection).map_err(|error| unusable(error.to_string()))?;
        let (jobs, waiting) = mpsc::channel(queue_batches.max(1));
        let grown = watch::Sender::new(last);
        let believed = Arc::new(Believed::default());
        let writer =
            Writer { connection, file: path.to_owned(), bounds, last: grown.clone(), believed: believed.clone() };
        let writer = std::thread::Builder::new()
            .name("spool".to_owned())
            .stack_size(512 << 10)
            .spawn(move || writer.run(waiting))
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: shown,
                id,
                file: path.to_owned(),
                bounds,
                key,
                jobs,
                reader: Mutex::new(reader),
                grown,
                writer: Mutex::new(Some(writer)),
                believed,
            }),
        })
    }

    /// Stores a batch and waits for its commit.
    ///
    /// # Errors
    /// [`SpoolError::Busy`] at once when too many batches wait; [`SpoolError::Full`] when a bound is reached,
    /// [`SpoolError::NotStored`] when the disk refused: nothing of the batch is stored then.
    pub async fn append(&self, entries: Vec<Entry>) -> Result<Appended, SpoolError> {
        if entries.is_empty() {
            return Ok(Appended::default());
        }
        let (answer, answered) = oneshot::channel();
        self.hand_over(Job::Append { entries, answer })?;
        answered.await.unwrap_or(Err(SpoolError::Closed))
    }

    /// As [`Spool::append`], but waits for a place in the queue: for readers of long logs, which nobody waits for.
    ///
    /// # Errors
    /// As [`Spool::append`], without `Busy`.
    pub async fn append_patiently(&self, entries: Vec<Entry>) -> Result<Appended, SpoolError> {
        if entries.is_empty() {
            return Ok(Appended::default());
        }
        let (answer, answered) = oneshot::channel();
        self.inner.jobs.send(Job::Append { entries, answer }).await.map_err(|_| SpoolError::Closed)?;
        answered.await.unwrap_or(Err(SpoolError::Closed))
    }

    /// Sends entries once more: those that the hub has acknowledged get new sequence numbers, those that are gone are stored
    /// again, and those that wait to be sent stay where they are.
    ///
    /// # Errors
    /// As [`Spool::append_patiently`]; what was done before stays, and calling again is safe.
    pub async fn send_again(&self, entries: Vec<Entry>) -> Result<(), SpoolError> {
        let fingerprints: Vec<[u8; 16]> = entries.iter().map(|entry| entry.fingerprint).collect();
        self.change(move |connection| writer::renumber(connection, &fingerprints)).await?;
        self.append_patiently(entries).await.map(drop)
    }

    /// Runs a change on the writer's connection, inside the transaction of the group, and waits for the commit. A
    /// failing change is undone alone.
    pub(crate) async fn change<T, F>(&self, change: F) -> Result<T, SpoolError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let change = move |connection: &Connection| {
            let value = change(connection)?;
            Ok(Box::new(move || drop(answer.send(value))) as writer::Announce)
        };
        self.hand_over(Job::Change(Box::new(change)))?;
        let not_stored = || SpoolError::NotStored("the change was undone".into());
        answered.await.map_err(|_| not_stored())
    }

    /// Waits until the writer has taken a turn, behind everything that waits: it is at work, whether its disk takes anything or
    /// not. Nothing is written for it.
    ///
    /// # Errors
    /// [`SpoolError::Closed`] when the writer has ended.
    pub async fn pulse(&self) -> Result<(), SpoolError> {
        let (answer, answered) = oneshot::channel();
        let tell = Box::new(move || {
            let _ = answer.send(());
        });
        self.inner.jobs.send(Job::Change(Box::new(|_| Ok(tell)))).await.map_err(|_| SpoolError::Closed)?;
        // A transaction that failed drops the answer: that was a turn, too.
        let _ = answered.await;
        Ok(())
    }

    fn hand_over(&self, job: Job) -> Result<(), SpoolError> {
        self.inner.jobs.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => SpoolError::Busy,
            mpsc::error::TrySendError::Closed(_) => SpoolError::Closed,
        })
    }

    /// Records that the hub holds everything up to `seq`. It may go back: a hub that was restored from a backup asks
    /// again, and what it asks for is held by it only once it has acknowledged that anew.
    ///
    /// # Errors
    /// When the write fails; the old position stays.
    pub async fn acknowledge(&self, seq: i64) -> Result<(), SpoolError> {
        self.change(move |connection| {
            connection.prepare_cached("DELETE FROM acknowledged WHERE seq > ?1")?.execute([seq])?;
            connection.prepare_cached("UPDATE position SET acked = ?1 WHERE id = 1")?.execute([seq]).map(drop)
        })
        .await
    }

    /// The entries after `seq` in order: at most `max_items`, and no more after `max_bytes` of payload. Entries that
    /// can't be read are passed over, and stay in the file.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when the file can't be read.
    pub async fn after(&self, seq: i64, max_items: usize, max_bytes: usize) -> Result<Stretch, SpoolError> {
        self.read(move |connection| stretch_after(connection, seq, max_items, max_bytes)).await
    }

    /// Sequence numbers and the age of what waits.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when the file can't be read.
    pub async fn depth(&self) -> Result<Depth, SpoolError> {
        self.read(depth).await
    }

    /// What the spool takes of its disk, and what is left.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when the file can't be read.
    pub async fn room(&self) -> Result<Room, SpoolError> {
        let (file, bounds) = (self.inner.file.clone(), self.inner.bounds);
        self.read(move |connection| Room::look(connection, &file, bounds)).await
    }

    /// The word that tells this spool from any other; empty for one that was begun before spools had it.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Its file.
    pub(crate) fn file(&self) -> &Path {
        &self.inner.file
    }

    /// A receiver that holds the highest committed sequence and wakes its owner when it grows, or when older entries are to be
    /// sent again.
    pub fn watch_last_seq(&self) -> watch::Receiver<i64> {
        self.inner.grown.subscribe()
    }

    /// Wakes whoever waits for something to send: the position has gone back.
    pub(crate) fn look_again(&self) {
        self.inner.grown.send_modify(|_| {});
    }

    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, SpoolError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let inner = self.inner.clone();
        let outcome = tokio::task::spawn_blocking(move || {
            let connection = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            read(&connection)
        })
        .await;
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.unusable(error.to_string())),
            Err(_) => Err(SpoolError::Closed),
        }
    }

    fn unusable(&self, reason: String) -> SpoolError {
        SpoolError::Unusable { path: self.inner.path.clone(), reason: reason.into() }
    }

    /// Writes what waits, then ends the writer. Later calls are refused with [`SpoolError::Closed`].
    pub async fn close(&self) {
        // A full queue is waited for: its batches are drained before the end.
        let _ = self.inner.jobs.send(Job::Close).await;
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
    }
}

fn open_writer(path: &Path, bounds: Bounds) -> rusqlite::Result<Connection> {
    create_private(path);
    let connection = Connection::open(path)?;
    // The cache is small because nothing is read back but the tail of the index; the log is folded in every 16 MiB.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA busy_timeout = 5000;",
    )?;
    let page_bytes: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // A file that is larger already keeps its size.
    connection.pragma_update_and_check(
        None,
        "max_page_count",
        (bounds.max_bytes / page_bytes.max(1)).max(1),
        |_| Ok(()),
    )?;
    Ok(connection)
}

/// The file says who came when: it is its owner's alone. SQLite gives its companions the same permissions, and says itself
/// what is wrong with a file that could not be created.
fn create_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    }
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA cache_size = -256; PRAGMA busy_timeout = 5000;")?;
    Ok(connection)
}

fn last_seq(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT last FROM position WHERE id = 1")?.query_row([], |row| row.get(0))
}

fn id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT spool FROM position WHERE id = 1", [], |row| row.get(0))
}

fn acked(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT acked FROM position WHERE id = 1")?.query_row([], |row| row.get(0))
}

fn depth(connection: &Connection) -> rusqlite::Result<Depth> {
    let (acked, last) = (acked(connection)?, last_seq(connection)?);
    let oldest: Option<(i64, bool)> = connection
        .prepare_cached("SELECT received_us, is_time_doubted FROM entry WHERE seq > ?1 ORDER BY seq LIMIT 1")?
        .query_row([acked], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let unsent = if oldest.is_some() { last - acked } else { 0 };
    let oldest_unsent_us = oldest.filter(|(_, is_doubted)| !is_doubted).map(|(received_us, _)| received_us);
    Ok(Depth { acked, last, unsent, oldest_unsent_us })
}

fn stretch_after(connection: &Connection, seq: i64, max_items: usize, max_bytes: usize) -> rusqlite::Result<Stretch> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, received_us, payload, is_time_doubted FROM entry WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = statement.query((seq, i64::try_from(max_items).unwrap_or(i64::MAX)))?;
    let (mut stretch, mut bytes) = (Stretch { items: Vec::new(), up_to: seq }, 0);
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(2)?.as_blob()?;
        bytes += payload.len();
        if bytes > max_bytes && !stretch.items.is_empty() {
            break;
        }
        let seq = row.get(0)?;
        stretch.up_to = seq;
        match payload::decode(payload) {
            Some(what) => {
                stretch.items.push(link::Item { seq, received_us: row.get(1)?, is_time_doubted: row.get(3)?, what });
            }
            None => {
                tracing::error!(seq, "an entry of the spool can't be read; it stays in the file and is passed over");
            }
        }
    }
    Ok(stretch)
}

/// Microseconds of a duration, for the differences of stored times.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
