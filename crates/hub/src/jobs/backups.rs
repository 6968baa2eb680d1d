//! The daily backup: a file in a folder, read back before an older one is removed. Only a hub that was given a folder takes it; of several
//! with one, one does it.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use store::backup::{Kept, make_in};

use super::{BACKUP, Finished, Kind, Run, Work};

/// Writes backups.
#[derive(Clone, Debug)]
pub struct Backups {
    folder: PathBuf,
    keep: usize,
    version: &'static str,
}

impl Backups {
    /// Into a folder that exists, where the newest `keep` stay; by this version of the program.
    pub const fn into(folder: PathBuf, keep: usize, version: &'static str) -> Self {
        Self { folder, keep, version }
    }
}

impl Work for Backups {
    fn kind(&self) -> &'static Kind {
        &BACKUP
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn StdError + Send + Sync>> {
        let kept = make_in(&run.hub().store, &self.folder, Some(self.keep), run.now(), self.version, &|_| {})?;
        Ok(run.done(in_words(&kept)?)?)
    }
}

/// What was written.
fn in_words(kept: &Kept) -> io::Result<String> {
    let (file, description) = (kept.file.display(), &kept.description);
    let mib = kept.file.metadata()?.len().div_ceil(1 << 20);
    let rows: u64 = description.tables.iter().map(|table| table.rows).sum();
    let digest: String = description.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    let removed = match kept.removed.len() {
        0 => String::new(),
        some => format!("; {some} older removed"),
    };
    Ok(format!("{file}: {mib} MiB, {rows} rows, digest {digest}, verified{removed}"))
}
