//! `edge status|export`: an edge without its hub. Both read the spool beside a running edge, or when none runs. And `edge list`:
//! the edges that a hub hears of.

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use edge::Overview;
use edge::plan::seen::state_word;
use edge::spool::SpoolError;
use edge::spool::look::{Exported, HeldPunch, SpoolFile};
use hub::CsvTable;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::chance::now;
use crate::cli::edge::{EdgeExport, EdgeFormat, EdgeStatus};
use crate::commands::Context;
use crate::commands::export::{in_order, write_out};
use crate::{commands::edge_role, show};

/// Columns of the export: those of `export punches` that an edge can tell, and what else it knows.
const COLUMNS: [&str; 12] = [
    "fingerprint",
    "terminal",
    "user",
    "name",
    "printed_time",
    "state",
    "verify",
    "work_code",
    "received",
    "clock_doubted",
    "with_hub",
    "road",
];

/// The spool of this folder, which must exist.
fn spool(context: &Context) -> anyhow::Result<PathBuf> {
    let path = context.home.data.join("edge.sqlite");
    if !path.exists() {
        bail!(
            "no edge has run on this folder: there is no {}; name the edge's data folder with --data",
            path.display()
        );
    }
    Ok(path)
}

pub(super) fn status(context: &mut Context, args: &EdgeStatus) -> anyhow::Result<()> {
    context.settings.flag("edge.status_listen", args.status_listen.as_deref())?;
    let path = spool(context)?;
    let overview = match running(context, &path)? {
        Some(overview) => overview,
        None => {
            let bounds = edge_role::bounds(&context.settings)?;
            Overview::of_file(context.settings.text("edge.name"), &path, bounds, now())?
        }
    };
    match context.is_json {
        true => show::json(&overview),
        false => print(&overview),
    }
}

/// What the edge that runs on this very spool tells, if it does.
fn running(context: &Context, spool: &std::path::Path) -> anyhow::Result<Option<Overview>> {
    let address = context.settings.get("edge.status_listen")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(Overview::ask(address)).ok();
    // Another folder's edge may have the address.
    let spool = spool.canonicalize()?;
    Ok(told.filter(|overview| overview.spool == spool))
}

fn print(overview: &Overview) -> anyhow::Result<()> {
    let Overview { edge, queued, terminals, seen, .. } = overview;
    match overview.is_running {
        true => show::line(format!("edge {edge} runs"))?,
        false => show::line(format!(
            "edge {edge} does not tell its state; this is what its spool holds, and contacts are those that brought something"
        ))?,
    }
    match overview.oldest_unsent {
        Some(oldest) => show::line(format!("{queued} entries wait for the hub, the oldest since {}", utc(oldest)))?,
        None if *queued > 0 => show::line(format!("{queued} entries wait for the hub"))?,
        None => show::line("everything is with the hub")?,
    }
    if overview.clock.is_some_and(|clock| !clock.is_right) {
        show::line("this computer's clock is not known to be right; set up time synchronisation")?;
    }
    let free =
        overview.disk_free_bytes.map_or_else(String::new, |free| format!("; the disk has {} MiB left", free >> 20));
    let (used, limit) = (overview.spool_used_bytes >> 20, overview.spool_limit_bytes >> 20);
    show::line(format!("the spool takes {used} of {limit} MiB{free}"))?;
    if let Some(why) = &overview.refuses {
        show::line(format!("it takes nothing more: {why}"))?;
    }
    let moment = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), utc);
    let rows: Vec<_> = terminals
        .iter()
        .map(|one| vec![json!(one.serial), json!(one.name), json!(moment(one.last_contact)), json!(one.says)])
        .collect();
    show::line("")?;
    show::rows(false, &["terminal", "name", "last contact", "state"], &rows)?;
    let rows: Vec<_> = seen
        .iter()
        .map(|one| {
            let (first, last) = (one.first.strftime("%Y-%m-%d %H:%M:%S"), one.last.strftime("%H:%M:%S"));
            let key = state_word(one.last_state);
            let texts: [&dyn Display; 6] =
                [&one.user, &one.name.as_deref().unwrap_or_default(), &first, &last, &key, &one.terminal];
            texts.iter().map(|text| json!(text.to_string())).chain([json!(one.punches)]).collect()
        })
        .collect();
    show::line("\nSeen today, as terminals said it and by their own clocks; nothing of it is judged:")?;
    show::rows(false, &["number", "name", "first", "last", "last key", "terminal", "punches"], &rows)?;
    Ok(())
}

/// An edge does not know where people read this: UTC, and it says so.
fn utc(at: Timestamp) -> String {
    show::instant(at, &TimeZone::UTC)
}

/// The edges that the hub of this folder hears of.
pub(super) fn list(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let moment = |at: Timestamp| show::instant(at, &zone);
    let row = |edge: hub::EdgeRow| {
        let silent = edge.health.map_or(0, |health| health.silent_terminals.len());
        vec![
            json!(edge.name),
            json!(edge.state.word()),
            json!(moment(edge.last_seen)),
            json!(edge.queued),
            json!(edge.oldest_unsent.map(moment)),
            json!(silent),
            json!(edge.clock.to_string()),
            json!(edge.version),
            json!(edge.says),
        ]
    };
    let rows: Vec<_> = hub.edges(now(), context.settings.silent_after()?)?.into_iter().map(row).collect();
    let header =
        ["edge", "state", "last heartbeat", "queued", "oldest unsent", "silent terminals", "clock", "version", "says"];
    Ok(show::rows(context.is_json, &header, &rows)?)
}

pub(super) fn export(context: &Context, args: &EdgeExport) -> anyhow::Result<()> {
    in_order(args.from, args.to)?;
    let file = SpoolFile::open(&spool(context)?)?;
    let format = if context.is_json { EdgeFormat::Json } else { args.format };
    let exported = write_out(args.out.as_deref(), |out| match format {
        EdgeFormat::Csv => csv(&file, args, out),
        EdgeFormat::Json => json_rows(&file, args, out),
    })?;
    for line in told(&exported) {
        eprintln!("{line}");
    }
    Ok(())
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    Output(#[from] std::io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

fn csv(file: &SpoolFile, args: &EdgeExport, out: &mut dyn Write) -> anyhow::Result<Exported> {
    let mut table = CsvTable::new(out, COLUMNS)?;
    let exported = file.export((args.from, args.to), |punch| -> Result<(), Stopped> {
        Ok(table.row(cells(&punch).map(|cell| match cell {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        }))?)
    })?;
    table.finish()?;
    Ok(exported)
}

fn json_rows(file: &SpoolFile, args: &EdgeExport, out: &mut dyn Write) -> anyhow::Result<Exported> {
    let mut lead = "[";
    let exported = file.export((args.from, args.to), |punch| -> Result<(), Stopped> {
        let object: Map<String, Value> = COLUMNS.iter().map(|name| (*name).to_owned()).zip(cells(&punch)).collect();
        writeln!(out, "{lead}")?;
        lead = ",";
        Ok(serde_json::to_writer(&mut *out, &object)?)
    })?;
    writeln!(out, "{}", if exported.punches == 0 { "[]" } else { "\n]" })?;
    Ok(exported)
}

/// The cells of a row, as [`COLUMNS`] names them.
fn cells(punch: &HeldPunch) -> [Value; COLUMNS.len()] {
    let HeldPunch { fingerprint, said, name, channel, received_us, is_time_doubted, is_with_hub } = punch;
    let received = Timestamp::from_microsecond(*received_us).ok().map(|at| at.to_string());
    [
        json!(fingerprint.to_string()),
        json!(said.origin),
        json!(said.user),
        json!(name),
        json!(said.time.to_string()),
        json!(said.state),
        json!(said.verify),
        json!(said.work_code),
        json!(received),
        json!(is_time_doubted),
        json!(is_with_hub),
        json!(channel.word()),
    ]
}

/// Up to what the file knows, for the person who pays by it.
fn told(exported: &Exported) -> Vec<String> {
    let Exported { punches, unsent, undated, unknown_slots, newest_received_us, oldest_received_us } = exported;
    let moment = |us: Option<i64>| us.and_then(|us| Timestamp::from_microsecond(us).ok()).map(utc);
    let mut lines = vec![match (moment(*newest_received_us), moment(*oldest_received_us)) {
        (Some(newest), Some(oldest)) => format!(
            "{punches} punches, {unsent} of them not with the hub; this edge holds what it received from {oldest} to {newest}"
        ),
        _ => "this edge holds no punch".to_owned(),
    }];
    if *undated > 0 {
        lines.push(format!(
            "{undated} lines without a readable date are left out; without --from and --to they are written, too"
        ));
    }
    if *unknown_slots > 0 {
        lines.push(format!(
            "{unknown_slots} punches are left out: they name a place in a terminal's user table that has nobody yet"
        ));
    }
    lines
}
