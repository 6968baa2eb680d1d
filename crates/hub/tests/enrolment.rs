//! How edges come in, get new tokens, and are shut out.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use house::{House, clerk, house, now};
use hub::{TOKEN_DAYS, TokenKind};
use jiff::{SignedDuration, ToSpan as _};

const SECRET: [u8; 32] = [9; 32];
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// The one-time token of an edge that was invited.
fn invited(house: &House, name: &str) -> String {
    house.hub.edge_invite(&clerk(), name, SECRET, A_DAY, now()).unwrap();
    link::enrol::token(&SECRET)
}

fn next(house: &House, name: &str, random: u8) -> String {
    house.hub.next_token(name, [random; 32], now()).unwrap()
}

/// Whose token it is.
fn owner(house: &House, token: &str) -> Option<String> {
    house.hub.bearer(token, now()).unwrap().map(|bearer| bearer.name)
}

#[test]
fn a_code_gives_tokens_to_one_edge_until_it_has_shown_one() {
    let house = house();
    let code = invited(&house, "cebu");
    assert_eq!(house.hub.invited(&code, now()).unwrap().as_deref(), Some("cebu"));
    assert_eq!(owner(&house, &code), None, "it opens nothing else");

    let lost = next(&house, "cebu", 1);
    let token = next(&house, "cebu", 2);
    assert_eq!(owner(&house, &lost), None, "another was given after it");
    assert_eq!(house.hub.invited(&code, now()).unwrap().as_deref(), Some("cebu"), "none was shown yet");
    assert_eq!(owner(&house, &token).as_deref(), Some("cebu"));
    assert_eq!(house.hub.invited(&code, now()).unwrap(), None, "it is used up");
    assert_eq!(owner(&house, &token).as_deref(), Some("cebu"));

    let trail: Vec<_> = house.hub.audit(2).unwrap().into_iter().map(|entry| (entry.actor, entry.action)).collect();
    let told = [("edge:cebu", "token.take"), ("clerk", "edge.invite")];
    assert_eq!(trail, told.map(|(who, what)| (who.to_owned(), what.to_owned())));
    assert!(!house.hub.audit(2).unwrap().iter().any(|entry| entry.detail.contains(&code)));
}

#[test]
fn a_code_ends_with_its_time_and_with_the_next_one() {
    let house = house();
    let first = invited(&house, "cebu");
    assert_eq!(house.hub.invited(&first, now() + 25.hours()).unwrap(), None);
    house.hub.edge_invite(&clerk(), "cebu", [8; 32], A_DAY, now()).unwrap();
    assert_eq!(house.hub.invited(&first, now()).unwrap(), None);
    let longer = house.hub.edge_invite(&clerk(), "cebu", [7; 32], A_DAY * 31, now()).unwrap_err();
    assert!(longer.to_string().contains("up to 30 days"), "{longer}");
    house.hub.token_create(&clerk(), "reports", TokenKind::Api, [1; 32], now()).unwrap();
    let taken = house.hub.edge_invite(&clerk(), "reports", [7; 32], A_DAY, now()).unwrap_err();
    assert!(taken.to_string().contains("reports is the name of an API token"), "{taken}");
}

#[test]
fn whatever_answers_are_lost_an_edge_always_has_a_token_that_opens() {
    let house = house();
    let mut held = house.hub.token_create(&clerk(), "cebu", TokenKind::Edge, [100; 32], now()).unwrap();
    for round in 0..10 {
        // The edge never hears of these.
        let lost: Vec<String> = (0..round % 4).map(|answer| next(&house, "cebu", 10 * round + answer)).collect();
        assert_eq!(owner(&house, &held).as_deref(), Some("cebu"), "round {round}: the old one holds");
        let new = next(&house, "cebu", 10 * round + 9);
        assert_eq!(owner(&house, &held).as_deref(), Some("cebu"), "round {round}: until the new one is shown");
        assert_eq!(owner(&house, &new).as_deref(), Some("cebu"));
        let former = std::mem::replace(&mut held, new);
        for opens_nothing in lost.iter().chain([&former]) {
            assert_eq!(owner(&house, opens_nothing), None, "round {round}");
        }
    }
}

#[test]
fn a_token_is_old_after_thirty_days_and_that_of_a_program_never() {
    let house = house();
    let edge = house.hub.token_create(&clerk(), "cebu", TokenKind::Edge, [1; 32], now()).unwrap();
    let program = house.hub.token_create(&clerk(), "reports", TokenKind::Api, [2; 32], now()).unwrap();
    let is_old =
        |token: &str, days: i64| house.hub.bearer(token, now()).unwrap().unwrap().is_old(now() + (24 * days).hours());
    assert!(!is_old(&edge, TOKEN_DAYS - 1) && is_old(&edge, TOKEN_DAYS));
    assert!(!is_old(&program, 400));
}

#[test]
fn a_lost_edge_is_shut_out_with_all_that_it_could_hold_and_its_successor_comes_in() {
    let house = house();
    let held = house.hub.token_create(&clerk(), "cebu", TokenKind::Edge, [1; 32], now()).unwrap();
    let code = invited(&house, "cebu");
    let given = next(&house, "cebu", 2);
    house.hub.token_revoke(&clerk(), "cebu", now()).unwrap();
    for token in [&held, &given] {
        assert_eq!(owner(&house, token), None);
    }
    assert_eq!(house.hub.invited(&code, now()).unwrap(), None);
    assert!(house.hub.token_revoke(&clerk(), "cebu", now()).is_err(), "there is nothing left of it");

    invited(&house, "cebu");
    let successor = next(&house, "cebu", 3);
    assert_eq!(owner(&house, &successor).as_deref(), Some("cebu"));
    assert_eq!(owner(&house, &held), None);
}

#[test]
fn an_edge_that_is_gone_for_good_is_forgotten_and_what_it_brought_stays() {
    let house = house();
    house.register("A1", "Asia/Manila");
    invited(&house, "cebu");
    let token = next(&house, "cebu", 1);
    assert_eq!(owner(&house, &token).as_deref(), Some("cebu"));
    let batch = link::Batch { edge: "cebu".to_owned(), ..house.batch("A1", &["12\t2026-03-02 08:00:00\t0\t1\t0"], 1) };
    house.hub.ingest(&batch, now()).unwrap();
    let contact = link::Contact {
        serial: "A1".to_owned(),
        last_contact_us: Some(now().as_microsecond()),
        ..link::Contact::default()
    };
    let beat = |edge: &str, terminals| {
        let beat = link::Heartbeat { edge: edge.to_owned(), queued: 3, terminals, ..link::Heartbeat::default() };
        house.hub.heartbeat(&beat, now()).unwrap().terminals.len()
    };
    beat("cebu", vec![contact]);
    assert_eq!(beat("davao", Vec::new()), 0, "the terminal is cebu's");

    let told = house.hub.edge_farewell("cebu").unwrap();
    assert_eq!((told.queued, told.last_seen, told.terminals.as_slice()), (3, Some(now()), &["A1".to_owned()][..]));
    assert_eq!(owner(&house, &token).as_deref(), Some("cebu"), "asking changes nothing");
    assert_eq!(house.hub.edge_forget(&clerk(), "cebu", now()).unwrap(), told);

    assert_eq!(owner(&house, &token), None);
    let edges = house.hub.edges(now(), std::time::Duration::from_secs(60)).unwrap();
    assert!(edges.iter().all(|edge| edge.name != "cebu"), "{edges:?}");
    assert_eq!(beat("davao", Vec::new()), 1, "another edge may answer for it");
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.object.as_str()), ("edge.forget", "cebu"));
    assert!(entry.detail.contains("A1"), "{}", entry.detail);
    let known = house.hub.ingest(&link::Batch { follows: 0, ..batch }, now()).unwrap();
    assert_eq!(known.outcomes, [link::Outcome::Known], "its punch is here");
    assert!(house.hub.edge_forget(&clerk(), "nobody", now()).unwrap_err().to_string().contains("edge nobody"));
}
