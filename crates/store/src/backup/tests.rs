//! Damage, and schemas that differ from this version's.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::*;
use crate::Store;
use crate::commands::Command;
use crate::migrations::SQLITE;

const OLDER: usize = 12;

/// A backup as a version with another schema makes it: `shape` makes the file.
fn backup_of(folder: &Path, shape: impl FnOnce(&Connection)) -> PathBuf {
    let file = folder.join("other.backup");
    let connection = Connection::open(&file).unwrap();
    shape(&connection);
    let description = Description::of(&connection, 1, "0.0.1", &|_| {}).unwrap();
    description.write(&connection).unwrap();
    file
}

fn restored(folder: &Path, backup: &Path) -> Result<Store, Error> {
    let file = folder.join("hub.sqlite");
    let how = Restore { file: backup, overwrites: false, at_us: 2, actor: "ann" };
    restore(&how, &Target::File(file.clone()), &|_| {})?;
    Ok(Store::open(&file)?)
}

#[test]
fn a_backup_of_an_older_schema_is_restored_and_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let backup = backup_of(folder.path(), |file| {
        for script in &SQLITE[..OLDER] {
            file.execute_batch(script).unwrap();
        }
        file.pragma_update(None, "user_version", OLDER).unwrap();
        file.execute("INSERT INTO setting (tenant, name, value) VALUES (1, 'zone', 'Asia/Manila')", []).unwrap();
    });
    let said = check(&backup, &|_| {}).unwrap();
    assert_eq!((said.schema, said.version.as_str()), (OLDER as u64, "0.0.1"));
    let store = restored(folder.path(), &backup).unwrap();
    let rows = |name: &str| {
        crate::moving::summaries(&store).unwrap().into_iter().find(|table| table.table == name).map(|table| table.rows)
    };
    assert_eq!((rows("setting"), rows("audit")), (Some(1), Some(1)));
}

#[test]
fn no_number_of_a_command_that_was_lost_comes_again_after_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("before.sqlite")).unwrap();
    let ask = |store: &Store, at_s: i64| {
        let command = Command {
            id: 0,
            serial: "A1".to_owned(),
            command: "{}".to_owned(),
            asked_by: "ann".to_owned(),
            asked_us: at_s * 1_000_000,
            expires_us: i64::MAX,
            state: "queued".to_owned(),
            sent_times: 0,
            result_code: None,
            result_text: String::new(),
            changed_us: 0,
        };
        store.write(|write| write.add_command(&command)).unwrap()
    };
    let backup = backup_of(folder.path(), |file| {
        file.execute_batch(&SQLITE.concat()).unwrap();
        file.pragma_update(None, "user_version", SQLITE.len()).unwrap();
    });
    // Many at once: their numbers are ahead of the clock. The restore is of the second 2.
    let lost: Vec<i64> = (0..4_000).map(|_| ask(&store, 1)).collect();
    assert_eq!(lost.last(), Some(&4_000));
    let store = restored(folder.path(), &backup).unwrap();
    assert!(ask(&store, 3) > 4_000);
    assert!(ask(&store, 3) > 4_001);
}

#[test]
fn a_backup_of_a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let backup = backup_of(folder.path(), |file| {
        file.execute_batch("CREATE TABLE of_tomorrow (a INTEGER NOT NULL) STRICT").unwrap();
        file.pragma_update(None, "user_version", crate::migrations::NEWEST + 1).unwrap();
    });
    let refused = restored(folder.path(), &backup).unwrap_err().to_string();
    assert!(refused.contains("made by punchclock 0.0.1") && refused.contains("use the newer"), "{refused}");
    assert!(!folder.path().join("hub.sqlite").exists());
    assert!(!part_of(&folder.path().join("hub.sqlite")).exists());
}

#[test]
fn a_flipped_byte_or_a_cut_is_found_wherever_it_changes_what_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("hub.sqlite")).unwrap();
    let entry = |number: i64| crate::audit::Entry {
        at_us: number,
        actor: String::from("ann"),
        action: String::from("x"),
        object: format!("object {number}"),
        detail: String::from("a detail of some length, so that the table has several pages"),
    };
    store.write(|write| (0..200).try_for_each(|number| write.audit(&entry(number)))).unwrap();
    let file = folder.path().join("whole.backup");
    let said = make(&store, &file, 1, "0.1.0", &|_| {}).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let damaged = folder.path().join("damaged.backup");
    let checked = |bytes: &[u8]| {
        std::fs::write(&damaged, bytes).unwrap();
        check(&damaged, &|_| {}).map_err(|error| error.to_string())
    };
    let is_told = |error: &str| error.contains("is damaged") || error.contains("is no backup");
    assert_eq!(checked(&whole), Ok(said.clone()));

    // Some bytes are of no use to anybody: the room between rows, counters of the header.
    let mut refused = 0;
    for place in (0..whole.len()).step_by(whole.len() / 300) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        match checked(&bytes) {
            Ok(held) => assert_eq!(held, said, "byte {place}"),
            Err(error) => {
                assert!(is_told(&error), "byte {place}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused}");
    for text in ["a detail of some", "CREATE TRIGGER", "0.1.0"] {
        let mut bytes = whole.clone();
        // A page that was split may hold an old copy.
        let places = whole.windows(text.len()).enumerate().filter(|(_, found)| *found == text.as_bytes());
        places.for_each(|(place, _)| bytes[place + 2] ^= 2);
        assert!(is_told(&checked(&bytes).unwrap_err()), "{text}");
    }
    for length in [0, 10, 4_096, whole.len() / 2, whole.len() - 1] {
        assert!(is_told(&checked(&whole[..length]).unwrap_err()), "{length} bytes");
    }
}

#[test]
fn what_is_written_meanwhile_does_not_wait_for_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("hub.sqlite")).unwrap();
    let write = |object: &str| {
        let entry = crate::audit::Entry {
            at_us: 1,
            actor: String::from("ann"),
            action: String::from("x"),
            object: object.to_owned(),
            detail: String::new(),
        };
        store.write(|write| write.audit(&entry)).unwrap();
    };
    write("before");
    let steps = std::cell::Cell::new(0);
    // Each step of the backup finds the writer free.
    let said = make(&store, &folder.path().join("a.backup"), 1, "0.1.0", &|_| {
        write("meanwhile");
        steps.set(steps.get() + 1);
    });
    let audit = said.unwrap().tables.into_iter().find(|table| table.name == "audit").unwrap();
    // What was committed before the copy is in it, and nothing of what came later.
    assert_eq!(audit.rows, 2);
    assert!(steps.get() > 10);
    assert_eq!(store.read(|read| read.audit_entries(1_000)).unwrap().len(), 1 + steps.get());
}
