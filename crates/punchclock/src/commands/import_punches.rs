//! `import csv --kind punches`: tables of other systems.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use anyhow::{Context as _, bail};
use attendance::punch::Channel;
use hub::{Counts, CsvTable, Outside, RowBecame, Told};
use roads::punch_table::{DateOrder as Order, Mapping, PunchTable};

use crate::chance::now;
use crate::cli::import::{DateOrder, PunchFlags};
use crate::commands::derive::derive_with_progress;
use crate::commands::import::report;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show;

/// Reasons that are shown; a report has each row's.
const MOST_REASONS: usize = 20;

pub(super) fn run(context: &Context, file: &Path, flags: &PunchFlags, is_dry_run: bool) -> anyhow::Result<()> {
    let mut mapping = flags.mapping.as_deref().map(mapping).transpose()?;
    if let Some(order) = flags.dates {
        let order = match order {
            DateOrder::Dmy => Order::DayFirst,
            DateOrder::Mdy => Order::MonthFirst,
        };
        mapping = Some(match mapping {
            Some(mapping) => mapping,
            None => PunchTable::detect(open(file)?).with_context(|| file.display().to_string())?,
        })
        .map(|mapping| mapping.with_dates(order));
    }
    // Whether there is such a file is a better question than how it is read.
    drop(open(file)?);
    let table = PunchTable::survey(|| File::open(file), mapping).with_context(|| file.display().to_string())?;
    if table.has_offsets() && flags.zone.is_some() {
        bail!("the times in {} have an offset from UTC; leave --zone away", file.display());
    }
    let hub = context.home.hub()?;
    if flags.zone.is_none() && !table.has_offsets() && hub.company()?.zone.is_none() {
        bail!("nobody has said in which zone the times of {} are; add `--zone Asia/Manila` or another", file.display());
    }
    let source = flags.source.as_deref().unwrap_or(&table.mapping().name);
    let how = Outside {
        zone: flags.zone.as_deref(),
        row_types: &flags.types,
        create_employees: flags.create_employees,
        is_dry_run,
        ..Outside::of_source(source, Channel::File)
    };
    let mut told = Report::new(flags.report.as_deref())?;
    let broken = Cell::new(None);
    let rows = table.rows(open(file)?)?.map_while(|row| row.map_err(|error| broken.set(Some(error))).ok());
    let progress = Progress::start("importing punches");
    let counts = hub.take_outside(&console(), &how, rows, now(), |part, counts| {
        told.add(part);
        progress.say(counts.to_string());
    })?;
    drop(progress);
    let refused = told.finish()?;
    if !is_dry_run {
        let digest = digest(file)?;
        let mapping = &table.mapping().name;
        let detail = format!("{counts}; mapping {mapping}; file {}, {digest}", file.display());
        hub.note_deed(&console(), source, "import.punches", &detail, now())?;
    }
    if let Some(error) = broken.take() {
        bail!("{counts}; then {}: {error}", file.display());
    }
    if !is_dry_run {
        derive_with_progress(&hub, now())?;
    }
    if !context.is_json {
        say(&table, source, &counts, is_dry_run)?;
    }
    report(context, &counts)?;
    if refused > 0 {
        bail!("{refused} rows of {} were refused; mend them and import the file again", file.display());
    }
    Ok(())
}

fn say(table: &PunchTable, source: &str, counts: &Counts, is_dry_run: bool) -> io::Result<()> {
    show::line(format!("read by the mapping {}, as the source {source}", table.mapping().name))?;
    if is_dry_run {
        show::line("dry run: nothing was changed")
    } else if counts.held > 0 {
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

fn open(file: &Path) -> anyhow::Result<File> {
    File::open(file).with_context(|| format!("{} can't be read", file.display()))
}

fn digest(file: &Path) -> anyhow::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// What is told of rows: as a file each, and in sum on standard error.
struct Report {
    csv: Option<CsvTable<BufWriter<File>>>,
    failed: Option<io::Error>,
    /// How many rows, and the first one, by what became of them and why.
    reasons: BTreeMap<(&'static str, String), (u64, String)>,
    /// Rows that nobody asked to be refused.
    refused: u64,
}

impl Report {
    fn new(file: Option<&Path>) -> anyhow::Result<Self> {
        let csv = |path: &Path| {
            let file = File::create(path).with_context(|| format!("{} can't be written", path.display()))?;
            anyhow::Ok(CsvTable::new(BufWriter::new(file), ["row", "user", "time", "outcome", "why"])?)
        };
        Ok(Self { csv: file.map(csv).transpose()?, failed: None, reasons: BTreeMap::new(), refused: 0 })
    }

    fn add(&mut self, part: &[Told<'_>]) {
        for told in part {
            let (word, why) = (told.became.word(), told.why());
            if let RowBecame::Refused(refusal) = &told.became {
                self.refused += u64::from(!refusal.is_filter());
            }
            if let Some(csv) = &mut self.csv {
                let (user, time) = match &told.row.said {
                    Ok(punch) => (punch.puncher.said(), punch.time.to_string()),
                    Err(_) => ("", String::new()),
                };
                let row = csv.row([&told.row.key.to_string(), user, &time, word, &why]);
                self.failed = self.failed.take().or(row.err());
            }
            if !why.is_empty()
                && (self.reasons.len() < MOST_REASONS || self.reasons.contains_key(&(word, why.to_string())))
            {
                let first = || (0, told.row.key.to_string());
                self.reasons.entry((word, why.into_owned())).or_insert_with(first).0 += 1;
            }
        }
    }

    /// Says why rows were not taken; how many were refused that nobody asked to be.
    fn finish(self) -> anyhow::Result<u64> {
        for ((word, why), (rows, first)) in &self.reasons {
            eprintln!("{word} {rows}, the first at {first}: {why}");
        }
        if let Some(error) = self.failed {
            return Err(error).context("the report can't be written; the punches were taken");
        }
        self.csv.map(CsvTable::finish).transpose()?;
        Ok(self.refused)
    }
}
