//! What older hubs answered is understood, and bodies are packed only for a hub that unpacks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use edge::{HttpUplink, TokenFile, Uplink as _};
use link::{Ack, Batch, Heartbeat, Orders, Outcome, TerminalCommand};
use serde_json::Value;

use crate::workplace::Workplace;

/// Content coding and body of each call.
type Calls = Arc<Mutex<Vec<(Option<String>, Bytes)>>>;

/// A hub that gives this answer to every call, with or without the word that it unpacks.
async fn hub(answer: Value, unpacks: bool) -> (String, Calls) {
    let calls = Calls::default();
    let seen = calls.clone();
    let serve = move |headers: HeaderMap, body: Bytes| async move {
        let coding = headers.get("content-encoding").map(|coding| coding.to_str().unwrap().to_owned());
        seen.lock().unwrap().push((coding, body));
        let mut headers = HeaderMap::new();
        if unpacks {
            headers.insert("accept-encoding", "gzip".parse().unwrap());
        }
        (headers, axum::Json(answer))
    };
    let routes =
        axum::Router::new().route(link::path::PUNCHES, post(serve.clone())).route(link::path::HEARTBEAT, post(serve));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, routes).await });
    (format!("http://{address}"), calls)
}

fn uplink(place: &Workplace, hub: &str) -> HttpUplink {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let token = place.spool().with_file_name("token");
    std::fs::write(&token, "secret\n").unwrap();
    let key = place.spool().with_file_name("edge.key");
    HttpUplink::new([hub], TokenFile::new(token, key), &[]).unwrap()
}

fn transcript(file: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../link/tests/transcripts/0.1");
    let file: PathBuf = folder.join(file);
    serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap()
}

/// What the edge reads from the recorded answer to a batch.
async fn ack(file: &str) -> Ack {
    let recorded = transcript(file);
    let (address, _) = hub(recorded["answer"].clone(), false).await;
    let batch: Batch = serde_json::from_value(recorded["request"].clone()).unwrap();
    uplink(&Workplace::new(), &address).send(&batch).await.unwrap()
}

async fn orders(file: &str) -> Orders {
    let recorded = transcript(file);
    let (address, _) = hub(recorded["answer"].clone(), false).await;
    let beat: Heartbeat = serde_json::from_value(recorded["request"].clone()).unwrap();
    uplink(&Workplace::new(), &address).heartbeat(&beat).await.unwrap()
}

#[tokio::test]
async fn a_hub_one_minor_version_back_is_understood() {
    let first = ack("2_punches.json").await;
    let outcomes = [Outcome::Stored, Outcome::Held, Outcome::Held, Outcome::Known, Outcome::Held];
    assert_eq!((first.high_seq, first.outcomes.as_slice()), (5, outcomes.as_slice()));
    assert_eq!(ack("3_punches_again.json").await.outcomes, [Outcome::Known]);
    assert_eq!(ack("4_punches_after_a_gap.json").await, Ack { high_seq: 7, ..Ack::default() });

    let told = orders("1_heartbeat.json").await;
    let gate = &told.terminals[0];
    assert_eq!((gate.serial.as_str(), gate.approved, gate.via), ("A1", true, link::Via::Both));
    assert!(!told.terminals[1].approved);
    assert_eq!(told.commands[0].command, TerminalCommand::GetOption { name: "FWVersion".into() });
    assert_eq!(told.now_us, None, "it did not tell its time");
    assert!(orders("6_heartbeat_with_a_result.json").await.commands.is_empty());
    assert_eq!(orders("7_heartbeat_with_health.json").await.now_us, Some(1_772_596_820_000_000));
    assert_eq!(ack("8_punches_of_a_doubted_clock.json").await.high_seq, 9);
    assert_eq!(ack("9_punches_of_a_new_spool.json").await.high_seq, 1);
}

#[tokio::test]
async fn bodies_are_packed_once_the_hub_has_said_that_it_unpacks() {
    let user = |seq| link::Item {
        seq,
        received_us: 1,
        is_time_doubted: false,
        what: link::What::User(link::TerminalUser { origin: "X1".into(), user: seq.to_string(), name: "Ann".into() }),
    };
    let batch = Batch { edge: "branch-7".into(), up_to: 200, items: (1..=200).map(user).collect(), ..Batch::default() };
    let answer = serde_json::json!({ "high_seq": 200, "outcomes": [] });
    for unpacks in [true, false] {
        let (place, (address, calls)) = (Workplace::new(), hub(answer.clone(), unpacks).await);
        let uplink = uplink(&place, &address);
        for _ in 0..2 {
            assert_eq!(uplink.send(&batch).await.unwrap().high_seq, 200);
        }
        let calls = calls.lock().unwrap();
        let (first, second) = (&calls[0], &calls[1]);
        assert_eq!(first.0, None, "nothing is known of the hub yet");
        if !unpacks {
            assert_eq!(second, first);
            continue;
        }
        assert_eq!(second.0.as_deref(), Some("gzip"));
        assert!(second.1.len() * 5 < first.1.len(), "{} of {}", second.1.len(), first.1.len());
        assert_eq!(link::body::unpack(&second.1, 1 << 20).unwrap(), first.1);
    }
}
