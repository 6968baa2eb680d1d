//! Terminals that push.

use std::num::NonZeroU32;

use edge::plan::BURST_SECONDS;
use edge::{Edge, EdgeConfig};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::fake_hub::{FakeHub, terminal};
use crate::http::{finish, get, post, raw, request};
use crate::workplace::Workplace;

fn said(user: &str, time: &str) -> (String, String) {
    (user.to_owned(), time.to_owned())
}

#[tokio::test]
async fn a_punch_is_answered_when_it_is_on_disk_and_reaches_the_hub() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X903"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let opening = get(edge.terminals_addr(), "/iclock/cdata?SN=X903&options=all&pushver=2.4.1").await;
    assert!(opening.body.starts_with("GET OPTION FROM: X903\nATTLOGStamp=0\n"), "{}", opening.body);

    let line = b"7\t2024-07-07 01:29:01\t0\t1\t0\t0\t0\t0\t0\t0\t\n";
    let answer = post(edge.terminals_addr(), "/iclock/cdata?SN=X903&table=ATTLOG&Stamp=9999", line).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "OK:1"));
    assert_eq!(answer.header("Content-Type"), Some("text/plain"));
    assert_eq!(answer.header("Content-Length"), Some("4"));
    assert!(answer.header("Date").is_some_and(|date| date.ends_with(" GMT")), "{}", answer.head);
    assert_eq!(edge.spool().depth().await.unwrap().last, 1);

    hub.until("the punch", |held| held.said() == [said("7", "2024-07-07 01:29:01")]).await;
    let opening = get(edge.terminals_addr(), "/iclock/cdata?SN=X903&options=all").await;
    assert!(opening.body.contains("\nATTLOGStamp=9999\n"), "it has uploaded: {}", opening.body);
    edge.shutdown().await;
}

#[tokio::test]
async fn every_odd_way_of_writing_a_request_is_understood() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let answer =
        post(to, "/ICLOCK/CData.ASPX?sn=X1&table=ATTLOG", b"1\t2024-01-01 08:00:00\r\n2\t2024-01-01 08:00:01").await;
    assert_eq!(answer.body, "OK:2");
    let answer =
        post(to, "/iclock/cdata/?SN=%20X1&table=ATTLOG", b"3\t2024-01-01 08:00:02\t255\t15\t0\t0\t0\t0\t0\t0\t").await;
    assert_eq!(answer.body, "OK:1");
    let chunked = b"POST /iclock/cdata?SN=X1&table=ATTLOG HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\n4\t202\r\n10\r\n4-01-01 08:00:03\r\n0\r\n\r\n";
    assert_eq!(raw(to, chunked).await.body, "OK:1");
    let commands = get(to, "/iclock/getrequest?SN=X1&INFO=Ver%206.60,5").await.body;
    assert_eq!(commands, "C:1:CHECK\nC:2:DATA QUERY USERINFO\n", "it was approved just now");
    for target in ["/iclock/ping?SN=X1", "/iclock/getrequest?SN=X1&INFO=Ver%206.60,5", "/iclock/something/new?SN=X1"] {
        assert_eq!(get(to, target).await.body, "OK", "{target}");
    }
    hub.until("four punches", |held| held.punches.len() == 4).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_bad_line_is_kept_and_its_neighbours_pass() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let body = b"1\t2024-01-01 08:00:00\t0\t1\ngarbage \xff\n2\t2026-13-45 25:61:00\t0\n3\t2024-01-01 08:00:02\t0\n";
    let answer = post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", body).await;
    assert_eq!(answer.body, "OK:4", "a line that is refused would be sent for ever");
    let expected = [
        said("", "garbage \u{fffd}"),
        said("1", "2024-01-01 08:00:00"),
        said("2", "2026-13-45 25:61:00"),
        said("3", "2024-01-01 08:00:02"),
    ];
    hub.until("four punches", |held| held.said() == expected).await;
    let kept =
        hub.with(|held| held.punches.values().find(|(punch, _)| punch.user.is_empty()).unwrap().0.raw().unwrap());
    assert_eq!(kept.original, b"garbage \xff");
    edge.shutdown().await;
}

#[tokio::test]
async fn an_address_that_asks_without_end_is_slowed_down_and_others_are_not() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let config = EdgeConfig { requests_per_second: NonZeroU32::new(1), ..place.config() };
    let edge = Edge::start(config, hub.clone()).await.unwrap();
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let line = b"1\t2024-01-01 08:00:00\t0\t1\n";
    let mut answered = 0;
    while get(to, "/iclock/ping?SN=X1").await.status == 200 {
        answered += 1;
        assert!(answered < 10_000, "there is no end");
    }
    assert!(answered >= BURST_SECONDS, "{answered} may come at once");
    // The terminal behind it comes again, and again, until its turn: nothing is lost.
    let mut refused = 1;
    while post(to, "/iclock/cdata?SN=X1&table=ATTLOG&Stamp=1", line).await.status == 503 {
        refused += 1;
    }
    hub.until("the punch", |held| held.punches.len() == 1).await;
    let elsewhere =
        "GET /iclock/ping?SN=X1 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.1.2.3\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(to, elsewhere.as_bytes()).await.status, 200, "another address, through a trusted proxy");
    let metrics = get(edge.status_addr().unwrap(), "/metrics").await.body;
    assert!(metrics.contains(&format!("\nedge_terminal_refused_rate_total {refused}\n")), "{metrics}");
    edge.shutdown().await;
}

#[tokio::test]
async fn an_unapproved_terminal_keeps_its_data_and_uploads_it_once_approved() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let edge = place.start(hub.clone()).await;
    let to = edge.terminals_addr();
    assert_eq!(get(to, "/iclock/cdata?SN=NEW1&options=all").await.status, 200);
    hub.until("word of the new terminal", |held| held.contact("NEW1").is_some()).await;

    let log: String = (0..150).map(|n| format!("{n}\t2024-01-01 08:{:02}:{:02}\t0\t1\n", n / 60, n % 60)).collect();
    for _ in 0..2 {
        let answer = post(to, "/iclock/cdata?SN=NEW1&table=ATTLOG&Stamp=0", log.as_bytes()).await;
        assert_eq!(answer.status, 503, "the terminal must keep its data");
    }
    hub.until("the sample", |held| held.punches.len() == 100).await;
    assert_eq!(get(to, "/iclock/getrequest?SN=NEW1").await.body, "OK");

    hub.with(|held| held.terminals.push(terminal("NEW1")));
    hub.is_followed().await;
    assert_eq!(get(to, "/iclock/getrequest?SN=NEW1").await.body, "C:1:CHECK\nC:2:DATA QUERY USERINFO\n");
    let results = b"ID=1&Return=0&CMD=CHECK\nID=2&Return=0&CMD=DATA\n";
    assert_eq!(post(to, "/iclock/devicecmd?SN=NEW1", results).await.body, "OK");
    assert_eq!(get(to, "/iclock/getrequest?SN=NEW1").await.body, "OK");
    let opening = get(to, "/iclock/cdata?SN=NEW1&options=all").await;
    assert!(opening.body.contains("\nATTLOGStamp=0\n"), "{}", opening.body);
    assert_eq!(post(to, "/iclock/cdata?SN=NEW1&table=ATTLOG&Stamp=0", log.as_bytes()).await.body, "OK:150");
    hub.until("the whole log", |held| held.punches.len() == 150).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn the_hubs_list_is_remembered_over_a_restart_without_the_hub() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    edge.shutdown().await;

    let edge = place.start(crate::forwarder::Nobody).await;
    let answer = post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", b"1\t2024-01-01 08:00:00\n").await;
    assert_eq!(answer.body, "OK:1");
    edge.shutdown().await;
}

#[tokio::test]
async fn users_are_forwarded_and_templates_are_not_kept() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let body =
        b"OPLOG 3\t0\t2024-07-07 01:43:07\t54\t0\t0\t0\nUSER PIN=6\tName=Wmjt\tPri=0\tPasswd=12345\tCard=\tGrp=1\n\
        FP PIN=6\tFID=0\tSize=4\tValid=1\tTMP=SECRETTEMPLATE\n";
    let answer = post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=OPERLOG&OpStamp=9999", body).await;
    assert_eq!(answer.body, "OK:3");
    hub.until("the user", |held| held.users.get("6").is_some_and(|user| user.name == "Wmjt")).await;
    edge.shutdown().await;
    let disk = std::fs::read(place.spool()).unwrap();
    for secret in [&b"12345"[..], b"SECRETTEMPLATE"] {
        assert!(!disk.windows(secret.len()).any(|window| window == secret), "a secret reached the disk");
    }
}

#[tokio::test]
async fn a_name_in_the_chinese_code_page_reaches_the_hub_readable() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let body = b"USER PIN=6\tName=\xd5\xc5\xc8\xfd\tPri=0\tPasswd=\tCard=\tGrp=1\n";
    post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=OPERLOG", body).await;
    hub.until("the user", |held| held.users.get("6").is_some_and(|user| user.name == "张三")).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn other_networks_and_other_paths_are_refused() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let config = edge::EdgeConfig { allowed: vec!["10.0.0.0/8".parse().unwrap()], ..place.config() };
    let edge = edge::Edge::start(config, hub).await.unwrap();
    let answer = post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", b"1\t2024-01-01 08:00:00\n").await;
    assert_eq!(answer.status, 403);
    assert_eq!(edge.spool().depth().await.unwrap().last, 0);
    edge.shutdown().await;

    let edge = place.start(FakeHub::default()).await;
    let to = edge.terminals_addr();
    assert_eq!(get(to, "/").await.status, 404);
    assert_eq!(get(to, "/iclockwork?SN=X1").await.status, 404);
    assert_eq!(get(to, "/iclock/cdata?options=all").await.status, 400, "nobody in particular");
    edge.shutdown().await;
}

#[tokio::test]
async fn behind_a_proxy_the_network_of_the_terminal_counts() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let from = |named: &str| {
        let plain = request("/iclock/cdata?SN=X1&table=ATTLOG", 22, b"1\t2024-01-01 08:00:00\n");
        String::from_utf8(plain).unwrap().replacen("\r\n", &format!("\r\nX-Forwarded-For: {named}\r\n"), 1).into_bytes()
    };
    let to = edge.terminals_addr();
    assert_eq!(raw(to, &from("203.0.113.9")).await.status, 403, "not a private network");
    assert_eq!(
        raw(to, &from("10.0.0.9, 203.0.113.9")).await.status,
        403,
        "what the caller itself says is not believed"
    );
    assert_eq!(raw(to, &from("10.0.0.9")).await.status, 200);
    edge.shutdown().await;

    let config = edge::EdgeConfig { trusted_proxies: Vec::new(), ..place.config() };
    let edge = edge::Edge::start(config, hub).await.unwrap();
    assert_eq!(raw(edge.terminals_addr(), &from("203.0.113.9")).await.status, 200, "nobody is believed here");
    edge.shutdown().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_unread() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let config = edge::EdgeConfig { max_body_bytes: 1000, ..place.config() };
    let edge = edge::Edge::start(config, hub).await.unwrap();
    let promise = request("/iclock/cdata?SN=X1&table=ATTLOG", 1001, b"");
    assert_eq!(raw(edge.terminals_addr(), &promise).await.status, 413);
    edge.shutdown().await;
}

#[tokio::test]
async fn with_too_much_in_work_terminals_are_told_to_come_back() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let config = edge::EdgeConfig { max_body_bytes: 1000, max_bytes_in_work: 1000, ..place.config() };
    let edge = edge::Edge::start(config, hub.clone()).await.unwrap();
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let target = "/iclock/cdata?SN=X1&table=ATTLOG";

    // One terminal sends most of its body and pauses.
    let long = format!("1\t2024-01-01 08:00:00\t{}", "x".repeat(900));
    let (sent, rest) = long.split_at(long.len() - 1);
    let mut slow = TcpStream::connect(to).await.unwrap();
    slow.write_all(&request(target, long.len(), sent.as_bytes())).await.unwrap();
    let other = format!("2\t2024-01-01 08:00:01\t{}", "y".repeat(900));
    let mut status = 200;
    while status == 200 {
        // Until the first one's bytes have been read, there is still room.
        status = post(to, target, other.as_bytes()).await.status;
    }
    assert_eq!(status, 503);
    slow.write_all(rest.as_bytes()).await.unwrap();
    assert_eq!(finish(slow).await.body, "OK:1");
    assert_eq!(post(to, target, other.as_bytes()).await.body, "OK:1");
    edge.shutdown().await;
}
