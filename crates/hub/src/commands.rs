//! Commands for terminals: asked for here, brought by the edge that sees the terminal, and what became of them. Users of terminals that
//! are polled are written by that edge when it reads them; everything else goes to terminals that push.
//!
//! Invariants:
//! * What a terminal could misread is refused before it is stored.
//! * A command is listed for its edge until the edge has reported of it, so that a lost answer only delays it; its number
//!   makes it the same command each time.
//! * Nobody is deleted from a terminal where the number is an employee's of today, whenever that was asked for.
//! * A report counts only if it is later in the command's life than what is known (`CommandState::may_follow`).
//! * What was not reported in time reads as expired; a result that comes late all the same replaces that.

use attendance::punch::is_source;
use jiff::{SignedDuration, Timestamp};
use link::command::{MAX_ORDERS, MAX_RESULT_BYTES, TerminalPerson};
use link::{CommandOrder, CommandReport, CommandState, TerminalCommand, Via};
use store::commands::Command;
use store::users::TerminalUser;
use store::{Read, Write};

use crate::registry::via;
use crate::resolve::instant;
use crate::sync::owner_today;
use crate::view::{CommandFilter, CommandRow};
use crate::{Actor, Error, Hub};

/// How long a command may be delivered when nobody says otherwise.
pub const USUAL_EXPIRY: SignedDuration = SignedDuration::from_hours(24);
const SHORTEST_EXPIRY: SignedDuration = SignedDuration::from_secs(60);
const LONGEST_EXPIRY: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Commands that may wait for one terminal.
const MAX_WAITING: u64 = 200;
/// An edge that took a command over tells how it ended within this time after its expiry.
const REPORT_GRACE: SignedDuration = SignedDuration::from_hours(1);
/// Commands that a list looks at, from the newest.
const LIST_ROWS: u32 = 5000;

impl Hub {
    /// Asks a terminal to do something, at the latest `expires_after` from now. Returns the number of the command.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown serial; [`Error::Invalid`] for a terminal that can't get commands, for a text
    /// that it would misread, or when too many commands wait for it.
    pub fn ask_terminal(
        &self,
        actor: &Actor,
        serial: &str,
        command: &TerminalCommand,
        expires_after: SignedDuration,
        now: Timestamp,
    ) -> Result<i64, Error> {
        if !(SHORTEST_EXPIRY..=LONGEST_EXPIRY).contains(&expires_after) {
            return Err(Error::invalid(
                "a command expires after one minute at least and 30 days at most",
                "choose a time between",
            ));
        }
        self.store.write(|write| {
            if let Some((user, owner)) = deletes_employee(write, serial, command, now)? {
                let what = format!(
                    "user {user} of terminal {serial} is employee {owner}, who is not deleted there while they work"
                );
                let cure = "end their number or their employment first: `punchclock import csv FILE --kind employees`";
                return Err(Error::invalid(what, cure));
            }
            ask(write, actor, serial, command, expires_after, now)
        })
    }

    /// The commands that a filter asks for, newest first, up to 5,000.
    ///
    /// # Errors
    /// Of the store.
    pub fn commands(&self, filter: &CommandFilter, now: Timestamp) -> Result<Vec<CommandRow>, Error> {
        let (commands, terminals) = self.store.read(|read| {
            let commands = match (&filter.serial, filter.state) {
                (None, Some(state)) => newest_in(read, state)?,
                (serial, _) => read.commands(serial.as_deref(), LIST_ROWS)?,
            };
            Ok::<_, Error>((commands, read.terminals()?))
        })?;
        let name = |serial: &str| {
            let known = terminals.iter().find(|(terminal, _)| terminal.serial == serial);
            known.map_or_else(|| serial.to_owned(), |(terminal, _)| terminal.name.clone())
        };
        let rows = commands.into_iter().map(|command| row(name(&command.serial), command, now));
        let mut rows = rows.collect::<Result<Vec<CommandRow>, Error>>()?;
        rows.retain(|row| filter.state.is_none_or(|state| row.state == state));
        Ok(rows)
    }

    /// One command by its number.
    ///
    /// # Errors
    /// [`Error::NotFound`], or of the store.
    pub fn command(&self, id: i64, now: Timestamp) -> Result<CommandRow, Error> {
        self.store.read(|read| {
            let command = read.command(id)?.ok_or_else(|| Error::NotFound(format!("command {id}")))?;
            let terminal = read.terminal(&command.serial)?;
            row(terminal.map_or_else(|| command.serial.clone(), |terminal| terminal.name), command, now)
        })
    }
}

/// The newest commands that may be in a state: what is under way is expired by the time, before anybody tells.
fn newest_in(read: &Read<'_>, state: CommandState) -> Result<Vec<Command>, Error> {
    let told: &[CommandState] = match state {
        CommandState::Expired => {
            &[CommandState::Expired, CommandState::Queued, CommandState::HandedOver, CommandState::Sent]
        }
        _ => &[state],
    };
    let mut commands = Vec::new();
    for state in told {
        commands.extend(read.commands_in_state(state.word(), LIST_ROWS)?);
    }
    commands.sort_by_key(|command| std::cmp::Reverse(command.id));
    Ok(commands)
}

/// Queues a command in a transaction; its number.
pub(crate) fn ask(
    write: &Write<'_>,
    actor: &Actor,
    serial: &str,
    command: &TerminalCommand,
    expires_after: SignedDuration,
    now: Timestamp,
) -> Result<i64, Error> {
    command.check().map_err(|bad| refused(&bad.to_string()))?;
    let expires = now.saturating_add(expires_after).unwrap_or(now);
    let json = serde_json::to_string(command)
        .map_err(|error| Error::Damaged { what: "command", detail: error.to_string() })?;
    may_get(write, serial, command)?;
    if write.waiting_commands(serial, now.as_microsecond())? >= MAX_WAITING {
        let what = format!("{MAX_WAITING} commands wait for terminal {serial} already");
        return Err(Error::invalid(what, "wait until it has done some; check that it reports"));
    }
    let id = write.add_command(&Command {
        id: 0,
        serial: serial.to_owned(),
        command: json,
        asked_by: actor.name.clone(),
        asked_us: now.as_microsecond(),
        expires_us: expires.as_microsecond(),
        state: CommandState::Queued.word().to_owned(),
        sent_times: 0,
        result_code: None,
        result_text: String::new(),
        changed_us: now.as_microsecond(),
    })?;
    let detail = format!("{id}: {command}; expires {expires}");
    write.audit(&actor.entry(now, "terminal.command", serial, detail))?;
    Ok(id)
}

/// Refuses what can't get the command: an unknown or unapproved terminal, or one that is collected from in another way.
fn may_get(read: &Read<'_>, serial: &str, command: &TerminalCommand) -> Result<(), Error> {
    let terminal = read.terminal(serial)?.filter(|terminal| !is_source(&terminal.serial));
    let terminal = terminal.ok_or_else(|| Error::NotFound(format!("terminal {serial}")))?;
    if !terminal.is_approved {
        let cure = format!("approve it first: `punchclock terminal approve {serial}`");
        return Err(Error::invalid(format!("terminal {serial} is not approved"), cure));
    }
    let via = via(&terminal.via);
    let is_done_on_visit = command.is_done_on_visit(via);
    if is_done_on_visit && terminal.address.is_none() {
        let cure = format!("give it one: `punchclock terminal add {} --serial {serial} --address A`", terminal.name);
        return Err(Error::invalid(format!("terminal {serial} has no address at which it could be read"), cure));
    }
    if !is_done_on_visit && via == Via::Poll {
        let what = format!("terminal {serial} is only polled, which writes users and does nothing else there");
        return Err(Error::invalid(what, "set its server address, and register it with `--via both`"));
    }
    if !is_done_on_visit && matches!(command, TerminalCommand::RenameUser { .. }) {
        let what = format!("terminal {serial} only pushes, and by push a whole record is replaced");
        return Err(Error::invalid(
            what,
            "give it an address, and register it with `--via both`; or rename the user in its own menu",
        ));
    }
    Ok(())
}

/// A refusal whose text tells the cure after a semicolon.
fn refused(text: &str) -> Error {
    let (what, cure) = text.split_once("; ").unwrap_or((text, "ask for something else"));
    Error::invalid(what, cure)
}

/// The number of a command, and why it is not brought any more.
pub(crate) type CameToNothing = (i64, String);

/// Who would be deleted from a terminal though the number is an employee's of today: number and code.
fn deletes_employee(
    read: &Read<'_>,
    serial: &str,
    command: &TerminalCommand,
    now: Timestamp,
) -> Result<Option<(String, String)>, Error> {
    let TerminalCommand::DeleteUser { user } = command else { return Ok(None) };
    Ok(owner_today(read, serial, user, now)?.map(|owner| (user.clone(), owner)))
}

/// What an edge shall bring to the terminals that it sees, and those that came to nothing meanwhile, with the reason. A command that does
/// not read back is left out, and stays.
pub(crate) fn for_edge(
    read: &Read<'_>,
    edge: &str,
    now: Timestamp,
) -> Result<(Vec<CommandOrder>, Vec<CameToNothing>), Error> {
    let now_us = now.as_microsecond();
    let limit = u32::try_from(MAX_ORDERS).unwrap_or(u32::MAX);
    let (mut orders, mut failed) = (Vec::new(), Vec::new());
    for Command { id, serial, command, expires_us, .. } in read.commands_for_edge(edge, now_us, limit)? {
        let Ok(command) = serde_json::from_str(&command) else { continue };
        if let Some((user, _)) = deletes_employee(read, &serial, &command, now)? {
            failed.push((
                id,
                format!("user {user} has become an employee's since this was asked for: nobody is deleted"),
            ));
            continue;
        }
        orders.push(CommandOrder { id, command, serial, expires_in_s: expires_us.saturating_sub(now_us) / 1_000_000 });
    }
    Ok((orders, failed))
}

/// Ends commands that no edge has yet.
pub(crate) fn fail(write: &Write<'_>, failed: &[CameToNothing], now: Timestamp) -> Result<(), Error> {
    for (id, why) in failed {
        let Some(known) = write.command(*id)? else { continue };
        if state(&known)? == CommandState::Queued {
            let (state, result_text) = (CommandState::Failed.word().to_owned(), head(why).to_owned());
            write.change_command(&Command { state, result_text, changed_us: now.as_microsecond(), ..known })?;
        }
    }
    Ok(())
}

/// Takes what an edge reports. What is known already, or is of no known command, changes nothing.
pub(crate) fn take_reports(write: &Write<'_>, reports: &[CommandReport], now: Timestamp) -> Result<(), Error> {
    for report in reports {
        let Some(known) = write.command(report.id)? else { continue };
        if !report.state.may_follow(report.sent_times, state(&known)?, known.sent_times) {
            continue;
        }
        if report.state == CommandState::Done {
            note_user(write, &known, now)?;
        }
        write.change_command(&Command {
            state: report.state.word().to_owned(),
            sent_times: report.sent_times,
            result_code: report.code,
            result_text: head(&report.text).to_owned(),
            // An edge's clock is believed as far as it can be right.
            changed_us: report.at_us.min(now.as_microsecond()).max(known.changed_us),
            ..known
        })?;
    }
    Ok(())
}

/// A user was written to a terminal, or deleted there: that is what it lists now.
fn note_user(write: &Write<'_>, done: &Command, now: Timestamp) -> Result<(), Error> {
    let now_us = now.as_microsecond();
    write.no_user_was_seen_later(now_us)?;
    // What a newer hub asked for says nothing here.
    let command = serde_json::from_str(&done.command).unwrap_or(TerminalCommand::Unknown);
    match &command {
        TerminalCommand::PutUser(TerminalPerson { user, name, .. }) | TerminalCommand::RenameUser { user, name } => {
            let via = write.terminal(&done.serial)?.map(|terminal| via(&terminal.via));
            // Without a name, a visit leaves the one that is there.
            let keeps_name = name.trim().is_empty() && via.is_some_and(|via| command.is_done_on_visit(via));
            if keeps_name && write.users_of(&done.serial)?.iter().any(|known| known.user == *user) {
                return Ok(());
            }
            let (origin, user, name) = (done.serial.clone(), user.clone(), name.clone());
            write.put_terminal_users(&[TerminalUser { origin, user, name, seen_us: now_us }])?;
        }
        TerminalCommand::DeleteUser { user } => write.terminal_user_is_gone(&done.serial, user, now_us)?,
        _ => {}
    }
    Ok(())
}

fn row(terminal: String, command: Command, now: Timestamp) -> Result<CommandRow, Error> {
    let expires = instant(command.expires_us);
    let reported = state(&command)?;
    let is_overdue = match reported {
        CommandState::Queued => expires <= now,
        CommandState::HandedOver | CommandState::Sent => now.duration_since(expires) >= REPORT_GRACE,
        CommandState::Expired | CommandState::Done | CommandState::Failed => false,
    };
    let result = match reported {
        CommandState::Queued if is_overdue => {
            "no edge took it over in time; check that the edge runs and that the terminal reports to it".to_owned()
        }
        _ if is_overdue => {
            "the edge did not tell how it ended; check that the edge runs and reaches the hub".to_owned()
        }
        _ => command.result_text.clone(),
    };
    Ok(CommandRow {
        id: command.id,
        terminal,
        state: if is_overdue { CommandState::Expired } else { reported },
        command: serde_json::from_str(&command.command)
            .map_err(|error| Error::Damaged { what: "command", detail: error.to_string() })?,
        serial: command.serial,
        asked_by: command.asked_by,
        asked: instant(command.asked_us),
        expires,
        changed: instant(command.changed_us),
        sent_times: command.sent_times,
        code: command.result_code,
        result,
    })
}

fn state(command: &Command) -> Result<CommandState, Error> {
    let word = &command.state;
    CommandState::from_word(word).ok_or_else(|| Error::Damaged { what: "command", detail: format!("state {word}") })
}

/// The text within its limit, cut at a character.
fn head(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_RESULT_BYTES)).unwrap_or(text)
}
