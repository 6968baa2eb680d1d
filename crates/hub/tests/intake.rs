//! What comes in, in whatever order and by whatever road, ends as the same days.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use house::{House, clerk, house, log, now};
use hub::view::{HeldReason, PunchFilter};
use hub::{Counts, Cure};
use link::{Batch, Item, Outcome, What};
use store::punch_list::PunchQuery;

#[test]
fn a_log_is_stored_once_however_often_it_is_imported() {
    let house = house();
    let lines = log();
    let read = lines.len() as u64;
    assert_eq!(house.import(&lines, true), Counts { read, stored: read, ..Counts::default() });
    let before = house.files();
    assert_eq!(house.import(&lines, true), Counts { read, known: read, ..Counts::default() });
    assert_eq!(house.derive(), 0, "deriving again changes nothing");
    assert_eq!(house.files(), before);
    assert!(before[0].lines().count() > 40, "{}", before[0]);
}

#[test]
fn a_nul_in_a_number_or_a_name_spoils_no_batch_and_what_was_sent_stays() {
    let house = house();
    house.register("A1", "Asia/Manila");
    let mut batch = house.batch("A1", &["12\t2026-02-10 08:00:00", "12\t2026-02-10 12:00:00"], 1);
    let What::Punch(punch) = &mut batch.items[0].what else { unreachable!() };
    (punch.user, punch.work_code) = ("1\u{0}2".to_owned(), Some("\u{0}".to_owned()));
    let name = link::TerminalUser { origin: "A1".to_owned(), user: "12".to_owned(), name: "An\u{0}n".to_owned() };
    batch.items.push(Item { seq: 3, what: What::User(name), ..batch.items[1].clone() });
    let ack = house.hub.ingest(&batch, now()).unwrap();
    assert_eq!((ack.outcomes.as_slice(), ack.high_seq), ([Outcome::Held, Outcome::Held, Outcome::Known].as_slice(), 3));
    // Its picture stands in its place, and the bytes are as they were.
    let (listed, _) = house.store.read(|read| read.list_punches(&PunchQuery::default())).unwrap();
    assert_eq!(listed[0].stored.said.user, "1\u{2400}2");
    assert_eq!(listed[0].stored.said.original, b"12\t2026-02-10 08:00:00");
    assert_eq!(house.store.read(|read| read.terminal_users()).unwrap()[0].name, "An\u{2400}n");
    let again = house.hub.ingest(&Batch { follows: 0, ..batch }, now()).unwrap();
    assert!(again.outcomes.iter().all(|outcome| *outcome == Outcome::Known));
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let straight = house();
    straight.import(&log(), true);
    let shuffled = house();
    let mut lines = log();
    lines.sort_by_key(|line| blake3::hash(line.as_bytes()).to_hex());
    // In pieces, derived in between: late facts correct what was judged without them.
    for piece in lines.chunks(17) {
        shuffled.import(piece, true);
        shuffled.derive();
    }
    assert_eq!(shuffled.files(), straight.files());
}

#[test]
fn held_punches_are_cured_to_the_same_result() {
    let straight = house();
    straight.import(&log(), true);

    let held = house();
    let lines = log();
    let read = lines.len() as u64;
    assert_eq!(held.import(&lines, false), Counts { read, held: read, ..Counts::default() });
    let groups = held.hub.held().unwrap();
    assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), read);
    assert!(groups.iter().all(|group| group.reason == HeldReason::UnknownUser));
    assert!(
        held.files()[2].lines().skip(1).all(|line| line.contains(",unknown_user,")),
        "held punches are exported too"
    );
    for user in ["12", "0012"] {
        let assign =
            Cure::Assign { user: user.to_owned(), employee: user.to_owned(), create: true, from: None, to: None };
        held.hub.cure(&clerk(), &assign, now()).unwrap();
    }
    assert!(held.hub.held().unwrap().is_empty());
    assert_eq!(held.files(), straight.files());
}

#[test]
fn a_batch_that_comes_again_is_known_and_moves_nothing() {
    let house = house();
    house.register("T9", "Asia/Manila");
    let batch = house.batch("T9", &["7\t2026-03-02 08:00:00\t1\t0\t1\t0", "8\t2026-03-02 08:01:00\t1\t0\t1\t0"], 1);
    let first = house.hub.ingest(&batch, now()).unwrap();
    assert_eq!((first.high_seq, first.outcomes.as_slice()), (2, [Outcome::Held, Outcome::Held].as_slice()));
    let again = house.hub.ingest(&batch, now()).unwrap();
    assert_eq!((again.high_seq, again.outcomes.as_slice()), (2, [Outcome::Known, Outcome::Known].as_slice()));
    assert_eq!(house.hub.punch_count().unwrap(), 2);
}

#[test]
fn a_hub_that_was_restored_asks_for_what_it_lost() {
    let house = house();
    house.register("T9", "Asia/Manila");
    let line = |minute: i64| format!("7\t2026-03-02 08:{minute:02}:00\t1\t0\t1\t0");
    let lines: Vec<String> = (0..6).map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(house.hub.ingest(&house.batch("T9", &lines[..2], 1), now()).unwrap().high_seq, 2);
    // The edge was told up to 4 by a hub whose disk is gone; this one knows up to 2.
    let ack = house.hub.ingest(&house.batch("T9", &lines[4..], 5), now()).unwrap();
    assert_eq!((ack.high_seq, ack.outcomes.len()), (2, 0));
    assert_eq!(house.hub.punch_count().unwrap(), 2);
    let beat = link::Heartbeat { edge: "branch".to_owned(), ..link::Heartbeat::default() };
    let orders = house.hub.heartbeat(&beat, now()).unwrap();
    assert_eq!(orders.high_seq, Some(2), "an edge without new punches hears it too");
    assert_eq!(house.hub.ingest(&house.batch("T9", &lines[2..], 3), now()).unwrap().high_seq, 6);
    assert_eq!(house.hub.punch_count().unwrap(), 6);
}

#[test]
fn a_hub_that_was_restored_to_before_a_new_disk_knows_that_it_holds_nothing_of_it() {
    let house = house();
    house.register("T9", "Asia/Manila");
    let line = |minute: i64| format!("7\t2026-03-02 08:{minute:02}:00\t1\t0\t1\t0");
    let lines: Vec<String> = (0..6).map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let of = |spool: &str, lines: &[&str], first_seq| {
        let batch = house.batch("T9", lines, first_seq);
        house.hub.ingest(&link::Batch { spool: spool.to_owned(), ..batch }, now()).unwrap().high_seq
    };
    let held = |spool: &str| {
        let (edge, spool) = ("branch".to_owned(), spool.to_owned());
        house.hub.heartbeat(&link::Heartbeat { edge, spool, ..link::Heartbeat::default() }, now()).unwrap().high_seq
    };
    assert_eq!(of("old", &lines[..4], 1), 4);
    // The disk was replaced, and the new spool was told up to 2 by a hub whose disk is gone.
    assert_eq!(held("new"), Some(0));
    assert_eq!(of("new", &lines[5..], 3), 0, "the edge has to go back");
    assert_eq!(house.hub.punch_count().unwrap(), 4);
    assert_eq!(of("new", &lines[4..], 1), 2);
    assert_eq!((held("new"), held("old")), (Some(2), Some(0)));
    // A call without anything, of an edge that has just enrolled, says nothing of a spool.
    house.hub.ingest(&link::Batch { edge: "branch".to_owned(), ..link::Batch::default() }, now()).unwrap();
    assert_eq!(held("new"), Some(2));
    // What the old disk had sent and comes only now is taken; the new one is then told to begin anew, and nothing is lost.
    assert_eq!(of("old", &lines[..1], 1), 1);
    assert_eq!(of("new", &lines[5..], 3), 0);
    assert_eq!(of("new", &lines[4..], 1), 2);
    assert_eq!(house.hub.punch_count().unwrap(), 6);
}

#[test]
fn an_unknown_terminal_waits_for_approval_and_then_loses_nothing() {
    let house = house();
    house
        .hub
        .cure(
            &clerk(),
            &Cure::Assign { user: "7".to_owned(), employee: "7".to_owned(), create: true, from: None, to: None },
            now(),
        )
        .unwrap();
    let batch = house.batch("NEW1", &["7\t2026-03-02 08:00:00\t1\t0\t1\t0", "7\t2026-03-02 18:00:00\t1\t1\t1\t0"], 1);
    assert_eq!(house.hub.ingest(&batch, now()).unwrap().outcomes, [Outcome::Held, Outcome::Held]);
    assert_eq!(house.hub.held().unwrap()[0].reason, HeldReason::UnapprovedTerminal);
    assert!(!house.hub.terminals().unwrap()[0].approved);
    let cured = house
        .hub
        .cure(&clerk(), &Cure::Approve { serial: "NEW1".to_owned(), zone: Some("Asia/Manila".to_owned()) }, now())
        .unwrap();
    assert_eq!((cured.released, cured.still_held), (2, 0));
    assert_eq!(
        house.hub.punches(&PunchFilter { employee: Some("7".to_owned()), ..PunchFilter::default() }).unwrap().total,
        2
    );
}

/// The only held punch's key.
fn held_key(house: &House) -> attendance::punch::Fingerprint {
    house.hub.held().unwrap()[0].example
}

#[test]
fn an_impossible_time_is_held_until_somebody_states_the_true_one() {
    let house = house();
    let line = |time: &str| format!("12\t{time}\t1\t0\t1\t0");
    let lines = [line("2026-02-31 08:00:00"), line("2026-02-10 18:00:00")];
    assert_eq!(house.import(&lines, true), Counts { read: 2, stored: 1, held: 1, ..Counts::default() });
    let group = &house.hub.held().unwrap()[0];
    assert_eq!((group.reason, group.count), (HeldReason::UnreadableTime, 1));
    let cure =
        Cure::State { fingerprint: held_key(&house), user: None, printed: Some("2026-02-10 08:00:00".to_owned()) };
    house.hub.cure(&clerk(), &cure, now()).unwrap();
    assert!(house.hub.held().unwrap().is_empty());
    let [days, _, punches] = house.files();
    assert!(days.contains("2026-02-10,present"), "{days}");
    assert!(punches.contains("2026-02-31 08:00:00"), "what the terminal said stays as it was: {punches}");
}

#[test]
fn a_clock_that_fell_back_to_its_epoch_is_held() {
    let house = house();
    let lines =
        ["12\t1971--10--29 -23:-59:-53\t1\t255\t1\t0".to_owned(), "12\t2123-07-08 13:58:36\t1\t255\t1\t0".to_owned()];
    assert_eq!(house.import(&lines, true).held, 2);
    let groups = house.hub.held().unwrap();
    assert_eq!((groups[0].reason, groups[0].count), (HeldReason::ImplausibleTime, 2));
    assert_eq!(groups[0].first, "1970-01-01 00:00:07");
}

#[test]
fn an_unreadable_line_is_kept_and_can_be_stated_or_dismissed() {
    let house = house();
    let lines = ["??? half a li".to_owned(), "12\t2026-02-10 08:00:00\t1\t0\t1\t0".to_owned(), "@@@".to_owned()];
    assert_eq!(house.import(&lines, true), Counts { read: 3, stored: 1, held: 2, ..Counts::default() });
    let punches = house.hub.held_punches(HeldReason::UnreadableLine, "A1", "", 0).unwrap();
    let key = |text: &str| punches.iter().find(|punch| punch.printed == text).unwrap().fingerprint;
    let state = Cure::State {
        fingerprint: key("??? half a li"),
        user: Some("12".to_owned()),
        printed: Some("2026-02-10 18:00:00".to_owned()),
    };
    house.hub.cure(&clerk(), &state, now()).unwrap();
    let empty = Cure::Dismiss { fingerprint: key("@@@"), reason: " ".to_owned() };
    assert!(house.hub.cure(&clerk(), &empty, now()).is_err(), "a reason is needed");
    house
        .hub
        .cure(&clerk(), &Cure::Dismiss { fingerprint: key("@@@"), reason: "noise on the cable".to_owned() }, now())
        .unwrap();
    assert!(house.hub.held().unwrap().is_empty());
    assert!(house.files()[0].contains("2026-02-10,present"));
    assert_eq!(house.hub.punch_count().unwrap(), 3);
    let actions: Vec<String> = house.hub.audit(10).unwrap().into_iter().map(|entry| entry.action).collect();
    assert!(
        actions.contains(&"punch.dismiss".to_owned()) && actions.contains(&"punch.state".to_owned()),
        "{actions:?}"
    );
}

#[test]
fn correcting_a_terminals_zone_moves_its_punches_and_makes_no_twins() {
    let right = house();
    right.import(&log(), true);

    let corrected = house();
    corrected.register("A1", "Europe/Berlin");
    let batch_lines = log();
    let lines: Vec<&str> = batch_lines.iter().map(String::as_str).collect();
    for (piece, first) in lines.chunks(50).zip((1..).step_by(50)) {
        corrected.hub.ingest(&corrected.batch("A1", piece, first), now()).unwrap();
    }
    for user in ["12", "0012"] {
        let assign =
            Cure::Assign { user: user.to_owned(), employee: user.to_owned(), create: true, from: None, to: None };
        corrected.hub.cure(&clerk(), &assign, now()).unwrap();
    }
    corrected.derive();
    let mut company = corrected.hub.company().unwrap();
    company.zone = Some("Asia/Manila".to_owned());
    corrected.hub.set_company(&clerk(), &company, now()).unwrap();
    corrected.register("A1", "Asia/Manila");
    assert_eq!(corrected.hub.punch_count().unwrap(), log().len() as u64);
    assert_eq!(corrected.files()[..2], right.files()[..2]);
}

#[test]
fn a_number_that_was_given_to_the_wrong_person_is_given_back() {
    let right = house();
    right.import(&log(), true);
    let mended = house();
    mended.import(&log(), true);
    mended.derive();
    let assign = |user: &str, employee: &str| Cure::Assign {
        user: user.to_owned(),
        employee: employee.to_owned(),
        create: true,
        from: None,
        to: None,
    };
    mended.hub.cure(&clerk(), &assign("12", "0012"), now()).unwrap();
    mended.derive();
    mended.hub.cure(&clerk(), &assign("12", "12"), now()).unwrap();
    assert_eq!(mended.files(), right.files());
}

#[test]
fn a_copy_that_differs_in_state_changes_nothing_and_is_kept() {
    let house = house();
    house.import(&["12\t2026-02-10 08:00:00\t1\t0\t1\t0".to_owned()], true);
    let copy = house.batch("A1", &["12\t2026-02-10 08:00:00\t1\t1\t15\t0"], 1);
    assert_eq!(house.hub.ingest(&copy, now()).unwrap().outcomes, [Outcome::Known]);
    let punches = house.hub.punches(&PunchFilter::default()).unwrap().rows;
    assert_eq!((punches.len(), punches[0].state), (1, Some(0)));
}

#[test]
fn an_employee_list_names_people_and_releases_what_waited_for_their_numbers() {
    let house = house();
    house.import(&log(), false);
    let list = b"code,name,numbers,from,to\n1001,Ann Reyes,12,2026-01-05,\n1002,Ben,0012,2026-01-05,2025-01-01\n1003,Cy,77,someday,\n";
    let done = house.hub.import_employees(&clerk(), list, false, now()).unwrap();
    assert_eq!((done.counts.stored, done.counts.refused), (1, 2));
    assert!(done.refusals[0].contains("line 3") && done.refusals[1].contains("`someday`"), "{:?}", done.refusals);
    assert!(done.released > 0);
    assert!(house.hub.held().unwrap().iter().all(|group| group.user == "0012"));
    assert!(house.files()[0].contains("1001,Ann Reyes,2026-01-05,absent"), "judged from the first day of employment");
}

#[test]
fn an_edge_whose_clock_is_wrong_does_not_hide_its_punches() {
    for skew_us in [3_600_000_000, -now().as_microsecond()] {
        let house = house();
        house.import(&["12\t2026-02-10 08:00:00\t1\t0\t1\t0".to_owned()], true);
        let mut batch = house.batch("A1", &["12\t2026-02-10 18:00:00\t1\t1\t1\t0"], 1);
        batch.items[0].received_us += skew_us;
        assert_eq!(house.hub.ingest(&batch, now()).unwrap().outcomes, [Outcome::Stored]);
        assert!(house.files()[0].contains("2026-02-10,present"), "clock off by {skew_us} us");
    }
}

#[test]
fn a_stated_number_that_nobody_has_waits_for_its_employee() {
    let house = house();
    house.import(&["??? half a li".to_owned()], true);
    let key = held_key(&house);
    let state = |user: Option<&str>, printed: Option<&str>| Cure::State {
        fingerprint: key,
        user: user.map(str::to_owned),
        printed: printed.map(str::to_owned),
    };
    house.hub.cure(&clerk(), &state(None, Some("2026-02-10 08:00:00")), now()).unwrap();
    house.hub.cure(&clerk(), &state(Some("99"), None), now()).unwrap();
    let group = &house.hub.held().unwrap()[0];
    assert_eq!((group.reason, group.user.as_str()), (HeldReason::UnknownUser, "99"), "the stated time was kept");
    assert_eq!(house.hub.held_punches(HeldReason::UnknownUser, "A1", "99", 0).unwrap().len(), 1);
    let assign = Cure::Assign { user: "99".to_owned(), employee: "99".to_owned(), create: true, from: None, to: None };
    assert_eq!(house.hub.cure(&clerk(), &assign, now()).unwrap().released, 1);
    assert!(house.hub.held().unwrap().is_empty());
}

#[test]
fn a_number_changes_hands_on_a_date_and_the_past_stays_with_its_owner() {
    let house = house();
    house.import(&log(), true);
    let second = "2026-02-16".parse().unwrap();
    let assign =
        Cure::Assign { user: "12".to_owned(), employee: "1005".to_owned(), create: true, from: Some(second), to: None };
    let cured = house.hub.cure(&clerk(), &assign, now()).unwrap();
    assert_eq!((cured.released, cured.still_held), (0, 0), "nothing was held");
    let of = |employee: &str| {
        let filter = PunchFilter { employee: Some(employee.to_owned()), ..PunchFilter::default() };
        house.hub.punches(&filter).unwrap().rows
    };
    assert!(of("12").iter().all(|punch| punch.printed.as_str() < "2026-02-16"));
    assert!(!of("1005").is_empty() && of("1005").iter().all(|punch| punch.printed.as_str() >= "2026-02-16"));
}

#[test]
fn importing_again_with_leave_to_make_employees_cures_what_was_held() {
    let straight = house();
    straight.import(&log(), true);
    let again = house();
    again.import(&log(), false);
    assert_eq!(again.import(&log(), true).known, log().len() as u64);
    assert!(again.hub.held().unwrap().is_empty());
    assert_eq!(again.files(), straight.files());
}

#[test]
fn a_replay_that_a_kill_interrupted_is_resumed() {
    let house = house();
    house.register("A1", "Asia/Manila");
    let approved = house.store.read(|read| read.terminal("A1")).unwrap().unwrap();
    // The kill came after the approval and before its replay.
    let waiting = store::terminals::Terminal { serial: "NEW1".to_owned(), is_approved: false, ..approved.clone() };
    house.store.write(|write| write.put_terminal(&waiting)).unwrap();
    house.hub.ingest(&house.batch("NEW1", &["12\t2026-02-10 08:00:00\t1\t0\t1\t0"], 1), now()).unwrap();
    assert_eq!(house.hub.held().unwrap()[0].reason, HeldReason::UnapprovedTerminal);
    let approve = store::terminals::Terminal { serial: "NEW1".to_owned(), ..approved };
    let interrupted = |write: &store::Write<'_>| {
        write.put_terminal(&approve)?;
        write.add_replay("held-of-terminal", "NEW1")
    };
    house.store.write(interrupted).unwrap();
    house.derive();
    assert_eq!(house.hub.held().unwrap()[0].reason, HeldReason::UnknownUser, "the replay went on to the next question");
}

#[test]
fn a_replay_that_is_noted_again_while_it_runs_runs_again() {
    let house = house();
    house.register("A1", "Asia/Manila");
    let approved = house.store.read(|read| read.terminal("A1")).unwrap().unwrap();
    let waiting = store::terminals::Terminal { serial: "NEW1".to_owned(), is_approved: false, ..approved.clone() };
    let first = |write: &store::Write<'_>| {
        write.put_terminal(&waiting)?;
        write.add_replay("held-of-terminal", "NEW1")
    };
    house.store.write(first).unwrap();
    // Another hub has read what is noted, and found nothing that is held.
    let done = house.store.read(|read| read.replays()).unwrap().remove(0);
    // Before it forgets that, a punch is held, and what releases it is noted under the same name.
    house.hub.ingest(&house.batch("NEW1", &["12\t2026-02-10 08:00:00\t1\t0\t1\t0"], 1), now()).unwrap();
    let approve = store::terminals::Terminal { serial: "NEW1".to_owned(), ..approved };
    let again = |write: &store::Write<'_>| {
        write.put_terminal(&approve)?;
        write.add_replay("held-of-terminal", "NEW1")
    };
    house.store.write(again).unwrap();
    assert!(!house.store.write(|write| write.drop_replay(&done)).unwrap());
    house.derive();
    assert_eq!(house.hub.held().unwrap()[0].reason, HeldReason::UnknownUser, "the second replay went on");
    assert!(house.store.read(|read| read.replays()).unwrap().is_empty());
}

#[test]
fn a_pulse_is_a_turn_of_the_writer_that_changes_nothing() {
    let house = house();
    let before = house.hub.data_version().unwrap();
    house.hub.pulse().unwrap();
    if house.is_alone() {
        assert_eq!(house.hub.data_version().unwrap(), before, "nothing is to be derived for it");
    }
}
