//! Is everything here that terminals hold? Closeouts, their states over time, and what waits for them.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use attendance::punch::{RawPunch, attlog};
use house::{House, clerk, house};
use hub::view::{CloseoutFilter, CloseoutRow, DayFilter};
use hub::{CloseoutState, NewTerminal, Standing};
use jiff::Timestamp;
use link::closeout::Closeouts;
use link::{Contact, Doubt, Heartbeat, Reading, Via};

/// An instant of March 2026 in Manila, day and time: `02T09:00`.
fn at(text: &str) -> Timestamp {
    format!("2026-03-{text}:00+08:00").parse().unwrap()
}

fn line(user: &str, time: &str) -> String {
    format!("{user}\t2026-03-{time}:00\t1\t0\t1\t0")
}

/// Monday and Tuesday of two people.
fn two_days() -> Vec<String> {
    ["02 08:00", "02 18:00", "03 08:00", "03 18:00"]
        .iter()
        .flat_map(|time| [line("12", time), line("7", time)])
        .collect()
}

fn said(lines: &[String]) -> Vec<RawPunch> {
    lines.iter().flat_map(|line| attlog::punches("A1", line.as_bytes())).collect()
}

/// A company with one polled terminal and its people.
fn polled() -> House {
    let house = house();
    let new = NewTerminal {
        serial: "A1".into(),
        name: Some("Door".into()),
        zone: Some("Asia/Manila".into()),
        address: Some("10.0.0.9".into()),
        via: Some(Via::Poll),
        ..NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &new, at("01T09:00")).unwrap();
    let people = b"code,numbers,from\n12,12,2026-03-02\n7,7,2026-03-02\n";
    house.hub.import_employees(&clerk(), people, false, at("01T09:00")).unwrap();
    house
}

trait Edge {
    fn send(&self, lines: &[String], now: Timestamp);
    /// The terminal's log is these lines, read at `now`; the doubted dates are listed.
    fn read(&self, lines: &[String], listed: &[&str], now: Timestamp) -> Vec<(String, bool)>;
    fn day(&self, date: &str, now: Timestamp) -> CloseoutRow;
    fn state(&self, date: &str, now: Timestamp) -> CloseoutState;
    fn status(&self, code: &str, date: &str, now: Timestamp) -> String;
}

impl Edge for House {
    fn send(&self, lines: &[String], now: Timestamp) {
        let held = self.store.read(|read| read.edge_high_seq("branch", "")).unwrap();
        let mut batch = self.batch("A1", &lines.iter().map(String::as_str).collect::<Vec<_>>(), held + 1);
        for item in &mut batch.items {
            item.received_us = now.as_microsecond();
        }
        self.hub.ingest(&batch, now).unwrap();
    }

    fn read(&self, lines: &[String], listed: &[&str], now: Timestamp) -> Vec<(String, bool)> {
        let punches = said(lines);
        let mut closeouts = Closeouts::default();
        for said in &punches {
            closeouts.add(said);
        }
        let now_us = now.as_microsecond();
        // The edge's clock is a day behind, which does not matter.
        let mut reading = Reading::of("A1", now_us - 86_400_000_000, closeouts);
        for day in reading.days.iter_mut().filter(|day| listed.contains(&day.date.to_string().as_str())) {
            let of_day = punches.iter().filter(|said| said.time.civil().unwrap().date() == day.date);
            day.listed = Some(of_day.map(|said| (said.user.clone(), said.time.seconds().unwrap())).collect());
        }
        let contact = Contact { serial: "A1".into(), last_contact_us: Some(now_us), ..Contact::default() };
        let beat = Heartbeat {
            edge: "branch".into(),
            now_us: now_us - 86_400_000_000,
            terminals: vec![contact],
            readings: vec![reading],
            ..Heartbeat::default()
        };
        let doubts: Vec<Doubt> = self.hub.heartbeat(&beat, now).unwrap().doubts;
        doubts.into_iter().map(|doubt| (doubt.date.to_string(), doubt.send_again)).collect()
    }

    fn day(&self, date: &str, now: Timestamp) -> CloseoutRow {
        let date = date.parse().unwrap();
        let filter = CloseoutFilter { from: Some(date), to: Some(date), ..CloseoutFilter::default() };
        self.hub.closeouts(&filter, now).unwrap().pop().unwrap()
    }

    fn state(&self, date: &str, now: Timestamp) -> CloseoutState {
        self.day(date, now).standing.state()
    }

    fn status(&self, code: &str, date: &str, now: Timestamp) -> String {
        self.hub.mark_due(now).unwrap();
        self.hub.derive_all(now, |_| {}).unwrap();
        let date = Some(date.parse().unwrap());
        let filter = DayFilter { from: date, to: date, employee: Some(code.into()), ..DayFilter::default() };
        self.hub.days(&filter).unwrap().rows.pop().map_or_else(String::new, |row| row.record.status.to_string())
    }
}

const MONDAY: &str = "2026-03-02";
const TUESDAY: &str = "2026-03-03";

#[test]
fn a_day_is_closed_by_a_reading_after_its_end_and_late_punches_open_it_again() {
    let house = polled();
    house.send(&two_days()[..4], at("02T18:01"));
    assert!(house.read(&two_days()[..4], &[], at("02T18:05")).is_empty());
    assert_eq!(house.day(MONDAY, at("02T18:10")).standing, Standing::NotOver);
    assert_eq!(house.day(MONDAY, at("03T00:10")).standing, Standing::Silent, "not heard for six hours");
    assert!(house.read(&two_days()[..4], &[], at("03T00:15")).is_empty());
    let closed = house.day(MONDAY, at("03T00:20"));
    assert_eq!((closed.standing, closed.at_hub.punches), (Standing::Complete, 4));
    assert_eq!(closed.on_terminal, Some(closed.at_hub), "the same set on both sides");

    // Somebody's punch of Monday comes by push on Tuesday.
    let late = [&two_days()[..4], &[line("12", "02 12:00")]].concat();
    house.send(&late[4..], at("03T09:00"));
    assert_eq!(house.day(MONDAY, at("03T09:01")).standing, Standing::CameLater);
    assert!(house.read(&late, &[], at("03T09:15")).is_empty());
    assert_eq!(house.state(MONDAY, at("03T09:16")), CloseoutState::Closed);
}

#[test]
fn a_reading_whose_age_nobody_knows_closes_nothing() {
    let house = polled();
    house.send(&two_days()[..4], at("02T18:01"));
    let mut closeouts = Closeouts::default();
    for said in said(&two_days()[..4]) {
        closeouts.add(&said);
    }
    // It was read on Monday evening; then somebody set the clock of an older edge back by a day.
    let reading = Reading::of("A1", at("02T18:05").as_microsecond(), closeouts);
    let now_us = at("02T00:15").as_microsecond();
    let beat = Heartbeat { edge: "branch".into(), now_us, readings: vec![reading], ..Heartbeat::default() };
    assert!(house.hub.heartbeat(&beat, at("03T00:15")).unwrap().doubts.is_empty());
    assert_ne!(house.state(MONDAY, at("03T00:16")), CloseoutState::Closed);
    house.read(&two_days()[..4], &[], at("03T00:30"));
    assert_eq!(house.state(MONDAY, at("03T00:31")), CloseoutState::Closed, "the next one will do");
}

#[test]
fn a_gap_is_named_filled_and_told() {
    let house = polled();
    let log = two_days();
    house.send(&log[1..], at("03T18:01"));
    assert_eq!(house.read(&log, &[], at("04T00:10")), [(MONDAY.to_owned(), false)], "which one is not known");
    let broken = house.day(MONDAY, at("04T00:11"));
    assert_eq!((broken.standing, broken.missing.len()), (Standing::Missing(1), 0));
    assert_eq!(house.state(TUESDAY, at("04T00:11")), CloseoutState::Closed, "other days are as they are");

    assert_eq!(house.read(&log, &[MONDAY], at("04T00:12")), [(MONDAY.to_owned(), true)]);
    assert_eq!(house.day(MONDAY, at("04T00:12")).missing_in_words(), ["12 at 2026-03-02 08:00:00"]);

    house.send(&log[..4], at("04T00:13"));
    assert!(house.read(&log, &[MONDAY], at("04T00:14")).is_empty());
    assert_eq!(house.state(MONDAY, at("04T00:14")), CloseoutState::Closed);
    let audit: Vec<String> =
        house.hub.audit(3).unwrap().into_iter().map(|entry| format!("{} {}", entry.action, entry.detail)).collect();
    assert_eq!(
        audit,
        [
            "terminal.gap_filled 2026-03-02: all punches are here",
            "terminal.gap 2026-03-02: 1 punches are missing: 12 at 2026-03-02 08:00:00",
            "terminal.gap 2026-03-02: 1 punches are missing: not known yet which",
        ]
    );
}

#[test]
fn as_many_punches_as_here_may_still_be_others() {
    let house = polled();
    let log = two_days();
    // The hub has one that the terminal has dropped, and lacks one that it has.
    let here = [&log[1..4], &[line("12", "02 12:00")]].concat();
    house.send(&here, at("02T18:01"));
    assert_eq!(house.read(&log[..4], &[], at("03T00:10")), [(MONDAY.to_owned(), false)]);
    assert_eq!(house.day(MONDAY, at("03T00:11")).standing, Standing::CameLater, "it can't be told");
    assert_eq!(house.read(&log[..4], &[MONDAY], at("03T00:12")), [(MONDAY.to_owned(), true)]);
    assert_eq!(house.day(MONDAY, at("03T00:12")).missing_in_words(), ["12 at 2026-03-02 08:00:00"]);
    house.send(&log[..1], at("03T00:13"));
    assert!(house.read(&log[..4], &[MONDAY], at("03T00:14")).is_empty(), "all that it has is here");
    assert_eq!(house.state(MONDAY, at("03T00:14")), CloseoutState::Closed);
}

#[test]
fn a_log_that_was_erased_takes_no_proof_back() {
    let house = polled();
    let log = two_days();
    house.send(&log, at("03T18:01"));
    house.read(&log, &[], at("04T00:10"));
    let after = [line("12", "04 08:00")];
    house.send(&after, at("04T08:01"));
    assert!(house.read(&after, &[], at("05T00:10")).is_empty());
    for date in [MONDAY, TUESDAY, "2026-03-04"] {
        assert_eq!(house.state(date, at("05T00:11")), CloseoutState::Closed, "{date}");
    }
    assert_eq!(house.day(MONDAY, at("05T00:11")).on_terminal.unwrap().punches, 4, "what it once held");
}

#[test]
fn a_terminal_that_only_pushes_or_is_gone_is_told_apart() {
    let house = polled();
    house.register("P1", "Asia/Manila");
    let contact = |at: Timestamp| Contact {
        serial: "P1".into(),
        last_contact_us: Some(at.as_microsecond()),
        ..Contact::default()
    };
    let beat = |at: Timestamp| {
        let beat = Heartbeat { edge: "branch".into(), terminals: vec![contact(at)], ..Heartbeat::default() };
        house.hub.heartbeat(&beat, at).unwrap();
    };
    beat(at("05T08:55"));
    let of = |now: Timestamp| {
        let filter = CloseoutFilter {
            from: Some("2026-03-04".parse().unwrap()),
            to: Some("2026-03-04".parse().unwrap()),
            terminal: Some("P1".into()),
            ..CloseoutFilter::default()
        };
        house.hub.closeouts(&filter, now).unwrap().pop().map(|row| row.standing)
    };
    assert_eq!(of(at("05T09:00")), Some(Standing::OnlyPushes));
    assert_eq!(of(at("05T12:00")), Some(Standing::Silent));
    beat(at("05T12:00"));
    assert_eq!(of(at("05T12:01")), Some(Standing::OnlyPushes), "back again");
}

/// A terminal that only pushes was asked at `now` about the days of these lines and up to `last`.
fn count(house: &House, lines: &[String], last: &str, now: Timestamp) -> Vec<Doubt> {
    let mut closeouts = Closeouts::default();
    for said in said(lines) {
        closeouts.add(&said);
    }
    closeouts.days.entry(last.parse().unwrap()).or_default();
    let reading = Reading { only_days: true, ..Reading::of("A1", now.as_microsecond(), closeouts) };
    let now_us = now.as_microsecond();
    let contact = Contact { serial: "A1".into(), last_contact_us: Some(now_us), ..Contact::default() };
    let (terminals, readings) = (vec![contact], vec![reading]);
    let beat = Heartbeat { edge: "branch".into(), now_us, terminals, readings, ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now).unwrap().doubts
}

#[test]
fn days_of_a_terminal_that_only_pushes_are_closed_by_what_it_counts() {
    let house = polled();
    let only_pushes = NewTerminal { serial: "A1".into(), via: Some(Via::Push), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &only_pushes, at("01T10:00")).unwrap();
    let log = two_days();
    house.send(&log, at("03T18:01"));
    assert_eq!(house.day(MONDAY, at("03T18:30")).standing, Standing::OnlyPushes);
    assert_eq!(house.status("12", TUESDAY, at("04T07:00")), "present", "nothing is known, so nothing is waited for");

    assert!(count(&house, &log[..4], MONDAY, at("03T20:00")).is_empty());
    assert_eq!(house.state(MONDAY, at("03T20:00")), CloseoutState::Closed);
    assert_eq!(house.state(TUESDAY, at("04T00:30")), CloseoutState::Deferred, "it was not among the days");
    assert!(count(&house, &log, "2026-03-04", at("04T07:00")).is_empty());
    assert_eq!(house.state(TUESDAY, at("04T07:00")), CloseoutState::Closed);
    assert_eq!(house.state("2026-03-04", at("04T07:00")), CloseoutState::Open, "it is not over");

    // It counts a punch that it does not send.
    let short = [log.as_slice(), &[line("12", "04 08:00")]].concat();
    assert_eq!(count(&house, &short, "2026-03-04", at("05T00:10")).len(), 1);
    assert_eq!(house.day("2026-03-04", at("05T00:10")).standing, Standing::Missing(1));
}

#[test]
fn a_day_waits_for_a_terminal_that_counts_and_is_judged_as_soon_as_it_has() {
    let house = polled();
    let only_pushes = NewTerminal { serial: "A1".into(), via: Some(Via::Push), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &only_pushes, at("01T10:00")).unwrap();
    let log = two_days();
    house.send(&log, at("03T18:01"));
    count(&house, &log, TUESDAY, at("03T19:00"));
    assert_eq!(house.status("12", TUESDAY, at("04T07:00")), "deferred");
    count(&house, &log, "2026-03-04", at("04T07:01"));
    // Not in the next hour: what waited is marked by the reading itself.
    house.hub.derive_all(at("04T07:02"), |_| {}).unwrap();
    let date = Some(TUESDAY.parse().unwrap());
    let filter = DayFilter { from: date, to: date, employee: Some("12".into()), ..DayFilter::default() };
    assert_eq!(house.hub.days(&filter).unwrap().rows[0].record.status.to_string(), "present");
}

#[test]
fn nobody_is_absent_while_their_terminal_is_offline_but_not_for_ever() {
    let house = polled();
    let log = two_days();
    house.send(&log, at("03T18:01"));
    house.read(&log, &[], at("03T18:05"));
    // The line is cut on Tuesday night; Wednesday's punches are in the terminal.
    assert_eq!(
        house.status("12", MONDAY, at("04T07:00")),
        "present",
        "the reading of Tuesday is after Monday was settled"
    );
    assert_eq!(house.status("12", TUESDAY, at("04T07:00")), "deferred");
    assert_eq!(house.status("12", "2026-03-04", at("05T07:00")), "deferred", "not absent: nothing is known");
    assert_eq!(house.state("2026-03-04", at("05T07:00")), CloseoutState::Deferred);

    let back = [log.as_slice(), &[line("12", "04 08:00"), line("12", "04 18:00")]].concat();
    house.send(&back[8..], at("05T10:00"));
    house.read(&back, &[], at("05T10:01"));
    assert_eq!(house.status("12", TUESDAY, at("05T10:05")), "present");
    assert_eq!(house.status("12", "2026-03-04", at("05T10:05")), "present");
    assert_eq!(house.status("7", "2026-03-04", at("05T10:05")), "absent", "now it is known");

    // It never comes back: three days are waited.
    assert_eq!(house.status("12", "2026-03-05", at("08T05:00")), "deferred");
    assert_eq!(house.status("12", "2026-03-05", at("09T07:00")), "absent");
}

#[test]
fn a_company_may_choose_not_to_wait() {
    let house = polled();
    house.send(&two_days(), at("03T18:01"));
    house.read(&two_days(), &[], at("03T18:05"));
    let company = hub::Company { wait_for_terminals_days: 0, ..house.hub.company().unwrap() };
    house.hub.set_company(&clerk(), &company, at("04T06:00")).unwrap();
    assert_eq!(house.status("12", TUESDAY, at("04T07:00")), "present");
}

#[test]
fn a_gap_holds_the_days_of_those_who_use_the_terminal() {
    let house = polled();
    let log = two_days();
    house.send(&[&log[..4], &log[5..]].concat(), at("03T18:01"));
    assert!(!house.read(&log, &[], at("04T07:00")).is_empty());
    assert_eq!(
        house.status("12", MONDAY, at("04T07:05")),
        "deferred",
        "it settles on Tuesday, of which something is missing"
    );
    assert_eq!(house.status("12", TUESDAY, at("04T07:05")), "deferred");
    house.send(&log[4..5], at("04T07:06"));
    assert!(house.read(&log, &[TUESDAY], at("04T07:07")).is_empty());
    assert_eq!(house.status("12", TUESDAY, at("04T08:05")), "present");
}
