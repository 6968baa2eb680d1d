//! `terminal sync`: whether terminals know those who should punch there, and what to ask of them.

use anyhow::bail;
use hub::{SyncRow, SyncState, SyncWish};
use serde_json::{Value, json};

use super::find;
use crate::chance::now;
use crate::cli::terminal::Sync;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, args: &Sync) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let mut rows = hub.terminal_sync(now())?;
    if let Some(terminal) = &args.terminal {
        let serial = find(&hub, terminal)?.serial;
        rows.retain(|row| row.serial == serial);
    }
    if !args.send && args.rename.is_empty() && args.remove.is_empty() {
        return list(context, rows, &args.state);
    }
    let done = hub.sync_terminals(&console(), &wishes(&rows, args), now())?;
    if context.is_json {
        let why =
            |(serial, user, why): &(String, String, String)| json!({"terminal": serial, "user": user, "why": why});
        let refused: Vec<Value> = done.refused.iter().map(why).collect();
        show::json(&json!({"queued": done.queued, "refused": refused}))?;
    } else {
        show::line(format!("queued {}; `punchclock terminal commands` shows what becomes of them", done.queued))?;
    }
    if done.refused.is_empty() {
        return Ok(());
    }
    let told: Vec<String> =
        done.refused.iter().map(|(serial, user, why)| format!("{user} at {serial}: {why}")).collect();
    bail!("{} not asked for:\n  {}", told.len(), told.join("\n  "))
}

/// What the arguments want: everybody who is missing and was not sent yet, and those who are named.
fn wishes(rows: &[SyncRow], args: &Sync) -> Vec<SyncWish> {
    let missing = rows.iter().filter(|row| args.send && row.state == SyncState::ToSend && row.asked.is_none());
    let send = missing.map(|row| SyncWish::Send { serial: row.serial.clone(), user: row.user.clone() });
    let rename = rows.iter().filter(|row| args.rename.contains(&row.user));
    let rename = rename.map(|row| SyncWish::Rename { serial: row.serial.clone(), user: row.user.clone() });
    let remove = rows.iter().filter(|row| args.remove.contains(&row.user));
    let remove = remove.map(|row| SyncWish::Remove { serial: row.serial.clone(), user: row.user.clone() });
    send.chain(rename).chain(remove).collect()
}

fn list(context: &Context, mut rows: Vec<SyncRow>, state: &str) -> anyhow::Result<()> {
    match SyncState::from_word(state) {
        Some(state) => rows.retain(|row| row.state == state),
        None if state == "open" => rows.retain(|row| row.state != SyncState::InStep),
        None => {}
    }
    if rows.is_empty() && !context.is_json {
        return Ok(show::line("nothing of this kind; `--state all` shows all")?);
    }
    let header = ["terminal", "serial", "user", "employee", "name", "name on terminal", "state", "why", "command"];
    let row = |row: &SyncRow| {
        vec![
            json!(row.terminal),
            json!(row.serial),
            json!(row.user),
            json!(row.employee.as_ref().map(|(code, _)| code)),
            json!(row.employee.as_ref().map(|(_, name)| name)),
            json!(row.name_there),
            json!(row.state.word()),
            json!(row.why),
            json!(row.asked),
        ]
    };
    let rows: Vec<Vec<Value>> = rows.iter().map(row).collect();
    Ok(show::rows(context.is_json, &header, &rows)?)
}
