//! What programs do with terminals and days by REST.

use axum::http::StatusCode;
use hub::view::CommandFilter;
use hub::{TokenKind, USUAL_EXPIRY};
use jiff::ToSpan as _;
use link::{CommandReport, CommandState, Heartbeat, TerminalCommand};
use serde_json::json;

use super::house::{House, clerk, now};

const TERMINALS: &str = "/api/v1/terminals";

#[tokio::test]
async fn a_program_registers_terminals_and_changes_what_it_says_only() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let made = house.post(&program, TERMINALS, r#"{"serial":"CJ1","name":"Gate","zone":"Asia/Manila"}"#).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["name"], &made["is_approved"], &made["via"]), (&json!("Gate"), &json!(true), &json!("push")));
    let polled = r#"{"serial":"CJ1","address":"192.168.1.201","via":"both","poll_minutes":5}"#;
    let changed = house.post(&program, TERMINALS, polled).await.json();
    assert_eq!((&changed["name"], &changed["poll_minutes"]), (&json!("Gate"), &json!(5)));
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!(
        (entry.actor.as_str(), entry.action.as_str(), entry.object.as_str()),
        ("token api", "terminal.register", "CJ1")
    );
    for (body, says) in [
        (r#"{"serial":" "}"#, "needs a serial"),
        (r#"{"serial":"X","zone":"Mars/North"}"#, "no time zone"),
        (r#"{"serial":"X","colour":"red"}"#, "colour"),
        ("{}", "missing field"),
    ] {
        let refused = house.post(&program, TERMINALS, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(refused.text.contains(says), "{body}: {}", refused.text);
    }
    assert_eq!(house.hub.terminals().unwrap().len(), 1);
}

#[tokio::test]
async fn a_terminal_that_pushes_is_asked_for_its_punches_and_one_that_is_only_polled_is_refused_with_the_cure() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    house.post(&program, TERMINALS, r#"{"serial":"CJ1","zone":"Asia/Manila"}"#).await;
    house.post(&program, TERMINALS, r#"{"serial":"P1","address":"192.168.1.201","via":"poll"}"#).await;

    let asked = house.post(&program, "/api/v1/terminals/CJ1/poll", r#"{"since_hours":2}"#).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let commands = house.hub.commands(&CommandFilter::default(), now()).unwrap();
    assert_eq!((commands.len(), json!(commands[0].id)), (1, asked.json()["command"].clone()));
    let TerminalCommand::SendPunches { from, to } = commands[0].command else { panic!("{:?}", commands[0]) };
    assert_eq!(from.checked_add(3.hours()).unwrap(), to, "two hours back, and one ahead");

    let refused = house.post(&program, "/api/v1/terminals/P1/poll", "{}").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("only polled") && refused.text.contains("via both"), "{}", refused.text);
    assert_eq!(house.post(&program, "/api/v1/terminals/Z9/poll", "{}").await.status, StatusCode::NOT_FOUND);
    for hours in ["0", "745"] {
        let body = format!("{{\"since_hours\":{hours}}}");
        let refused = house.post(&program, "/api/v1/terminals/CJ1/poll", &body).await;
        assert!(refused.text.contains("Use 1 to 744"), "{}", refused.text);
    }

    let all = house.post(&program, "/api/v1/terminals/poll", "").await;
    assert_eq!(all.status, StatusCode::ACCEPTED, "{}", all.text);
    let items = all.json()["items"].clone();
    let of = |serial: &str| items.as_array().unwrap().iter().find(|item| item["serial"] == serial).unwrap().clone();
    assert!(of("CJ1")["command"].is_i64() && of("P1")["command"].is_null(), "{items}");
    assert!(of("P1")["says"].as_str().unwrap().contains("only polled"), "{items}");
    assert_eq!(house.hub.commands(&CommandFilter::default(), now()).unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_terminal_told_of_itself_stands_with_it() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    house.post(&program, TERMINALS, r#"{"serial":"CJ1","name":"Gate","zone":"Asia/Manila"}"#).await;
    let info = "/api/v1/terminals/CJ1/info";
    let before = house.get(&program, info).await.json();
    assert_eq!((&before["name"], &before["told"], &before["told_at"]), (&json!("Gate"), &json!(null), &json!(null)));
    let id = house.hub.ask_terminal(&clerk(), "CJ1", &TerminalCommand::Info, USUAL_EXPIRY, now()).unwrap();
    let text = "done\nFWVersion=Ver 6.60".to_owned();
    let report = CommandReport { id, state: CommandState::Done, at_us: 0, sent_times: 1, code: Some(0), text };
    house
        .hub
        .heartbeat(&Heartbeat { edge: "e".into(), commands: vec![report], ..Heartbeat::default() }, now())
        .unwrap();
    let told = house.get(&program, info).await.json();
    assert!(told["told"].as_str().unwrap().contains("FWVersion=Ver 6.60") && told["told_at"].is_string(), "{told}");
    assert_eq!(house.get(&program, "/api/v1/terminals/Z9/info").await.status, StatusCode::NOT_FOUND);
    let described = house.get(&program, "/api/v1/openapi.json").await.json();
    let own: Vec<_> = described["components"]["schemas"]["TerminalInfo"]["allOf"][1]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert!(own.iter().all(|name| told.get(name).is_some()) && own.len() == 2, "{own:?}");
}

#[tokio::test]
async fn days_are_added_up_and_derived_again() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let lines = "7\t2026-01-05 07:58:00\t1\t0\t1\t0\n7\t2026-01-05 18:30:00\t1\t1\t1\t0\n7\t2026-01-06 08:20:00\t1\t0\t1\t0\n\
                 7\t2026-01-06 17:00:00\t1\t1\t1\t0\n";
    house.import("A1", lines, true);
    let range = "/api/v1/days/stats?from=2026-01-05&to=2026-01-06";
    let stats = house.get(&program, range).await.json();
    let days = house.get(&program, "/api/v1/days?from=2026-01-05&to=2026-01-06").await.json();
    let sum = |name: &str| days["items"].as_array().unwrap().iter().map(|day| day[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((&stats["days"], &stats["statuses"]["present"]), (&json!(2), &json!(2)), "{stats}");
    for name in ["worked_minutes", "paid_minutes", "tardy_minutes", "left_early_minutes", "absent_minutes"] {
        assert_eq!(stats[name], sum(name), "{name}");
    }
    assert_eq!((&stats["exceptions"]["tardy"], &stats["outliers"]), (&json!(1), &json!(0)), "{stats}");
    assert_eq!(house.get(&program, &format!("{range}&employee=nobody")).await.json()["days"], 0);
    let described = house.get(&program, "/api/v1/openapi.json").await.json();
    let fields = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&described["components"]["schemas"]["DayStats"]["properties"]), fields(&stats));
    for wrong in ["", "?from=2026-01-05", "?from=2026-01-06&to=2026-01-05", "?from=2024-01-01&to=2025-12-31"] {
        let refused = house.get(&program, &format!("/api/v1/days/stats{wrong}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }

    let derive = "/api/v1/days/derive";
    let asked = house.post(&program, derive, r#"{"from":"2026-01-05","to":"2026-01-06","employee":"7"}"#).await;
    assert_eq!((asked.status, asked.json()), (StatusCode::ACCEPTED, json!({"waiting_weeks": 1})), "{}", asked.text);
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((entry.actor.as_str(), entry.action.as_str(), entry.object.as_str()), ("token api", "days.derive", "7"));
    assert_eq!(house.post(&program, derive, r#"{"employee":"nobody"}"#).await.status, StatusCode::NOT_FOUND);
    let turned = house.post(&program, derive, r#"{"from":"2026-01-06","to":"2026-01-05"}"#).await;
    assert_eq!(turned.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", turned.text);
}
