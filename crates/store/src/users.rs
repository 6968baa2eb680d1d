//! Users as terminals list them, and who of them is none of the employees.

use std::collections::BTreeMap;

use crate::engine::{Row, list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    PUT = "INSERT INTO terminal_user (tenant, origin, user_number, name, seen_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, origin, user_number) DO UPDATE SET name = excluded.name, seen_us = excluded.seen_us";
    LIST = "SELECT origin, user_number, name, seen_us FROM terminal_user WHERE tenant = $1 ORDER BY user_number, origin";
    LIST_OF = "SELECT origin, user_number, name, seen_us FROM terminal_user WHERE tenant = $1 AND origin = $2 ORDER BY user_number";
    DROP = "DELETE FROM terminal_user WHERE tenant = $1 AND origin = $2 AND user_number = $3";
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
    /// Notes users as terminals list them. Of one that comes more than once, the last counts.
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

    /// Notes that a terminal lists a user no longer.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_terminal_user(&self, origin: &str, user: &str) -> Result<(), Error> {
        self.run(DROP, params![self.tenant, origin, user]).map(drop)
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
