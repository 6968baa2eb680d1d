use std::{env, fs::OpenOptions, io::Write};

/// Names a file that collects what was skipped; `./check` says it again at its end.
const LIST_VARIABLE: &str = "PUNCHCLOCK_SKIPPED";

/// Says that a test is skipped because `missing` is not there. A runner hides what a passing test prints; so the line also
/// goes to the file that `PUNCHCLOCK_SKIPPED` names.
pub fn skipped(missing: &str) {
    eprintln!("SKIPPED: {missing}");
    let Some(list) = env::var_os(LIST_VARIABLE) else { return };
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&list)
        .and_then(|mut list| list.write_all(format!("{missing}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("could not note it in {}: {error}", list.display());
    }
}
