//! A folder of backups that are named by their time, of which the newest are kept.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::part::{Part, at};
use super::{Description, Error, Step};
use crate::Store;

const PREFIX: &str = "punchclock-";
const SUFFIX: &str = ".backup";
const PART: &str = ".backup.part";

/// A backup in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its file.
    pub file: PathBuf,
    /// What it says of itself.
    pub description: Description,
    /// Older ones that were removed, by name.
    pub removed: Vec<PathBuf>,
}

/// As [`super::make`], into a file of a folder that is named by `now`. With `keep`, only so many of the newest remain; files with
/// other names are left alone, and before any is removed the new one is read back.
///
/// # Errors
/// Those of [`super::make`], or of [`super::check`].
pub fn make_in(
    store: &Store,
    folder: &Path,
    keep: Option<usize>,
    now: Timestamp,
    version: &str,
    say: &dyn Fn(Step<'_>),
) -> Result<Kept, Error> {
    let file = folder.join(format!("{PREFIX}{}{SUFFIX}", now.strftime("%Y-%m-%dT%H%M%S%3fZ")));
    if file.exists() {
        return Err(Error::Exists(file));
    }
    let part = Part::claim(&file)?;
    // Nobody else writes here now: other parts are what kills left.
    let names = names(folder)?;
    remove(folder, names.iter().filter(|name| is_ours(name, PART) && folder.join(name) != part.path()))?;
    let description = super::write(store, part, now.as_microsecond(), version, say)?;
    let mut removed = Vec::new();
    if let Some(keep) = keep {
        // Nothing is given up for one that does not read back.
        super::check(&file, say)?;
        removed = remove(folder, too_many(&self::names(folder)?, keep).into_iter())?;
    }
    Ok(Kept { file, description, removed })
}

/// The oldest backups beyond so many.
fn too_many(names: &[OsString], keep: usize) -> Vec<&OsString> {
    let mut ours: Vec<&OsString> = names.iter().filter(|name| is_ours(name, SUFFIX)).collect();
    // Their order is that of their times.
    ours.sort();
    ours.truncate(ours.len().saturating_sub(keep));
    ours
}

fn is_ours(name: &OsString, suffix: &str) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(suffix))
}

fn names(folder: &Path) -> Result<Vec<OsString>, Error> {
    let read =
        || std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<_>>();
    read().map_err(at(folder, "read"))
}

fn remove<'n>(folder: &Path, names: impl Iterator<Item = &'n OsString>) -> Result<Vec<PathBuf>, Error> {
    let mut removed = Vec::new();
    for name in names {
        let file = folder.join(name);
        std::fs::remove_file(&file).map_err(at(&file, "removed"))?;
        removed.push(file);
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_files_of_others_are_left_alone() {
        let names = [
            "punchclock-2026-11-03T020000Z.backup",
            "punchclock-2026-11-01T020000Z.backup",
            "punchclock-2026-11-02T020000Z.backup",
            "punchclock-2026-11-04T020000Z.backup.part",
            "hub.backup",
        ]
        .map(OsString::from);
        let removed = |keep| too_many(&names, keep).into_iter().map(|name| name.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(removed(2), ["punchclock-2026-11-01T020000Z.backup"]);
        assert_eq!(removed(3), [""; 0]);
        assert_eq!(removed(0).len(), 3);
    }
}
