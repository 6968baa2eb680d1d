//! What is brought in files: the file is kept as it came, each import is noted, and what is kept goes again.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod house;

use std::cell::Cell;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use house::{House, clerk, house, log, now};
use hub::jobs::Works;
use hub::retention::{CleanUp, Keeps};
use hub::view::PunchFilter;
use hub::{Counts, ImportFilter, ReportRow, TableImport, TableImported, Wanted};
use jiff::{Timestamp, ToSpan as _};
use store::moving::summaries;

const LOG: &str = "user_id,event_time,door,in_out,type\n12,2026-02-10 08:00:00,Gate 1,I,commute\n12,2026-02-10 12:00:00,Canteen,O,meal\n\
    99,2026-02-10 08:01:00,Gate 1,I,commute\n12,2026-02-10 17:00:00,Gate 1,O,commute\n";

fn take(house: &House, file: &[u8], how: &TableImport<'_>, at: Timestamp) -> TableImported {
    house.hub.import_table(&clerk(), how, || Ok(file), at, |_, _| {}).unwrap()
}

fn how() -> TableImport<'static> {
    TableImport { name: "exports/log.csv", zone: Some("Asia/Manila"), create_employees: true, ..TableImport::default() }
}

fn report(house: &House, id: i64) -> Option<Vec<ReportRow>> {
    let mut rows = Vec::new();
    let is_kept = house.hub.import_report(id, |row| {
        rows.push(row);
        Ok(())
    });
    is_kept.unwrap().then_some(rows)
}

fn outcomes(house: &House, id: i64) -> Vec<String> {
    report(house, id).unwrap().into_iter().map(|row| row.outcome).collect()
}

fn clean_up(house: &House, at: Timestamp) -> String {
    let works = Works::default().with(CleanUp::by(Keeps::default()));
    let id = house.hub.ask_for_job(&clerk(), "clean-up", at).unwrap();
    for job in house.hub.claim_jobs(&works, "one", 9, at).unwrap() {
        house.hub.perform(&works, &job, || at, 1.0, &AtomicBool::new(false)).unwrap();
    }
    house.hub.job(id).unwrap().outcome
}

fn days_later(days: i64) -> Timestamp {
    now().checked_add((days * 24).hours()).unwrap()
}

#[test]
fn a_file_is_one_envelope_however_often_it_comes_and_goes_after_90_days_without_it() {
    let house = house();
    let wanted = [String::from("commute")];
    let how = TableImport { wanted: Wanted { types: &wanted, groups: &[] }, ..how() };
    let (first, second) =
        (take(&house, LOG.as_bytes(), &how, now()), take(&house, LOG.as_bytes(), &how, days_later(60)));
    assert_eq!((first.id, second.id), (Some(1), Some(2)));
    assert_eq!(outcomes(&house, 1), ["stored", "refused", "stored", "stored"]);
    assert_eq!(outcomes(&house, 2), ["known", "refused", "known", "known"]);
    let refused = report(&house, 1).unwrap().remove(1);
    assert_eq!((refused.row.as_str(), refused.user.as_str()), ("line 3", "12"));
    assert_eq!(refused.why, "Rows of type meal are not wanted.");

    let list = house.hub.imports(&ImportFilter { descending: true, ..ImportFilter::default() }).unwrap();
    assert_eq!((list.total, list.rows[0].id, list.rows[1].id), (2, 2, 1));
    let note = &list.rows[1];
    assert_eq!((note.name.as_str(), note.size_bytes, note.actor.as_str()), ("log.csv", LOG.len() as u64, "clerk"));
    assert_eq!((note.mapping.as_str(), note.source.as_str(), note.is_trial), ("commute-log", "commute-log", false));
    assert_eq!(note.counts, Counts { read: 4, stored: 3, refused: 1, ..Counts::default() });
    assert_eq!(
        (&note.digest, note.digest.as_str()),
        (&list.rows[0].digest, blake3::hash(LOG.as_bytes()).to_hex().as_str())
    );
    let envelopes = summaries(&house.store).unwrap().into_iter().find(|table| table.table == "envelope").unwrap();
    assert_eq!(envelopes.rows, 1, "the same bytes are one envelope");
    assert_eq!(bytes_of(&house, 1), LOG.as_bytes(), "byte for byte");

    assert!(clean_up(&house, days_later(92)).starts_with("removed 1 reports of imports;"));
    assert_eq!(report(&house, 1), None);
    assert_eq!(bytes_of(&house, 1), LOG.as_bytes(), "it came again 60 days later");
    assert!(clean_up(&house, days_later(151)).contains(" 1 imported files, 1 reports of imports;"));
    assert!(house.hub.import_file(2).err().unwrap().to_string().contains("kept for a while only"));
    let note = house.hub.import(2).unwrap();
    assert_eq!((note.is_kept, note.counts.known), (false, 3), "the note stays");
    let punches = house.hub.punch_count().unwrap();
    assert_eq!(punches, 3, "and so do the punches");
}

#[test]
fn a_dry_run_that_keeps_its_file_is_taken_without_another_upload() {
    let house = house();
    let trial = TableImport { is_dry_run: true, keeps_trial: true, ..how() };
    let tried = take(&house, LOG.as_bytes(), &trial, now());
    assert_eq!((house.hub.punch_count().unwrap(), tried.id), (0, Some(1)));
    assert!(house.hub.import(1).unwrap().is_trial);
    let taken = house.hub.import_kept(&clerk(), 1, now()).unwrap();
    assert_eq!((taken.counts, taken.id, house.hub.punch_count().unwrap()), (tried.counts, Some(2), 4));
    assert_eq!(house.hub.import(2).unwrap().asked, house.hub.import(1).unwrap().asked, "in the same way");
    let of =
        |is_trial| house.hub.imports(&ImportFilter { is_trial: Some(is_trial), ..ImportFilter::default() }).unwrap();
    assert_eq!((of(true).rows[0].id, of(false).rows[0].id, of(true).total), (1, 2, 1));
    let again = house.hub.import_kept(&clerk(), 1, now()).unwrap();
    assert_eq!(again.counts, Counts { read: 4, known: 4, ..Counts::default() }, "any number of times");
    let actions: Vec<String> = house.hub.audit(9).unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions.iter().filter(|action| *action == "import.try").count(), 1);
    assert_eq!(actions.iter().filter(|action| *action == "import.punches").count(), 2);
    let made: Vec<bool> = house
        .hub
        .audit(9)
        .unwrap()
        .into_iter()
        .filter(|entry| entry.action == "import.punches")
        .map(|entry| entry.detail.contains("; 2 provisional employees made;"))
        .collect();
    assert_eq!(made, [false, true], "who was made by which");
}

#[test]
fn a_file_that_names_the_zone_of_its_times_is_taken_in_no_other() {
    let house = house();
    let file = b"user,time,iana_zone\n12,2026-02-10 08:00:00,Asia/Tokyo\n";
    let zoned = |zone| TableImport { zone, ..how() };
    let refused = house.hub.import_table(&clerk(), &how(), || Ok(&file[..]), now(), |_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("its times are of Asia/Tokyo, not of Asia/Manila"), "{refused}");
    assert_eq!(house.hub.punch_count().unwrap(), 0);
    let trial = TableImport { is_dry_run: true, keeps_trial: true, ..zoned(None) };
    let tried = take(&house, file, &trial, now()).id.unwrap();
    assert_eq!(house.hub.import(tried).unwrap().asked.zone.as_deref(), Some("Asia/Tokyo"), "it is told");
    assert_eq!(house.hub.import_kept(&clerk(), tried, now()).unwrap().counts.stored, 1);
    assert_eq!(take(&house, file, &zoned(Some("Asia/Tokyo")), now()).counts.known, 1);
    let punches = house.hub.punches(&PunchFilter::default()).unwrap().rows;
    assert_eq!(punches[0].at, Some("2026-02-10T08:00:00+09:00".parse().unwrap()));
}

#[test]
fn the_log_of_a_terminal_is_the_same_punches_by_either_way_and_is_kept_too() {
    let house = house();
    house.import(&log(), true);
    let note = house.hub.import(1).unwrap();
    assert_eq!(
        (note.mapping.as_str(), note.source.as_str(), note.asked.terminal.as_deref()),
        ("attlog", "A1", Some("A1"))
    );
    assert_eq!(note.counts.stored, log().len() as u64);
    let again = house.hub.import_kept(&clerk(), 1, now()).unwrap();
    assert_eq!((again.counts.known, again.counts.stored), (log().len() as u64, 0));
    let both = TableImport { terminal: Some("A1"), source: Some("gate"), ..how() };
    let refused = house.hub.import_table(&clerk(), &both, || Ok(LOG.as_bytes()), now(), |_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("name one of them"), "{refused}");
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A table that packs badly, of so many rows of 12 kB.
fn wide(rows: usize) -> String {
    let mut noise = blake3::Hasher::new().finalize_xof();
    let mut file = String::from("user,time,note\n");
    for row in 0..rows {
        let mut bytes = [0; 12_000];
        noise.fill(&mut bytes);
        file.push_str(&format!("12,2026-02-{:02} 08:{:02}:00,", 1 + row / 60, row % 60));
        file.extend(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])));
        file.push('\n');
    }
    file
}

fn bytes_of(house: &House, id: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    house.hub.import_file(id).unwrap().1.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Rows of files, of reports, and of the parts of each.
fn kept(house: &House) -> [u64; 4] {
    let held = summaries(&house.store).unwrap();
    let rows = |name: &str| held.iter().find(|table| table.table == name).unwrap().rows;
    ["envelope", "envelope_part", "import_report", "import_report_part"].map(rows)
}

/// An import that ends with its process once some rows are taken.
fn break_off(house: &House, file: &[u8]) {
    let taken = || house.hub.import_table(&clerk(), &how(), || Ok(file), now(), |_, _| panic!("the process ends"));
    assert!(catch_unwind(AssertUnwindSafe(taken)).is_err());
}

fn actions(house: &House) -> Vec<String> {
    let mut entries = house.hub.audit(99).unwrap();
    entries.reverse();
    entries.into_iter().map(|entry| entry.action).filter(|action| action.starts_with("import.")).collect()
}

#[test]
fn a_file_of_any_size_is_kept_in_parts_and_comes_back_byte_for_byte_with_its_report() {
    let house = house();
    let file = wide(1500);
    assert!(file.len() > 16 << 20);
    let parts = file.len().div_ceil(900_000) as u64;
    let id = take(&house, file.as_bytes(), &how(), now()).id.unwrap();
    let note = house.hub.import(id).unwrap();
    let facts = (note.counts.stored, note.size_bytes, note.is_kept, note.is_finished);
    assert_eq!(facts, (1500, file.len() as u64, true, true));
    assert_eq!(kept(&house), [1, parts, 1, 1]);
    assert!(bytes_of(&house, id) == file.as_bytes());
    assert_eq!(report(&house, id).unwrap().len(), 1500);
    let again = house.hub.import_kept(&clerk(), id, now()).unwrap();
    assert_eq!((again.counts.known, kept(&house)), (1500, [1, parts, 2, 2]));
    // It goes with all of its parts.
    clean_up(&house, days_later(91));
    assert_eq!(kept(&house), [0; 4]);
}

#[test]
fn an_import_that_is_broken_off_has_its_note_its_file_and_its_entry_and_is_taken_again() {
    let [house, straight] = [house(), house()];
    break_off(&house, LOG.as_bytes());
    let note = house.hub.import(1).unwrap();
    assert_eq!((note.is_finished, note.is_kept, note.counts), (false, true, Counts::default()));
    assert_eq!((note.name.as_str(), note.source.as_str(), report(&house, 1)), ("log.csv", "commute-log", None));
    assert_eq!(actions(&house), ["import.begin"]);
    let begun = house.hub.audit(99).unwrap().into_iter().find(|entry| entry.action == "import.begin").unwrap();
    assert_eq!((begun.object, begun.detail), ("commute-log".into(), format!("file exports/log.csv, {}", note.digest)));
    assert_eq!(bytes_of(&house, 1), LOG.as_bytes());
    assert_eq!(house.hub.punch_count().unwrap(), 4, "what was stored stays");

    let again = house.hub.import_kept(&clerk(), 1, now()).unwrap();
    assert_eq!(again.counts, Counts { read: 4, known: 4, ..Counts::default() });
    assert_eq!(actions(&house), ["import.begin", "import.begin", "import.punches"]);
    assert_eq!((house.hub.import(1).unwrap().is_finished, house.hub.import(2).unwrap().is_finished), (false, true));
    take(&straight, LOG.as_bytes(), &how(), now());
    assert_eq!(house.files(), straight.files());
}

/// Reads bytes until somebody has read all of them once; from then on only so many.
struct Breaking<'a> {
    bytes: &'a [u8],
    is_read: &'a AtomicBool,
    left: usize,
}

impl Read for Breaking<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let some = into.len().min(self.left).min(self.bytes.len());
        if some == 0 && !self.bytes.is_empty() {
            return Err(io::Error::other("the disk is gone"));
        }
        let read = self.bytes.read(&mut into[..some])?;
        self.left -= read;
        self.is_read.fetch_or(read == 0, Ordering::SeqCst);
        Ok(read)
    }
}

/// Brings a file that breaks off when it is kept.
fn half_keep(house: &House, file: &[u8]) {
    let is_read = AtomicBool::new(false);
    let open = || {
        let left = if is_read.load(Ordering::SeqCst) { file.len() / 2 } else { usize::MAX };
        Ok(Breaking { bytes: file, is_read: &is_read, left })
    };
    let refused = house.hub.import_table(&clerk(), &how(), open, now(), |_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("can't be read: the disk is gone"), "{refused}");
    assert!(house.hub.import(1).is_err() && actions(house).is_empty(), "it had not begun");
    let [files, parts, ..] = kept(house);
    assert!(files == 1 && parts > 2, "{parts} parts were written");
}

#[test]
fn a_file_that_was_kept_in_part_goes_by_its_age_or_is_completed() {
    let [first, second] = [house(), house()];
    let file = wide(1100);
    half_keep(&first, file.as_bytes());
    clean_up(&first, days_later(89));
    assert_eq!(kept(&first)[0], 1);
    clean_up(&first, days_later(91));
    assert_eq!(kept(&first), [0; 4]);

    half_keep(&second, file.as_bytes());
    let id = take(&second, file.as_bytes(), &how(), now()).id.unwrap();
    assert!(bytes_of(&second, id) == file.as_bytes());
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_kept() {
    let house = house();
    let (opened, other) = (Cell::new(0), LOG.replace("17:00", "17:01"));
    // When it is looked through, it is one file; then its digest is another one's.
    let change = |at: u32| {
        opened.set(0);
        let open = || {
            opened.set(opened.get() + 1);
            Ok(if opened.get() == at { other.as_bytes() } else { LOG.as_bytes() })
        };
        let done = house.hub.import_table(&clerk(), &how(), open, now(), |_, _| {});
        done.map_err(|error| error.to_string())
    };
    change(99).unwrap();
    let last = opened.get();
    clean_up(&house, days_later(91));
    let refused = change(last).unwrap_err();
    assert!(refused.contains("changed while it was read; try again"), "{refused}");
    assert_eq!(kept(&house), [0; 4]);
}

#[test]
fn what_is_kept_of_a_file_without_a_report_goes_with_whoever_is_erased() {
    let [begun, half] = [house(), house()];
    let file = wide(1100);
    for house in [&begun, &half] {
        let other = LOG.replace("\n12,", "\n13,").replace("\n99,", "\n98,");
        let is_begun = std::ptr::eq(house, &begun);
        if is_begun {
            break_off(house, wide(200).as_bytes());
        } else {
            half_keep(house, file.as_bytes());
        }
        let stays = take(house, other.as_bytes(), &how(), now()).id.unwrap();
        house.hub.erase_person(&clerk(), "98", "asked to", now(), &[3; 32], |_, _| {}).unwrap();
        assert!(!house.hub.import(stays).unwrap().is_kept, "somebody of it was erased");
        let stays = take(house, LOG.as_bytes(), &how(), now()).id.unwrap();
        break_off(house, wide(200).as_bytes());
        house.hub.erase_person(&clerk(), "13", "asked to", now(), &[3; 32], |_, _| {}).unwrap();
        assert!(house.hub.import(stays).unwrap().is_kept);
        assert_eq!(kept(house), [1, 1, 1, 1], "nobody knows whose rows are in the other one");
    }
    assert_eq!(
        begun.hub.import(1).map(|note| (note.is_kept, note.is_finished)).unwrap(),
        (false, false),
        "the note stays"
    );
}

#[test]
fn files_in_which_an_erased_person_stands_go_and_others_stay() {
    let house = house();
    let other = LOG.replace("\n12,", "\n13,");
    let unreadable = other.replace("\n99,", "\n,").replace("08:00:00", "08:00:30");
    for file in [LOG, &other, &unreadable] {
        take(&house, file.as_bytes(), &how(), now());
    }
    let trial = TableImport { is_dry_run: true, keeps_trial: true, ..how() };
    take(&house, LOG.replace("08:00", "08:10").as_bytes(), &trial, now());
    house.hub.erase_person(&clerk(), "12", "asked to", now(), &[3; 32], |_, _| {}).unwrap();
    let kept: Vec<bool> = (1..=4).map(|id| house.hub.import(id).unwrap().is_kept).collect();
    assert_eq!(kept, [false, true, false, false], "who can't be read may be anybody");
    let reports: Vec<bool> = (1..=4).map(|id| report(&house, id).is_some()).collect();
    assert_eq!(reports, kept);
    assert_eq!(bytes_of(&house, 2), other.as_bytes());
}

const OWN: &str = "# the old building\nabout = \"its doors\"\n[columns]\nuser = \"who\"\ntime = \"at\"\n";

#[test]
fn a_saved_mapping_is_used_by_its_name_and_each_version_stands_in_the_audit_trail() {
    let house = house();
    let hub = &house.hub;
    assert!(hub.import_mapping("old-doors").unwrap_err().to_string().contains("there are commute-log"));
    hub.save_mapping(&clerk(), "old-doors", OWN, now()).unwrap();
    let mapping = hub.import_mapping("old-doors").unwrap();
    assert_eq!(mapping.text, OWN, "with its remarks");
    let how = TableImport { mapping: Some(mapping), ..how() };
    let taken = take(&house, b"who,at,what\n12,2026-02-10 08:00:00,x\n", &how, now());
    assert_eq!((taken.mapping.as_str(), taken.source.as_str(), taken.counts.stored), ("old-doors", "old-doors", 1));

    let other = OWN.replace("who", "whom");
    hub.save_mapping(&clerk(), "old-doors", &other, now()).unwrap();
    let saved = hub.saved_mappings().unwrap();
    assert_eq!((saved.len(), saved[0].text.as_str(), saved[0].by.as_str()), (1, other.as_str(), "clerk"));
    hub.remove_mapping(&clerk(), "old-doors", now()).unwrap();
    assert!(hub.import_mapping("old-doors").is_err() && hub.saved_mappings().unwrap().is_empty());
    let audit = hub.audit(20).unwrap().into_iter().filter(|entry| entry.action.starts_with("import.mapping"));
    let told: Vec<_> = audit.map(|entry| (entry.action, entry.detail)).collect();
    let [save, remove] = ["import.mapping.save", "import.mapping.remove"].map(str::to_owned);
    assert_eq!(told, [(remove, String::new()), (save.clone(), other), (save, OWN.to_owned())]);
}

#[test]
fn what_is_no_mapping_or_hides_one_is_not_saved() {
    let hub = &house().hub;
    let refused = |name: &str, text: &str| hub.save_mapping(&clerk(), name, text, now()).unwrap_err().to_string();
    assert!(refused("biotime", OWN).contains("comes along and stays as it is"));
    assert!(refused("old doors", OWN).contains("use letters, digits and -"));
    assert!(refused("doors", "[columns]\ntime = \"at\"\n").contains("nothing tells who"));
    assert!(matches!(hub.remove_mapping(&clerk(), "doors", now()), Err(hub::Error::NotFound(_))));
    assert!(hub.saved_mappings().unwrap().is_empty());
}
