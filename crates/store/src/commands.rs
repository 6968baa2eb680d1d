//! Commands that people asked of terminals, and what edges reported of them.

use crate::engine::{Row, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    LAST = "SELECT COALESCE(MAX(id), 0) FROM terminal_command WHERE tenant = $1";
    FLOOR = "SELECT value FROM counter WHERE tenant = $1 AND name = 'command'";
    PUT_FLOOR = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'command', $2)
        ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value";
    ADD = "INSERT INTO terminal_command (tenant, id, serial, command, asked_by, asked_us, expires_us, state, sent_times, result_text, changed_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', $9)";
    GET = "SELECT id, serial, command, asked_by, asked_us, expires_us, state, sent_times, result_code, result_text, changed_us
        FROM terminal_command WHERE tenant = $1 AND id = $2";
    LIST = "SELECT id, serial, command, asked_by, asked_us, expires_us, state, sent_times, result_code, result_text, changed_us
        FROM terminal_command WHERE tenant = $1 ORDER BY id DESC LIMIT $2";
    LIST_OF = "SELECT id, serial, command, asked_by, asked_us, expires_us, state, sent_times, result_code, result_text, changed_us
        FROM terminal_command WHERE tenant = $1 AND serial = $2 ORDER BY id DESC LIMIT $3";
    LIST_IN = "SELECT id, serial, command, asked_by, asked_us, expires_us, state, sent_times, result_code, result_text, changed_us
        FROM terminal_command WHERE tenant = $1 AND state = $2 ORDER BY id DESC LIMIT $3";
    WAITING = "SELECT COUNT(*) FROM terminal_command WHERE tenant = $1 AND serial = $2
        AND state IN ('queued', 'handed_over', 'sent') AND expires_us > $3";
    UNDER_WAY = "SELECT id, serial, command, asked_by, asked_us, expires_us, state, sent_times, result_code, result_text, changed_us
        FROM terminal_command WHERE tenant = $1 AND state IN ('queued', 'handed_over', 'sent') AND expires_us > $2 ORDER BY id";
    FOR_EDGE = "SELECT c.id, c.serial, c.command, c.asked_by, c.asked_us, c.expires_us, c.state, c.sent_times, c.result_code, c.result_text, c.changed_us
        FROM terminal_command c JOIN terminal_contact k ON k.tenant = c.tenant AND k.serial = c.serial
        WHERE c.tenant = $1 AND c.state = 'queued' AND c.expires_us > $2 AND k.edge = $3 ORDER BY c.id LIMIT $4";
    CHANGE = "UPDATE terminal_command SET state = $1, sent_times = $2, result_code = $3, result_text = $4, changed_us = $5
        WHERE tenant = $6 AND id = $7";
    EMPTY = "UPDATE terminal_command SET command = $1, result_text = '', state = CASE WHEN state = 'queued' THEN 'expired' ELSE state END
        WHERE tenant = $2 AND id = $3";
}

/// Numbers of commands are ahead of the clock by so many seconds at most: as many were asked for at once.
const MOST_AHEAD_S: i64 = 30 * 86_400;

/// A command with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its number: the second in which it was asked for, or more where that is taken. It never comes again, even after the store was
    /// restored from a backup ([`Write::doubt_commands`]).
    pub id: i64,
    /// Serial of the terminal.
    pub serial: String,
    /// `link::TerminalCommand` as JSON.
    pub command: String,
    /// Who asked.
    pub asked_by: String,
    /// When, microseconds UTC.
    pub asked_us: i64,
    /// After this it is not delivered, microseconds UTC.
    pub expires_us: i64,
    /// Word of the state that was reported last. What was not reported in time still says what it was.
    pub state: String,
    /// How often the terminal fetched it.
    pub sent_times: u32,
    /// The terminal's return code.
    pub result_code: Option<i64>,
    /// The result in words.
    pub result_text: String,
    /// When it came to this state, microseconds UTC.
    pub changed_us: i64,
}

fn command(row: &Row<'_>) -> Result<Command, Error> {
    Ok(Command {
        id: row.get(0)?,
        serial: row.get(1)?,
        command: row.get(2)?,
        asked_by: row.get(3)?,
        asked_us: row.get(4)?,
        expires_us: row.get(5)?,
        state: row.get(6)?,
        sent_times: row.get(7)?,
        result_code: row.get(8)?,
        result_text: row.get(9)?,
        changed_us: row.get(10)?,
    })
}

impl Read<'_> {
    /// One command.
    ///
    /// # Errors
    /// Of the store.
    pub fn command(&self, id: i64) -> Result<Option<Command>, Error> {
        self.one(GET, params![self.tenant, id], command)
    }

    /// The newest commands, of one terminal or of all, newest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn commands(&self, serial: Option<&str>, limit: u32) -> Result<Vec<Command>, Error> {
        match serial {
            Some(serial) => self.all(LIST_OF, params![self.tenant, serial, limit], command),
            None => self.all(LIST, params![self.tenant, limit], command),
        }
    }

    /// The newest commands of all terminals that are in a state.
    ///
    /// # Errors
    /// Of the store.
    pub fn commands_in_state(&self, state: &str, limit: u32) -> Result<Vec<Command>, Error> {
        self.all(LIST_IN, params![self.tenant, state, limit], command)
    }

    /// How many commands of a terminal wait to be done.
    ///
    /// # Errors
    /// Of the store.
    pub fn waiting_commands(&self, serial: &str, now_us: i64) -> Result<u64, Error> {
        Ok(self.one(WAITING, params![self.tenant, serial, now_us], |row| row.get(0))?.unwrap_or(0))
    }

    /// The commands that wait to be done, oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn commands_under_way(&self, now_us: i64) -> Result<Vec<Command>, Error> {
        self.all(UNDER_WAY, params![self.tenant, now_us], command)
    }

    /// The oldest queued commands for terminals that this edge saw last.
    ///
    /// # Errors
    /// Of the store.
    pub fn commands_for_edge(&self, edge: &str, now_us: i64, limit: u32) -> Result<Vec<Command>, Error> {
        self.all(FOR_EDGE, params![self.tenant, now_us, edge, limit], command)
    }
}

impl Write<'_> {
    /// Adds a queued command under a new number, which it returns; the command's own is not looked at.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_command(&self, new: &Command) -> Result<i64, Error> {
        let last: i64 = self.one(LAST, params![self.tenant], |row| row.get(0))?.unwrap_or(0);
        let floor: i64 = self.one(FLOOR, params![self.tenant], |row| row.get(0))?.unwrap_or(0);
        let id = last.max(floor).saturating_add(1).max(new.asked_us / 1_000_000);
        let Command { serial, command, asked_by, asked_us, expires_us, state, .. } = new;
        self.run(ADD, params![self.tenant, id, serial, command, asked_by, asked_us, expires_us, state, asked_us])?;
        Ok(id)
    }

    /// Edges may know commands that are not known here: a backup was restored. Where many were asked for at once, their numbers are ahead
    /// of the clock, so what is asked for from now on has later ones.
    ///
    /// # Errors
    /// Of the store.
    pub fn doubt_commands(&self, now_us: i64) -> Result<(), Error> {
        self.run(PUT_FLOOR, params![self.tenant, now_us / 1_000_000 + MOST_AHEAD_S]).map(drop)
    }

    /// Notes how far a command has come.
    ///
    /// # Errors
    /// Of the store.
    pub fn change_command(&self, changed: &Command) -> Result<(), Error> {
        let Command { id, state, sent_times, result_code, result_text, changed_us, .. } = changed;
        let values = params![state, sent_times, result_code, result_text, changed_us, self.tenant, id];
        self.run(CHANGE, values).map(drop)
    }

    /// Replaces a command by one that says nothing, and takes away what came of it. One that waits is brought to nobody any more. The row
    /// stays, so that its number does not come again.
    ///
    /// # Errors
    /// Of the store.
    pub fn empty_command(&self, id: i64, nothing: &str) -> Result<(), Error> {
        self.run(EMPTY, params![nothing, self.tenant, id]).map(drop)
    }
}
