//! Commands of terminals, and their clocks, as the pages show them.

use axum::http::StatusCode;
use hub::NewTerminal;
use link::{Clock, ClockSource, CommandReport, CommandState, Contact, Heartbeat};

use super::house::{House, clerk, now};

/// A house with a terminal that pushes, and an edge that has heard it.
fn house() -> House {
    let house = House::with_accounts();
    let door = NewTerminal {
        serial: "A 1".into(),
        name: Some("Door".into()),
        zone: Some("Asia/Manila".into()),
        ..NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &door, now()).unwrap();
    let clock = Some(Clock { offset_s: 200, how: ClockSource::Uploads, at_us: now().as_microsecond() });
    let last_contact_us = Some(now().as_microsecond());
    let contact = Contact { serial: "A 1".into(), last_contact_us, clock, ..Contact::default() };
    house
        .hub
        .heartbeat(&Heartbeat { edge: "e".into(), terminals: vec![contact], ..Heartbeat::default() }, now())
        .unwrap();
    house
}

#[tokio::test]
async fn an_administrator_asks_a_terminal_and_sees_what_became_of_it() {
    let house = house();
    let admin = house.sign_in("admin").await;
    let terminals = house.get(&admin, "/terminals").await.text;
    assert!(terminals.contains("href=\"/terminals/commands?terminal=A%201\""), "{terminals}");
    let asked = house.post(&admin, "/terminals/commands", "terminal=A+1&what=info").await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text);
    let page = house.get(&admin, asked.header("location")).await.text;
    assert!(page.contains("is queued") && page.contains("<strong>Tell all options</strong>"), "{page}");
    assert!(page.contains("<option value=\"A 1\" selected>Door</option>"), "the terminal stays chosen: {page}");

    let id = house.hub.commands(&hub::view::CommandFilter::default(), now()).unwrap()[0].id;
    let text = "the terminal does not know this command; update its firmware\nFWVersion=Ver 6.60".to_owned();
    let report = CommandReport { id, state: CommandState::Failed, at_us: 0, sent_times: 1, code: Some(-1002), text };
    house
        .hub
        .heartbeat(&Heartbeat { edge: "e".into(), commands: vec![report], ..Heartbeat::default() }, now())
        .unwrap();
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/terminals/commands?state=failed").await.text;
    assert!(page.contains("does not know this command; update its firmware (code -1002)"), "{page}");
    assert!(page.contains("<li>FWVersion=Ver 6.60</li>") && page.contains("by admin"), "{page}");
    assert!(!page.contains("name=\"what\""), "a viewer asks for nothing");
    assert!(house.get(&viewer, "/terminals/commands?state=done").await.text.contains("No command matches"));
    let csv = house.get(&viewer, "/terminals/commands.csv?state=failed").await.text;
    assert!(csv.lines().nth(1).unwrap().contains("Door,A 1,tell all options,failed,"), "{csv}");
}

#[tokio::test]
async fn a_restart_needs_a_confirmation_and_a_span_its_dates() {
    let house = house();
    let admin = house.sign_in("admin").await;
    let refused = house.post(&admin, "/terminals/commands", "terminal=A+1&what=reboot").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("The restart was not confirmed. Tick the box"), "{}", refused.text);
    let refused = house.post(&admin, "/terminals/commands", "terminal=A+1&what=punches&from=2026-01-05&to=").await;
    assert!(refused.text.contains("The dates are missing."), "{}", refused.text);
    assert!(refused.text.contains("value=\"2026-01-05\""), "what was typed stays");
    for refused in ["terminal=A+1&what=set-option", "terminal=nobody&what=info"] {
        let answer = house.post(&admin, "/terminals/commands", refused).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    }
    assert!(house.hub.commands(&hub::view::CommandFilter::default(), now()).unwrap().is_empty());
    for taken in ["what=reboot&confirmed=yes", "what=count&from=2026-01-05&to=2026-01-06"] {
        let answer = house.post(&admin, "/terminals/commands", &format!("terminal=A+1&{taken}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{taken}: {}", answer.text);
    }
}

#[tokio::test]
async fn commands_are_sorted_by_column_on_the_page_and_in_the_file() {
    let house = house();
    let (admin, viewer) = (house.sign_in("admin").await, house.sign_in("viewer").await);
    for what in ["what=info", "what=check"] {
        house.post(&admin, "/terminals/commands", &format!("terminal=A+1&{what}")).await;
    }
    let ids = async |sort: &str| {
        let csv = house.get(&viewer, &format!("/terminals/commands.csv?{sort}")).await.text;
        csv.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect::<Vec<i64>>()
    };
    let latest_first = ids("").await;
    assert!(latest_first.len() == 2 && latest_first[0] > latest_first[1], "{latest_first:?}");
    let (first, last) = (latest_first[1], latest_first[0]);
    let (state, text) = (CommandState::Done, String::new());
    let report = CommandReport { id: last, state, at_us: 0, sent_times: 1, code: None, text };
    let beat = Heartbeat { edge: "e".into(), commands: vec![report], ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    for (sort, wanted) in [
        ("sort=asked", [first, last]),
        ("sort=asked&order=desc", [last, first]),
        ("sort=state", [first, last]),
        ("sort=state&order=desc", [last, first]),
        ("sort=terminal", [last, first]),
    ] {
        assert_eq!(ids(sort).await, wanted, "{sort}");
    }
    let page = house.get(&viewer, "/terminals/commands?sort=state").await.text;
    assert!(page.contains("/terminals/commands?sort=state&#38;order=desc"), "{page}");
    assert!(page.contains("/terminals/commands.csv?sort=state"), "{page}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_shown_with_its_cure() {
    let house = house();
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/terminals?show=trouble").await.text;
    assert!(page.contains("At least 3 min 20 s ahead.") && page.contains("check the terminal"), "{page}");
    let csv = house.get(&viewer, "/terminals.csv").await.text;
    assert!(csv.lines().nth(1).unwrap().contains(",200,uploads,"), "{csv}");
    let token = house.token(hub::TokenKind::Api);
    let rest = house.get(&token, "/api/v1/terminals").await.json();
    assert_eq!(rest["items"][0]["clock"]["offset_seconds"], 200);
    assert_eq!(rest["items"][0]["clock"]["is_off"], true);
}
