//! Calls that one file alone may make, because what they do can't be made good again.
//!
//! Tests are free: they erase the logs of simulated terminals only. A call that is spelled in another way (`use ... as`) is not
//! found; this holds against haste, not against intent.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A function, the file that defines it, and the only file that may call it.
struct Guarded {
    function: &'static str,
    defined_in: &'static str,
    called_by: &'static str,
    reason: &'static str,
}

const GUARDED: &[Guarded] = &[Guarded {
    function: "prove_stored",
    defined_in: "crates/zk/src/proof.rs",
    called_by: "crates/edge/src/reconcile.rs",
    reason: "a terminal's log may be erased only after the hub confirmed each record",
}];

/// One sentence per place outside of tests that names a guarded function without being allowed to.
pub(crate) fn faults(files: &[(String, String)]) -> Vec<String> {
    let named = |guarded: &'static Guarded| {
        let free = [guarded.defined_in, guarded.called_by];
        files
            .iter()
            .filter(move |(path, text)| !free.contains(&path.as_str()) && code_of(text).contains(guarded.function))
            .map(move |(path, _)| {
                let Guarded { function, called_by, reason, .. } = guarded;
                format!("{path} names `{function}`, which only {called_by} may: {reason}")
            })
    };
    GUARDED.iter().flat_map(named).collect()
}

/// Path and text of every source file of the rooms and the bench, tests and examples left out; `root` holds them.
pub(crate) fn sources(root: &Path) -> io::Result<Vec<(String, String)>> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root.join("crates"))?.map(|room| Ok(room?.path().join("src"))).collect::<io::Result<_>>()?;
    folders.push(root.join("bench/src"));
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path)?));
            }
        }
    }
    Ok(files)
}

/// The text without its comments, which may speak of everything.
fn code_of(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{faults, sources};

    fn file(path: &str, text: &str) -> (String, String) {
        (path.to_owned(), text.to_owned())
    }

    #[test]
    fn only_the_reconciliation_may_prove_a_log_stored() {
        let call = "let proof = log.prove_stored(serial, |_, _| true);";
        let files = [
            file("crates/zk/src/proof.rs", "pub fn prove_stored("),
            file("crates/edge/src/reconcile.rs", call),
            file("crates/zk/src/client/clear.rs", "/// made by `prove_stored`"),
            file("crates/edge/src/poller.rs", call),
        ];
        let found = faults(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/edge/src/poller.rs names `prove_stored`, which only"), "{found:?}");
    }

    #[test]
    fn every_room_is_looked_at() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let files = sources(&root).unwrap();
        for expected in ["crates/zk/src/proof.rs", "crates/edge/src/poller.rs", "bench/src/main.rs"] {
            assert!(files.iter().any(|(path, _)| path == expected), "{expected}");
        }
    }
}
