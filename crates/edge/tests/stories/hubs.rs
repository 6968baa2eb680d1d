//! One edge, several hubs on one database.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::post;
use edge::{HttpUplink, TokenFile, Uplink as _};
use link::{Ack, Batch, Heartbeat, Orders};

use crate::workplace::Workplace;

/// What the hubs share, and how each is.
#[derive(Default)]
struct Office {
    /// The hub that each call reached, in order.
    calls: Vec<usize>,
    /// Hubs that answer so.
    refuse: [Option<StatusCode>; 3],
    /// A hub that takes a batch and loses its answer.
    loses_answer: Option<usize>,
    /// Batches that were taken, by their last sequence.
    taken: Vec<i64>,
}

type Shared = Arc<Mutex<Office>>;

/// Starts hub number `number`.
async fn hub(office: &Shared, number: usize) -> SocketAddr {
    let call = {
        let office = office.clone();
        move || {
            let mut office = office.lock().unwrap();
            office.calls.push(number);
            office.refuse[number]
        }
    };
    let (heard, office) = (call.clone(), office.clone());
    let punches = move |axum::Json(batch): axum::Json<Batch>| async move {
        let refuses = call();
        let mut office = office.lock().unwrap();
        if refuses.is_none() && !office.taken.contains(&batch.up_to) {
            office.taken.push(batch.up_to);
        }
        let is_lost = office.loses_answer.take_if(|loses| *loses == number).is_some();
        let lost = is_lost.then_some(StatusCode::BAD_GATEWAY);
        let ack = axum::Json(Ack { high_seq: batch.up_to, ..Ack::default() });
        (refuses.or(lost).unwrap_or(StatusCode::OK), [("retry-after", "7")], ack)
    };
    let heartbeat = move || async move { (heard().unwrap_or(StatusCode::OK), axum::Json(Orders::default())) };
    let routes =
        axum::Router::new().route(link::path::PUNCHES, post(punches)).route(link::path::HEARTBEAT, post(heartbeat));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, routes).await });
    address
}

/// An address where nobody listens.
async fn nobody() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn uplink(place: &Workplace, hubs: &[SocketAddr]) -> HttpUplink {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = place.spool().with_file_name("token");
    std::fs::write(&file, "secret").unwrap();
    let token = TokenFile::new(file, place.spool().with_file_name("edge.key"));
    HttpUplink::new(hubs.iter().map(|hub| format!("http://{hub}")), token, &[]).unwrap()
}

fn batch(up_to: i64) -> Batch {
    Batch { edge: "branch".into(), up_to, ..Batch::default() }
}

#[tokio::test]
async fn an_edge_goes_on_to_a_hub_that_answers_and_stays_with_it() {
    let (place, office) = (Workplace::new(), Shared::default());
    let hubs = [hub(&office, 0).await, hub(&office, 1).await, hub(&office, 2).await, nobody().await];
    let uplink = uplink(&place, &hubs);
    for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::NOT_FOUND] {
        uplink.send(&batch(1)).await.unwrap();
        let first = *office.lock().unwrap().calls.last().unwrap();
        office.lock().unwrap().refuse[first] = Some(status);
        uplink.send(&batch(2)).await.unwrap();
        let next = *office.lock().unwrap().calls.last().unwrap();
        assert_ne!(next, first);
        office.lock().unwrap().refuse[first] = None;
        office.lock().unwrap().calls.clear();
        uplink.send(&batch(3)).await.unwrap();
        uplink.heartbeat(&Heartbeat::default()).await.unwrap();
        assert_eq!(office.lock().unwrap().calls, [next, next], "punches and heartbeats stay where they are taken");
    }
}

#[tokio::test]
async fn when_no_hub_takes_it_each_was_asked_once_and_the_soonest_wish_counts() {
    let (place, office) = (Workplace::new(), Shared::default());
    let hubs = [hub(&office, 0).await, nobody().await, hub(&office, 1).await];
    let uplink = uplink(&place, &hubs);
    office.lock().unwrap().refuse = [Some(StatusCode::SERVICE_UNAVAILABLE); 3];
    let error = uplink.send(&batch(1)).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    assert!(hubs.iter().all(|hub| error.message.contains(&hub.to_string())), "{error}");
    let mut calls = office.lock().unwrap().calls.clone();
    calls.sort_unstable();
    assert_eq!(calls, [0, 1]);
}

#[tokio::test]
async fn a_batch_whose_answer_was_lost_goes_to_the_next_hub_and_counts_once() {
    let (place, office) = (Workplace::new(), Shared::default());
    let hubs = [hub(&office, 0).await, hub(&office, 1).await];
    let uplink = uplink(&place, &hubs);
    uplink.send(&batch(1)).await.unwrap();
    let first = *office.lock().unwrap().calls.last().unwrap();
    office.lock().unwrap().loses_answer = Some(first);
    assert_eq!(uplink.send(&batch(2)).await.unwrap().high_seq, 2);
    let office = office.lock().unwrap();
    assert_eq!(office.calls, [first, first, 1 - first]);
    assert_eq!(office.taken, [1, 2]);
}
