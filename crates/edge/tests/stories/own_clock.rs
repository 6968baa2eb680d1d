//! The edge's own clock: a Pi has none that goes on without power. It starts anywhere and is set later, and nothing may go wrong
//! by that.

use std::time::Duration;

use adms::Dialect;
use attendance::punch::{Channel, PrintedTime, RawPunch};
use edge::spool::{Entry, Spool};
use edge::{Edge, EdgeConfig, EdgeHandle, Pause, Steps, Tables, Time};
use jiff::Timestamp;
use link::{CommandOrder, CommandState, EdgeClock, Terminal, TerminalCommand};

use crate::fake_hub::{FakeHub, terminal};
use crate::http::{get, post};
use crate::workplace::Workplace;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// A clock that shows this and that no system calls synchronised.
fn clock_at(text: &str) -> Time {
    let clock = Time::standing(us(text));
    clock.set_synchronised(false);
    clock
}

fn us(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

async fn start(place: &Workplace, hands: &Time, hub: &FakeHub) -> EdgeHandle {
    let config = EdgeConfig { time: hands.clone(), ..place.config() };
    Edge::start(config, hub.clone()).await.unwrap()
}

/// What the edge says of its clock in its last heartbeat.
fn clock(held: &crate::fake_hub::Held) -> Option<EdgeClock> {
    held.heartbeats.last()?.health.as_ref()?.clock
}

async fn is_right(hub: &FakeHub, right: bool) {
    hub.until("the edge's word of its clock", |held| clock(held).is_some_and(|clock| clock.is_right == right)).await;
}

async fn push(edge: &EdgeHandle, line: &str) {
    let reply = post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", line.as_bytes()).await;
    assert_eq!(reply.status, 200);
}

/// Receive time and mark of what came for a user number.
async fn item(hub: &FakeHub, user: &str) -> (i64, bool) {
    let is_it = |item: &link::Item| matches!(&item.what, link::What::Punch(punch) if punch.user == user);
    hub.until("the punch", |held| held.items.iter().any(is_it)).await;
    hub.with(|held| held.items.iter().find(|item| is_it(item)).map(|item| (item.received_us, item.is_time_doubted)))
        .unwrap()
}

#[tokio::test]
async fn a_pi_that_starts_in_1970_and_is_then_set_marks_what_it_received_and_expires_nothing() {
    let place = Workplace::new();
    let hub = FakeHub::with_approved("X1");
    hub.with(|held| (held.tells_no_time, held.clock_us) = (true, Some(us("2026-03-04T08:00:10Z"))));
    let hands = clock_at("1970-01-01T00:00:10Z");
    let edge = start(&place, &hands, &hub).await;
    is_right(&hub, false).await;
    hub.is_followed().await;

    push(&edge, "7\t2026-03-04 16:00:00\t0\t1\n").await;
    assert_eq!(item(&hub, "7").await, (10 * SECOND_US, true));
    let order = CommandOrder { id: 5, serial: "X1".into(), command: TerminalCommand::Info, expires_in_s: 3600 };
    hub.with(|held| held.commands.push(order));
    hub.until("the order to arrive", |held| held.command(5).is_some()).await;
    let poll = async || get(edge.terminals_addr(), "/iclock/getrequest?SN=X1").await.body;
    let fetched = poll().await;
    assert!(fetched.lines().any(|line| line.ends_with(":INFO")), "{fetched}");

    // The line is up, somebody tells the time: 56 years in one step.
    hands.move_to(us("2026-03-04T08:00:10Z"));
    hub.with(|held| held.tells_no_time = false);
    is_right(&hub, true).await;
    push(&edge, "8\t2026-03-04 16:00:20\t0\t1\n").await;
    assert_eq!(item(&hub, "8").await, (us("2026-03-04T08:00:10Z"), false));
    assert_eq!(poll().await, "OK", "its result may still come: no patience has passed");
    hub.is_followed().await;
    let state = hub.with(|held| held.command(5).map(|report| report.state));
    assert_eq!(state, Some(CommandState::Sent), "56 years are no hour");
    // The number that the terminal knows it by is the edge's own.
    let number: String = fetched.lines().find(|line| line.ends_with(":INFO")).unwrap()[2..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    post(edge.terminals_addr(), "/iclock/devicecmd?SN=X1", format!("ID={number}&Return=0&CMD=INFO").as_bytes()).await;
    hub.until("the result", |held| held.command(5).is_some_and(|report| report.state == CommandState::Done)).await;
    let board = get(edge.status_addr().unwrap(), "/status.json").await.body;
    assert!(board.contains("\"is_right\":true") && board.contains("2026-03-04T08:00:10Z"), "{board}");
    edge.shutdown().await;
}

#[tokio::test]
async fn a_clock_in_the_far_future_removes_nothing_until_it_is_believed() {
    let place = Workplace::new();
    let hub = FakeHub::with_approved("X1");
    hub.with(|held| held.clock_us = Some(us("2026-03-04T08:00:00Z")));
    let hands = clock_at("2026-03-04T08:00:00Z");
    let edge = start(&place, &hands, &hub).await;
    is_right(&hub, true).await;
    hub.is_followed().await;
    push(&edge, "7\t2026-03-04 16:00:00\t0\t1\n").await;
    assert_eq!(item(&hub, "7").await, (us("2026-03-04T08:00:00Z"), false));
    edge.shutdown().await;

    // Ten years ahead: thirty days would be long over.
    let held = async |edge: &EdgeHandle| edge.spool().after(0, 10, usize::MAX).await.unwrap().items.len();
    let hands = clock_at("2036-03-04T08:00:00Z");
    let edge = start(&place, &hands, &hub).await;
    is_right(&hub, false).await;
    assert_eq!(edge.spool().trim(us("2036-03-04T08:00:00Z"), Duration::from_secs(60)).await.unwrap(), 0);
    assert_eq!(held(&edge).await, 1);
    edge.shutdown().await;

    // Believed, it counts what the hub has from now on.
    hub.with(|held| held.clock_us = Some(us("2036-03-04T08:00:00Z")));
    hands.set_synchronised(true);
    let edge = start(&place, &hands, &hub).await;
    is_right(&hub, true).await;
    let keep = Duration::from_secs(30 * 86_400);
    assert_eq!(edge.spool().trim(us("2036-03-04T08:00:00Z"), keep).await.unwrap(), 0);
    assert_eq!(edge.spool().trim(us("2036-04-03T08:00:00Z"), keep).await.unwrap(), 1);
    assert_eq!(held(&edge).await, 0);
    edge.shutdown().await;
}

#[tokio::test]
async fn the_hub_is_believed_before_the_system_and_a_jump_is_told_at_the_next_contact() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.clock_us = Some(us("2026-03-04T08:00:00Z")));
    let hands = clock_at("2026-03-04T08:00:30Z");
    hands.set_synchronised(true);
    let edge = start(&place, &hands, &hub).await;
    let offset = |held: &crate::fake_hub::Held| clock(held).and_then(|clock| clock.offset_us);
    hub.until("the offset", |held| offset(held) == Some(30 * SECOND_US)).await;
    is_right(&hub, true).await;
    hands.move_to(us("2026-03-04T10:00:00Z"));
    hub.until("the offset after the jump", |held| offset(held) == Some(7200 * SECOND_US)).await;
    is_right(&hub, false).await;
    let metrics = get(edge.status_addr().unwrap(), "/metrics").await.body;
    for line in ["edge_clock_believed 0", "edge_clock_offset_seconds 7200"] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
    assert!(get(edge.status_addr().unwrap(), "/").await.body.contains("clock is not known to be right"));
    // As much time passes as the clock shows: that is no jump.
    hands.move_to(us("2026-03-04T08:00:00Z"));
    is_right(&hub, true).await;
    hands.set(us("2026-03-04T10:00:00Z"));
    hub.with(|held| held.clock_us = Some(us("2026-03-04T10:00:00Z")));
    hub.is_followed().await;
    is_right(&hub, true).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn no_terminals_clock_is_judged_or_set_by_a_wrong_one() {
    let place = Workplace::new();
    let hub = FakeHub::default();
    let in_manila = Terminal { zone: Some("Asia/Manila".into()), sets_clock: true, ..terminal("X1") };
    hub.with(|held| {
        held.terminals.push(in_manila);
        held.clock_us = Some(us("2026-03-04T08:00:00Z"));
    });
    let hands = clock_at("2026-03-03T08:00:00Z");
    let edge = start(&place, &hands, &hub).await;
    is_right(&hub, false).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let handshake = async || get(to, "/iclock/cdata?SN=X1&options=all&pushver=2.4.1").await.body;
    assert!(!handshake().await.contains("TimeZone"));
    assert_eq!(get(to, "/iclock/cdata?SN=X1&type=time").await.body, "OK");
    // Its face is right; by the edge's clock it would be a day ahead.
    push(&edge, "7\t2026-03-04 16:00:00\t0\t1\n").await;
    hub.is_followed().await;
    assert!(hub.with(|held| held.contact("X1").is_none_or(|contact| contact.clock.is_none())));

    hands.move_to(us("2026-03-04T08:00:00Z"));
    is_right(&hub, true).await;
    assert!(handshake().await.contains("\nTimeZone=480\n"));
    push(&edge, "7\t2026-03-04 16:05:00\t0\t1\n").await;
    let ahead = |held: &crate::fake_hub::Held| Some(held.contact("X1")?.clock?.offset_s);
    hub.until("the clock of the terminal", |held| ahead(held) == Some(300)).await;
    edge.shutdown().await;
}

fn entry(user: &str, received_us: i64) -> Entry {
    let said = RawPunch {
        origin: "X1".into(),
        user: user.into(),
        time: PrintedTime::Seconds(1_772_600_000),
        state: None,
        verify: None,
        work_code: None,
        original: Vec::new(),
    };
    Entry::punch(Channel::Push, &said, received_us)
}

#[tokio::test]
async fn no_time_passes_for_the_tail_while_the_clock_is_doubted_and_nothing_gets_older_when_it_is_set() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let (start_us, keep) = (us("2026-03-04T08:00:00Z"), Duration::from_secs(2 * 86_400));
    let trim = async |now_us| spool.trim(now_us, keep).await.unwrap();
    spool.append(vec![entry("1", start_us)]).await.unwrap();
    spool.acknowledge(1).await.unwrap();
    assert_eq!(trim(start_us).await, 0);
    spool.believe_time_since(None);
    spool.append(vec![entry("2", 5), entry("3", us("2090-01-01T00:00:00Z"))]).await.unwrap();
    spool.acknowledge(3).await.unwrap();
    let left = async || {
        let items = spool.after(0, 10, usize::MAX).await.unwrap().items;
        items.iter().map(|item| (item.seq, item.is_time_doubted)).collect::<Vec<_>>()
    };
    assert_eq!(trim(us("2090-01-01T00:00:00Z")).await, 0, "nothing goes by a doubted clock");

    spool.believe_time_since(Some(start_us + DAY_US));
    assert_eq!(trim(start_us + 2 * DAY_US).await, 1, "and what the hub has held for two days goes");
    assert_eq!(left().await, [(2, true), (3, true)], "it has these two since now, as far as anybody knows");
    assert_eq!(trim(start_us + 3 * DAY_US).await, 0);
    // It was three days ahead: what was noted then counts from now.
    assert_eq!(trim(start_us).await, 0);
    assert_eq!(trim(start_us + DAY_US).await, 0);
    assert_eq!(trim(start_us + 2 * DAY_US).await, 2);

    spool.append(vec![entry("5", 7)]).await.unwrap();
    assert_eq!(left().await, [(4, true)], "received before the clock was believed");
    assert_eq!(spool.depth().await.unwrap().oldest_unsent_us, None);
    spool.close().await;
}

#[tokio::test]
async fn a_reading_is_as_old_as_it_is_whoever_sets_the_clock_meanwhile() {
    for set_to in ["2026-03-04T06:00:00Z", "2026-03-05T20:00:00Z"] {
        let (place, hub) = (Workplace::new(), FakeHub::default());
        hub.with(|held| held.terminals.push(Terminal { via: link::Via::Poll, ..terminal("X1") }));
        let hands = Time::standing(us("2026-03-04T08:00:00Z"));
        let steps = Steps::open(place.config(), hub.clone(), hands.clone()).await.unwrap();
        steps.beat(0.5).await;
        let began = steps.begin_reading("X1");
        hands.set(us("2026-03-04T08:10:00Z"));
        hands.move_to(us(set_to));
        let number = zk::UserNumber::from_field(b"7");
        let time =
            zk::PackedTime::from_civil(zk::CivilTime { year: 2026, month: 3, day: 4, hour: 7, minute: 0, second: 0 });
        let record = zk::AttendanceRecord::of_number(number, time.unwrap());
        let bytes = zk::transfer::dataset(&zk::AttendanceLayout::Forty.encode(&record));
        let log = zk::AttendanceLog::from_dataset(bytes, Some(1)).unwrap();
        let tables = Tables { users: Vec::new(), has_all_users: false, log, clock: None };
        assert!(steps.end_reading("X1", 0, Ok((began, tables)), 0.5).await);
        while steps.send_some(0.5).await == Pause::No {}
        // Set once more, behind the reading that waits to be told.
        hands.set(us(set_to) + 60 * SECOND_US);
        hands.move_to(us("2026-03-04T08:11:00Z"));
        steps.beat(0.5).await;
        let told = hub.with(|held| held.heartbeats.pop()).unwrap();
        let ages: Vec<i64> = told.readings.iter().map(|reading| told.now_us - reading.read_us).collect();
        assert_eq!(ages, [11 * 60 * SECOND_US]);
        steps.beat(0.5).await;
        assert!(hub.with(|held| held.heartbeats.pop()).unwrap().readings.is_empty(), "it is told once");
    }
}

#[tokio::test]
async fn a_command_expires_by_the_hubs_time_whatever_the_edges_clock_shows() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let hub_us = us("2026-03-04T08:00:00Z");
    let edge_us = 10 * SECOND_US;
    let order = |id| CommandOrder { id, serial: "X1".into(), command: TerminalCommand::Info, expires_in_s: 60 };
    let poll = async |passed_s: i64| {
        let now_us = edge_us + passed_s * SECOND_US;
        let polled =
            spool.hand_out("X1".into(), Dialect::Attendance, link::Via::Push, now_us, Duration::from_secs(300));
        polled.await.unwrap().reply
    };
    let states = async || {
        let reports = spool.command_reports(10).await.unwrap();
        reports.iter().map(|report| (report.id, report.state)).collect::<Vec<_>>()
    };
    spool.set_ahead_of_hub(None);
    spool.take_orders(vec![order(1)], edge_us, Some(hub_us)).await.unwrap();
    assert_eq!(poll(0).await, "OK", "it may have expired");
    spool.expire_commands(edge_us, Duration::ZERO).await.unwrap();
    assert_eq!(states().await, [(1, CommandState::HandedOver)], "and it may not");
    spool.set_ahead_of_hub(Some(edge_us - hub_us));
    assert_eq!(poll(59).await, "C:1:INFO\n");
    spool.take_orders(vec![order(2)], edge_us, Some(hub_us)).await.unwrap();
    assert_eq!(poll(60).await, "OK");
    assert!(states().await.contains(&(2, CommandState::Expired)));
    spool.close().await;
}
