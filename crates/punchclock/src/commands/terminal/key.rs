//! Files that hold a terminal's key.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context as _, bail};

/// The communication key in a file that is to be kept; nothing without a file.
pub(super) fn comm_key(file: &OsStr) -> anyhow::Result<String> {
    if file.is_empty() { Ok(String::new()) } else { Ok(read_comm_key(file.as_ref())?.to_string()) }
}

/// The key in a file that a terminal shows when it pushes; nothing without a file.
pub(super) fn push_key(file: &OsStr) -> anyhow::Result<String> {
    if file.is_empty() {
        return Ok(String::new());
    }
    let file: &Path = file.as_ref();
    let text =
        std::fs::read_to_string(file).with_context(|| format!("the push key file {} can't be read", file.display()))?;
    let key = text.trim();
    if key.is_empty() || key.contains(char::is_whitespace) || key.contains(char::is_control) {
        bail!("the push key file {} must hold one word: what the terminal shows as its key", file.display());
    }
    Ok(key.to_owned())
}

/// The communication key in a file.
pub(super) fn read_comm_key(path: &Path) -> anyhow::Result<u32> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the key file {} can't be read", path.display()))?;
    let key = text.trim().parse().ok().filter(|key| *key <= 999_999);
    key.with_context(|| format!("the key file {} must hold one number from 0 to 999999", path.display()))
}
