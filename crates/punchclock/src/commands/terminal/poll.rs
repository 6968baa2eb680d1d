//! `terminal poll`: reads logs now.

use std::time::Instant;

use anyhow::{Context as _, bail};
use attendance::punch::{PrintedTime, RawPunch};
use edge::Visit;
use hub::view::TerminalRow;
use hub::{Counts, Hub, Poll};
use jiff::Span;
use jiff::tz::TimeZone;
use link::PollOutcome;

use super::find;
use super::visit::Target;
use crate::chance::now;
use crate::cli::terminal::Way;
use crate::commands::Context;
use crate::commands::derive::derive_with_progress;
use crate::show;

pub(super) fn run(context: &Context, wanted: Option<&str>, since: Option<Span>, way: &Way) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let rows = match wanted {
        Some(wanted) => vec![find(&hub, wanted)?],
        None => hub.terminals()?.into_iter().filter(|row| row.via.polls() && row.address.is_some()).collect(),
    };
    if rows.is_empty() {
        bail!(
            "no terminal is polled; register one with `punchclock terminal add NAME --serial S --address A --via both`"
        );
    }
    let mut failures = Vec::new();
    for row in &rows {
        match poll_one(&hub, row, since, way) {
            Ok(said) => show::line(format!("{}: {said}", row.name))?,
            Err(error) if rows.len() == 1 => failures.push(error),
            Err(error) => {
                eprintln!("{error:#}");
                failures.push(error);
            }
        }
    }
    derive_with_progress(&hub, now())?;
    match (failures.pop(), failures.len()) {
        (None, _) => Ok(()),
        (Some(error), 0) if rows.len() == 1 => Err(error),
        (Some(_), others) => bail!("{} of {} terminals were not read", others + 1, rows.len()),
    }
}

fn poll_one(hub: &Hub, row: &TerminalRow, since: Option<Span>, way: &Way) -> anyhow::Result<String> {
    if !row.approved {
        bail!("terminal {} is not approved; `punchclock terminal approve {}` first", row.name, row.serial);
    }
    let (began, start) = (now(), Instant::now());
    let read = read(hub, row, since, way);
    let (outcome, says, counts) = match &read {
        Ok((counts, true, _)) => (PollOutcome::Whole, String::new(), Some(counts)),
        Ok((counts, false, _)) => {
            (PollOutcome::Partial, "a part of the log was asked for, or could be taken".to_owned(), Some(counts))
        }
        Err(error) => (PollOutcome::Failed, format!("{error:#}"), None),
    };
    let poll = link::Poll {
        serial: row.serial.clone(),
        began_us: began.as_microsecond(),
        took_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        outcome,
        says,
        records: counts.map(|counts| counts.read),
        new: counts.map(|counts| counts.stored + counts.held),
    };
    let noted = hub.note_poll(&poll, now());
    let (counts, _, slots) = read?;
    if let Err(error) = noted {
        eprintln!("punchclock: the punches are stored, but how the reading went could not be noted: {error}");
    }
    Ok(format!("{counts}{slots}"))
}

/// What became of the punches, whether that is the whole log, and what else there is to say.
fn read(hub: &Hub, row: &TerminalRow, since: Option<Span>, way: &Way) -> anyhow::Result<(Counts, bool, String)> {
    let target = Target::registered(hub, row, way)?;
    let reading =
        target.visit(async |visit: &mut Visit| Ok(edge::read_once(visit, &row.serial, &target.zone).await?))?;
    let oldest = since.map(|span| oldest(&target.zone, span)).transpose()?;
    let is_wanted =
        |punch: &RawPunch| oldest.is_none_or(|oldest| punch.time.seconds().is_none_or(|seconds| seconds >= oldest));
    let poll = Poll {
        punches: reading.punches.into_iter().filter(is_wanted).collect(),
        names_slots: reading.names_slots,
        users: reading.users,
        clock: reading.clock,
        is_whole: oldest.is_none() && reading.unknown_slots == 0,
    };
    let counts = hub.take_poll(&row.serial, &poll, now())?;
    let slots = match reading.unknown_slots {
        0 => String::new(),
        some => {
            format!("; {some} records name a user slot that nobody has: enrol them, or leave them to the edge's poll")
        }
    };
    Ok((counts, poll.is_whole, slots))
}

/// The oldest printed second that is wanted, on the terminal's face.
fn oldest(zone: &TimeZone, since: Span) -> anyhow::Result<i64> {
    let from = now().to_zoned(zone.clone()).checked_sub(since).context("--since reaches too far back")?;
    Ok(PrintedTime::from_civil(from.datetime()).seconds().unwrap_or(i64::MIN))
}
