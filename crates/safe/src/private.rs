//! Small files that are their owner's alone, and whole or not there whenever the power fails.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Makes a file.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is one, which stays as it is; else of the disk.
pub fn make(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft(file, bytes)?;
    // Unlike a rename, a link replaces nothing; but not every file system has links (FAT, on a stick).
    let made = match std::fs::hard_link(&draft, file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !file.exists() => std::fs::rename(&draft, file),
        linked => linked,
    };
    let _ = std::fs::remove_file(&draft);
    made?;
    keep_name(file)
}

/// Puts a file in the place of the one before.
///
/// # Errors
/// Of the disk; the file before stays then.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft(file, bytes)?;
    if let Err(error) = std::fs::rename(&draft, file) {
        let _ = std::fs::remove_file(&draft);
        return Err(error);
    }
    keep_name(file)
}

/// The bytes on the disk, under a name of their own beside the file.
fn draft(file: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let draft = file.with_file_name(name);
    let write = || {
        let mut new = File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        new.write_all(bytes)?;
        new.sync_all()
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&draft)))?;
    Ok(draft)
}

/// A name is kept by its folder.
fn keep_name(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_replaced_whole_and_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        make(&file, b"one").unwrap();
        assert_eq!(make(&file, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        replace(&file, b"three").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"three");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }
}
