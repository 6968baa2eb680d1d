//! What the tables promise whatever the caller does.
#![allow(missing_docs, clippy::unwrap_used)]

use attendance::punch::{Channel, PrintedTime, RawPunch};
use store::{Error, Store, Write};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("hub.sqlite")).unwrap();
    (folder, store)
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

#[test]
fn evidence_and_audit_can_be_neither_changed_nor_deleted() {
    let (_folder, store) = store();
    let said = punch();
    let entry = store::audit::Entry {
        at_us: 1,
        actor: "ann".to_owned(),
        action: "x".to_owned(),
        object: "y".to_owned(),
        detail: String::new(),
    };
    let write = |write: &Write<'_>| {
        write.punch_writer()?.insert(said.fingerprint(), &said, Channel::File, 1)?;
        write.audit(&entry)
    };
    store.write(write).unwrap();
    let other = rusqlite::Connection::open(store.path()).unwrap();
    for attempt in [
        "UPDATE punch SET user_number = '13'",
        "DELETE FROM punch",
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
    ] {
        let refused = other.execute(attempt, []).unwrap_err().to_string();
        assert!(refused.contains("insert only"), "{attempt}: {refused}");
    }
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
fn a_failed_transaction_leaves_nothing_behind() {
    let (_folder, store) = store();
    let said = punch();
    let failed: Result<(), Error> = store.write(|write| {
        write.punch_writer()?.insert(said.fingerprint(), &said, Channel::File, 1)?;
        Err(Error::DiskFull)
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|read| read.punch_count()).unwrap(), 0);
}

#[test]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, store) = store();
    assert_eq!(std::fs::metadata(store.path()).unwrap().permissions().mode() & 0o077, 0);
}
