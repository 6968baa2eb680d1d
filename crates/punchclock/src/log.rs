//! The log of the server roles: to standard error, which a service manager keeps in its journal, and to files if that is wanted. As text
//! for people or as one JSON object a line for programs; times are UTC.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::Context as _;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt as _};

use crate::settings::Settings;

/// Begins the log as the settings say, for the rest of the process.
///
/// # Errors
/// When a file can't be written, or the level means nothing.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(settings.text("log.level"));
    let filter = filter.map_err(|error| anyhow::anyhow!("setting log.level: {error}"))?;
    let file = settings.file("log.file").map(|path| files(&path, settings.get("log.keep_days")?)).transpose()?;
    // Colours are for eyes: neither for a journal nor for a file.
    let is_coloured = file.is_none() && std::io::stderr().is_terminal();
    let writer = match file {
        Some(file) => BoxMakeWriter::new(std::io::stderr.and(file)),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_coloured).with_writer(writer);
    match settings.text("log.format") {
        // What an event is about stands beside its message, by name.
        "json" => log.json().flatten_event(true).init(),
        _ => log.init(),
    }
    Ok(())
}

/// Files beside `path`, one a day with the date (UTC) before the ending; the newest `keep_days` stay of what begins and ends so.
fn files(path: &Path, keep_days: usize) -> anyhow::Result<RollingFileAppender> {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files = RollingFileAppender::builder().rotation(Rotation::DAILY).max_log_files(keep_days);
    if let Some(stem) = text(path.file_stem()) {
        files = files.filename_prefix(stem);
    }
    if let Some(ending) = text(path.extension()) {
        files = files.filename_suffix(ending);
    }
    let failed = || format!("the log can't be written to {}; see setting log.file", path.display());
    files.build(folder).with_context(failed)
}
