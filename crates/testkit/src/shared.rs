use std::path::{Path, PathBuf};

use crate::skipped;

/// A file of the folder `shared` that may lie beside the project: references, golden cases, real logs. `None` loudly when
/// it is missing, so that the test that wanted it shows as skipped.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if beside.exists() {
        return Some(beside);
    }
    skipped(&format!("../shared/{path} is not there"));
    None
}
