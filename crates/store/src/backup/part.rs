//! A file that is being written: it has another name until it is whole, and is on the disk once it has its own.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::Error;

/// What SQLite puts beside a file, and the file itself.
const SIDES: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// Where a file is written until it is whole: `NAME.part` beside it.
pub fn part_of(file: &Path) -> PathBuf {
    with_suffix(file, ".part")
}

/// The part of a file that is being written. It is removed with the value, unless it was finished.
#[derive(Debug)]
pub(super) struct Part {
    file: PathBuf,
    part: PathBuf,
    /// The lock of the folder, where its file system has locks.
    folder: File,
}

impl Part {
    /// Begins anew, with an empty file that only its owner may read, where nobody else is writing.
    pub(super) fn claim(file: &Path) -> Result<Self, Error> {
        let name = folder_of(file);
        let folder = File::open(name).map_err(at(name, "read"))?;
        if matches!(folder.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(Error::Busy(name.to_owned()));
        }
        let part = Self { file: file.to_owned(), part: part_of(file), folder };
        part.remove().map_err(at(&part.part, "removed"))?;
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part.part);
        made.map_err(at(&part.part, "written"))?;
        Ok(part)
    }

    pub(super) fn path(&self) -> &Path {
        &self.part
    }

    /// Whether the disk takes so many bytes more.
    pub(super) fn needs_room(&self, needed: u64) -> Result<(), Error> {
        // Where the system does not tell, the disk itself will.
        let Ok(disk) = rustix::fs::fstatvfs(&self.folder) else { return Ok(()) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free >= needed {
            return Ok(());
        }
        Err(Error::NoRoom { folder: folder_of(&self.file).to_owned(), needed, free })
    }

    /// Takes what another file holds, but not its mode.
    pub(super) fn fill_from(&self, other: &Path) -> Result<(), Error> {
        let mut from = File::open(other).map_err(at(other, "read"))?;
        let mut to = OpenOptions::new().write(true).open(&self.part).map_err(at(&self.part, "written"))?;
        io::copy(&mut from, &mut to).map(drop).map_err(at(&self.part, "written"))
    }

    /// Gives the file its name once all of it is on the disk.
    pub(super) fn finish(self) -> Result<(), Error> {
        let finish = || {
            File::open(&self.part)?.sync_all()?;
            std::fs::rename(&self.part, &self.file)?;
            self.folder.sync_all()
        };
        finish().map_err(at(&self.file, "written"))
    }

    fn remove(&self) -> io::Result<()> {
        for side in SIDES {
            match std::fs::remove_file(with_suffix(&self.part, side)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // What can't be removed now is removed by the next one who writes here.
        let _ = self.remove();
    }
}

/// The size of a file that must be there, in bytes.
pub(super) fn size_bytes(file: &Path) -> Result<u64, Error> {
    Ok(std::fs::metadata(file).map_err(at(file, "read"))?.len())
}

/// The folder that a file is in, or would be.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// An error of the system, about a file.
pub(super) fn at(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::File { path, doing, cause }
}

pub(super) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    PathBuf::from(name)
}
