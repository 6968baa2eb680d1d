//! What programs write with a key is done once, whichever hub is asked and how often.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use hub::{Claim, ImportFilter, KeyedWrite, TokenKind};
use jiff::ToSpan as _;
use serde_json::json;

use super::house::{Answer, House, Visitor, clerk, now};
use super::imports::form;
use crate::idempotency::digest;

const PATH: &str = "/api/v1/imports";
const LOG: &str = "user,time\n7,2026-03-02 08:00:00\n";
const OTHER: &str = "user,time\n8,2026-03-02 08:00:00\n";
const FIELDS: [(&str, &str); 1] = [("zone", "Asia/Manila")];

/// Brings a file with a key.
async fn ask(house: &House, program: &Visitor, key: &str, file: &str) -> Answer {
    house.ask(&program.clone().with("idempotency-key", key), form(PATH, file, &FIELDS)).await
}

/// How often one was taken: each import is noted.
fn done(house: &House) -> u64 {
    house.hub.imports(&ImportFilter::default()).unwrap().total
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_answered_the_same_and_not_done_again() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let first = ask(&house, &program, "k-1", LOG).await;
    assert_eq!((first.status, done(&house)), (StatusCode::OK, 1), "{}", first.text);
    // The other hub of the same database knows it, too.
    for hub in [&house, &house.again()] {
        let again = ask(hub, &program, "k-1", LOG).await;
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert_eq!(again.header("content-type"), first.header("content-type"));
        assert_eq!(again.header("idempotent-replayed"), "true");
    }
    assert_eq!((done(&house), first.header("idempotent-replayed")), (1, ""));
    assert_eq!(ask(&house, &program, "k-2", LOG).await.status, StatusCode::OK);
    assert_eq!(done(&house), 2, "another key is another write");
    let without = house.ask(&program, form(PATH, LOG, &FIELDS)).await;
    assert_eq!((without.status, done(&house)), (StatusCode::OK, 3), "without a key each one is done");
}

#[tokio::test]
async fn what_is_put_and_what_is_taken_away_can_be_named_by_a_key_too() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let layout = "/api/v1/payroll/layouts/ours";
    let ask = async |request: axum::http::request::Builder, key: &str, body: &'static str| {
        house.ask(&program, request.header("idempotency-key", key).body(Body::from(body)).unwrap()).await
    };
    let put = ask(Request::put(layout), "k-1", r#"{"from": "csv"}"#).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let first = ask(Request::delete(layout), "k-2", "").await;
    let again = ask(Request::delete(layout), "k-2", "").await;
    assert_eq!((first.status, again.status), (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT), "{}", again.text);
    assert_eq!((again.header("idempotent-replayed"), again.header("content-type")), ("true", ""));
    assert_eq!(ask(Request::delete(layout), "k-3", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_that_comes_with_another_request_is_refused_and_one_of_another_program_is_its_own() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    ask(&house, &program, "k-1", LOG).await;
    let other = ask(&house, &program, "k-1", OTHER).await;
    let problem = (StatusCode::UNPROCESSABLE_ENTITY, "application/problem+json");
    assert_eq!((other.status, other.header("content-type")), problem);
    assert!(other.text.contains("Send a new key with each new request"), "{}", other.text);
    let elsewhere = Request::post("/api/v1/jobs").header("idempotency-key", "k-1");
    let elsewhere = house.ask(&program, elsewhere.body(Body::from(r#"{"kind": "derive"}"#)).unwrap()).await;
    assert!(elsewhere.text.contains("another request"), "{}", elsewhere.text);
    let text = house.hub.token_create(&clerk(), "second", TokenKind::Api, [9; 32], now()).unwrap();
    let second = Visitor::default().with("authorization", &format!("Bearer {text}"));
    assert_eq!(ask(&house, &second, "k-1", OTHER).await.status, StatusCode::OK);
    assert_eq!(done(&house), 2);
    for key in ["", &"k".repeat(256)] {
        let refused = ask(&house, &program, key, LOG).await;
        assert!(refused.status == problem.0 && refused.text.contains("UUID"), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_refusal_did_nothing_and_its_key_may_come_again() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let body = json!({"punches": [{"user": "7", "at": "2026-03-02T08:00:00Z"}], "zone": "Manila"}).to_string();
    let send = |body: String| {
        let request = Request::post("/api/v1/punches").header("idempotency-key", "k-1");
        house.ask(&program, request.body(Body::from(body)).unwrap())
    };
    assert_eq!(send(body.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send(body.replace("Manila", "Asia/Manila")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_file_that_comes_again_in_a_form_of_its_own_is_the_same_request() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api).with("idempotency-key", "file-1");
    let first = house.ask(&program, form(PATH, LOG, &FIELDS)).await;
    let (mut parts, body) = form(PATH, LOG, &FIELDS).into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    parts.headers.insert("content-type", "multipart/form-data; boundary=another".parse().unwrap());
    let again = Request::from_parts(parts, Body::from(body.replace("--edge", "--another")));
    let again = house.ask(&program, again).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
    let other = house.ask(&program, form(PATH, LOG, &[("zone", "Asia/Tokyo")])).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_ask_two_hubs_at_the_same_time_one_is_done() {
    let house = House::with_accounts();
    let (program, other) = (house.token(TokenKind::Api), house.again());
    let asked = (0..12).map(|at| ask(if at % 2 == 0 { &house } else { &other }, &program, "k-1", LOG));
    let answers = futures_util::future::join_all(asked).await;
    let taken: Vec<&Answer> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert_eq!(taken.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).count(), 1);
    assert!(taken.iter().all(|answer| answer.text == taken[0].text), "all hear the same");
    assert!(answers.iter().all(|answer| matches!(answer.status, StatusCode::OK | StatusCode::CONFLICT)));
    assert_eq!(done(&house), 1);
}

#[tokio::test]
async fn what_is_being_done_is_told_and_what_a_killed_hub_left_is_done_by_the_next() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let body = to_bytes(form(PATH, LOG, &FIELDS).into_body(), usize::MAX).await.unwrap();
    let asked = digest(&[b"POST", PATH.as_bytes()], &body, Some("edge"));
    let write = |key: &str| KeyedWrite { caller: "api".to_owned(), key: key.to_owned(), asked: asked.clone() };
    // The same request, claimed by a hub that was killed eleven minutes ago, and by one that has it in hands for a minute.
    for (key, minutes) in [("left", 11), ("runs", 1)] {
        let began = now().checked_sub(minutes.minutes()).unwrap();
        assert!(matches!(house.hub.claim_write(&write(key), began).unwrap(), Claim::Do(_)));
    }
    let runs = ask(&house.again(), &program, "runs", LOG).await;
    assert_eq!((runs.status, runs.header("content-type")), (StatusCode::CONFLICT, "application/problem+json"));
    assert!(runs.text.contains("still being done"), "{}", runs.text);
    assert_eq!((ask(&house, &program, "left", LOG).await.status, done(&house)), (StatusCode::OK, 1));
    // After a day the key is free.
    let kept = house.hub.claim_write(&write("left"), now()).unwrap();
    assert!(matches!(kept, Claim::Answered(answer) if answer.status == 200));
    let tomorrow = now().checked_add(25.hours()).unwrap();
    assert!(matches!(house.hub.claim_write(&write("left"), tomorrow).unwrap(), Claim::Do(_)));
}
