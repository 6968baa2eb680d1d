//! `import attlog|csv|ical|mapping|list`.

use std::path::Path;

use anyhow::{Context as _, bail};
use hub::{Counts, FileImport, Hub, ImportFilter, ListImport, ListKind};
use serde_json::json;

use crate::chance::now;
use crate::cli::import::{CsvKind, Import, PunchFlags};
use crate::commands::derive::derive_with_progress;
use crate::commands::row_report::RowReport;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, command: Import) -> anyhow::Result<()> {
    match command {
        Import::Attlog { file, serial, zone, groups, create_employees, dry_run, report } => {
            let name = file.display().to_string();
            let how = FileImport {
                serial: &serial,
                name: &name,
                zone: &zone,
                groups: &groups,
                create_employees,
                is_dry_run: dry_run,
            };
            attlog(context, &file, &how, report.as_deref())
        }
        Import::Csv { file, kind, dry_run, punches } => match listed(kind) {
            None => super::import_punches::run(context, &file, &punches, dry_run),
            Some(_) if punches != PunchFlags::default() => {
                bail!(
                    "--mapping, --zone, --source, --dates, --types, --groups, --create-employees and --report are for --kind punches"
                )
            }
            Some(kind) => list(context, &file, kind, dry_run),
        },
        Import::Mapping(command) => super::import_punches::mappings(context, command),
        Import::List { source, tried, limit } => {
            let is_trial = tried.then_some(true);
            history(context, &ImportFilter { source, is_trial, limit, descending: true, ..ImportFilter::default() })
        }
        Import::Ical { file, dry_run } => list(context, &file, What::Facts(ListKind::ICalendar), dry_run),
    }
}

fn attlog(context: &Context, file: &Path, how: &FileImport<'_>, rows: Option<&Path>) -> anyhow::Result<()> {
    let bytes = read(file)?;
    let hub = context.home.hub()?;
    let mut rows = RowReport::new(rows)?;
    let progress = Progress::start("importing punches");
    let counts = hub.import_attlog(&console(), &bytes, how, now(), |part, counts| {
        rows.add(part);
        progress.say(counts.to_string());
    })?;
    drop(progress);
    rows.finish(how.is_dry_run)?;
    if !how.is_dry_run {
        derive_with_progress(&hub, now())?;
    }
    if !context.is_json {
        say_outcome(&counts, how.is_dry_run)?;
    }
    report(context, &counts)
}

/// What is left to be done after an import of punches.
pub(super) fn say_outcome(counts: &Counts, is_dry_run: bool) -> std::io::Result<()> {
    if is_dry_run {
        show::line("dry run: nothing was changed")
    } else if counts.held > 0 {
        show::line("held punches wait for a cure: `punchclock held list`")
    } else {
        Ok(())
    }
}

/// What was brought.
fn history(context: &Context, filter: &ImportFilter) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let header = [
        "import",
        "at",
        "by",
        "file",
        "bytes",
        "source",
        "mapping",
        "tried only",
        "read",
        "stored",
        "known",
        "held",
        "refused",
        "finished",
        "kept",
    ];
    let imports = hub.imports(filter)?.rows;
    let open: Vec<String> = imports.iter().filter(|row| !row.is_finished).map(|row| row.id.to_string()).collect();
    let rows = imports.into_iter().map(|row| {
        let Counts { read, stored, known, held, refused } = row.counts;
        let note = [
            json!(row.id),
            json!(show::instant(row.at, &zone)),
            json!(row.actor),
            json!(row.name),
            json!(row.size_bytes),
            json!(row.source),
            json!(row.mapping),
            json!(row.is_trial),
        ];
        let counts = [read, stored, known, held, refused].map(|count| json!(count));
        note.into_iter().chain(counts).chain([json!(row.is_finished), json!(row.is_kept)]).collect()
    });
    show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?;
    if !context.is_json && !open.is_empty() {
        show::line(format!(
            "not finished: {}. Such an import is still running, or it was broken off: bring its file again, or take the kept one again on \
             its page; what is stored already is known",
            open.join(", ")
        ))?;
    }
    Ok(())
}

/// What a list of a kind lists; punches are none.
const fn listed(kind: CsvKind) -> Option<What> {
    Some(match kind {
        CsvKind::Punches => return None,
        CsvKind::Employees => What::Employees,
        CsvKind::Sites => What::Sites,
        CsvKind::Departments => What::Departments,
        CsvKind::Roster => What::Facts(ListKind::Roster),
        CsvKind::Leave => What::Facts(ListKind::Leave),
        CsvKind::Offsite => What::Facts(ListKind::Offsite),
        CsvKind::Holidays => What::Facts(ListKind::Holidays),
    })
}

/// What a file lists.
#[derive(Clone, Copy, Debug)]
enum What {
    Employees,
    Sites,
    Departments,
    Facts(ListKind),
}

fn list(context: &Context, file: &Path, what: What, is_dry_run: bool) -> anyhow::Result<()> {
    let bytes = read(file)?;
    let hub = context.home.hub()?;
    let done = take_list(&hub, file, &bytes, what, is_dry_run)?;
    if !is_dry_run {
        derive_with_progress(&hub, now())?;
    }
    for refusal in &done.refusals {
        eprintln!("refused {refusal}");
    }
    if !context.is_json {
        if done.released > 0 {
            show::line(format!("{} held punches found their employee", done.released))?;
        }
        if is_dry_run {
            show::line("dry run: nothing was changed")?;
        }
    }
    report(context, &done.counts)?;
    if done.counts.refused > 0 {
        bail!("{} rows of {} were refused; mend them and import the file again", done.counts.refused, file.display());
    }
    Ok(())
}

fn take_list(hub: &Hub, file: &Path, bytes: &[u8], what: What, is_dry_run: bool) -> anyhow::Result<ListImport> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(match what {
        What::Facts(kind) => hub.import_list(&console(), kind, (&name, bytes), is_dry_run, now())?,
        What::Employees => hub.import_employees(&console(), bytes, is_dry_run, now())?,
        What::Sites => hub.import_sites(&console(), bytes, is_dry_run, now())?,
        What::Departments => hub.import_departments(&console(), bytes, is_dry_run, now())?,
    })
}

/// The closing line of counts.
pub(super) fn report(context: &Context, counts: &Counts) -> anyhow::Result<()> {
    if context.is_json {
        let Counts { read, stored, known, held, refused } = counts;
        show::json(&json!({"read": read, "stored": stored, "known": known, "held": held, "refused": refused}))
    } else {
        Ok(show::line(counts)?)
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))
}
