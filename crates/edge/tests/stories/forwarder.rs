//! The road to the hub.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use edge::{HttpUplink, Steps, Time, TokenFile, Uplink, UplinkError};
use link::{Ack, Batch, Heartbeat, Orders};

use crate::fake_hub::{FakeHub, Fault, terminal};
use crate::http;
use crate::workplace::Workplace;

/// A hub that is never there.
pub(crate) struct Nobody;

impl Uplink for Nobody {
    async fn send(&self, _: &Batch) -> Result<Ack, UplinkError> {
        Err(UplinkError::new("nobody is there"))
    }

    async fn heartbeat(&self, _: &Heartbeat) -> Result<Orders, UplinkError> {
        Err(UplinkError::new("nobody is there"))
    }
}

async fn push(edge: &edge::EdgeHandle, seconds: std::ops::Range<u32>) {
    for second in seconds {
        let line = format!("7\t2024-01-01 08:{:02}:{:02}\t0\t1\n", second / 60, second % 60);
        let answer = http::post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", line.as_bytes()).await;
        assert_eq!(answer.body, "OK:1");
    }
}

#[tokio::test]
async fn with_lost_answers_and_a_hub_that_comes_and_goes_each_punch_counts_once() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    hub.with(|held| held.faults = [Fault::LostAck, Fault::Away, Fault::LostAck].into());
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    push(&edge, 0..40).await;
    hub.until("all punches", |held| held.punches.len() == 40 && held.faults.is_empty()).await;
    // One from before the last punch tells of an empty queue, too.
    let before = hub.with(|held| held.heartbeats.len());
    hub.until("an empty queue", |held| held.heartbeats.iter().skip(before).any(|beat| beat.queued == 0)).await;
    assert!(
        hub.with(|held| held.punches.values().any(|(_, arrivals)| *arrivals > 1)),
        "answers were lost, so some came twice"
    );
    assert_eq!(edge.spool().depth().await.unwrap().acked, 40);
    edge.shutdown().await;
}

#[tokio::test]
async fn what_came_while_the_hub_was_away_is_sent_after_a_restart() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    push(&edge, 0..5).await;
    hub.until("the first punches", |held| held.punches.len() == 5).await;
    edge.shutdown().await;

    let edge = place.start(Nobody).await;
    push(&edge, 5..12).await;
    assert_eq!(edge.spool().depth().await.unwrap().unsent, 7);
    edge.shutdown().await;

    let edge = place.start(hub.clone()).await;
    hub.until("all punches", |held| held.punches.len() == 12).await;
    assert!(
        hub.with(|held| held.punches.values().all(|(_, arrivals)| *arrivals == 1)),
        "what was acknowledged is not sent again"
    );
    edge.shutdown().await;
}

#[tokio::test]
async fn a_hub_that_was_restored_gets_again_what_it_lost() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    push(&edge, 0..10).await;
    hub.until("the first punches", |held| held.punches.len() == 10).await;
    edge.shutdown().await;
    // Back to a backup from before the fourth entry.
    hub.with(|held| {
        held.punches.clear();
        held.high_seq = 3;
    });
    let edge = place.start(hub.clone()).await;
    push(&edge, 10..12).await;
    hub.until("the lost and the new", |held| held.punches.len() == 9).await;
    assert_eq!(hub.with(|held| held.high_seq), 12);
    edge.shutdown().await;
}

#[tokio::test]
async fn a_hub_that_was_restored_gets_it_also_from_an_edge_without_new_punches() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    push(&edge, 0..10).await;
    hub.until("the first punches", |held| held.punches.len() == 10).await;
    hub.with(|held| {
        held.punches.clear();
        held.high_seq = 3;
    });
    hub.until("the lost ones", |held| held.punches.len() == 7).await;
    assert_eq!(hub.with(|held| held.high_seq), 10);
    edge.shutdown().await;
}

#[tokio::test]
async fn a_new_disk_under_an_old_name_loses_nothing() {
    let hub = FakeHub::with_approved("X1");
    hub.with(|held| held.high_seq = 50_000);
    let place = Workplace::new();
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    push(&edge, 0..3).await;
    hub.until("all punches", |held| held.punches.len() == 3).await;
    push(&edge, 3..6).await;
    hub.until("the next ones too", |held| held.punches.len() == 6).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn batches_and_heartbeats_say_which_spool_their_sequences_are_of() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    push(&edge, 0..1).await;
    hub.until("the punch", |held| held.punches.len() == 1).await;
    let told = hub.with(|held| (held.spool.clone(), held.heartbeats[0].spool.clone()));
    assert_eq!(told, (edge.spool().id().to_owned(), edge.spool().id().to_owned()));
    edge.shutdown().await;
}

#[tokio::test]
async fn entries_that_cannot_be_read_do_not_stop_what_comes_after_them() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    edge::spool::Spool::open(&place.spool()).unwrap().close().await;
    let file = rusqlite::Connection::open(place.spool()).unwrap();
    let unreadable = link::MAX_ITEMS + 1;
    file.execute_batch(&format!(
        "WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < {unreadable})
         INSERT INTO entry (seq, fingerprint, received_us, payload)
         SELECT seq, randomblob(16), unixepoch() * 1000000, X'ff' FROM n;
         UPDATE position SET last = {unreadable}"
    ))
    .unwrap();
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    push(&edge, 0..3).await;
    hub.until("the punches after them", |held| held.punches.len() == 3).await;
    hub.until("an empty queue", |held| held.heartbeats.last().is_some_and(|beat| beat.queued == 0)).await;
    edge.shutdown().await;
    let kept: usize = file.query_row("SELECT count(*) FROM entry", (), |row| row.get(0)).unwrap();
    assert_eq!(kept, unreadable + 3, "they stay in the file");
}

#[tokio::test]
async fn an_approval_that_the_spool_could_not_take_is_tried_again() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let edge = place.start(hub.clone()).await;
    let to = edge.terminals_addr();
    // No disk refuses on demand; a table that is not there does.
    let file = rusqlite::Connection::open(place.spool()).unwrap();
    file.execute_batch("ALTER TABLE command RENAME TO hidden").unwrap();
    hub.with(|held| held.terminals.push(terminal("X1")));
    hub.is_followed().await;
    let upload = b"7\t2024-01-01 08:00:00\n";
    assert_eq!(http::post(to, "/iclock/cdata?SN=X1&table=ATTLOG", upload).await.status, 503, "not approved yet");

    file.execute_batch("ALTER TABLE hidden RENAME TO command").unwrap();
    hub.is_followed().await;
    assert_eq!(http::get(to, "/iclock/getrequest?SN=X1").await.body, "C:1:CHECK\nC:2:DATA QUERY USERINFO\n");
    assert_eq!(http::post(to, "/iclock/cdata?SN=X1&table=ATTLOG", upload).await.status, 200);
    edge.shutdown().await;
}

#[tokio::test]
async fn a_terminal_that_calls_all_the_time_does_not_fill_every_heartbeat() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    for _ in 0..5 {
        assert_eq!(http::get(edge.terminals_addr(), "/iclock/ping?SN=X1").await.status, 200);
        hub.is_followed().await;
    }
    let told = hub.with(|held| held.heartbeats.iter().map(|beat| beat.terminals.len()).sum::<usize>());
    assert_eq!(told, 1, "once when it is new, later once a minute");
    edge.shutdown().await;
}

/// What the small HTTP hub saw and how it answers.
#[derive(Default)]
struct Desk {
    tokens: Vec<String>,
    status: Option<StatusCode>,
}

async fn http_hub(desk: Arc<Mutex<Desk>>) -> String {
    let punches = move |headers: HeaderMap, axum::Json(batch): axum::Json<Batch>| async move {
        let mut desk = desk.lock().unwrap();
        desk.tokens.push(headers["authorization"].to_str().unwrap().to_owned());
        let high_seq = batch.items.last().map_or(0, |item| item.seq);
        let ack = axum::Json(Ack { high_seq, ..Ack::default() });
        (desk.status.unwrap_or(StatusCode::OK), [("retry-after", "7")], ack)
    };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let routes = axum::Router::new().route(link::path::PUNCHES, post(punches));
    tokio::spawn(async move { axum::serve(socket, routes).await });
    format!("http://{address}")
}

#[tokio::test]
async fn over_http_the_token_goes_along_and_the_hubs_wish_comes_back() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let place = Workplace::new();
    let token_file = place.spool().with_file_name("token");
    std::fs::write(&token_file, "secret-1\n").unwrap();
    let desk = Arc::new(Mutex::new(Desk::default()));
    let token = || TokenFile::new(token_file.clone(), place.spool().with_file_name("edge.key"));
    let uplink = HttpUplink::new([http_hub(desk.clone()).await], token(), &[]).unwrap();
    let items = vec![link::Item {
        seq: 12,
        received_us: 1,
        is_time_doubted: false,
        what: link::What::User(link::TerminalUser { origin: "X1".into(), user: "7".into(), name: "Ann".into() }),
    }];
    let batch = Batch { edge: "branch-7".into(), up_to: 12, items, ..Batch::default() };
    assert_eq!(uplink.send(&batch).await.unwrap().high_seq, 12);

    desk.lock().unwrap().status = Some(StatusCode::SERVICE_UNAVAILABLE);
    let error = uplink.send(&batch).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));

    desk.lock().unwrap().status = Some(StatusCode::UNAUTHORIZED);
    let error = uplink.send(&batch).await.unwrap_err();
    assert!(error.message.contains("refused the token in"), "{error}");
    std::fs::write(&token_file, "secret-2").unwrap();
    desk.lock().unwrap().status = None;
    uplink.send(&batch).await.unwrap();
    assert_eq!(
        desk.lock().unwrap().tokens.last().map(String::as_str),
        Some("Bearer secret-2"),
        "a new token needs no restart"
    );

    let error = uplink.heartbeat(&Heartbeat::default()).await.unwrap_err();
    assert!(error.message.contains("does not know /link/v1/heartbeat"), "{error}");
    let error = HttpUplink::new(["hub.example:8080"], token(), &[]).unwrap_err();
    assert!(error.message.contains("is no address of a hub"), "{error}");
}

#[tokio::test]
async fn a_hub_of_many_edges_hears_of_each_as_rarely_as_it_wants() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let edge = Steps::open(place.config(), hub.clone(), Time::system()).await.unwrap();
    assert_eq!(edge.beat(0.5).await, place.config().heartbeat_every);
    hub.with(|held| held.beat_every_s = Some(50));
    assert_eq!(edge.beat(0.5).await, Duration::from_secs(50));
    hub.with(|held| held.beat_every_s = Some(u32::MAX));
    assert_eq!(edge.beat(0.5).await, Duration::from_secs(120), "and no less often than this");
}
