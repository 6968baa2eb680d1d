//! Files and reports in parts: so many go in one transaction, they are moved in statements of a bounded size, and those of an older version
//! are their only part.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use jiff::civil::date;
use store::imports::Import;
use store::moving::{copy, summaries};
use store::retention::{Aged, Before};
use store::{Error, Store};
use testkit::Database;

fn sqlite() -> (Store, Option<Database>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Store::open(&folder.path().join("hub.sqlite")).unwrap(), None, folder)
}

/// An empty store of the engine that the tests run on.
fn store() -> (Store, Option<Database>, tempfile::TempDir) {
    let Some(database) = Database::asked_for().unwrap() else { return sqlite() };
    (Store::connect(&database.url(), None).unwrap(), Some(database), tempfile::tempdir().unwrap())
}

fn keep(store: &Store, digest: &str, parts: &[Vec<u8>], now_us: i64) {
    let kept = store.write(|write| {
        write.keep_envelope_parts(digest, 0, parts, now_us)?;
        write.finish_envelope(digest, u32::try_from(parts.len()).unwrap())
    });
    assert!(kept.unwrap());
}

fn rows(store: &Store, table: &str) -> u64 {
    summaries(store).unwrap().into_iter().find(|moved| moved.table == table).unwrap().rows
}

#[test]
fn a_transaction_removes_so_many_parts_and_what_is_going_counts_as_gone() {
    let (store, _database, _folder) = store();
    keep(&store, "a", &vec![vec![1]; 100], 5);
    keep(&store, "b", &vec![vec![2]; 100], 9);
    let (mut gone, mut left) = (0, Vec::new());
    loop {
        let before = Before { at_us: 7, date: date(2026, 1, 1) };
        let old = store.read(|read| read.old(Aged::Envelopes, before, 1000)).unwrap();
        if old.is_empty() {
            break;
        }
        let forgotten = store.write(|write| write.forget_old(&old)).unwrap();
        gone += forgotten.rows;
        left.push((rows(&store, "envelope_part"), forgotten.is_all));
        assert_eq!(store.read(|read| read.envelope_parts("a")).unwrap(), None);
    }
    assert_eq!((gone, left), (1, vec![(136, false), (100, true)]));
    assert_eq!(store.read(|read| read.envelope_parts("b")).unwrap(), Some(100), "the younger one stays");
    let forget = || store.write(|write| write.forget_envelope("b")).unwrap();
    assert_eq!([forget(), forget()], [false, true]);
    assert_eq!((rows(&store, "envelope"), rows(&store, "envelope_part")), (0, 0));
}

#[test]
fn an_old_file_that_came_again_meanwhile_stays_with_all_of_its_parts() {
    let (store, _database, _folder) = store();
    keep(&store, "a", &vec![vec![1]; 3], 5);
    let before = Before { at_us: 7, date: date(2026, 1, 1) };
    let old = store.read(|read| read.old(Aged::Envelopes, before, 1000)).unwrap();
    assert!(store.write(|write| write.touch_envelope("a", 8)).unwrap());
    assert_eq!(store.write(|write| write.forget_old(&old)).unwrap().rows, 0);
    assert_eq!(store.read(|read| read.envelope_parts("a")).unwrap(), Some(3));
    assert_eq!(rows(&store, "envelope_part"), 3);
}

#[test]
fn a_file_is_whole_once_all_of_its_parts_are_there_and_is_not_written_again() {
    let (store, _database, _folder) = store();
    let put = |first, part: &[u8]| {
        let parts = [part.to_vec()];
        store.write(|write| write.keep_envelope_parts("a", first, &parts, 5)).unwrap();
        store.write(|write| write.finish_envelope("a", 2)).unwrap()
    };
    assert!(!put(1, b"second"));
    assert_eq!(store.read(|read| read.envelope_parts("a")).unwrap(), None);
    assert!(!store.write(|write| write.touch_envelope("a", 9)).unwrap());
    assert!(put(0, b"first"));
    assert!(put(0, b"another"));
    let there = |part| store.read(|read| read.envelope_part("a", part)).unwrap();
    assert_eq!([there(0), there(1), there(2)], [Some(b"first".to_vec()), Some(b"second".to_vec()), None]);
}

#[test]
fn large_parts_are_moved_in_several_statements() {
    let ((from, _, _folder), (to, _database, _other)) = (sqlite(), store());
    let parts: Vec<Vec<u8>> = (0..11).map(|part| vec![part; 1 << 20]).collect();
    keep(&from, "a", &parts, 5);
    from.write(|write| {
        let id = write.add_import(&Import { digest: "a".into(), ..Import::default() })?;
        write.keep_import_report(id, &parts[..2], 5)
    })
    .unwrap();
    let moved = copy(&from, &to).unwrap();
    assert_eq!(moved, summaries(&to).unwrap());
    assert_eq!((rows(&to, "envelope_part"), rows(&to, "import_report_part")), (11, 2));
    assert_eq!(to.read(|read| read.envelope_part("a", 10)).unwrap(), Some(parts[10].clone()));
}

/// The scripts of an engine before files had parts, and how many there are.
fn older(engine: &str) -> (String, usize) {
    let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
    let mut scripts: Vec<_> = std::fs::read_dir(folder).unwrap().map(|script| script.unwrap().path()).collect();
    scripts.sort();
    scripts.retain(|path| path.file_name().unwrap().to_str().unwrap() < "0039");
    (scripts.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect::<Vec<_>>().join("\n"), scripts.len())
}

const OLDER_ROWS: &str = "
    INSERT INTO punch_import (tenant, id, at_us, actor, name, size_bytes, digest, mapping, source, asked, is_trial, stored, known, held, refused)
    VALUES (1, 1, 5, 'ann', 'log.csv', 3, 'a', 'generic', 'generic', '{}', 0, 1, 0, 0, 0);
    INSERT INTO envelope (tenant, digest, last_us, packed) VALUES (1, 'a', 5, X'010203');
    INSERT INTO import_report (tenant, import, at_us, packed) VALUES (1, 1, 5, X'0405');";

fn has_kept_its_files(store: &Store) {
    store
        .read(|read| {
            let note = read.import(1)?.unwrap();
            assert_eq!((note.is_finished, note.is_kept, note.stored), (true, true, 1));
            assert_eq!((read.envelope_parts("a")?, read.envelope_part("a", 0)?), (Some(1), Some(vec![1, 2, 3])));
            assert_eq!((read.import_report_parts(1)?, read.import_report_part(1, 0)?), (Some(1), Some(vec![4, 5])));
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn a_file_and_a_report_of_an_older_version_are_their_only_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.sqlite");
    let (scripts, count) = older("sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(&format!("{scripts} {OLDER_ROWS} PRAGMA user_version = {count}")).unwrap();
    has_kept_its_files(&Store::open(&path).unwrap());

    let Some(database) = Database::create().unwrap() else { return };
    let (scripts, count) = older("postgres");
    let mut old = postgres::Client::connect(&database.url(), postgres::NoTls).unwrap();
    let rows = OLDER_ROWS.replace("X'", "'\\x");
    let version =
        format!("CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES ({count})");
    old.batch_execute(&format!("{scripts} {rows} {version}")).unwrap();
    has_kept_its_files(&Store::connect(&database.url(), None).unwrap());
}
