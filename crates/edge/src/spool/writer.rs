//! The writer thread: group commit within the bounds of the disk.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _};
use tokio::sync::{mpsc, oneshot, watch};

use super::payload::{self, Entry};
use super::room::{Bounds, Lack, Room, cost_bytes};
use super::tail::{Believed, trim_step};
use super::{Appended, GROUP_ENTRIES, SpoolError, acked, last_seq};

/// Steps of a trim that one append may wait for when the tail gives way; the next append goes on.
const TAIL_STEPS: usize = 16;

/// Tells the caller of a change its result; called after the commit, dropped when there was none.
pub(super) type Announce = Box<dyn FnOnce() + Send>;
type Change = Box<dyn FnOnce(&Connection) -> rusqlite::Result<Announce> + Send>;

pub(super) enum Job {
    Append { entries: Vec<Entry>, answer: oneshot::Sender<Result<Appended, SpoolError>> },
    Change(Change),
    Close,
}

/// Who waits for the end of a transaction.
enum Waiting {
    Append(oneshot::Sender<Result<Appended, SpoolError>>, Appended),
    Change(Announce),
}

/// What the thread works with.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) file: PathBuf,
    pub(super) bounds: Bounds,
    pub(super) last: watch::Sender<i64>,
    pub(super) believed: Arc<Believed>,
}

impl Writer {
    /// Works until [`Job::Close`] or until nobody can send any more.
    pub(super) fn run(self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::new();
        loop {
            let Some(first) = jobs.blocking_recv() else { break };
            let is_last = gather(first, &mut jobs, &mut group);
            self.commit(&mut group);
            if is_last {
                jobs.close();
                // Those who came after the close hear that the spool is closed, as their answers are dropped.
                break;
            }
        }
        if let Err(error) = self.connection.close() {
            tracing::warn!(error = %error.1, "the spool was not closed cleanly; the next start recovers it");
        }
    }

    /// One transaction for the whole group, then the answers.
    fn commit(&self, group: &mut Vec<Job>) {
        let connection = &self.connection;
        if group.is_empty() {
            return;
        }
        let mut waiting = Vec::with_capacity(group.len());
        let mut refused = Vec::new();
        let outcome = self.write(group.drain(..), &mut waiting, &mut refused);
        if let Err(error) = outcome {
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            tracing::error!(%error, batches = waiting.len() + refused.len(), "the spool could not write; senders are refused");
            let appends = waiting.into_iter().filter_map(|one| match one {
                Waiting::Append(answer, _) => Some(answer),
                Waiting::Change(_) => None,
            });
            let why = not_stored(&error);
            for answer in appends.chain(refused) {
                let _ = answer.send(Err(why.clone()));
            }
            return;
        }
        if let Ok(seq) = last_seq(connection) {
            self.last.send_if_modified(|known| std::mem::replace(known, seq) != seq);
        }
        for one in waiting {
            match one {
                Waiting::Append(answer, appended) => drop(answer.send(Ok(appended))),
                Waiting::Change(announce) => announce(),
            }
        }
    }

    /// Fills `waiting` with those to be answered after success. After a failure the remaining appends are put into
    /// `refused`. An append without room is answered at once; its neighbours go on.
    fn write(
        &self,
        group: impl Iterator<Item = Job>,
        waiting: &mut Vec<Waiting>,
        refused: &mut Vec<oneshot::Sender<Result<Appended, SpoolError>>>,
    ) -> rusqlite::Result<()> {
        let connection = &self.connection;
        let mut outcome = connection.execute_batch("BEGIN IMMEDIATE");
        let mut room = None;
        for job in group {
            match job {
                Job::Append { answer, .. } if outcome.is_err() => refused.push(answer),
                Job::Append { entries, answer } => match self.take(&mut room, &entries) {
                    Ok(appended) => waiting.push(Waiting::Append(answer, appended)),
                    Err(Refused::Full(full)) => drop(answer.send(Err(full))),
                    Err(Refused::Failed(error)) => {
                        refused.push(answer);
                        outcome = Err(error);
                    }
                },
                Job::Change(change) if outcome.is_ok() => match isolated(connection, change) {
                    Ok(announce) => waiting.push(Waiting::Change(announce)),
                    Err(error) => tracing::error!(%error, "a change of the spool failed and was undone"),
                },
                Job::Change(_) | Job::Close => {}
            }
        }
        outcome.and_then(|()| connection.execute_batch("COMMIT"))
    }

    /// Appends entries if there is room for them; what is known needs none. The room is looked at once for a group. Where the
    /// size has too little, the tail gives way.
    fn take(&self, room: &mut Option<Room>, entries: &[Entry]) -> Result<Appended, Refused> {
        let look = || Room::look(&self.connection, &self.file, self.bounds);
        let mut left = match *room {
            Some(room) => room,
            None => look()?,
        };
        let mut cost = entries.iter().map(|entry| cost_bytes(&entry.payload)).sum();
        if left.lacks(cost).is_some() {
            cost = cost_of_news(&self.connection, entries)?;
        }
        let lack = |left: Room| left.lacks(cost).filter(|_| cost > 0);
        let mut removed = 0;
        for _ in 0..TAIL_STEPS {
            if lack(left) != Some(Lack::Size) {
                break;
            }
            match trim_step(&self.connection, i64::MAX)? {
                0 => break,
                step => removed += step,
            }
            left = look()?;
        }
        if removed > 0 {
            tracing::warn!(
                removed,
                "the spool is at its size: entries that the hub has were removed before their time"
            );
        }
        let lack = lack(left);
        if lack.is_none() {
            left.used_bytes = left.used_bytes.saturating_add(cost);
        }
        *room = Some(left);
        match lack {
            Some(lack) => Err(Refused::Full(SpoolError::Full(left.words(lack).into()))),
            None => Ok(append(&self.connection, entries, self.believed.since_us())?),
        }
    }
}

/// Why entries were not appended.
enum Refused {
    /// There is no room; nothing was written.
    Full(SpoolError),
    /// The transaction is broken.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// What the senders hear when a transaction failed.
fn not_stored(error: &rusqlite::Error) -> SpoolError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            SpoolError::Full("its disk, or its size, is used up; remove something from the disk".into())
        }
        _ => SpoolError::NotStored(error.to_string().into()),
    }
}

/// Takes whatever waits, up to a full group. True when the end was asked for.
fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>, group: &mut Vec<Job>) -> bool {
    let mut entries = 0;
    let mut next = Some(first);
    while let Some(job) = next {
        match &job {
            Job::Close => return true,
            Job::Append { entries: batch, .. } => entries += batch.len(),
            Job::Change(_) => entries += 1,
        }
        group.push(job);
        next = if entries < GROUP_ENTRIES { jobs.try_recv().ok() } else { None };
    }
    false
}

/// A change that fails must not take its neighbours with it.
fn isolated(connection: &Connection, change: Change) -> rusqlite::Result<Announce> {
    connection.execute_batch("SAVEPOINT change")?;
    let outcome = change(connection);
    connection.execute_batch(if outcome.is_ok() { "RELEASE change" } else { "ROLLBACK TO change; RELEASE change" })?;
    outcome
}

/// The sequence is given here and not by SQLite, which would spend one on every known entry and write its own table for
/// each.
const INSERT: &str = "INSERT INTO entry (seq, fingerprint, received_us, payload, is_time_doubted) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (fingerprint) DO NOTHING";

/// Appends entries inside the current transaction, marked when they were received before the clock was believed.
pub(super) fn append(connection: &Connection, entries: &[Entry], believed_since_us: i64) -> rusqlite::Result<Appended> {
    let mut appended = Appended::default();
    let first = last_seq(connection)?;
    let mut last = first;
    let mut insert = connection.prepare_cached(INSERT)?;
    for entry in entries {
        let mut inserts = || {
            let is_time_doubted = entry.received_us < believed_since_us;
            let row = (last + 1, &entry.fingerprint[..], entry.received_us, &entry.payload, is_time_doubted);
            insert.execute(row).map(|rows| rows == 1)
        };
        if inserts()? || (makes_room(connection, entry)? && inserts()?) {
            last += 1;
            appended.new += 1;
        } else {
            appended.known += 1;
            appended.differing += usize::from(keep_if_differing(connection, entry)?);
        }
    }
    if last > first {
        connection.prepare_cached("UPDATE position SET last = ?1 WHERE id = 1")?.execute([last])?;
    }
    Ok(appended)
}

/// Gives entries that the hub has acknowledged new sequence numbers, as if they had come just now. Each keeps what it says
/// and when it was received.
pub(super) fn renumber(connection: &Connection, fingerprints: &[[u8; 16]]) -> rusqlite::Result<()> {
    let acked = acked(connection)?;
    let mut last = last_seq(connection)?;
    let mut renumber = connection.prepare_cached("UPDATE entry SET seq = ?1 WHERE fingerprint = ?2 AND seq <= ?3")?;
    for fingerprint in fingerprints {
        last += i64::from(renumber.execute((last + 1, &fingerprint[..], acked))? == 1);
    }
    connection.prepare_cached("UPDATE position SET last = ?1 WHERE id = 1")?.execute([last]).map(drop)
}

/// A user who is seen again with another name is news: the old sighting makes room for the new one.
fn makes_room(connection: &Connection, entry: &Entry) -> rusqlite::Result<bool> {
    if !payload::is_user(&entry.payload) || first_copy(connection, entry)?.as_deref() == Some(&entry.payload) {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM entry WHERE fingerprint = ?1")?.execute([&entry.fingerprint[..]])?;
    Ok(true)
}

fn keep_if_differing(connection: &Connection, entry: &Entry) -> rusqlite::Result<bool> {
    let Some(first) = first_copy(connection, entry)? else { return Ok(false) };
    if payload::say_the_same(&first, &entry.payload) {
        return Ok(false);
    }
    connection
        .prepare_cached("INSERT OR IGNORE INTO differing_copy (fingerprint, payload, received_us) VALUES (?1, ?2, ?3)")?
        .execute((&entry.fingerprint[..], &entry.payload, entry.received_us))?;
    Ok(true)
}

/// Bytes of the entries of which not the same is here already.
fn cost_of_news(connection: &Connection, entries: &[Entry]) -> rusqlite::Result<u64> {
    let mut cost = 0;
    for entry in entries {
        let is_known = first_copy(connection, entry)?.is_some_and(|first| match payload::is_user(&first) {
            true => first == entry.payload,
            false => payload::say_the_same(&first, &entry.payload),
        });
        cost += if is_known { 0 } else { cost_bytes(&entry.payload) };
    }
    Ok(cost)
}

fn first_copy(connection: &Connection, entry: &Entry) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT payload FROM entry WHERE fingerprint = ?1")?
        .query_row([&entry.fingerprint[..]], |row| row.get(0))
        .optional()
}
