//! Backups: everything that a store holds as one SQLite file, of either engine and for either.
//!
//! Invariants:
//! * what is in a backup is one snapshot: every transaction that had been committed before it began, whole, and of later ones
//!   all or nothing. It is read as any reader reads, so that nobody who writes waits for it;
//! * a file has its name only when it is whole and on the disk; until then it is called `NAME.part`. What a kill leaves of that
//!   is removed by the next one who writes there;
//! * it says when it was made, by which version, and of which schema, and of each table how many rows it has with which digest; of
//!   all that it carries a digest as well. [`check`] reads everything and compares;
//! * nobody is signed in by one: sessions are left out. What is a secret is in it as it is in the store: a hash, sealed, or
//!   the name of a file;
//! * restoring is all or nothing too: a file takes the place of the database by being renamed, PostgreSQL is filled in one transaction.

mod description;
mod error;
mod folder;
mod part;
mod restore;
#[cfg(test)]
mod tests;

use std::path::Path;

use rusqlite::Connection;

pub use description::{Description, Table};
pub use error::Error;
pub use folder::{Kept, make_in};
use part::Part;
pub use part::part_of;
pub use restore::{Restore, Target, restore};

/// What is being done, for whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// About so many bytes are written into the part of a file ([`part_of`]).
    Copying(u64),
    /// The file is looked through for damage.
    Checking,
    /// The rows of a table are counted and their digest is computed.
    Reading(&'a str),
    /// PostgreSQL is filled, in one transaction.
    Filling,
}

/// Writes a backup of a store into a new file. `at_us` is now, in microseconds UTC; `version` that of the program.
///
/// # Errors
/// [`Error::Exists`], [`Error::Busy`], [`Error::NoRoom`], [`Error::File`], or those of the store. Nothing remains of it then.
pub fn make(
    store: &crate::Store,
    file: &Path,
    at_us: i64,
    version: &str,
    say: &dyn Fn(Step<'_>),
) -> Result<Description, Error> {
    if file.exists() {
        return Err(Error::Exists(file.to_owned()));
    }
    write(store, Part::claim(file)?, at_us, version, say)
}

/// Writes what [`make`] writes into a part, and finishes it.
fn write(
    store: &crate::Store,
    part: Part,
    at_us: i64,
    version: &str,
    say: &dyn Fn(Step<'_>),
) -> Result<Description, Error> {
    let size = store.size_bytes()?;
    part.needs_room(size)?;
    say(Step::Copying(size));
    store.copy_into(part.path())?;
    let connection = Connection::open(part.path()).map_err(crate::Error::from)?;
    leave_sessions_out(&connection)?;
    say(Step::Checking);
    description::look_for_damage(&connection, part.path())?;
    let description = Description::of(&connection, at_us, version, say)?;
    description.write(&connection)?;
    connection.close().map_err(|(_, error)| crate::Error::from(error))?;
    part.finish()?;
    Ok(description)
}

/// Reads a backup and compares all of it with what it says of itself.
///
/// # Errors
/// [`Error::NotABackup`], [`Error::Damaged`], [`Error::Newer`], [`Error::File`].
pub fn check(file: &Path, say: &dyn Fn(Step<'_>)) -> Result<Description, Error> {
    let connection = description::open_unchanged(file)?;
    Description::check(&connection, file, say)
}

/// Their rows are overwritten, not only let go of.
fn leave_sessions_out(connection: &Connection) -> Result<(), crate::Error> {
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON; DELETE FROM session",
    )?;
    Ok(())
}
