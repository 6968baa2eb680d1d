//! `import csv --kind punches`: tables of other systems.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};
use hub::{Mapping, TableImport, TableImported, Wanted};

use crate::chance::now;
use crate::cli::import::{DateOrder, PunchFlags};
use crate::commands::derive::derive_with_progress;
use crate::commands::import::report;
use crate::commands::row_report::RowReport;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, file: &Path, flags: &PunchFlags, is_dry_run: bool) -> anyhow::Result<()> {
    drop(File::open(file).with_context(|| format!("{} can't be read", file.display()))?);
    let dates = flags.dates.map(|order| match order {
        DateOrder::Dmy => hub::DateOrder::DayFirst,
        DateOrder::Mdy => hub::DateOrder::MonthFirst,
    });
    let name = file.display().to_string();
    let how = TableImport {
        name: &name,
        mapping: flags.mapping.as_deref().map(mapping).transpose()?,
        dates,
        zone: flags.zone.as_deref(),
        source: flags.source.as_deref(),
        wanted: Wanted { types: &flags.types, groups: &flags.groups },
        create_employees: flags.create_employees,
        is_dry_run,
        ..TableImport::default()
    };
    let hub = context.home.hub()?;
    let mut told = RowReport::new(flags.report.as_deref())?;
    let progress = Progress::start("importing punches");
    let done = hub.import_table(
        &console(),
        &how,
        || File::open(file),
        now(),
        |part, counts| {
            told.add(part);
            progress.say(counts.to_string());
        },
    )?;
    drop(progress);
    let refused = told.finish()?;
    if !is_dry_run {
        derive_with_progress(&hub, now())?;
    }
    if !context.is_json {
        say(&done, is_dry_run)?;
    }
    report(context, &done.counts)?;
    if refused > 0 {
        bail!("{refused} rows of {name} were refused; mend them and import the file again");
    }
    Ok(())
}

fn say(done: &TableImported, is_dry_run: bool) -> io::Result<()> {
    let zone = done.zone.as_ref().map_or_else(String::new, |zone| format!(", its times in {zone} as the file says"));
    show::line(format!("read by the mapping {}, as the source {}{zone}", done.mapping, done.source))?;
    if is_dry_run {
        show::line("dry run: nothing was changed")
    } else if done.counts.held > 0 {
        show::line("held punches wait for a cure: `punchclock held list`")
    } else {
        Ok(())
    }
}

/// A preset, or a file of a person's own.
fn mapping(name: &str) -> anyhow::Result<Mapping> {
    if let Some(preset) = Mapping::preset(name) {
        return Ok(preset);
    }
    let path = Path::new(name);
    let presets = || Mapping::presets().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{name} is no file that can be read, and none of the presets {}", presets()))?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Mapping::parse(&stem, &text).map_err(anyhow::Error::msg)
}
