//! Retention: what is over its time goes, what is needed stays, the chain holds, and no punch is there twice.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use attendance::punch::{Channel, Fingerprint, RawPunch, attlog};
use house::{House, clerk, house, log, now};
use hub::jobs::{Ended, JobFilter, Works};
use hub::retention::{CleanUp, Keeps};
use hub::view::{DayFilter, PunchFilter};
use hub::{Cure, Locking};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use store::closeouts::StoredCloseout;
use store::commands::Command;
use store::plans::StoredPlan;
use store::punches::NewPunch;

const SEED: [u8; 32] = [3; 32];

fn works() -> Works {
    Works::default().with(CleanUp::by(three_years()))
}

fn three_years() -> Keeps {
    // Imported files have a story of their own.
    Keeps { punches: "1095".parse().unwrap(), envelopes: hub::retention::KeepDays::EVER, ..Keeps::default() }
}

/// Three years and some days after January: January is over its time, February is not.
fn later() -> Timestamp {
    "2029-02-05T02:00:00+08:00".parse().unwrap()
}

/// Asks for a clean-up and does it; its outcome.
fn clean_up(house: &House, at: Timestamp) -> String {
    let id = house.hub.ask_for_job(&clerk(), "clean-up", at).unwrap();
    for job in house.hub.claim_jobs(&works(), "one", 9, at).unwrap() {
        assert_eq!(house.hub.perform(&works(), &job, || at, 1.0, &AtomicBool::new(false)).unwrap(), Ended::Done);
    }
    house.hub.job(id).unwrap().outcome
}

fn lock(house: &House, first: Date, last: Date) {
    house.derive();
    assert_eq!(house.hub.lock(&clerk(), (first, last), Some("in time"), now()).unwrap(), Locking::Locked);
}

fn days(house: &House) -> Vec<String> {
    let rows = house.hub.days(&DayFilter::default()).unwrap().rows;
    rows.iter().map(|row| format!("{} {:?}", row.code, row.record)).collect()
}

/// The first row of what would go, in words: how many punches, and what there is to say.
fn told(house: &House, at: Timestamp) -> (u64, String) {
    let row = house.hub.retention(&three_years(), at).unwrap().remove(0);
    assert_eq!((row.keeps.as_str(), row.setting), ("1095 days", Some("retention.punch_days")));
    (row.goes, row.says)
}

fn january() -> Vec<String> {
    log().iter().map(|line| line.replace("2026-02", "2026-01")).collect()
}

/// January and February, sealed.
fn two_months() -> House {
    let house = house();
    house.import(&[january(), log()].concat(), true);
    house.hub.seal(now(), &SEED).unwrap();
    house
}

fn erased_months(house: &House) -> usize {
    house.hub.audit(1000).unwrap().iter().filter(|entry| entry.action == "month.erase").count()
}

/// The chain holds; how many rows were erased.
fn erased(house: &House) -> u64 {
    house.hub.seal(now(), &SEED).unwrap();
    let found = house.hub.verify(&[1; 32], None, |_, _| {}).unwrap();
    assert_eq!((found.fault, found.verified.waiting), (None, 0));
    found.verified.erased
}

#[test]
fn the_clean_up_erases_closed_months_over_their_time_on_record_and_their_days_stay() {
    let house = two_months();
    let (count, all) = (january().len() as u64, house.hub.punch_count().unwrap());
    lock(&house, date(2026, 1, 1), date(2026, 1, 31));
    assert_eq!(told(&house, now()), (0, String::new()), "three years are not over");
    assert_eq!(told(&house, later()), (0, "2026-01 stays: 2025-12-31 is not locked".to_owned()));
    lock(&house, date(2025, 12, 31), date(2025, 12, 31));
    assert_eq!(told(&house, later()), (0, "2026-01 stays: 2026-02-01 is not locked".to_owned()));
    assert_eq!(clean_up(&house, later()), format!("nothing to remove; 0 twins among {all} punches"));
    lock(&house, date(2026, 2, 1), date(2026, 2, 14));
    assert_eq!(told(&house, later()), (count, "2026-01 goes".to_owned()));
    assert_eq!(house.hub.punch_count().unwrap(), all, "to look changes nothing");

    // What nobody has read yet is not thrown away.
    house.import(&["777\t2026-01-15 08:00:00\t1\t0\t1\t0".to_owned()], false);
    assert_eq!(told(&house, later()), (0, "2026-01 stays: 1 punches of it are held; cure or dismiss them".to_owned()));
    let punch = house.hub.punches(&PunchFilter { user: Some("777".into()), ..PunchFilter::default() }).unwrap();
    let dismiss = Cure::Dismiss { fingerprint: punch.rows[0].fingerprint, reason: "a test".to_owned() };
    house.hub.cure(&clerk(), &dismiss, now()).unwrap();
    house.hub.seal(now(), &SEED).unwrap();

    let before = days(&house);
    assert_eq!(told(&house, later()), (count + 1, "2026-01 goes".to_owned()));
    // With what was stated about the dismissed one.
    let outcome = clean_up(&house, later());
    assert_eq!(outcome, format!("removed {} of month 2026-01; 0 twins among {} punches", count + 2, all - count));
    assert_eq!((erased(&house), house.hub.punch_count().unwrap()), (count + 2, all - count));
    house.hub.mark_scope(&hub::Scope::default(), now()).unwrap();
    house.derive();
    assert_eq!(days(&house), before, "nobody was absent in January because the punches are gone");
    assert_eq!(house.hub.all_deltas((date(2025, 12, 1), date(2026, 12, 31))).unwrap(), []);
    assert_eq!(told(&house, later()), (0, String::new()));
    assert!(clean_up(&house, later()).starts_with("nothing to remove; 0 twins among"));
    let entry = house.hub.audit(50).unwrap().into_iter().find(|entry| entry.action == "month.erase").unwrap();
    assert_eq!((entry.actor.as_str(), entry.object.as_str()), ("retention", "month 2026-01"));
}

#[test]
fn a_month_that_is_unlocked_while_another_one_goes_stays() {
    let house = house();
    let december: Vec<String> = log().iter().map(|line| line.replace("2026-02", "2025-12")).collect();
    house.import(&[december, january(), log()].concat(), true);
    house.hub.seal(now(), &SEED).unwrap();
    lock(&house, date(2025, 11, 30), date(2025, 12, 31));
    lock(&house, date(2026, 1, 1), date(2026, 2, 14));
    assert_eq!(told(&house, later()).1, "2025-12 goes; 2026-01 goes");
    house.hub.ask_for_job(&clerk(), "clean-up", later()).unwrap();
    let job = house.hub.claim_jobs(&works(), "one", 9, later()).unwrap().remove(0);
    // The clock is asked at each step: by then the first month has begun to go.
    let clock = || {
        if erased_months(&house) == 1 {
            let unlocked = house.hub.unlock(&clerk(), (date(2026, 1, 1), date(2026, 2, 14)), "a mistake", now());
            unlocked.unwrap_or_else(|error| assert!(error.to_string().contains("no locked period"), "{error}"));
        }
        later()
    };
    house.hub.perform(&works(), &job, clock, 1.0, &AtomicBool::new(false)).unwrap();
    assert_eq!(erased_months(&house), 1);
    assert_eq!(told(&house, later()).1, "2026-01 stays: 2026-01-01 is not locked");
    let punches = house.hub.punches(&PunchFilter::default()).unwrap().rows;
    assert_eq!(punches.len(), january().len() + log().len());
}

#[test]
fn a_clean_up_that_was_broken_off_anywhere_is_finished_by_the_next_attempt() {
    for broken_off_at in 0..14 {
        let house = two_months();
        lock(&house, date(2025, 12, 31), date(2026, 2, 14));
        put_old(&house);
        let (works, is_over, looks) = (works(), AtomicBool::new(false), Cell::new(0));
        let id = house.hub.ask_for_job(&clerk(), "clean-up", later()).unwrap();
        let first = house.hub.claim_jobs(&works, "one", 9, later()).unwrap().remove(0);
        let looks = std::sync::Mutex::new(looks);
        let clock = || {
            let looks = looks.lock().unwrap();
            looks.set(looks.get() + 1);
            is_over.store(looks.get() > broken_off_at, Ordering::Relaxed);
            later()
        };
        match house.hub.perform(&works, &first, clock, 0.0, &is_over).unwrap() {
            Ended::Failed(why, due) => {
                assert_eq!(why, "the clean-up was broken off; the next attempt goes on where it stopped");
                let again = house.hub.claim_jobs(&works, "two", 9, due).unwrap().remove(0);
                let ended = house.hub.perform(&works, &again, later, 0.0, &AtomicBool::new(false)).unwrap();
                assert_eq!(ended, Ended::Done);
                // Whoever was thought dead comes back, and changes nothing.
                let late = house.hub.perform(&works, &first, later, 0.0, &AtomicBool::new(false)).unwrap();
                assert_eq!(late, Ended::TakenOver);
            }
            ended => assert_eq!(ended, Ended::Done, "{broken_off_at}"),
        }
        assert!(house.hub.job(id).unwrap().outcome.contains("0 twins among"));
        assert_eq!((erased(&house), left(&house)), (january().len() as u64, KEPT), "{broken_off_at}");
    }
}

/// Two each of commands, readings of terminals and how they ended, plans, sessions and codes: one is over its time, one is needed.
fn put_old(house: &House) {
    let (old_us, new_us) = (now().as_microsecond(), later().as_microsecond());
    let command = |expires_us| Command {
        id: 0,
        serial: "A1".to_owned(),
        command: "{}".to_owned(),
        asked_by: "clerk".to_owned(),
        asked_us: old_us,
        expires_us,
        state: "done".to_owned(),
        sent_times: 1,
        result_code: Some(0),
        result_text: String::new(),
        changed_us: old_us,
    };
    let closeout = |day, missing| StoredCloseout {
        serial: "A1".to_owned(),
        date: date(2026, 2, day),
        set: link::Closeout::default(),
        nameless: 0,
        in_spool: None,
        read_us: old_us,
        proven: None,
        missing,
        missing_list: String::new(),
    };
    let poll = |began_us| store::polls::Poll {
        serial: "A1".to_owned(),
        told_us: began_us,
        began_us,
        took_ms: 1,
        outcome: "whole".to_owned(),
        says: String::new(),
        records: None,
        new_punches: None,
        edge: None,
    };
    let plan = |date| StoredPlan { date, plan: "{}".to_owned(), generated_us: old_us };
    let ann = hub::Account {
        name: "ann".to_owned(),
        password_hash: String::new(),
        role: "admin".to_owned(),
        is_disabled: false,
        created_us: old_us,
    };
    let put = house.store.write(|write| {
        write.add_account(&ann)?;
        write.add_command(&command(old_us))?;
        write.add_command(&command(new_us))?;
        write.put_closeout(&closeout(2, 0))?;
        write.put_closeout(&closeout(3, 1))?;
        write.add_poll(&poll(old_us), 100)?;
        write.add_poll(&poll(new_us), 100)?;
        write.put_plan(1, &plan(date(2027, 12, 31)))?;
        write.put_plan(1, &plan(date(2028, 6, 1)))?;
        write.add_session(&[1; 32], "ann", old_us, old_us + 1)?;
        write.add_session(&[2; 32], "ann", old_us, new_us + 1)?;
        write.invite("cebu", &[1; 32], old_us, old_us + 1)?;
        write.invite("davao", &[2; 32], old_us, new_us + 1)
    });
    put.unwrap();
}

/// Commands, readings, ends of readings, plans, sessions and codes that are left.
const KEPT: [usize; 6] = [1; 6];

fn left(house: &House) -> [usize; 6] {
    let (all, all_dates) = (u32::MAX, (date(2026, 1, 1), date(2030, 1, 1)));
    let new_us = later().as_microsecond();
    let left = house.store.read(|read| {
        let (commands, readings) = (read.commands(None, all)?, read.closeouts(all_dates.0, all_dates.1)?);
        let sessions = [1, 2].map(|byte| read.session(&[byte; 32], 0));
        let codes = ["cebu", "davao"].map(|edge| read.has_invitation(edge));
        // What is needed is among them.
        assert!(commands.iter().any(|command| command.expires_us == new_us));
        assert!(readings.iter().any(|row| row.missing == 1));
        assert!(matches!((&sessions[1], &codes[1]), (Ok(Some(_)), Ok(true))));
        Ok::<_, store::Error>([
            commands.len(),
            readings.len(),
            read.list_polls(None, Default::default(), 0, all)?.0.len(),
            read.plans_of(1, all_dates.0, all_dates.1)?.len(),
            sessions.into_iter().filter(|session| matches!(session, Ok(Some(_)))).count(),
            codes.into_iter().filter(|code| matches!(code, Ok(true))).count(),
        ])
    });
    left.unwrap()
}

#[test]
fn what_is_over_its_time_goes_and_what_is_still_needed_stays() {
    let house = house();
    put_old(&house);
    let rows = house.hub.retention(&three_years(), later()).unwrap();
    let would_go: Vec<(&str, u64)> =
        rows.iter().map(|row| (row.what, row.goes)).filter(|(_, goes)| *goes > 0).collect();
    assert_eq!(would_go.len(), 6, "{would_go:?}");
    assert_eq!(left(&house), [2; 6], "to look changes nothing");
    let outcome = clean_up(&house, later());
    assert_eq!(
        outcome,
        "removed 1 commands, 1 days of terminals, 1 readings, 1 plans, 1 sessions, 1 codes; 0 twins among 0 punches"
    );
    assert_eq!(left(&house), KEPT);
    assert!(house.hub.retention(&three_years(), later()).unwrap().iter().all(|row| row.goes == 0));
    // Kept for ever, by the word of the company.
    let ever = Keeps { commands: hub::retention::KeepDays::EVER, ..three_years() };
    let in_a_century = later().checked_add((36_500 * 24).hours()).unwrap();
    assert_eq!(
        house
            .hub
            .retention(&ever, in_a_century)
            .unwrap()
            .iter()
            .find(|row| row.what.starts_with("commands"))
            .unwrap()
            .goes,
        0
    );
    let jobs = house.hub.jobs(&JobFilter::default()).unwrap().rows;
    assert!(jobs.iter().all(|job| job.attempts == 1), "{jobs:?}");
}

/// Writes a row under a key of its own, as somebody would who goes past this program.
fn plant(house: &House, said: &RawPunch, key: Fingerprint) {
    let row = NewPunch { fingerprint: key, said, channel: Channel::File, received_us: now().as_microsecond() };
    house.store.write(|write| write.insert_punches(&[row])).unwrap();
}

#[test]
fn two_rows_that_are_the_same_punch_are_told_with_their_keys() {
    let house = house();
    house.import(&log(), true);
    let count = log().len() as u64;
    assert_eq!(house.hub.census().unwrap(), None);
    assert_eq!(clean_up(&house, now()), format!("nothing to remove; 0 twins among {count} punches"));
    let census = house.hub.census().unwrap().unwrap();
    assert!(census.is_good() && census.punches == count && census.at == now(), "{census:?}");

    let said: RawPunch = attlog::punches("A1", log()[5].as_bytes()).next().unwrap();
    let own = said.fingerprint();
    let mut twin = own;
    twin.0[15] ^= 1;
    plant(&house, &said, twin);
    let another = RawPunch { user: "4711".to_owned(), ..said.clone() };
    let mut astray = another.fingerprint();
    astray.0[15] ^= 1;
    plant(&house, &another, astray);
    let outcome = clean_up(&house, now().checked_add(1.hours()).unwrap());
    let all = count + 2;
    assert_eq!(
        outcome,
        format!("nothing to remove; 1 TWINS among {all} punches, 1 under a key that is not theirs, 2 not counted once")
    );
    let census = house.hub.census().unwrap().unwrap();
    let told = |fault: &str| census.faults.iter().any(|told| told == fault);
    let (user, time) = (&said.user, &said.time);
    assert!(told(&format!("punches {twin} and {own} are twins: user {user} at A1, {time}")), "{census:?}");
    assert!(told(&format!("punch {twin} counts 0 times, and not once")), "{census:?}");
    let (own, time) = (another.fingerprint(), &another.time);
    let expected = format!("punch {astray} stands under a key that is not its own, {own}: user 4711 at A1, {time}");
    assert!(told(&expected), "{census:?}");
}
