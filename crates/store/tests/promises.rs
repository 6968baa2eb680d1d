//! What the tables promise whatever the caller does.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use attendance::punch::{Channel, PrintedTime, RawPunch};
use store::punches::NewPunch;
use store::{Error, Store};

/// What a store stands on; gone with the value.
enum Ground {
    Sqlite(tempfile::TempDir),
    Postgres(testkit::Database),
}

/// Tables that tell what was said and done. Rows of them are there for ever, unless they are erased on record.
const EVIDENCE: [&str; 8] =
    ["audit", "differing_copy", "doubted_receipt", "erasure", "fact", "punch", "punch_statement", "seal"];

/// What makes a row of a table: its columns with a value of their type each, and another one.
struct Columns(Vec<(String, &'static str, &'static str)>);

impl Columns {
    fn insert(&self, how: &str, table: &str) -> String {
        let names: Vec<&str> = self.0.iter().map(|(name, ..)| name.as_str()).collect();
        let values: Vec<&str> = self.0.iter().map(|(_, value, _)| *value).collect();
        format!("{how} INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "))
    }

    /// Updates of each column.
    fn updates(&self, table: &str) -> Vec<String> {
        self.0.iter().map(|(name, _, other)| format!("UPDATE {table} SET {name} = {other}")).collect()
    }
}

impl Ground {
    fn columns(&self, table: &str) -> Columns {
        let columns = match self {
            Self::Sqlite(_) => format!("SELECT name || ' ' || type FROM pragma_table_info('{table}')"),
            Self::Postgres(_) => {
                format!(
                    "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_name = '{table}'"
                )
            }
        };
        let column = |column: String| {
            let (name, of) = column.split_once(' ').unwrap();
            let (value, other) = match of {
                "INTEGER" | "bigint" => ("7", "8"),
                "TEXT" | "text" => ("'x'", "'y'"),
                "BLOB" => ("X'78'", "X'79'"),
                "bytea" => ("'\\x78'", "'\\x79'"),
                other => panic!("{table}.{name} is {other}"),
            };
            (name.to_owned(), value, other)
        };
        Columns(self.texts(&columns).into_iter().map(column).collect())
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(folder) => {
                let other = rusqlite::Connection::open(file(folder)).unwrap();
                let mut statement = other.prepare(sql).unwrap();
                statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(database) => {
                let rows = database.connect().unwrap().query(sql, &[]).unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    fn refuses(&self, attempt: &str) {
        let refused = self.tell(attempt).expect_err(attempt);
        assert!(refused.contains("insert only"), "{attempt}: {refused}");
    }

    /// What the database says to a statement of somebody else.
    fn tell(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(folder) => {
                let other = rusqlite::Connection::open(file(folder)).unwrap();
                other.execute_batch(sql).map_err(|error| error.to_string())
            }
            Self::Postgres(database) => {
                let mut other = postgres::Client::connect(&database.superuser_url(), postgres::NoTls).unwrap();
                other.batch_execute(sql).map_err(|error| error.as_db_error().unwrap().to_string())
            }
        }
    }
}

fn file(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("hub.sqlite")
}

fn store() -> (Ground, Store) {
    if let Some(database) = testkit::Database::asked_for().unwrap() {
        let store = Store::connect(&database.url(), None).unwrap();
        return (Ground::Postgres(database), store);
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&file(&folder)).unwrap();
    (Ground::Sqlite(folder), store)
}

fn punch() -> RawPunch {
    RawPunch {
        origin: "A1".to_owned(),
        user: "12".to_owned(),
        time: PrintedTime::parse("2026-02-10 08:00:00"),
        state: Some(0),
        verify: Some(1),
        work_code: None,
        original: b"12\t2026-02-10 08:00:00".to_vec(),
    }
}

fn as_new(said: &RawPunch) -> NewPunch<'_> {
    NewPunch { fingerprint: said.fingerprint(), said, channel: Channel::File, received_us: 1 }
}

#[test]
fn evidence_can_be_neither_changed_nor_deleted_nor_replaced() {
    let (ground, _store) = store();
    for table in EVIDENCE {
        let columns = ground.columns(table);
        ground.tell(&columns.insert("INSERT", table)).unwrap();
        columns.updates(table).iter().for_each(|update| ground.refuses(update));
        ground.refuses(&format!("DELETE FROM {table}"));
        ground.refuses(&match ground {
            // What a program of its own has left off, `audit verify` finds.
            Ground::Sqlite(_) => {
                format!("PRAGMA recursive_triggers = on; {}", columns.insert("INSERT OR REPLACE", table))
            }
            Ground::Postgres(_) => format!("TRUNCATE {table}"),
        });
    }
    let guarded = match ground {
        Ground::Sqlite(_) => "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1",
        Ground::Postgres(_) => {
            "SELECT DISTINCT c.relname::text COLLATE \"C\" FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             WHERE NOT c.relispartition ORDER BY 1"
        }
    };
    assert_eq!(ground.texts(guarded), EVIDENCE, "another table has guards");
}

#[test]
fn a_fact_can_be_withdrawn_once_and_changed_in_no_other_way() {
    let (ground, _store) = store();
    let mut columns = ground.columns("fact");
    columns.0.retain(|(name, ..)| !name.starts_with("withdrawn_"));
    ground.tell(&columns.insert("INSERT", "fact")).unwrap();
    columns.updates("fact").iter().for_each(|update| ground.refuses(update));
    let withdraw = "UPDATE fact SET withdrawn_us = 8, withdrawn_by = 'ann'";
    ground.tell(withdraw).unwrap();
    ground.refuses(withdraw);
    ground.refuses("UPDATE fact SET withdrawn_us = NULL, withdrawn_by = NULL");
}

#[test]
fn a_week_that_was_marked_again_since_it_was_read_stays_marked() {
    let (_folder, store) = store();
    let week = "2026-02-09".parse().unwrap();
    let mark = || store.write(|write| write.mark(1, week)).unwrap();
    mark();
    let slow = store.read(|read| read.marks(10)).unwrap()[0];
    // Another process derives it, and then a new fact marks it again.
    assert!(store.write(|write| write.unmark(&slow)).unwrap());
    mark();
    assert!(!store.write(|write| write.unmark(&slow)).unwrap(), "the slow one read older facts");
    assert_eq!(store.read(|read| read.mark_count()).unwrap(), 1);
}

#[test]
fn what_is_asked_while_many_punches_are_stored_is_answered_and_each_is_told_once() {
    let (_folder, store) = store();
    let at = |second: i64| RawPunch { time: PrintedTime::Seconds(1_770_000_000 + second % 9_000), ..punch() };
    // The last thousand are those of the beginning.
    let said: Vec<RawPunch> = (0..10_000).map(at).collect();
    let new: Vec<NewPunch<'_>> = said.iter().map(as_new).collect();
    let told = store.write(|write| {
        let parts = new.chunks(2_000).map(|part| write.begin_insert_punches(part)).collect::<Result<Vec<_>, _>>()?;
        assert!(write.holds(new[0].fingerprint)?, "a look-up sees what was sent before it");
        parts.into_iter().map(|part| write.inserted_punches(part)).collect::<Result<Vec<_>, Error>>()
    });
    let told = told.unwrap().concat();
    assert_eq!(told.iter().position(|is_new| !is_new), Some(9_000));
    assert_eq!(told.iter().filter(|is_new| **is_new).count(), 9_000);
    assert_eq!(store.read(|read| read.punch_count()).unwrap(), 9_000);
}

#[test]
fn a_failed_transaction_leaves_nothing_behind() {
    let (_folder, store) = store();
    let said = punch();
    let failed: Result<(), Error> = store.write(|write| {
        write.insert_punches(&[as_new(&said)])?;
        Err(Error::DiskFull)
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|read| read.punch_count()).unwrap(), 0);
}

#[test]
fn a_failed_step_leaves_nothing_behind_and_the_transaction_goes_on() {
    let (ground, store) = store();
    let week = "2026-02-09".parse().unwrap();
    store
        .write(|write| {
            write.mark(1, week)?;
            let step = write.step(|| {
                write.mark(2, week)?;
                Err::<(), _>(Error::DiskFull)
            });
            assert!(matches!(step, Err(Error::DiskFull)));
            // What the database itself refuses ends with its step, too.
            let twice = write.step(|| {
                write.add_session(&[7; 32], "ann", 1, 2)?;
                write.add_session(&[7; 32], "ann", 1, 2)
            });
            assert!(twice.is_err());
            write.mark(3, week)
        })
        .unwrap();
    let marked: Vec<i64> = store.read(|read| read.marks(10)).unwrap().iter().map(|mark| mark.employee).collect();
    assert_eq!(marked, [1, 3]);
    ground.tell("SELECT 1").unwrap();
}

#[test]
fn whoever_commits_changes_the_version() {
    let (ground, store) = store();
    let before = store.data_version().unwrap();
    // On a server that tests share, what the others do shows, too.
    if matches!(ground, Ground::Sqlite(_)) {
        assert_eq!(store.data_version().unwrap(), before);
    }
    ground.tell("INSERT INTO setting (tenant, name, value) VALUES (1, 'a', 'b')").unwrap();
    let after = store.data_version().unwrap();
    assert_ne!(after, before);
    store.write(|write| write.put_setting("a", "c")).unwrap();
    assert_ne!(store.data_version().unwrap(), after);
}

#[test]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    Store::open(&file(&folder)).unwrap();
    assert_eq!(std::fs::metadata(file(&folder)).unwrap().permissions().mode() & 0o077, 0);
}
