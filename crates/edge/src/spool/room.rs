//! How much room the spool has, and when it stops taking more.
//!
//! Two bounds, looked at before each group of entries is written, so that SQLite never has to fail:
//!
//! * **Size.** The file holds at most [`Bounds::max_bytes`]. Entries are refused when 15/16 of it are used; the last sixteenth is
//!   for what must go on then: acknowledgements, commands, the hub's list. Before anything is refused for its size, the
//!   tail gives way: what the hub has acknowledged goes, oldest first, although its time to stay is not over.
//! * **Disk.** [`Bounds::disk_reserve_bytes`] of the disk stay free, for everybody else on it and for the write-ahead log.
//!   Pages of the file that a trim has emptied count as free, because they are written again.
//!
//! Numbers: an entry of a usual punch takes 150 to 200 bytes with its index, so that the default 2 GiB hold ten million
//! punches: two hundred terminals with five hundred punches a day each for a hundred days without a hub. The write-ahead log
//! comes on top, 16 MiB under usual load and cut back to 64 MiB after more.

use std::path::Path;

use rusqlite::Connection;

/// What an entry takes beside its payload: row head, sequence, fingerprint, time, and its place in the index.
const ENTRY_BYTES: u64 = 96;
/// The part of the size that is kept for what is no entry.
const KEPT_PART: u64 = 16;

/// The bounds of a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes of its file.
    pub max_bytes: u64,
    /// Bytes of its disk that stay free.
    pub disk_reserve_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { max_bytes: 2 << 30, disk_reserve_bytes: 256 << 20 }
    }
}

impl Bounds {
    /// Bytes up to which entries are taken.
    pub const fn intake_bytes(self) -> u64 {
        self.max_bytes - self.max_bytes / KEPT_PART
    }
}

/// What an entry with this payload takes of the file, rounded up.
pub(super) fn cost_bytes(payload: &[u8]) -> u64 {
    ENTRY_BYTES + payload.len() as u64
}

/// The room of a spool at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Its bounds.
    pub bounds: Bounds,
    /// Bytes of the file that hold something.
    pub used_bytes: u64,
    /// Bytes of the file that are empty and are written again.
    pub reusable_bytes: u64,
    /// Free bytes of the disk; `None` when the system does not tell.
    pub free_disk_bytes: Option<u64>,
}

/// Which bound is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The file's.
    Size,
    /// The disk's.
    Disk,
}

impl Room {
    /// Looks at file and disk.
    pub(super) fn look(connection: &Connection, file: &Path, bounds: Bounds) -> rusqlite::Result<Self> {
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
        let (pages, empty, page_bytes) = (pragma("page_count")?, pragma("freelist_count")?, pragma("page_size")?);
        Ok(Self {
            bounds,
            used_bytes: pages.saturating_sub(empty).saturating_mul(page_bytes),
            reusable_bytes: empty.saturating_mul(page_bytes),
            free_disk_bytes: free_disk_bytes(file),
        })
    }

    /// The bound that `bytes` more would pass.
    pub fn lacks(&self, bytes: u64) -> Option<Lack> {
        if self.used_bytes.saturating_add(bytes) > self.bounds.intake_bytes() {
            return Some(Lack::Size);
        }
        let free = self.free_disk_bytes?.saturating_add(self.reusable_bytes);
        (free < self.bounds.disk_reserve_bytes.saturating_add(bytes)).then_some(Lack::Disk)
    }

    /// A bound that is reached, in words with the cure.
    pub fn words(&self, lack: Lack) -> String {
        match lack {
            Lack::Size => format!(
                "it holds {} MiB of the {} MiB that edge.spool_mib allows; see why the hub does not take its entries, or allow more",
                mib(self.used_bytes),
                mib(self.bounds.max_bytes)
            ),
            Lack::Disk => format!(
                "its disk has {} MiB left, and edge.disk_reserve_mib keeps {} MiB free; remove something from the disk",
                mib(self.free_disk_bytes.unwrap_or_default()),
                mib(self.bounds.disk_reserve_bytes)
            ),
        }
    }
}

const fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

/// Free bytes of the disk that a file is on, for a program without privileges.
fn free_disk_bytes(file: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(file).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn room(used_mib: u64, reusable_mib: u64, free_mib: Option<u64>) -> Room {
        Room {
            bounds: Bounds { max_bytes: 160 * MIB, disk_reserve_bytes: 100 * MIB },
            used_bytes: used_mib * MIB,
            reusable_bytes: reusable_mib * MIB,
            free_disk_bytes: free_mib.map(|mib| mib * MIB),
        }
    }

    #[test]
    fn the_last_sixteenth_of_the_size_takes_no_entries() {
        assert_eq!(room(149, 0, Some(500)).lacks(MIB), None);
        assert_eq!(room(149, 0, Some(500)).lacks(MIB + 1), Some(Lack::Size));
        assert_eq!(room(160, 0, Some(500)).lacks(0), Some(Lack::Size));
    }

    #[test]
    fn the_reserve_of_the_disk_stays_free_and_emptied_pages_count_as_free() {
        assert_eq!(room(10, 0, Some(101)).lacks(MIB), None);
        assert_eq!(room(10, 0, Some(100)).lacks(MIB), Some(Lack::Disk));
        assert_eq!(room(10, 1, Some(100)).lacks(MIB), None);
        assert_eq!(room(10, 0, None).lacks(MIB), None, "the system does not tell");
    }

    #[test]
    fn a_bound_is_told_with_its_cure() {
        let told = room(150, 0, Some(7)).words(Lack::Size);
        assert!(told.contains("150 MiB of the 160 MiB that edge.spool_mib allows"), "{told}");
        let told = room(150, 0, Some(7)).words(Lack::Disk);
        assert!(told.contains("7 MiB left") && told.contains("remove something"), "{told}");
    }
}
