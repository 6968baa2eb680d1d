//! Files that hold a terminal's key.

use std::path::Path;

use anyhow::{Context as _, bail};

/// The absolute path of a file with a communication key.
pub(super) fn comm_key_file(path: &Path) -> anyhow::Result<String> {
    read_comm_key(path)?;
    absolute(path)
}

/// The absolute path of a file with the key that a terminal shows when it pushes.
pub(super) fn push_key_file(path: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the push key file {} can't be read", path.display()))?;
    let key = text.trim();
    if key.is_empty() || key.contains(char::is_whitespace) || key.contains(char::is_control) {
        bail!("the push key file {} must hold one word: what the terminal shows as its key", path.display());
    }
    absolute(path)
}

/// The communication key in a file.
pub(super) fn read_comm_key(path: &Path) -> anyhow::Result<u32> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the key file {} can't be read", path.display()))?;
    let key = text.trim().parse().ok().filter(|key| *key <= 999_999);
    key.with_context(|| format!("the key file {} must hold one number from 0 to 999999", path.display()))
}

fn absolute(path: &Path) -> anyhow::Result<String> {
    let whole = std::fs::canonicalize(path).with_context(|| format!("{} can't be found", path.display()))?;
    whole.into_os_string().into_string().map_err(|_| anyhow::anyhow!("{} is no text path", path.display()))
}
