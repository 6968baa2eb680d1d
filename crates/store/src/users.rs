//! Users as terminals list them, and who of them is none of the employees.
//!
//! Invariant: of a number at a terminal what was seen last counts, whether that is a name or that it is gone. What comes late, and was
//! seen before that, changes nothing.

use std::collections::BTreeMap;

use crate::engine::{Row, list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    PUT = "INSERT INTO terminal_user (tenant, origin, user_number, name, seen_us, is_gone) VALUES ($1, $2, $3, $4, $5, 0)
        ON CONFLICT (tenant, origin, user_number) DO UPDATE SET name = excluded.name, seen_us = excluded.seen_us, is_gone = 0
        WHERE terminal_user.seen_us <= excluded.seen_us";
    LIST = "SELECT origin, user_number, name, seen_us FROM terminal_user WHERE tenant = $1 AND is_gone = 0 ORDER BY user_number, origin";
    LIST_OF = "SELECT origin, user_number, name, seen_us FROM terminal_user WHERE tenant = $1 AND origin = $2 AND is_gone = 0
        ORDER BY user_number";
    GONE = "INSERT INTO terminal_user (tenant, origin, user_number, name, seen_us, is_gone) VALUES ($1, $2, $3, '', $4, 1)
        ON CONFLICT (tenant, origin, user_number) DO UPDATE SET name = '', seen_us = excluded.seen_us, is_gone = 1
        WHERE terminal_user.seen_us <= excluded.seen_us";
    NOT_LATER = "UPDATE terminal_user SET seen_us = $1 WHERE tenant = $2 AND seen_us > $3";
    FORGET_GONE = "DELETE FROM terminal_user WHERE tenant = $1 AND origin = $2 AND is_gone = 1 AND seen_us <= $3";
    FORGET = "DELETE FROM terminal_user WHERE tenant = $1 AND origin = $2 AND user_number = $3";
    FORGET_ALL = "DELETE FROM terminal_user WHERE tenant = $1 AND origin = $2";
    DISMISS = "INSERT INTO dismissed_user (tenant, origin, user_number, name, dismissed_us, actor, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant, origin, user_number) DO UPDATE SET name = excluded.name, dismissed_us = excluded.dismissed_us,
        actor = excluded.actor, reason = excluded.reason";
    RECALL = "DELETE FROM dismissed_user WHERE tenant = $1 AND origin = $2 AND user_number = $3";
    DISMISSED = "SELECT origin, user_number, name, dismissed_us, actor, reason FROM dismissed_user WHERE tenant = $1
        ORDER BY user_number, origin";
}

/// A user as a terminal lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalUser {
    /// Serial of the terminal.
    pub origin: String,
    /// User number.
    pub user: String,
    /// Name; empty when the terminal has none.
    pub name: String,
    /// When it was last read, microseconds UTC.
    pub seen_us: i64,
}

/// A user of a terminal who is none of the employees, as it was called when somebody said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismissedUser {
    /// Serial of the terminal.
    pub origin: String,
    /// User number.
    pub user: String,
    /// Its name then.
    pub name: String,
    /// When, microseconds UTC.
    pub at_us: i64,
    /// Who said so.
    pub actor: String,
    /// Why.
    pub reason: String,
}

fn terminal_user(row: &Row<'_>) -> Result<TerminalUser, Error> {
    Ok(TerminalUser { origin: row.get(0)?, user: row.get(1)?, name: row.get(2)?, seen_us: row.get(3)? })
}

impl Read<'_> {
    /// Every user that a terminal lists, by number and terminal.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminal_users(&self) -> Result<Vec<TerminalUser>, Error> {
        self.all(LIST, params![self.tenant], terminal_user)
    }

    /// The users that one terminal lists, by number.
    ///
    /// # Errors
    /// Of the store.
    pub fn users_of(&self, origin: &str) -> Result<Vec<TerminalUser>, Error> {
        self.all(LIST_OF, params![self.tenant, origin], terminal_user)
    }

    /// Every user of a terminal who is none of the employees, by number and terminal.
    ///
    /// # Errors
    /// Of the store.
    pub fn dismissed_users(&self) -> Result<Vec<DismissedUser>, Error> {
        self.all(DISMISSED, params![self.tenant], |row| {
            Ok(DismissedUser {
                origin: row.get(0)?,
                user: row.get(1)?,
                name: row.get(2)?,
                at_us: row.get(3)?,
                actor: row.get(4)?,
                reason: row.get(5)?,
            })
        })
    }
}

impl Write<'_> {
    /// Notes users as terminals list them, but for those of whom something later is known. Of one that comes more than once, the last
    /// counts.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_terminal_users(&self, users: &[TerminalUser]) -> Result<(), Error> {
        let key = |of: &TerminalUser| (of.origin.clone(), of.user.clone());
        let last: BTreeMap<_, _> = users.iter().map(|user| (key(user), user)).collect();
        let lists = last.into_values().map(|TerminalUser { origin, user, name, seen_us }| {
            list![self.tenant, origin.as_str(), user.as_str(), name.as_str(), *seen_us]
        });
        self.run_each(PUT, lists)
    }

    /// Notes that a user is gone from a terminal, as was seen then, unless something later is known.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminal_user_is_gone(&self, origin: &str, user: &str, seen_us: i64) -> Result<(), Error> {
        self.run(GONE, params![self.tenant, origin, user, seen_us]).map(drop)
    }

    /// Whom a clock noted that was ahead for a while counts as seen now: nothing shall be held up until that time comes.
    ///
    /// # Errors
    /// Of the store.
    pub fn no_user_was_seen_later(&self, now_us: i64) -> Result<(), Error> {
        self.run(NOT_LATER, params![now_us, self.tenant, now_us]).map(drop)
    }

    /// Forgets who was gone from a terminal up to then: nothing that was seen before can come any more.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_gone_users(&self, origin: &str, up_to_us: i64) -> Result<(), Error> {
        self.run(FORGET_GONE, params![self.tenant, origin, up_to_us]).map(drop)
    }

    /// Forgets what is known of a user of a terminal.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_terminal_user(&self, origin: &str, user: &str) -> Result<(), Error> {
        self.run(FORGET, params![self.tenant, origin, user]).map(drop)
    }

    /// Forgets all users that were listed there.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_users_of(&self, origin: &str) -> Result<(), Error> {
        self.run(FORGET_ALL, params![self.tenant, origin]).map(drop)
    }

    /// Notes that a user of a terminal is none of the employees.
    ///
    /// # Errors
    /// Of the store.
    pub fn dismiss_user(&self, user: &DismissedUser) -> Result<(), Error> {
        let DismissedUser { origin, user, name, at_us, actor, reason } = user;
        self.run(DISMISS, params![self.tenant, origin, user, name, at_us, actor, reason]).map(drop)
    }

    /// Takes that back; whether there was anything to take back.
    ///
    /// # Errors
    /// Of the store.
    pub fn recall_user(&self, origin: &str, user: &str) -> Result<bool, Error> {
        Ok(self.run(RECALL, params![self.tenant, origin, user])? > 0)
    }
}
