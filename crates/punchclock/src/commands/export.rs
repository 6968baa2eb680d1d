//! `export punches|days|payroll|completeness|employees|sites|departments`.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use hub::Hub;
use hub::view::{CloseoutFilter, DayFilter, DaySort, PunchFilter};
use jiff::civil::Date;

use crate::chance::now;
use crate::cli::{Export, ExportKind, Format};
use crate::commands::Context;
use crate::commands::derive::derive_with_progress;

pub(super) fn run(context: &Context, args: &Export) -> anyhow::Result<()> {
    let Format::Csv = args.format;
    if args.deltas && !matches!(args.what, ExportKind::Payroll) {
        bail!("--deltas goes with `export payroll`: it lists what came too late for locked dates");
    }
    in_order(args.from, args.to)?;
    let hub = context.hub()?;
    // A file never shows days that are behind their facts.
    derive_with_progress(&hub, now())?;
    write_out(args.out.as_deref(), |out| write(&hub, args, out))
}

/// Refuses a range that ends before it begins.
pub(super) fn in_order(from: Option<Date>, to: Option<Date>) -> anyhow::Result<()> {
    match (from, to) {
        (Some(from), Some(to)) if to < from => bail!("--to {to} is before --from {from}; turn them round"),
        _ => Ok(()),
    }
}

/// Writes to standard output, or beside the file that is named and renames: nobody reads half a file.
pub(super) fn write_out<T>(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let Some(path) = path else {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = write(&mut out)?;
        out.flush()?;
        return Ok(written);
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let failed = || format!("{} can't be written", path.display());
    let file = std::fs::File::create(&beside).with_context(failed)?;
    let mut out = BufWriter::new(&file);
    let written = write(&mut out)?;
    out.flush().with_context(failed)?;
    drop(out);
    file.sync_all().with_context(failed)?;
    std::fs::rename(&beside, path).with_context(failed)?;
    Ok(written)
}

fn write(hub: &Hub, args: &Export, mut out: &mut dyn Write) -> anyhow::Result<()> {
    let &Export { from, to, .. } = args;
    match args.what {
        ExportKind::Punches => hub.punches_csv(&PunchFilter { from, to, ..PunchFilter::default() }, &mut out)?,
        ExportKind::Days => {
            hub.days_csv(&DayFilter { from, to, sort: DaySort::Employee, ..DayFilter::default() }, &mut out)?;
        }
        ExportKind::Payroll => {
            let (from, to) = (edge(hub, from, false)?, edge(hub, to, true)?);
            if args.deltas { hub.deltas_csv(from, to, &mut out)? } else { hub.payroll_csv(from, to, &mut out)? }
        }
        ExportKind::Employees => hub.employees_csv(&mut out)?,
        ExportKind::Sites => hub.sites_csv(&mut out)?,
        ExportKind::Departments => hub.departments_csv(&mut out)?,
        ExportKind::Completeness => {
            hub.closeouts_csv(&CloseoutFilter { from, to, ..CloseoutFilter::default() }, now(), &mut out)?;
        }
    }
    Ok(())
}

/// The date given, or else the first or last date that has a day.
fn edge(hub: &Hub, given: Option<Date>, last: bool) -> anyhow::Result<Date> {
    if let Some(date) = given {
        return Ok(date);
    }
    let filter = DayFilter { descending: last, limit: 1, ..DayFilter::default() };
    let row = hub.days(&filter)?.rows.pop();
    row.map(|row| row.record.date).context("there are no days yet; import punches, or connect a terminal")
}
