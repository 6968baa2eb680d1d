//! What older edges sent is taken, and answered so that they understand it.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hub::{Cure, NewTerminal, TokenKind};
use link::TerminalCommand;
use serde_json::Value;

use super::house::{House, clerk, now};

/// File name and text of each recorded call, in order.
fn transcripts() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../link/tests/transcripts/0.1");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 9, "{files:?}");
    let read = |file: &std::path::PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
    };
    files.iter().map(read).collect()
}

/// The first place where an answer lacks something of the recorded one, or says something else there.
fn lacking(recorded: &Value, answer: &Value, place: &str) -> Option<String> {
    match (recorded, answer) {
        (Value::Object(recorded), Value::Object(answer)) => recorded.iter().find_map(|(key, value)| {
            let place = format!("{place}/{key}");
            match answer.get(key) {
                Some(there) => lacking(value, there, &place),
                None => Some(format!("{place} is gone")),
            }
        }),
        (Value::Array(recorded), Value::Array(answer)) if recorded.len() == answer.len() => {
            let mut pairs = recorded.iter().zip(answer).enumerate();
            pairs.find_map(|(index, (recorded, answer))| lacking(recorded, answer, &format!("{place}/{index}")))
        }
        // The number of a command depends on when it was asked for, and so do the seconds that it has left.
        (Value::Number(_), Value::Number(_)) if place.ends_with("/id") || place.ends_with("_in_s") => None,
        // It tells the time now.
        (Value::Number(_), Value::Number(_)) if place == "/now_us" => None,
        _ if recorded == answer => None,
        _ => Some(format!("{place} was {recorded}, is {answer}")),
    }
}

/// The hub of the recordings: one terminal, one employee, one command that waits.
fn house() -> House {
    let house = House::new();
    let gate = NewTerminal {
        serial: "A1".into(),
        name: Some("Gate".into()),
        zone: Some("Asia/Manila".into()),
        address: Some("10.0.0.9".into()),
        via: Some(link::Via::Both),
        ..NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &gate, now()).unwrap();
    let assign = Cure::Assign { user: "12".into(), employee: "12".into(), create: true, from: None, to: None };
    house.hub.cure(&clerk(), &assign, now()).unwrap();
    let option = TerminalCommand::GetOption { name: "FWVersion".into() };
    house.hub.ask_terminal(&clerk(), "A1", &option, hub::USUAL_EXPIRY, now()).unwrap();
    house
}

#[tokio::test]
async fn an_edge_one_minor_version_back_is_served() {
    let house = house();
    let edge = house.token(TokenKind::Edge);
    let mut command = Value::Null;
    for (file, mut transcript) in transcripts() {
        if let Some(id) = transcript.pointer_mut("/request/commands/0/id") {
            *id = command.clone();
        }
        let call = transcript["call"].as_str().unwrap();
        let request = Request::post(call).header("content-type", "application/json");
        let answer = house.ask(&edge, request.body(Body::from(transcript["request"].to_string())).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}: {}", answer.text);
        let told = answer.json();
        assert_eq!(lacking(&transcript["answer"], &told, ""), None, "{file}: {}", answer.text);
        command = told.pointer("/commands/0/id").cloned().unwrap_or(command);
    }
    let commands = house.hub.commands(&hub::view::CommandFilter::default(), now()).unwrap();
    assert_eq!(commands[0].state, link::CommandState::Done, "the result counts");
    assert_eq!(house.hub.punch_count().unwrap(), 4);
    let held: u64 = house.hub.held().unwrap().iter().map(|group| group.count).sum();
    assert_eq!(held, 3);
}

#[tokio::test]
async fn what_is_held_is_told_with_its_reason() {
    let house = house();
    let edge = house.token(TokenKind::Edge);
    let (_, batch) = transcripts().swap_remove(1);
    let request = Request::post("/link/v1/punches").body(Body::from(batch["request"].to_string())).unwrap();
    let ack: link::Ack = serde_json::from_value(house.ask(&edge, request).await.json()).unwrap();
    let reasons: Vec<_> = ack.held.iter().map(|held| (held.seq, held.reason.as_str())).collect();
    assert_eq!(reasons, [(2, "unknown_user"), (3, "unreadable_time"), (5, "unapproved_terminal")]);
}

#[tokio::test]
async fn a_packed_body_counts_as_the_plain_one_and_cannot_fill_the_memory() {
    let house = house();
    let edge = house.token(TokenKind::Edge);
    let send = async |coding: &str, body: Vec<u8>| {
        let request = Request::post("/link/v1/punches").header("content-encoding", coding);
        house.ask(&edge, request.body(Body::from(body)).unwrap()).await
    };
    let (_, batch) = transcripts().swap_remove(1);
    let packed = link::body::pack(format!("{}{}", batch["request"], " ".repeat(2000)).as_bytes()).unwrap();
    let answer = send("gzip", packed.clone()).await;
    assert_eq!((answer.status, answer.header("accept-encoding")), (StatusCode::OK, "gzip"), "{}", answer.text);
    assert_eq!(answer.json()["high_seq"], 5);

    let bomb = link::body::pack(&vec![b' '; 64 << 20]).unwrap();
    assert_eq!(send("gzip", bomb).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send("gzip", packed[..packed.len() / 2].to_vec()).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send("br", packed).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
