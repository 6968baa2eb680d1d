//! `terminal command` and `terminal commands`: what terminals are asked for, and what became of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hub::view::{CommandFilter, CommandRow, TerminalRow};
use hub::{Hub, USUAL_EXPIRY};
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, SpanRelativeTo};
use link::command::TerminalPerson;
use link::{CommandState, TerminalCommand};
use serde_json::{Value, json};

use super::find;
use crate::chance::now;
use crate::cli::terminal_command::{Ask, CommandList, Span, State, TerminalAsk};
use crate::commands::{Context, console};
use crate::show;

/// How often a wait looks again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) fn ask(context: &Context, args: TerminalAsk) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let terminal = find(&hub, &args.terminal)?;
    let Some(what) = args.what.filter(|_| !args.list) else {
        let filter = CommandFilter { serial: Some(terminal.serial), state: None };
        return print(context, &hub, &hub.commands(&filter, now())?);
    };
    let command = command(what, &terminal)?;
    let expires = args.expires.map_or(Ok(USUAL_EXPIRY), |span| duration("--expires", span))?;
    let wait = args.wait.map(|span| duration("--wait", span)).transpose()?;
    let number = hub.ask_terminal(&console(), &terminal.serial, &command, expires, now())?;
    match wait {
        Some(patience) => told(context, &hub, &waited(&hub, number, patience)?),
        None if context.is_json => print(context, &hub, &[hub.command(number, now())?]),
        None => Ok(show::line(format!(
            "command {number} is queued for terminal {}: {command}; see `punchclock terminal commands --number {number}`",
            terminal.name
        ))?),
    }
}

pub(super) fn list(context: &Context, args: &CommandList) -> anyhow::Result<()> {
    let hub = context.hub()?;
    if let Some(number) = args.number {
        return told(context, &hub, &hub.command(number, now())?);
    }
    let serial = match &args.terminal {
        Some(wanted) => Some(find(&hub, wanted)?.serial),
        None => None,
    };
    let filter = CommandFilter { serial, state: args.state.map(state) };
    print(context, &hub, &hub.commands(&filter, now())?)
}

fn command(what: Ask, terminal: &TerminalRow) -> anyhow::Result<TerminalCommand> {
    Ok(match what {
        Ask::Info => TerminalCommand::Info,
        Ask::Check => TerminalCommand::Check,
        Ask::UploadAgain => TerminalCommand::UploadAgain,
        Ask::Punches(span) => {
            let (from, to) = ends(&span, terminal)?;
            TerminalCommand::SendPunches { from, to }
        }
        Ask::Count(span) => {
            let (from, to) = ends(&span, terminal)?;
            TerminalCommand::CountPunches { from, to }
        }
        Ask::Users => TerminalCommand::SendUsers,
        Ask::PutUser { number, name, card, administrator } => {
            TerminalCommand::PutUser(TerminalPerson { user: number, name, card, is_administrator: administrator })
        }
        Ask::RenameUser { number, name } => TerminalCommand::RenameUser { user: number, name },
        Ask::DeleteUser { number } => TerminalCommand::DeleteUser { user: number },
        Ask::GetOption { name } => TerminalCommand::GetOption { name },
        Ask::SetOption { option } => {
            let (name, value) = option.split_once('=').context("an option is set with NAME=VALUE, like Delay=10")?;
            TerminalCommand::SetOption { name: name.trim().to_owned(), value: value.trim().to_owned() }
        }
        Ask::Reboot => TerminalCommand::Reboot,
    })
}

/// The ends of a span on the terminal's face.
fn ends(span: &Span, terminal: &TerminalRow) -> anyhow::Result<(DateTime, DateTime)> {
    let to = match &span.to {
        Some(text) => moment(text, end_of)?,
        None => end_of(terminal.zones.date(now())),
    };
    Ok((moment(&span.from, |date| date.at(0, 0, 0, 0))?, to))
}

fn end_of(date: Date) -> DateTime {
    date.at(23, 59, 59, 0)
}

/// A moment; what a mere date means is told by `of_date`.
fn moment(text: &str, of_date: fn(Date) -> DateTime) -> anyhow::Result<DateTime> {
    let read = match text.contains(':') {
        true => text.parse().ok(),
        false => text.parse().ok().map(of_date),
    };
    read.with_context(|| format!("`{text}` is no time; write 2026-01-05 or \"2026-01-05 08:00:00\""))
}

fn duration(flag: &str, span: jiff::Span) -> anyhow::Result<SignedDuration> {
    let of = span.to_duration(SpanRelativeTo::days_are_24_hours());
    of.with_context(|| format!("{flag} takes hours, days or weeks, like 2h or 7d"))
}

/// The command once it has ended.
fn waited(hub: &Hub, number: i64, patience: SignedDuration) -> anyhow::Result<CommandRow> {
    let began = Instant::now();
    loop {
        let row = hub.command(number, now())?;
        if !row.state.is_open() {
            return Ok(row);
        }
        if began.elapsed() >= patience.unsigned_abs() {
            bail!(
                "command {number} has no result yet: it {}; look again with `punchclock terminal commands --number {number}`",
                row.says()
            );
        }
        // Another process writes the result: there is nothing to wait on but the file.
        std::thread::sleep(LOOK_EVERY);
    }
}

/// One command with all that the terminal told; an error when it was not done.
fn told(context: &Context, hub: &Hub, row: &CommandRow) -> anyhow::Result<()> {
    if context.is_json {
        print(context, hub, std::slice::from_ref(row))?;
    } else {
        show::line(format!("command {} for terminal {}, {}: {}", row.id, row.terminal, row.command, words(row)))?;
        row.told().try_for_each(|line| show::line(show::printable(line)))?;
    }
    match row.state {
        CommandState::Expired | CommandState::Failed => {
            bail!("terminal {} did not do command {}: {}", row.terminal, row.id, row.says())
        }
        _ => Ok(()),
    }
}

/// State and result, with the code as the terminal gave it.
fn words(row: &CommandRow) -> String {
    let code = row.code.filter(|code| *code != 0).map(|code| format!(" (code {code})")).unwrap_or_default();
    match row.says() {
        says if says == row.state.word() => format!("{says}{code}"),
        says => format!("{}: {}{code}", row.state.word().replace('_', " "), show::printable(says)),
    }
}

fn print(context: &Context, hub: &Hub, rows: &[CommandRow]) -> anyhow::Result<()> {
    if rows.is_empty() && !context.is_json {
        return Ok(show::line("no command; ask for one with `punchclock terminal command NAME info`")?);
    }
    let zone = hub.company()?.time_zone()?;
    let at = |instant| json!(show::instant(instant, &zone));
    let header = [
        "number",
        "terminal",
        "serial",
        "asks for",
        "state",
        "says",
        "code",
        "deliveries",
        "asked by",
        "asked",
        "expires",
        "changed",
    ];
    let cells = |row: &CommandRow| -> Vec<Value> {
        vec![
            json!(row.id),
            json!(row.terminal),
            json!(row.serial),
            json!(row.command.to_string()),
            json!(row.state.word()),
            json!(row.says()),
            json!(row.code),
            json!(row.sent_times),
            json!(row.asked_by),
            at(row.asked),
            at(row.expires),
            at(row.changed),
        ]
    };
    if !context.is_json {
        return Ok(show::rows(false, &header, &rows.iter().map(cells).collect::<Vec<_>>())?);
    }
    // Programs also get what the terminal told, which no table holds.
    let header: Vec<&str> = header.into_iter().chain(["told"]).collect();
    let with_told = rows.iter().map(|row| {
        let mut cells = cells(row);
        cells.push(json!(row.told().collect::<Vec<_>>()));
        cells
    });
    Ok(show::rows(true, &header, &with_told.collect::<Vec<_>>())?)
}

const fn state(state: State) -> CommandState {
    match state {
        State::Queued => CommandState::Queued,
        State::HandedOver => CommandState::HandedOver,
        State::Sent => CommandState::Sent,
        State::Expired => CommandState::Expired,
        State::Done => CommandState::Done,
        State::Failed => CommandState::Failed,
    }
}
