//! The disks: folders of SQLite files that survive a kill, as much of them as a real one would keep.
//!
//! A killed process leaves its files behind without a checkpoint: the database and its write-ahead log are copied as they stand,
//! and the log may be cut anywhere behind the last commit that was answered, as a power cut does to pages that were not
//! flushed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const WAL_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// A disk. Every start of a process gets files of its own, so that one that was killed can't write into them.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: TempDir,
    name: &'static str,
    starts: u32,
}

impl Disk {
    /// An empty disk, in memory where the system has a folder for that: what a power cut takes is decided here, and flushes
    /// would only cost time.
    pub(crate) fn new(name: &'static str) -> std::io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let in_memory = memory.is_dir().then(|| TempDir::with_prefix_in("punchclock-simulation-", memory));
        let folder = match in_memory {
            Some(Ok(folder)) => folder,
            _ => TempDir::with_prefix("punchclock-simulation-")?,
        };
        Ok(Self { folder, name, starts: 0 })
    }

    /// The database of the present start.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join(format!("{}-{}.sqlite", self.name, self.starts))
    }

    /// A place for a copy.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the valid part of the write-ahead log ends, in bytes: what is committed.
    pub(crate) fn committed_bytes(&self) -> u64 {
        fs::read(wal(&self.file())).map_or(0, |log| valid_bytes(&log))
    }

    /// Files for the next start: those of `from`, its log cut at `cut` and followed by `litter`.
    pub(crate) fn begin_from(&mut self, from: &Path, cut: Option<u64>, litter: &[u8]) -> std::io::Result<()> {
        self.starts += 1;
        let file = self.file();
        copy(from, &file)?;
        if let Some(cut) = cut {
            let log = OpenOptions::new().write(true).open(wal(&file))?;
            log.set_len(cut)?;
        }
        if !litter.is_empty()
            && let Ok(mut log) = OpenOptions::new().append(true).open(wal(&file))
        {
            log.write_all(litter)?;
        }
        Ok(())
    }

    /// No files for the next start: the disk was replaced.
    pub(crate) fn replace(&mut self) {
        self.starts += 1;
    }
}

/// Copies a database with its log, as it stands.
pub(crate) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::copy(from, to)?;
    match wal(from) {
        log if log.exists() => fs::copy(log, wal(to)).map(drop),
        _ => Ok(()),
    }
}

/// Removes a database that nobody uses any more.
pub(crate) fn remove(file: &Path) {
    for file in [file.to_owned(), wal(file), beside(file, "-shm")] {
        let _ = fs::remove_file(file);
    }
}

fn wal(file: &Path) -> PathBuf {
    beside(file, "-wal")
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The frames of the log's present round, which carry the salt of its header (SQLite file format, 4.1).
fn valid_bytes(log: &[u8]) -> u64 {
    let big_endian = |at: usize| Some(u32::from_be_bytes(*log.get(at..)?.first_chunk()?));
    let (Some(page_bytes), Some(salt)) = (big_endian(8), log.get(16..24)) else { return 0 };
    let frame_bytes = FRAME_HEADER_BYTES + page_bytes as usize;
    let mut end = WAL_HEADER_BYTES;
    while log.get(end + 8..end + 16) == Some(salt) && end + frame_bytes <= log.len() {
        end += frame_bytes;
    }
    end as u64
}
