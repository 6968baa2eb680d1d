//! The edge's token: how it gets one, and a new one before that is old.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use edge::{HttpUplink, TokenFile, Uplink as _};
use link::enrol::{Enrolled, Invitation, NewToken};
use link::{Ack, Heartbeat, Orders};
use safe::is_sealed;

use crate::workplace::Workplace;

/// A hub that keeps tokens as the real one does: the new one counts from when it is shown.
#[derive(Default)]
struct Tokens {
    current: String,
    given: Option<String>,
    count: usize,
    /// Answers with a new token that are lost on the way, though it was given.
    lost: usize,
    /// What was shown, in order.
    shown: Vec<String>,
}

type Desk = Arc<Mutex<Tokens>>;

impl Tokens {
    fn admits(&mut self, headers: &HeaderMap) -> bool {
        let shown = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
        if self.given.as_ref() == Some(&shown) {
            self.current = self.given.take().unwrap();
        }
        let is_current = self.current == shown;
        self.shown.push(shown);
        is_current
    }

    fn give(&mut self) -> Option<String> {
        self.count += 1;
        let token = format!("pc_{}", self.count);
        self.given = Some(token.clone());
        let is_lost = self.lost > 0;
        self.lost = self.lost.saturating_sub(1);
        (!is_lost).then_some(token)
    }
}

async fn renew(State(desk): State<Desk>, headers: HeaderMap) -> Result<axum::Json<NewToken>, StatusCode> {
    let mut desk = desk.lock().unwrap();
    if !desk.admits(&headers) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    desk.give().map(|token| axum::Json(NewToken { token })).ok_or(StatusCode::BAD_GATEWAY)
}

async fn enroll(State(desk): State<Desk>, headers: HeaderMap) -> Result<axum::Json<Enrolled>, StatusCode> {
    let mut desk = desk.lock().unwrap();
    // The current "token" is that of the code until the edge's own is shown.
    if !desk.admits(&headers) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let token = desk.give();
    token.map(|token| axum::Json(Enrolled { edge: "cebu".to_owned(), token })).ok_or(StatusCode::BAD_GATEWAY)
}

async fn beat(State(desk): State<Desk>, headers: HeaderMap) -> Result<axum::Json<Orders>, StatusCode> {
    let mut desk = desk.lock().unwrap();
    let admitted =
        desk.admits(&headers).then(|| axum::Json(Orders { renew_token: desk.count < 3, ..Orders::default() }));
    admitted.ok_or(StatusCode::UNAUTHORIZED)
}

async fn take(State(desk): State<Desk>, headers: HeaderMap) -> Result<axum::Json<Ack>, StatusCode> {
    let admitted = desk.lock().unwrap().admits(&headers);
    admitted.then(|| axum::Json(Ack::default())).ok_or(StatusCode::UNAUTHORIZED)
}

async fn hub(current: &str) -> (SocketAddr, Desk) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let desk = Desk::new(Mutex::new(Tokens { current: current.to_owned(), ..Tokens::default() }));
    let routes = axum::Router::new()
        .route(link::path::TOKEN, post(renew))
        .route(link::path::ENROLL, post(enroll))
        .route(link::path::HEARTBEAT, post(beat))
        .route(link::path::PUNCHES, post(take))
        .with_state(desk.clone());
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, routes).await });
    (address, desk)
}

fn token_path(place: &Workplace) -> PathBuf {
    place.spool().with_file_name("edge.token")
}

fn token_file(place: &Workplace) -> TokenFile {
    TokenFile::new(token_path(place), place.spool().with_file_name("edge.key"))
}

fn uplink(place: &Workplace, hub: SocketAddr) -> HttpUplink {
    HttpUplink::new([format!("http://{hub}")], token_file(place), &[]).unwrap()
}

#[tokio::test]
async fn with_lost_answers_the_token_changes_and_the_edge_is_never_locked_out() {
    let place = Workplace::new();
    let (address, desk) = hub("by-hand").await;
    std::fs::write(token_path(&place), "by-hand\n").unwrap();
    desk.lock().unwrap().lost = 2;
    let uplink = uplink(&place, address);
    for _ in 0..2 {
        uplink.renew_token().await.unwrap_err();
        uplink.heartbeat(&Heartbeat::default()).await.unwrap();
        assert_eq!(std::fs::read_to_string(token_path(&place)).unwrap(), "by-hand\n");
    }
    uplink.renew_token().await.unwrap();
    uplink.heartbeat(&Heartbeat::default()).await.unwrap();
    assert_eq!(desk.lock().unwrap().current, "pc_3");
    let text = std::fs::read_to_string(token_path(&place)).unwrap();
    assert!(is_sealed(&text) && !text.contains("pc_3"), "{text}");

    // Given, on the disk, and then the power fails before it is shown.
    uplink.renew_token().await.unwrap();
    drop(uplink);
    assert_eq!(desk.lock().unwrap().current, "pc_3");
    let after_restart = self::uplink(&place, address);
    after_restart.heartbeat(&Heartbeat::default()).await.unwrap();
    assert_eq!(desk.lock().unwrap().current, "pc_4");
}

#[tokio::test]
async fn a_call_that_was_under_way_when_the_token_changed_goes_on_with_the_new_one() {
    let place = Workplace::new();
    let (address, desk) = hub("first").await;
    std::fs::write(token_path(&place), "first").unwrap();
    let uplink = uplink(&place, address);
    uplink.heartbeat(&Heartbeat::default()).await.unwrap();
    // Another process of this edge fetches and uses the next one.
    let other = self::uplink(&place, address);
    other.renew_token().await.unwrap();
    other.heartbeat(&Heartbeat::default()).await.unwrap();
    uplink.heartbeat(&Heartbeat::default()).await.unwrap();
    let shown = desk.lock().unwrap().shown.clone();
    assert_eq!(shown, ["first", "first", "pc_1", "first", "pc_1"]);
}

#[tokio::test]
async fn an_edge_that_is_asked_fetches_a_new_token_by_itself() {
    let place = Workplace::new();
    let (address, desk) = hub("first").await;
    std::fs::write(token_path(&place), "first").unwrap();
    let edge = place.start(uplink(&place, address)).await;
    let watched = desk.clone();
    let has_changed = move || watched.lock().unwrap().current == "pc_1";
    let wait = move || testkit::wait_until("a new token", std::time::Duration::from_secs(20), has_changed);
    tokio::task::spawn_blocking(wait).await.unwrap().unwrap();
    edge.shutdown().await;
    assert_eq!(desk.lock().unwrap().count, 1, "it is asked all the time and goes once an hour");
}

#[tokio::test]
async fn a_code_is_exchanged_for_a_token_also_when_the_first_answer_is_lost() {
    let place = Workplace::new();
    let invitation = Invitation { hubs: Vec::new(), pins: Vec::new(), secret: [7; 32] };
    let (address, desk) = hub(&invitation.token()).await;
    let invitation = Invitation { hubs: vec![format!("http://{address}")], ..invitation };
    desk.lock().unwrap().lost = 1;
    let lost = HttpUplink::enroll(&invitation).await.err().unwrap();
    assert!(lost.message.contains("try the code again"), "{lost}");
    let enrolled = HttpUplink::enroll(&invitation).await.ok().unwrap();
    token_file(&place).write(&enrolled.token).unwrap();
    uplink(&place, address).send(&link::Batch::default()).await.unwrap();
    let used = HttpUplink::enroll(&invitation).await.err().unwrap();
    assert!(used.message.contains("does not take this code: it was used"), "{used}");
}
