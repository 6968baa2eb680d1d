//! What is brought in files: the file is kept as it came, each import is noted, and what is kept goes again.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use std::sync::atomic::AtomicBool;

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
    assert_eq!(house.hub.import_file(1).unwrap().1, LOG.as_bytes(), "byte for byte");

    assert!(clean_up(&house, days_later(92)).starts_with("removed 1 reports of imports;"));
    assert_eq!(report(&house, 1), None);
    assert_eq!(house.hub.import_file(1).unwrap().1, LOG.as_bytes(), "it came again 60 days later");
    assert!(clean_up(&house, days_later(151)).contains(" 1 imported files, 1 reports of imports;"));
    assert!(house.hub.import_file(2).unwrap_err().to_string().contains("kept for a while only"));
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

#[test]
fn a_file_that_is_too_large_to_be_kept_is_taken_and_noted() {
    let house = house();
    let (wide, most) = ("x".repeat(1 << 20), hub::MOST_KEPT_BYTES);
    let rows: String = (0..17).map(|n| format!("12,2026-02-10 08:{n:02}:00,{wide}\n")).collect();
    let file = format!("user,time,note\n{rows}");
    assert!(file.len() > most);
    let done = take(&house, file.as_bytes(), &how(), now());
    let note = house.hub.import(done.id.unwrap()).unwrap();
    assert_eq!((note.counts.stored, note.size_bytes, note.is_kept), (17, file.len() as u64, false));
    assert_eq!(report(&house, note.id), None);
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
    assert_eq!(house.hub.import_file(2).unwrap().1, other.as_bytes());
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
