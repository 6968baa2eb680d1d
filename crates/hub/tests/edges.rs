//! Edges, watched from afar: silence told once, clocks, and times by a clock that is wrong.
#![allow(clippy::unwrap_used, missing_docs)]

mod house;

use std::error::Error;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use attendance::punch::{Channel, attlog};
use house::{House, clerk, house, now};
use hub::jobs::{Ended, Finished, Kind, NOTICE, Run, Work, Works};
use hub::view::PunchFilter;
use hub::{EdgeState, Hub, NewTerminal, SilenceChange};
use jiff::{Timestamp, ToSpan as _};
use link::{Batch, Clock, ClockSource, Contact, EdgeClock, Health, Heartbeat, Item, Outcome, Punch, What};

const AFTER: Duration = Duration::from_secs(600);
const SECOND_US: i64 = 1_000_000;

fn minutes(minutes: i64) -> Timestamp {
    now().checked_add(minutes.minutes()).unwrap()
}

/// A heartbeat at an instant from an edge whose clock is ahead by so many seconds.
fn beat(at: Timestamp, ahead_s: i64) -> Heartbeat {
    let clock = EdgeClock { is_right: true, is_synchronised: true, offset_us: Some(ahead_s * SECOND_US) };
    Heartbeat {
        edge: "cebu".into(),
        version: "0.1.0".into(),
        now_us: at.as_microsecond() + ahead_s * SECOND_US,
        health: Some(Health { clock: Some(clock), ..Health::default() }),
        ..Heartbeat::default()
    }
}

fn door() -> NewTerminal {
    NewTerminal { serial: "A1".into(), zone: Some("Asia/Manila".into()), ..NewTerminal::default() }
}

fn hear(house: &House, minute: i64) {
    house.hub.heartbeat(&beat(minutes(minute), 0), minutes(minute)).unwrap();
}

/// The events of a look, which are to be posted.
fn look(hub: &Hub, minute: i64) -> Vec<SilenceChange> {
    hub.watch_edges(minutes(minute), minutes(0), AFTER, true).unwrap()
}

/// Posts to a receiver that takes everything, or nothing.
struct Posts {
    is_taking: bool,
    taken: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Work for Posts {
    fn kind(&self) -> &'static Kind {
        &NOTICE
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn Error + Send + Sync>> {
        if !self.is_taking {
            return Err("the receiver is away".into());
        }
        self.taken.lock().unwrap().push(serde_json::from_str(run.body())?);
        Ok(run.done("posted")?)
    }
}

/// What is posted when a hub looks once: what each attempt came to, and the bodies that were taken.
fn post(hub: &Hub, at: Timestamp, is_taking: bool) -> (Vec<Ended>, Vec<serde_json::Value>) {
    let taken = Arc::<Mutex<Vec<_>>>::default();
    let works = Works::default().with(Posts { is_taking, taken: taken.clone() });
    let claimed = hub.claim_jobs(&works, "here", 10, at).unwrap();
    let perform = |job| hub.perform(&works, &job, || at, 1.0, &AtomicBool::new(false)).unwrap();
    let ended = claimed.into_iter().map(perform).collect();
    let taken = taken.lock().unwrap().clone();
    (ended, taken)
}

/// What is posted in a minute: the event of each.
fn posted(hub: &Hub, minute: i64) -> Vec<String> {
    post(hub, minutes(minute), true).1.iter().map(|body| body["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_silence_and_a_return_are_told_once_in_order_whatever_restarts() {
    let house = house();
    hear(&house, 0);
    assert!(look(&house.hub, 10).is_empty());
    let changes = look(&house.hub, 11);
    assert_eq!(changes, [SilenceChange { edge: "cebu".into(), is_silent: true, last_seen: minutes(0) }]);

    // Another process on the same data tells nothing again.
    let restarted = Hub::new(house.store.clone());
    assert!(restarted.watch_edges(minutes(30), minutes(12), AFTER, true).unwrap().is_empty());
    hear(&house, 31);
    let changes = look(&restarted, 31);
    assert_eq!(changes, [SilenceChange { edge: "cebu".into(), is_silent: false, last_seen: minutes(31) }]);
    assert!(look(&restarted, 32).is_empty());

    // Neither was posted yet: the silence goes first, and nobody else posts it meanwhile.
    let (_, taken) = post(&restarted, minutes(32), true);
    assert_eq!((taken.len(), &taken[0]["event"]), (1, &"edge.silent".into()));
    let body = &taken[0];
    assert_eq!((&body["edge"], &body["last_heard"]), (&"cebu".into(), &minutes(0).to_string().into()));
    assert!(body["text"].as_str().unwrap().contains("its line is up"), "{body}");
    assert_eq!(posted(&restarted, 32), ["edge.back"]);
    assert!(posted(&restarted, 1000).is_empty());
}

#[test]
fn a_post_that_fails_comes_again_later_each_time() {
    let house = house();
    hear(&house, 0);
    look(&house.hub, 11);
    let mut waits = Vec::new();
    let mut at = minutes(11);
    for _ in 0..9 {
        let (ended, _) = post(&house.hub, at, false);
        let [Ended::Failed(why, due)] = ended.as_slice() else { panic!("{ended:?}") };
        assert_eq!(why, "the receiver is away");
        let soon = due.checked_sub(1.second()).unwrap();
        assert!(post(&house.hub, soon, true).0.is_empty(), "not before its time");
        waits.push(due.duration_since(at).as_secs());
        at = *due;
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
    // Whoever takes the webhook away is told nothing any more, and nothing of old when it comes back.
    house.hub.watch_edges(at, minutes(0), AFTER, false).unwrap();
    assert!(post(&house.hub, at, true).0.is_empty());
}

#[test]
fn an_edge_that_is_forgotten_is_told_of_no_more() {
    let house = house();
    hear(&house, 0);
    look(&house.hub, 11);
    house.hub.edge_forget(&clerk(), "cebu", minutes(12)).unwrap();
    assert!(posted(&house.hub, 13).is_empty());
}

#[test]
fn a_hub_that_was_away_itself_calls_nobody_silent_before_it_has_listened() {
    let house = house();
    hear(&house, 0);
    let look = |minute, since| house.hub.watch_edges(minutes(minute), minutes(since), AFTER, true).unwrap();
    assert!(look(600, 595).is_empty());
    hear(&house, 601);
    assert!(look(606, 595).is_empty());
    assert!(look(612, 595)[0].is_silent);
}

#[test]
fn each_edge_has_a_state_and_what_is_to_be_done() {
    let house = house();
    let of = |minute| house.hub.edges(minutes(minute), AFTER).unwrap().remove(0);
    hear(&house, 0);
    assert_eq!((of(9).state, of(9).says.as_str()), (EdgeState::InOrder, ""));
    assert_eq!(of(11).state, EdgeState::Silent);
    let mut told = beat(minutes(1), 0);
    let health = told.health.get_or_insert_default();
    health.silent_terminals = vec!["A1".into()];
    health.refuses = Some("the disk is full".into());
    house.hub.heartbeat(&told, minutes(1)).unwrap();
    let row = of(2);
    assert_eq!(row.state, EdgeState::Trouble);
    assert!(row.says.contains("it takes nothing more: the disk is full; a terminal there is silent"), "{}", row.says);
    assert_eq!(row.last_seen, minutes(1), "that is news, and written down at once");
    // An edge of the version before tells nothing of itself.
    let older = Heartbeat { health: None, ..beat(minutes(3), 0) };
    house.hub.heartbeat(&older, minutes(3)).unwrap();
    assert_eq!((of(3).health, of(3).clock.is_believed, of(3).state), (None, None, EdgeState::InOrder));
}

#[test]
fn a_clock_that_drifts_is_told_from_one_that_was_moved_or_reset() {
    let house = house();
    let hear = |minute: i64, ahead_s: i64| {
        house.hub.heartbeat(&beat(minutes(minute), ahead_s), minutes(minute)).unwrap();
        house.hub.edges(minutes(minute), AFTER).unwrap().remove(0).clock
    };
    assert_eq!(hear(0, 0).drift_us_per_day, None);
    assert_eq!(hear(300, 1).drift_us_per_day, None, "five hours show little");
    let half_a_day = hear(720, 2);
    assert_eq!((half_a_day.drift_us_per_day, half_a_day.jump), (Some(4 * SECOND_US), None));
    let moved = hear(721, 3602);
    assert_eq!(moved.jump, Some((minutes(721), 3600 * SECOND_US)));
    assert!(moved.is_off() && moved.to_string().contains("1 h ahead"), "{moved}");
    assert_eq!(hear(722, 3602).jump, moved.jump, "it goes on from there");
    let reset = hear(723, -56 * 365 * 86_400);
    assert!(reset.to_string().starts_with("reset, 20440 days behind"), "{reset}");
    assert_eq!(reset.jump.unwrap().0, minutes(723));
    // A month without contact explains a minute and a half.
    let back = hear(724, 0);
    assert_eq!(hear(724 + 30 * 1440, 90).jump, back.jump);
}

#[test]
fn what_an_edge_with_a_wrong_clock_tells_of_times_is_shifted_and_judges_no_terminal() {
    let house = house();
    house.hub.add_terminal(&clerk(), &door(), now()).unwrap();
    let year_s = 365 * 86_400;
    let mut told = beat(now(), year_s);
    let a_minute_ago = told.now_us - 60 * SECOND_US;
    told.oldest_unsent_us = Some(a_minute_ago);
    told.terminals = vec![Contact {
        serial: "A1".into(),
        last_contact_us: Some(a_minute_ago),
        clock: Some(Clock { offset_s: -year_s, how: ClockSource::Asked, at_us: a_minute_ago }),
        ..Contact::default()
    }];
    house.hub.heartbeat(&told, now()).unwrap();
    let terminal = house.hub.terminals().unwrap().remove(0);
    assert_eq!((terminal.last_contact, terminal.clock), (Some(minutes(-1)), None));
    assert_eq!(house.hub.edges(now(), AFTER).unwrap()[0].oldest_unsent, Some(minutes(-1)));
}

#[test]
fn a_punch_that_was_received_by_a_doubted_clock_is_not_judged_by_it_and_the_clock_is_kept() {
    let house = house();
    house.hub.add_terminal(&clerk(), &door(), now()).unwrap();
    let said = attlog::punches("A1", b"12\t2026-03-04 08:00:00\t1\t0\t1\t0").next().unwrap();
    // By its clock the punch would be nine years in the future, which is implausible.
    let edge_us = "2017-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_microsecond();
    let batch = |seq: i64, is_time_doubted| Batch {
        edge: "cebu".into(),
        follows: seq - 1,
        up_to: seq,
        items: vec![Item {
            seq,
            received_us: edge_us,
            is_time_doubted,
            what: What::Punch(Punch::of(Channel::Push, &said)),
        }],
        ..Batch::default()
    };
    let ack = house.hub.ingest(&batch(1, true), now()).unwrap();
    assert_eq!((ack.outcomes.as_slice(), ack.held[0].reason.as_str()), ([Outcome::Held].as_slice(), "unknown_user"));
    let row = house.hub.punches(&PunchFilter::default()).unwrap().rows.remove(0);
    assert_eq!(row.received, now());
    let kept = |house: &House| house.store.read(|read| read.doubted_receipt(said.fingerprint())).unwrap();
    assert_eq!(kept(&house), Some(edge_us));
    assert_eq!(house.hub.terminals().unwrap()[0].last_contact, None, "when it was heard is not known");
    house.hub.ingest(&batch(2, true), now()).unwrap();
    assert_eq!(kept(&house), Some(edge_us), "a copy changes nothing");

    // Believed, the same is a fault of a clock.
    let other = self::house();
    other.hub.add_terminal(&clerk(), &door(), now()).unwrap();
    let ack = other.hub.ingest(&batch(1, false), now()).unwrap();
    assert_eq!((ack.held[0].reason.as_str(), kept(&other)), ("implausible_time", None));
}
