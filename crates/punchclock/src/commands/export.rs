//! `export punches|days|payroll|completeness|employees|sites|departments|sheet`.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use hub::view::{CloseoutFilter, DayFilter, DaySort, PunchFilter};
use hub::{Dates, Digesting, Hub, PayrollAsk, SheetDocument};
use jiff::civil::Date;
use web::{SheetLayout, sheet_html};

use crate::chance::now;
use crate::cli::{Export, ExportKind, Format, Layout};
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console, payroll};

pub(super) fn run(context: &Context, args: &Export) -> anyhow::Result<()> {
    check(args)?;
    in_order(args.from, args.to)?;
    let hub = context.hub()?;
    // A file never shows days that are behind their facts.
    derive_with_progress(&hub, now())?;
    write_out(args.out.as_deref(), |out| write(&hub, args, out))
}

/// Refuses options that do not go with what is written.
fn check(args: &Export) -> anyhow::Result<()> {
    let is_payroll = matches!(args.what, ExportKind::Payroll);
    let is_sheet = matches!(args.what, ExportKind::Sheet);
    if args.deltas && !is_payroll {
        bail!("--deltas goes with `export payroll`: it lists what came too late for locked dates");
    }
    if args.preset.is_some() && !is_payroll {
        bail!("--preset goes with `export payroll`");
    }
    if !is_sheet && (args.employee.is_some() || args.month.is_some() || args.layout.is_some()) {
        bail!("an employee, --month and --layout go with `export sheet`");
    }
    if is_sheet && (args.from.is_some() || args.to.is_some()) {
        bail!("a sheet is of a whole month: say --month 2026-03 and neither --from nor --to");
    }
    match args.format {
        Some(Format::Html) if !is_sheet => bail!("html is there of `export sheet` only"),
        Some(Format::Xlsx) if is_sheet => bail!("a sheet is written as html, csv or json"),
        None | Some(Format::Csv | Format::Html) => Ok(()),
        Some(_) if is_sheet || is_payroll || matches!(args.what, ExportKind::Punches | ExportKind::Days) => Ok(()),
        Some(_) => bail!("this is written as csv only; xlsx and json are there of punches, days and payroll"),
    }
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
    let format = args.format.and_then(Format::of_tables);
    let plain = format.unwrap_or_default();
    match args.what {
        ExportKind::Punches => {
            hub.punches_table(&PunchFilter { from, to, ..PunchFilter::default() }, plain, &mut out)?;
        }
        ExportKind::Days => {
            let filter = DayFilter { from, to, sort: DaySort::Employee, ..DayFilter::default() };
            hub.days_table(&filter, plain, &mut out)?;
        }
        ExportKind::Payroll => {
            let dates = (edge(hub, from, false)?, edge(hub, to, true)?);
            match &args.preset {
                Some(preset) => write_preset(hub, args, (preset, dates, format), out)?,
                None => {
                    let mut out = Digesting::new(out);
                    let deltas = if args.deltas { "deltas, " } else { "" };
                    let rows = if args.deltas {
                        hub.deltas_table(dates, plain, &mut out)?
                    } else {
                        hub.payroll_table(dates, plain, &mut out)?
                    };
                    let what = format!("{deltas}{} without layout", plain.word());
                    hub.note_export(&console(), dates, &what, rows, &out.digest(), now())?;
                }
            }
        }
        ExportKind::Sheet => write_sheet(hub, args, out)?,
        ExportKind::Employees => hub.employees_csv(&mut out)?,
        ExportKind::Sites => hub.sites_csv(&mut out)?,
        ExportKind::Departments => hub.departments_csv(&mut out)?,
        ExportKind::Completeness => {
            hub.closeouts_csv(&CloseoutFilter { from, to, ..CloseoutFilter::default() }, now(), &mut out)?;
        }
    }
    Ok(())
}

/// Writes payroll in a layout, and says on standard error what a person should know of it.
fn write_preset(
    hub: &Hub,
    args: &Export,
    (preset, dates, format): (&str, Dates, Option<hub::Format>),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let layout = payroll::with_values(payroll::layout(hub, preset)?, &args.values)?;
    let ask = PayrollAsk { dates, layout, deltas: args.deltas };
    let file = hub.payroll_file(&ask, format)?;
    out.write_all(&file.bytes)?;
    file.remarks.iter().for_each(|remark| eprintln!("{remark}"));
    Ok(hub.note_export(&console(), dates, &ask.words(preset, format), file.rows, &file.digest, now())?)
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

impl Format {
    /// The format of a table; none of a page.
    const fn of_tables(self) -> Option<hub::Format> {
        match self {
            Self::Csv => Some(hub::Format::Csv),
            Self::Xlsx => Some(hub::Format::Xlsx),
            Self::Json => Some(hub::Format::Json),
            Self::Html => None,
        }
    }
}

/// Writes the time sheet of an employee: a page to be printed, unless data is asked for.
fn write_sheet(hub: &Hub, args: &Export, mut out: &mut dyn Write) -> anyhow::Result<()> {
    let (Some(code), Some(month)) = (&args.employee, args.month) else {
        bail!("a sheet needs an employee and --month")
    };
    let sheet = hub.time_sheet(code, month, now())?;
    let is_form = args.layout == Some(Layout::Form48);
    match args.format.unwrap_or(Format::Html) {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &SheetDocument::from(&sheet))?;
            writeln!(out)?;
        }
        Format::Csv if is_form => sheet.form48_csv(&mut out)?,
        Format::Csv | Format::Xlsx => sheet.csv(&mut out)?,
        Format::Html => {
            let layout = if is_form { SheetLayout::Form48 } else { SheetLayout::Plain };
            out.write_all(sheet_html(&[sheet], layout)?.as_bytes())?;
        }
    }
    Ok(())
}
