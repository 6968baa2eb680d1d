//! An edge without its hub: what the person in the branch sees, and what they take along for pay day.

use std::path::Path;

use attendance::punch::{Channel, PrintedTime, RawPunch};
use edge::Overview;
use edge::plan::seen::Seen;
use edge::spool::look::{Exported, HeldPunch, SpoolFile};
use edge::spool::room::Bounds;
use edge::spool::{Entry, Spool, SpoolError};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use link::TerminalUser;

use crate::fake_hub::{FakeHub, terminal};
use crate::forwarder::Nobody;
use crate::http::{get, post};
use crate::workplace::Workplace;

fn overview(told: &str) -> Overview {
    serde_json::from_str(told).unwrap()
}

fn shown(seen: &[Seen]) -> Vec<(&str, Option<&str>, usize, String, String)> {
    let time = |at: jiff::civil::DateTime| at.strftime("%H:%M").to_string();
    seen.iter()
        .map(|one| (one.user.as_str(), one.name.as_deref(), one.punches, time(one.first), time(one.last)))
        .collect()
}

#[tokio::test]
async fn who_was_seen_today_is_shown_by_each_terminals_own_date_with_and_without_the_edge() {
    let place = Workplace::new();
    let hub = FakeHub::default();
    let zoned = |serial, zone: &str| link::Terminal { zone: Some(zone.to_owned()), ..terminal(serial) };
    hub.with(|held| held.terminals = vec![zoned("EAST", "Pacific/Kiritimati"), zoned("WEST", "Pacific/Pago_Pago")]);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    edge.shutdown().await;

    let edge = place.start(Nobody).await;
    let to = edge.terminals_addr();
    // 25 hours lie between these faces: never the same date.
    let today = |zone: &str| Timestamp::now().in_tz(zone).unwrap().date();
    let (east, west) = (today("Pacific/Kiritimati"), today("Pacific/Pago_Pago"));
    let lines = format!("7\t{east} 08:00:00\t0\t1\n7\t{east} 17:00:00\t1\t1\n8\t{west} 09:00:00\t0\t1\n");
    post(to, "/iclock/cdata?SN=EAST&table=ATTLOG", lines.as_bytes()).await;
    let lines = format!("9\t{west} 07:00:00\t0\t1\n9\t{east} 07:00:00\t0\t1\n");
    post(to, "/iclock/cdata?SN=WEST&table=ATTLOG", lines.as_bytes()).await;
    post(to, "/iclock/cdata?SN=EAST&table=OPERLOG", b"USER PIN=7\tName=Ann <b>\tPri=0\n").await;

    let status = edge.status_addr().unwrap();
    let running = overview(&get(status, "/status.json").await.body);
    let expected = [("7", Some("Ann <b>"), 2, "08:00", "17:00"), ("9", None, 1, "07:00", "07:00")];
    let expected = expected.map(|(user, name, n, first, last)| (user, name, n, first.to_owned(), last.to_owned()));
    assert_eq!(shown(&running.seen), expected);
    assert_eq!((running.is_running, running.queued, running.seen[0].last_state), (true, 6, Some(1)));
    let dates: Vec<Date> = running.terminals.iter().map(|line| line.date).collect();
    assert_eq!(dates, [east, west]);
    assert!(running.terminals.iter().all(|line| line.last_contact.is_some() && line.is_approved));

    let board = get(status, "/").await.body;
    for words in ["Nothing of it is judged", "Ann &lt;b&gt;", "check-out", "<td>Terminal WEST", "6 entries wait"] {
        assert!(board.contains(words), "{words} is missing in {board}");
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert_eq!(Overview::ask(status).await.unwrap().seen, running.seen);
    edge.shutdown().await;

    assert!(Overview::ask(status).await.unwrap_err().to_string().contains(&status.to_string()));
    let alone = Overview::of_file("branch-7", &place.spool(), Bounds::default(), Timestamp::now()).unwrap();
    assert_eq!((&alone.seen, alone.queued, alone.is_running), (&running.seen, 6, false));
    assert_eq!(alone.oldest_unsent, running.oldest_unsent);
    assert!(alone.terminals.iter().all(|line| line.last_contact.is_some() && line.is_approved), "{alone:?}");
}

fn punch(user: &str, printed: &str) -> RawPunch {
    RawPunch {
        origin: "A1".to_owned(),
        user: user.to_owned(),
        time: PrintedTime::parse(printed),
        state: Some(0),
        verify: Some(1),
        work_code: None,
        original: printed.as_bytes().to_vec(),
    }
}

fn exported(path: &Path, from: Option<&str>, to: Option<&str>) -> (Vec<HeldPunch>, Exported) {
    let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    let mut rows = Vec::new();
    let take = |punch| {
        rows.push(punch);
        Ok::<_, SpoolError>(())
    };
    let told = SpoolFile::open(path).unwrap().export((date(from), date(to)), take).unwrap();
    (rows, told)
}

fn said(rows: &[HeldPunch]) -> Vec<(String, bool)> {
    rows.iter().map(|row| (format!("{} {}", row.said.user, row.said.time), row.is_with_hub)).collect()
}

fn owned(rows: &[(&str, bool)]) -> Vec<(String, bool)> {
    rows.iter().map(|(text, is_with_hub)| ((*text).to_owned(), *is_with_hub)).collect()
}

#[tokio::test]
async fn every_punch_is_exported_by_its_printed_time_those_with_the_hub_included() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let entry = |user, printed, at_us| Entry::punch(Channel::Push, &punch(user, printed), at_us);
    let ann = TerminalUser { origin: "A1".into(), user: "7".into(), name: "Ann".into() };
    let first = vec![
        entry("7", "2026-03-03 08:00:30", 5_000_000),
        entry("8", "2026-03-02 23:59:59", 6_000_000),
        Entry::user(&ann, 7_000_000),
    ];
    spool.append(first).await.unwrap();
    spool.acknowledge(3).await.unwrap();
    let later = [("7", "2026-03-03 08:00:10"), ("9", "no date"), ("7", "2026-03-04 00:00:00")];
    spool.append(later.iter().map(|(user, printed)| entry(user, printed, 8_000_000)).collect()).await.unwrap();

    // Beside the writer, and after it.
    let (rows, told) = exported(&place.spool(), None, None);
    let all = owned(&[
        ("9 no date", false),
        ("8 2026-03-02 23:59:59", true),
        ("7 2026-03-03 08:00:10", false),
        ("7 2026-03-03 08:00:30", true),
        ("7 2026-03-04 00:00:00", false),
    ]);
    assert_eq!(said(&rows), all);
    assert_eq!(rows[3].name.as_deref(), Some("Ann"));
    assert_eq!((told.punches, told.unsent, told.undated), (5, 3, 0));
    assert_eq!((told.oldest_received_us, told.newest_received_us), (Some(5_000_000), Some(8_000_000)));
    spool.close().await;
    assert_eq!(exported(&place.spool(), None, None), (rows, told));

    let (rows, told) = exported(&place.spool(), Some("2026-03-03"), Some("2026-03-03"));
    assert_eq!(said(&rows), &all[2..4]);
    assert_eq!((told.punches, told.unsent, told.undated), (2, 1, 1));
    let (rows, told) = exported(&place.spool(), None, Some("2026-03-02"));
    assert_eq!((said(&rows).as_slice(), told.undated), (&all[1..2], 1));
    assert_eq!(said(&exported(&place.spool(), Some("2026-03-04"), None).0), &all[4..]);
}

#[tokio::test]
async fn a_file_of_another_version_is_not_read_and_the_cure_is_told() {
    let place = Workplace::new();
    assert!(SpoolFile::open(&place.spool()).is_err(), "looking makes no file");
    assert!(!place.spool().exists());
    Spool::open(&place.spool()).unwrap().close().await;
    for (version, cure) in [(1, "start the edge of this version once"), (99, "use the newer one")] {
        let file = rusqlite::Connection::open(place.spool()).unwrap();
        file.pragma_update(None, "user_version", version).unwrap();
        let told = SpoolFile::open(&place.spool()).err().unwrap().to_string();
        assert!(told.contains(cure), "{told}");
    }
}

#[tokio::test]
async fn yesterday_is_not_today() {
    let place = Workplace::new();
    let hub = FakeHub::with_approved("X1");
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    // No zone is known: UTC counts.
    let yesterday = Timestamp::now().checked_sub(24.hours()).unwrap().in_tz("UTC").unwrap().date();
    post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", format!("7\t{yesterday} 08:00:00\n").as_bytes())
        .await;
    let told = overview(&get(edge.status_addr().unwrap(), "/status.json").await.body);
    assert_eq!(told.seen, []);
    assert!(get(edge.status_addr().unwrap(), "/").await.body.contains("Nobody yet"));
    edge.shutdown().await;
}
