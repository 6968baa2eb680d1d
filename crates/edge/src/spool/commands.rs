//! Commands that wait for a terminal to fetch them (adms 7): those of the hub, and errands of the edge itself. Some the edge does by
//! itself when it reads the terminal ([`visits`](super::visits)).
//!
//! Invariants:
//! 1. A command of the hub is one row for ever, by the hub's number of it: an order that comes again changes nothing but
//!    that it is reported again.
//! 2. Hand-out and change of state are one transaction, because two polls may overlap. What did not fit into the reply
//!    still waits.
//! 3. A command without a result is handed out again after a while, because a terminal may restart in between, and given
//!    up after some times or at its expiry (`plan::next_step`). So commands here must do no harm when they are done twice.
//!    They expire by the hub's time, as far as the edge's clock tells it; while it does not, one that may have expired waits.
//! 4. The first result is the last word; one that comes after a command was given up still counts.
//! 5. What the edge does by itself on a visit is handed out to nobody: by push it would replace a whole record.
//! 6. Each change of a hub's command is reported until the hub has answered; finished ones stay until they are told and
//!    old. Errands are told to nobody, and leave when they are finished.

use std::time::Duration;

use adms::{CommandLine, CommandResult, Dialect, Verdict};
use bytes::Bytes;
use jiff::civil::Date;
use link::command::MAX_RESULT_BYTES;
use link::{CommandOrder, CommandReport, CommandState, TerminalCommand, Via};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::payload::user_key;
use super::{Spool, SpoolError, acked, micros, terminals};
use crate::plan::{Answer, Delivery, Next, in_words, next_step, options_in_words, to_wire};

/// Commands in one reply.
const PER_REPLY: usize = 50;
/// A terminal that restarts is away for this long at least. One that calls again later has done so.
const RESTART_TAKES: Duration = Duration::from_secs(10);

/// A command that the edge sends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Upload the whole log again.
    UploadAgain,
    /// Send the user table.
    SendUsers,
    /// Tell how many punches it has of a date on its face.
    CountDay(Date),
    /// Send them again.
    SendDay(Date),
}

impl Errand {
    const fn command(self) -> TerminalCommand {
        match self {
            Self::UploadAgain => TerminalCommand::UploadAgain,
            Self::SendUsers => TerminalCommand::SendUsers,
            Self::CountDay(day) => {
                TerminalCommand::CountPunches { from: day.at(0, 0, 0, 0), to: day.at(23, 59, 59, 0) }
            }
            Self::SendDay(day) => TerminalCommand::SendPunches { from: day.at(0, 0, 0, 0), to: day.at(23, 59, 59, 0) },
        }
    }
}

/// What the end of a command says of a whole day; a hub's command says it as well as an errand does.
fn of_day(command: &TerminalCommand, is_done: bool, count: Option<u64>) -> Option<(Date, Answer)> {
    let (from, to, answer) = match command {
        TerminalCommand::CountPunches { from, to } => {
            let count = count.filter(|_| is_done);
            (from, to, Answer::Counted(count))
        }
        TerminalCommand::SendPunches { from, to } => (from, to, Answer::Sent(is_done)),
        _ => return None,
    };
    let day = from.date();
    (*from == day.at(0, 0, 0, 0) && *to == day.at(23, 59, 59, 0)).then_some((day, answer))
}

/// What a terminal gets at a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOut {
    /// The reply: `OK`, or commands.
    pub reply: String,
    /// Whether something still waits that it fetches by itself: to be handed out, or for its result.
    pub is_waiting: bool,
}

/// What a terminal's results changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Commands that have their result now.
    pub finished: usize,
    /// What they say of whole days.
    pub(crate) days: Vec<(Date, Answer)>,
    /// Whether something still waits that it fetches by itself: to be handed out, or for its result.
    pub is_waiting: bool,
}

/// One command that is not done.
pub(super) struct Open {
    pub(super) id: i64,
    pub(super) command: TerminalCommand,
    pub(super) delivery: Delivery,
    /// What was in the way when the edge wanted to do it on a visit; empty where it has not tried.
    tried: String,
}

impl Open {
    /// It expires by the hub's time, told here by a clock that is so far ahead. `None` when that is not known: one that may have
    /// expired is neither delivered nor given up.
    pub(super) fn by_clock_ahead(mut self, ahead_us: Option<i64>) -> Option<Self> {
        if let Some(expires_us) = &mut self.delivery.expires_us {
            *expires_us = expires_us.saturating_add(ahead_us?);
        }
        Some(self)
    }
}

impl Spool {
    /// Takes the hub's orders; returns those that are new. One that is known already is reported again, as the hub does
    /// not know of it. They expire by `expires_from_us`, the hub's time; without it, the hub alone decides that they have.
    ///
    /// # Errors
    /// When the write fails; none of them is taken then.
    pub async fn take_orders(
        &self,
        orders: Vec<CommandOrder>,
        now_us: i64,
        expires_from_us: Option<i64>,
    ) -> Result<Vec<CommandOrder>, SpoolError> {
        self.change(move |connection| {
            let mut new = Vec::new();
            for order in orders {
                if take_order(connection, &order, now_us, expires_from_us)? {
                    new.push(order);
                }
            }
            Ok(new)
        })
        .await
    }

    /// Queues errands for a terminal; one that already waits is not queued twice.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn queue(&self, serial: String, errands: Vec<Errand>) -> Result<(), SpoolError> {
        self.change(move |connection| queue(connection, &serial, &errands)).await
    }

    /// What a terminal that is collected from in this way gets at its poll at `now_us`; it counts as sent. Its results may take as long as
    /// `patience`.
    ///
    /// # Errors
    /// When the write fails; everything stays as it was.
    pub async fn hand_out(
        &self,
        serial: String,
        dialect: Dialect,
        via: Via,
        now_us: i64,
        patience: Duration,
    ) -> Result<HandOut, SpoolError> {
        let ahead_us = self.inner.believed.ahead_us();
        self.change(move |connection| hand_out(connection, &serial, dialect, via, now_us, patience, ahead_us)).await
    }

    /// Takes the results in a body of `devicecmd` (adms 8), whatever their order. A result of an unknown or finished
    /// command changes nothing.
    ///
    /// # Errors
    /// When the write fails; none is taken then.
    pub async fn settle(
        &self,
        serial: String,
        dialect: Dialect,
        via: Via,
        body: Bytes,
        now_us: i64,
    ) -> Result<Settled, SpoolError> {
        self.change(move |connection| {
            let (mut finished, mut days) = (0, Vec::new());
            for result in adms::results::read(&body) {
                if let Some((command, is_done)) = settle(connection, &serial, dialect, &result, now_us)? {
                    finished += 1;
                    days.extend(of_day(&command, is_done, result.sum()));
                }
            }
            let is_waiting = !to_fetch(connection, &serial, via)?.is_empty();
            Ok(Settled { finished, days, is_waiting })
        })
        .await
    }

    /// Takes options that an access terminal sends for a command, ahead of its result (adms 9): they become part of what the
    /// result says. Those of an unknown or finished command change nothing.
    ///
    /// # Errors
    /// When the write fails.
    pub(crate) async fn take_options(&self, serial: String, id: i64, options: String) -> Result<(), SpoolError> {
        self.change(move |connection| {
            let pairs = adms::options::pairs(&options);
            // The other half is for the result's own words.
            let text = options_in_words(pairs.map(|(key, value)| (key.into(), value.into())), MAX_RESULT_BYTES / 2);
            connection
                .prepare_cached("UPDATE command SET text = ?3 WHERE id = ?1 AND serial = ?2 AND state = 'sent'")?
                .execute((id, serial, text))
                .map(drop)
        })
        .await
    }

    /// A terminal has asked for its settings, as it does after a start: a restart that it fetched a while ago is done.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn came_back(&self, serial: String, now_us: i64) -> Result<(), SpoolError> {
        self.change(move |connection| {
            for open in open(connection, &serial)?.into_iter().filter(|open| open.delivery.is_reboot) {
                let is_long_ago = |sent_us| now_us.saturating_sub(sent_us) >= micros(RESTART_TAKES);
                if open.delivery.sent_us.is_some_and(is_long_ago) {
                    let says = "the terminal has called again; it sent no result of its own";
                    finish(connection, open.id, CommandState::Done, None, says, now_us)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Gives up what has expired, also of terminals that never call. Nothing has as long as the hub's time is not known.
    ///
    /// # Errors
    /// When the file can't be read or the write fails.
    pub async fn expire_commands(&self, now_us: i64, patience: Duration) -> Result<(), SpoolError> {
        let Some(ahead_us) = self.inner.believed.ahead_us() else { return Ok(()) };
        let hub_us = now_us.saturating_sub(ahead_us);
        const OVERDUE: &str =
            "SELECT DISTINCT serial FROM command WHERE state IN ('handed_over', 'sent') AND expires_us <= ?1";
        let overdue = move |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            connection.prepare_cached(OVERDUE)?.query_map([hub_us], |row| row.get(0))?.collect()
        };
        for serial in self.read(overdue).await? {
            self.change(move |connection| {
                open(connection, &serial)?
                    .into_iter()
                    .filter_map(|open| open.by_clock_ahead(Some(ahead_us)))
                    .try_for_each(|open| review(connection, &open, now_us, patience).map(drop))
            })
            .await?;
        }
        Ok(())
    }

    /// The clock was moved by so many microseconds: what waits for a result goes on waiting as long as before.
    ///
    /// # Errors
    /// When the write fails; commands that wait are handed out again then.
    pub(crate) async fn clock_moved(&self, by_us: i64) -> Result<(), SpoolError> {
        let is_believed = self.believes_time();
        self.change(move |connection| {
            if is_believed && by_us > 0 {
                connection.prepare_cached("UPDATE acknowledged SET at_us = at_us + ?1")?.execute([by_us])?;
            }
            connection
                .prepare_cached("UPDATE command SET sent_us = sent_us + ?1 WHERE state = 'sent'")?
                .execute([by_us])
                .map(drop)
        })
        .await
    }

    /// What the hub has not been told of its commands, the oldest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub async fn command_reports(&self, limit: usize) -> Result<Vec<CommandReport>, SpoolError> {
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT hub_id, state, changed_us, sent_times, code, text FROM command
                     WHERE is_told = 0 AND hub_id IS NOT NULL ORDER BY changed_us, id LIMIT ?1",
                )?
                .query_map([limit], report)?
                .collect()
        })
        .await
    }

    /// The hub has answered these reports. What has changed since is still to be told.
    ///
    /// # Errors
    /// When the write fails; they are reported again, which does no harm.
    pub async fn commands_told(&self, reports: Vec<CommandReport>) -> Result<(), SpoolError> {
        self.change(move |connection| {
            let mut told = connection.prepare_cached(
                "UPDATE command SET is_told = 1 WHERE hub_id = ?1 AND state = ?2 AND sent_times = ?3",
            )?;
            reports
                .iter()
                .try_for_each(|report| told.execute((report.id, report.state.word(), report.sent_times)).map(drop))
        })
        .await
    }

    /// Removes finished commands that the hub was told of and that ended before `before_us`.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn trim_commands(&self, before_us: i64) -> Result<usize, SpoolError> {
        self.change(move |connection| {
            connection
                .prepare_cached(
                    "DELETE FROM command WHERE is_told = 1 AND state IN ('expired', 'done', 'failed') AND changed_us < ?1",
                )?
                .execute([before_us])
        })
        .await
    }

    /// The serials for which a command waits, to be handed out or for its result.
    ///
    /// # Errors
    /// When the file can't be read.
    pub async fn serials_with_commands(&self) -> Result<Vec<String>, SpoolError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT DISTINCT serial FROM command WHERE state IN ('handed_over', 'sent')")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
        .await
    }
}

/// As [`Spool::queue`], inside the current transaction.
pub(super) fn queue(connection: &Connection, serial: &str, errands: &[Errand]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO command (serial, command) SELECT ?1, ?2 WHERE NOT EXISTS
         (SELECT 1 FROM command WHERE serial = ?1 AND command = ?2 AND state IN ('handed_over', 'sent'))",
    )?;
    errands.iter().try_for_each(|errand| statement.execute((serial, json(&errand.command())?)).map(drop))
}

/// Stores an order; false when it is known already.
fn take_order(
    connection: &Connection,
    order: &CommandOrder,
    now_us: i64,
    expires_from_us: Option<i64>,
) -> rusqlite::Result<bool> {
    let expires_us =
        expires_from_us.map(|from_us| from_us.saturating_add(order.expires_in_s.saturating_mul(1_000_000)));
    let is_new = connection
        .prepare_cached(
            "INSERT INTO command (serial, command, hub_id, expires_us, changed_us) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (hub_id) DO NOTHING",
        )?
        .execute((&order.serial, json(&order.command)?, order.id, expires_us, now_us))?
        == 1;
    if !is_new {
        connection.prepare_cached("UPDATE command SET is_told = 0 WHERE hub_id = ?1")?.execute([order.id])?;
    } else if order.command == TerminalCommand::UploadAgain {
        terminals::set_owes_upload(connection, &order.serial, true)?;
    }
    Ok(is_new)
}

fn hand_out(
    connection: &Connection,
    serial: &str,
    dialect: Dialect,
    via: Via,
    now_us: i64,
    patience: Duration,
    ahead_us: Option<i64>,
) -> rusqlite::Result<HandOut> {
    let mut lines = Vec::new();
    let open = to_fetch(connection, serial, via)?;
    for open in open.into_iter().filter_map(|open| open.by_clock_ahead(ahead_us)) {
        if lines.len() >= PER_REPLY {
            break;
        }
        if !review(connection, &open, now_us, patience)? {
            continue;
        }
        let line = to_wire(&open.command).and_then(|command| {
            CommandLine::new(open.id.to_string(), &command, dialect).map_err(|error| error.to_string())
        });
        match line {
            Ok(line) => lines.push(line),
            Err(why) => {
                tracing::warn!(serial, command = %open.command, "a command can't be sent: {why}");
                finish(connection, open.id, CommandState::Failed, None, &why, now_us)?;
            }
        }
    }
    let (reply, sent) = adms::command::reply(&lines);
    let mut mark = connection.prepare_cached(
        "UPDATE command SET state = 'sent', sent_us = ?2, sent_times = sent_times + 1, changed_us = ?2, is_told = 0
         WHERE id = CAST(?1 AS INTEGER)",
    )?;
    sent.into_iter().try_for_each(|id| mark.execute((id, now_us)).map(drop))?;
    Ok(HandOut { reply, is_waiting: !to_fetch(connection, serial, via)?.is_empty() })
}

/// Whether a command is to be delivered now; one that can't be any more is given up.
fn review(connection: &Connection, open: &Open, now_us: i64, patience: Duration) -> rusqlite::Result<bool> {
    match next_step(open.delivery, now_us, patience) {
        Next::Deliver => Ok(true),
        Next::Wait => Ok(false),
        Next::GiveUp(why) => {
            let why = match open.tried.as_str() {
                "" => why,
                tried => format!("it could not be done in time: {tried}"),
            };
            tracing::warn!(command = %open.command, "a command was given up: {why}");
            finish(connection, open.id, CommandState::Expired, None, &why, now_us).map(|()| false)
        }
    }
}

/// Takes one result; the command that is finished with it, and whether it was done.
fn settle(
    connection: &Connection,
    serial: &str,
    dialect: Dialect,
    result: &CommandResult<'_>,
    now_us: i64,
) -> rusqlite::Result<Option<(TerminalCommand, bool)>> {
    let id = adms::text::decode(result.id);
    let waiting = match id.parse::<i64>() {
        Ok(id) => unfinished(connection, serial, id)?.map(|(command, options)| (id, command, options)),
        Err(_) => None,
    };
    let Some((id, command, options)) = waiting else {
        tracing::info!(serial, %id, code = result.code, "a result of an unknown or finished command came");
        return Ok(None);
    };
    // What could be sent has a form on the wire.
    let Ok(wire) = to_wire(&command) else { return Ok(None) };
    let (verdict, text) = in_words(result, &wire, dialect);
    let text = text + &options;
    let state = match verdict {
        Verdict::Done => CommandState::Done,
        Verdict::Failed => CommandState::Failed,
        Verdict::Pending => {
            let mut wait = connection.prepare_cached("UPDATE command SET sent_us = ?2 WHERE id = ?1")?;
            return wait.execute((id, now_us)).map(|_| None);
        }
    };
    if state == CommandState::Failed {
        let says = text.lines().next().unwrap_or_default();
        tracing::warn!(serial, %command, code = result.code, "a terminal could not do a command: {says}");
    }
    finish(connection, id, state, result.code, &text, now_us)?;
    Ok(Some((command, state == CommandState::Done)))
}

/// The command of an id that this terminal was given and that has no result yet, and the options that came for it.
fn unfinished(connection: &Connection, serial: &str, id: i64) -> rusqlite::Result<Option<(TerminalCommand, String)>> {
    connection
        .prepare_cached(
            "SELECT command, CASE state WHEN 'sent' THEN text ELSE '' END FROM command
             WHERE id = ?1 AND serial = ?2 AND sent_times > 0 AND state IN ('sent', 'expired')",
        )?
        .query_row((id, serial), |row| Ok((command(row.get_ref(0)?.as_str()?), row.get(1)?)))
        .optional()
}

/// Ends a command: the hub's is to be told, an errand leaves.
pub(super) fn finish(
    connection: &Connection,
    id: i64,
    state: CommandState,
    code: Option<i64>,
    text: &str,
    now_us: i64,
) -> rusqlite::Result<()> {
    if state == CommandState::Done {
        forget_deleted(connection, id)?;
    }
    connection.prepare_cached("DELETE FROM command WHERE id = ?1 AND hub_id IS NULL")?.execute([id])?;
    connection
        .prepare_cached(
            "UPDATE command SET state = ?2, code = ?3, text = ?4, changed_us = ?5, is_told = 0 WHERE id = ?1",
        )?
        .execute((id, state.word(), code, text, now_us))
        .map(drop)
}

/// Somebody who was deleted at a terminal is news when they are seen there again, under the same name too: what the hub has acknowledged
/// of them leaves. (What it has not yet is on its way.)
fn forget_deleted(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    let of = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, command(row.get_ref(1)?.as_str()?)));
    let done = connection.prepare_cached("SELECT serial, command FROM command WHERE id = ?1")?.query_row([id], of);
    if let Some((serial, TerminalCommand::DeleteUser { user })) = done.optional()? {
        connection
            .prepare_cached("DELETE FROM entry WHERE fingerprint = ?1 AND seq <= ?2")?
            .execute((&user_key(&serial, &user)[..], acked(connection)?))?;
    }
    Ok(())
}

pub(super) fn open(connection: &Connection, serial: &str) -> rusqlite::Result<Vec<Open>> {
    connection
        .prepare_cached(
            "SELECT id, command, sent_us, sent_times, expires_us, CASE state WHEN 'handed_over' THEN text ELSE '' END
             FROM command WHERE serial = ?1 AND state IN ('handed_over', 'sent') ORDER BY id",
        )?
        .query_map([serial], |row| {
            let command = command(row.get_ref(1)?.as_str()?);
            let is_reboot = command == TerminalCommand::Reboot;
            let delivery =
                Delivery { sent_us: row.get(2)?, sent_times: row.get(3)?, expires_us: row.get(4)?, is_reboot };
            Ok(Open { id: row.get(0)?, command, delivery, tried: row.get(5)? })
        })?
        .collect()
}

/// Those of them that the terminal fetches by itself; all others wait for a visit.
fn to_fetch(connection: &Connection, serial: &str, via: Via) -> rusqlite::Result<Vec<Open>> {
    let mut open = open(connection, serial)?;
    open.retain(|open| !open.command.is_done_on_visit(via));
    Ok(open)
}

fn report(row: &Row<'_>) -> rusqlite::Result<CommandReport> {
    let word = row.get_ref(1)?.as_str()?;
    Ok(CommandReport {
        id: row.get(0)?,
        // A state of a newer version tells nothing that this one could say.
        state: CommandState::from_word(word).unwrap_or(CommandState::HandedOver),
        at_us: row.get(2)?,
        sent_times: row.get(3)?,
        code: row.get(4)?,
        text: row.get(5)?,
    })
}

fn json(command: &TerminalCommand) -> rusqlite::Result<String> {
    serde_json::to_string(command).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A command that does not read back (a newer version queued it) is one that this version does not know.
fn command(json: &str) -> TerminalCommand {
    serde_json::from_str(json).unwrap_or(TerminalCommand::Unknown)
}
