//! What a backup says of itself, in two tables of its own; and whether that is so.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::part::size_bytes;
use super::{Error, Step};
use crate::engine::Session;
use crate::migrations;
use crate::moving::{self, Sum};

const MAKE: &str = "
CREATE TABLE backup (
  made_us INTEGER NOT NULL, version TEXT NOT NULL, schema INTEGER NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE backup_table (name TEXT NOT NULL PRIMARY KEY, row_count INTEGER NOT NULL, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
";
/// What makes a backup a database again.
pub(super) const REMOVE: &str = "DROP TABLE backup; DROP TABLE backup_table";
const INSERT: &str = "INSERT INTO backup (made_us, version, schema, digest) VALUES (?1, ?2, ?3, ?4)";
const INSERT_TABLE: &str = "INSERT INTO backup_table (name, row_count, digest) VALUES (?1, ?2, ?3)";
const PAGES: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
const READ: &str = "SELECT made_us, version, schema, digest FROM backup";
const READ_TABLES: &str = "SELECT name, row_count, digest FROM backup_table ORDER BY name";
const TABLES: &str = "SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('backup', 'backup_table') ORDER BY name";
/// Tables, indexes and triggers: they have a digest too.
const SCHEMA: &str =
    "(SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT IN ('backup', 'backup_table'))";
const SCHEMA_COLUMNS: [&str; 4] = ["type", "name", "tbl_name", "sql"];

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// When it was begun, microseconds UTC.
    pub made_us: i64,
    /// The version of the program that made it.
    pub version: String,
    /// The schema: how many migrations had been run.
    pub schema: u64,
    /// Its tables by name. One, `sqlite_schema`, is of the tables themselves, their indexes and triggers.
    pub tables: Vec<Table>,
}

/// A table of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// The sum of the rows' digests, whatever their order: that of [`moving::Moved`].
    pub digest: u128,
}

impl Description {
    /// Of what a file holds.
    pub(super) fn of(
        connection: &Connection,
        made_us: i64,
        version: &str,
        say: &dyn Fn(Step<'_>),
    ) -> Result<Self, Error> {
        let schema = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let names = connection.prepare(TABLES)?.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        let session = Session::Sqlite(connection);
        let mut tables = Vec::with_capacity(names.len() + 1);
        for name in names {
            say(Step::Reading(&name));
            let columns = session.columns(&name)?;
            tables.push(Table::new(&name, moving::sum_of(session, &name, &columns)?));
        }
        let columns = SCHEMA_COLUMNS.map(str::to_owned);
        tables.push(Table::new("sqlite_schema", moving::sum_of(session, SCHEMA, &columns)?));
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { made_us, version: version.to_owned(), schema, tables })
    }

    /// Puts it into the file that it is of.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), Error> {
        connection.execute_batch(MAKE)?;
        connection.execute(INSERT, params![self.made_us, self.version, self.schema, self.digest().as_slice()])?;
        for table in &self.tables {
            connection.execute(INSERT_TABLE, params![table.name, table.rows, table.digest.to_be_bytes().as_slice()])?;
        }
        Ok(())
    }

    /// What the file says, once everything in it agrees with that.
    pub(super) fn check(connection: &Connection, file: &Path, say: &dyn Fn(Step<'_>)) -> Result<Self, Error> {
        let size = size_bytes(file)?;
        say(Step::Checking);
        let damage = |error| match error {
            Error::Store(cause) => damaged(file, cause.to_string()),
            error => error,
        };
        look_for_damage(connection, file).map_err(damage)?;
        let pages: u64 = connection.query_row(PAGES, [], |row| row.get(0))?;
        if pages != size {
            return Err(damaged(file, format!("it has {size} bytes, and not {pages}")));
        }
        let said = Self::read(connection, file)?;
        if said.schema > migrations::NEWEST as u64 {
            return Err(Error::Newer {
                path: file.to_owned(),
                version: said.version,
                found: said.schema,
                known: migrations::NEWEST,
            });
        }
        let holds = Self::of(connection, said.made_us, &said.version, say).map_err(damage)?;
        if holds.schema != said.schema {
            return Err(damaged(file, format!("it has schema {} and says {}", holds.schema, said.schema)));
        }
        for (holds, said) in holds.tables.iter().zip(&said.tables) {
            if holds != said {
                let what = format!(
                    "table {} holds {} rows, and not the {} rows that were put into it",
                    said.name, holds.rows, said.rows
                );
                return Err(damaged(file, what));
            }
        }
        if holds == said { Ok(said) } else { Err(damaged(file, String::from("it lacks a table"))) }
    }

    fn read(connection: &Connection, file: &Path) -> Result<Self, Error> {
        let mut digest = Vec::new();
        let said = connection.query_row(READ, [], |row| {
            digest = row.get(3)?;
            Ok(Self { made_us: row.get(0)?, version: row.get(1)?, schema: row.get(2)?, tables: Vec::new() })
        });
        // A database that is no backup has no such table.
        let mut said = said.map_err(|_| Error::NotABackup(file.to_owned()))?;
        let tables = |error: rusqlite::Error| damaged(file, error.to_string());
        let mut statement = connection.prepare(READ_TABLES).map_err(tables)?;
        let rows = statement.query_map([], |row| {
            let digest: [u8; 16] = row.get(2)?;
            Ok(Table { name: row.get(0)?, rows: row.get(1)?, digest: u128::from_be_bytes(digest) })
        });
        said.tables = rows.map_err(tables)?.collect::<Result<_, _>>().map_err(tables)?;
        if said.digest().as_slice() == digest {
            Ok(said)
        } else {
            Err(damaged(file, String::from("its own description does not read back as it was written")))
        }
    }

    /// Of the description itself, and so of everything that it describes.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.made_us.to_be_bytes()).update(&self.schema.to_be_bytes());
        let mut text = |text: &str| {
            hasher.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
        };
        text(&self.version);
        for table in &self.tables {
            text(&table.name);
            text(&format!("{} {:032x}", table.rows, table.digest));
        }
        *hasher.finalize().as_bytes()
    }
}

impl Table {
    fn new(name: &str, Sum { rows, digest }: Sum) -> Self {
        Self { name: name.to_owned(), rows, digest }
    }
}

/// SQLite's own search for damage: pages, order of keys, indexes.
pub(super) fn look_for_damage(connection: &Connection, file: &Path) -> Result<(), Error> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(|error| {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotABackup(file.to_owned()),
            _ => damaged(file, error.to_string()),
        }
    })?;
    if found == "ok" { Ok(()) } else { Err(damaged(file, found)) }
}

/// Opens a file that nobody writes to, without leaving anything beside it.
pub(super) fn open_unchanged(file: &Path) -> Result<Connection, Error> {
    let mut uri = String::from("file:");
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    Ok(Connection::open_with_flags(uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)?)
}

fn damaged(file: &Path, what: String) -> Error {
    Error::Damaged { path: file.to_owned(), what }
}
