//! Whom terminals list: whole lists, as an edge read them or somebody at the console.
//!
//! Invariants:
//! * A list is all that there is: whom it lacks is gone since it was read.
//! * Of whom something later is known than the list, it says nothing: what a command did counts from when its result came here, which is
//!   after it was done.
//! * An edge is asked for a list only where its digest differs from that of the users that are here, and never for the same one twice.

use std::collections::HashSet;

use jiff::Timestamp;
use link::{Heartbeat, users};
use store::Write;
use store::users::TerminalUser;

use crate::{Error, Hub};

impl Hub {
    /// Takes all the users that a terminal lists, number and name each: what unknown numbers are matched by. Whom it listed before and
    /// no longer does is gone.
    ///
    /// # Errors
    /// Of the store; nothing is taken then.
    pub fn take_users(&self, serial: &str, users: &[(String, String)], now: Timestamp) -> Result<(), Error> {
        Ok(self.store.write(|write| take_list(write, serial, users, now.as_microsecond(), now))?)
    }
}

/// Takes what a heartbeat tells of user tables; the serials of those whose list is wanted.
pub(crate) fn take_lists(write: &Write<'_>, beat: &Heartbeat, now: Timestamp) -> Result<Vec<String>, Error> {
    let mut wanted = Vec::new();
    for list in beat.users.iter().take(users::MAX_TABLES) {
        // As with readings: only how long ago it was is taken from the edge's clock, and what is still to come says nothing.
        let age_us = beat.now_us.saturating_sub(list.read_us);
        if age_us < 0 || write.terminal(&list.serial)?.is_none() {
            continue;
        }
        match &list.users {
            None => {
                let here = write.users_of(&list.serial)?;
                let here = users::digest(here.iter().map(|user| (user.user.as_str(), user.name.as_str())));
                if here != list.digest {
                    wanted.push(list.serial.clone());
                }
            }
            Some(all) if list.is_sound() => {
                take_list(write, &list.serial, all, now.as_microsecond().saturating_sub(age_us), now)?;
            }
            Some(_) => {
                tracing::warn!(edge = beat.edge, serial = list.serial, "a list of users is damaged, and is not taken");
            }
        }
    }
    Ok(wanted)
}

/// Notes who is there and who is gone, as a terminal's whole list said at `read_us`.
fn take_list(
    write: &Write<'_>,
    serial: &str,
    users: &[(String, String)],
    read_us: i64,
    now: Timestamp,
) -> Result<(), store::Error> {
    write.no_user_was_seen_later(now.as_microsecond())?;
    write.forget_gone_users(serial, read_us)?;
    let listed: HashSet<&str> = users.iter().map(|(number, _)| number.as_str()).collect();
    for gone in write.users_of(serial)?.iter().filter(|known| !listed.contains(known.user.as_str())) {
        write.terminal_user_is_gone(serial, &gone.user, read_us)?;
    }
    put_users(write, serial, users, read_us)
}

/// Notes that these were there at `seen_us`.
pub(crate) fn put_users(
    write: &Write<'_>,
    serial: &str,
    users: &[(String, String)],
    seen_us: i64,
) -> Result<(), store::Error> {
    let user = |(user, name): &(String, String)| TerminalUser {
        origin: serial.to_owned(),
        user: user.clone(),
        name: name.clone(),
        seen_us,
    };
    write.put_terminal_users(&users.iter().map(user).collect::<Vec<_>>())
}
