//! `import csv --kind punches`: tables of other systems; `import mapping`: how they are read.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};
use hub::{Hub, Mapping, SavedText, TableImport, TableImported, Wanted};
use serde_json::json;

use crate::chance::now;
use crate::cli::import::{DateOrder, MappingCommand, PunchFlags};
use crate::commands::derive::derive_with_progress;
use crate::commands::import::{report, say_outcome};
use crate::commands::row_report::RowReport;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, file: &Path, flags: &PunchFlags, is_dry_run: bool) -> anyhow::Result<()> {
    drop(File::open(file).with_context(|| format!("{} can't be read", file.display()))?);
    let dates = flags.dates.map(|order| match order {
        DateOrder::Dmy => hub::DateOrder::DayFirst,
        DateOrder::Mdy => hub::DateOrder::MonthFirst,
        DateOrder::Ymd => hub::DateOrder::YearFirst,
    });
    let name = file.display().to_string();
    let hub = context.home.hub()?;
    let how = TableImport {
        name: &name,
        mapping: flags.mapping.as_deref().map(|name| mapping(&hub, name)).transpose()?,
        dates,
        zone: flags.zone.as_deref(),
        source: flags.source.as_deref(),
        wanted: Wanted { types: &flags.types, groups: &flags.groups },
        create_employees: flags.create_employees,
        is_dry_run,
        ..TableImport::default()
    };
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
    let refused = told.finish(is_dry_run)?;
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
    say_outcome(&done.counts, is_dry_run)
}

/// A preset, one that was saved, or a file of a person's own.
fn mapping(hub: &Hub, name: &str) -> anyhow::Result<Mapping> {
    let named = hub.import_mapping(name);
    let path = Path::new(name);
    if named.is_ok() || !path.is_file() {
        return named.map_err(|error| anyhow::anyhow!("{error}, and there is no file {name}"));
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Mapping::parse(&stem, &text_of(path)?).map_err(anyhow::Error::msg)
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
}

/// `import mapping ...`
pub(super) fn mappings(context: &Context, command: MappingCommand) -> anyhow::Result<()> {
    let hub = context.hub()?;
    match command {
        MappingCommand::Save { name, file } => {
            hub.save_mapping(&console(), &name, &text_of(&file)?, now())?;
            Ok(show::line(format!("mapping {name} is saved; `--mapping {name}` uses it"))?)
        }
        MappingCommand::List => {
            let zone = hub.company()?.time_zone()?;
            let own = |saved: SavedText| {
                let about = Mapping::parse(&saved.name, &saved.text).map_or_else(|why| why, |own| own.about);
                vec![json!(saved.name), json!(about), json!(show::instant(saved.at(), &zone)), json!(saved.by)]
            };
            let preset = |(name, about)| vec![json!(name), json!(about), json!(null), json!(null)];
            let rows: Vec<_> =
                hub.saved_mappings()?.into_iter().map(own).chain(Mapping::presets().map(preset)).collect();
            Ok(show::rows(context.is_json, &["name", "about", "saved", "by"], &rows)?)
        }
        MappingCommand::Show { name } => Ok(show::line(hub.import_mapping(&name)?.text.trim_end())?),
        MappingCommand::Remove { name } => {
            hub.remove_mapping(&console(), &name, now())?;
            Ok(show::line(format!("mapping {name} is removed; what was imported by it stays"))?)
        }
    }
}
