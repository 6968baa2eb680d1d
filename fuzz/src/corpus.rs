//! The inputs that are kept: `fuzz/corpus/ROOM/PARSER/`, one file each, raw.
//!
//! Files of any name count. `found-...` gave a kind of answer of its own, `failed-...` broke a promise once; whoever mends it
//! gives it a name that says what it was.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The corpus of this repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The kept inputs of a target, in the order of their names; none when it has no folder.
///
/// # Errors
/// Of the disk.
pub fn read(corpus: &Path, target: &str) -> io::Result<Vec<Vec<u8>>> {
    let folder = corpus.join(target);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.sort();
    files.iter().map(fs::read).collect()
}

/// Keeps an input as `failed-...` or `found-...`, and returns its file.
///
/// # Errors
/// Of the disk.
pub fn keep(corpus: &Path, target: &str, why: &str, input: &[u8]) -> io::Result<PathBuf> {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{why}-{:08x}", crate::targets::kind(input).0 as u32));
    fs::write(&file, input)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_the_same_input_is_kept_once() {
        let corpus = tempfile::tempdir().unwrap();
        assert!(read(corpus.path(), "room/parser").unwrap().is_empty());
        for input in [b"one", b"two", b"one"] {
            keep(corpus.path(), "room/parser", "failed", input).unwrap();
        }
        let mut kept = read(corpus.path(), "room/parser").unwrap();
        kept.sort();
        assert_eq!(kept, [b"one", b"two"]);
    }
}
