//! Readings of terminals as the page, the file, REST and the metrics show them.

use axum::http::StatusCode;
use hub::{NewTerminal, TokenKind};
use link::{Heartbeat, Poll, PollOutcome, Via};
use serde_json::json;

use super::house::{House, clerk, now};

const PATH: &str = "/terminals/readings";

fn house() -> House {
    let house = House::with_accounts();
    let door = NewTerminal {
        serial: "A1".into(),
        name: Some("Door".into()),
        address: Some("10.0.0.9".into()),
        via: Some(Via::Poll),
        zone: Some("Asia/Manila".into()),
        ..NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &door, now()).unwrap();
    let poll = |began_us, outcome, says: &str, records| Poll {
        serial: "A1".into(),
        began_us,
        took_ms: 2500,
        outcome,
        says: says.into(),
        records,
        new: records.map(|records| records / 100),
    };
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let polls = vec![
        poll(at("2026-01-05T00:00:00Z"), PollOutcome::Whole, "", Some(1200)),
        poll(at("2026-01-05T00:15:00Z"), PollOutcome::Failed, "<b>10.0.0.9</b> did not answer in time; check", None),
    ];
    let beat = Heartbeat { edge: "branch".into(), now_us: now().as_microsecond(), polls, ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    house
}

#[tokio::test]
async fn each_reading_is_listed_with_time_zone_duration_outcome_and_numbers() {
    let house = house();
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, PATH).await.text;
    for text in ["2026-01-05 08:15", "Asia/Manila (UTC+08:00)", "2.5 s", "Failed", "Whole", "1,200", "branch"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("&#60;b&#62;10.0.0.9&#60;/b&#62; did not answer in time"), "{page}");
    let narrowed = house.get(&viewer, &format!("{PATH}?terminal=B9")).await.text;
    assert!(narrowed.contains("This terminal was not read yet"), "{narrowed}");
    let terminals = house.get(&viewer, "/terminals").await.text;
    assert!(terminals.contains("href=\"/terminals/readings?terminal=A1\""), "{terminals}");
    let first = async |sort: &str| {
        let csv = house.get(&viewer, &format!("{PATH}.csv?{sort}")).await.text;
        csv.lines().nth(1).unwrap().split(',').nth(4).unwrap().to_owned()
    };
    for (sort, outcome) in [
        ("", "failed"),
        ("sort=began", "whole"),
        ("sort=began&order=desc", "failed"),
        ("sort=outcome&order=desc", "whole"),
        ("sort=records", "failed"),
        ("sort=new&order=desc", "whole"),
        ("sort=duration", "failed"),
    ] {
        assert_eq!(first(sort).await, outcome, "{sort}");
    }
    assert!(
        page.contains("aria-sort=\"descending\"><a href=\"/terminals/readings?sort=began&#38;order=asc\""),
        "{page}"
    );
    let csv = house.get(&viewer, &format!("{PATH}.csv?terminal=A1")).await.text;
    assert_eq!(csv.lines().nth(2), Some("Door,A1,2026-01-05T08:00:00+08:00,2.500,whole,1200,12,branch,"), "{csv}");
}

#[tokio::test]
async fn programs_read_them_by_terminal_and_the_metrics_count_them() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let list = house.get(&program, "/api/v1/terminals/A1/readings?limit=1").await.json();
    assert_eq!((&list["total"], &list["next_cursor"]), (&json!(2), &json!("at-1")));
    let last = &list["items"][0];
    assert_eq!((&last["outcome"], &last["records"], &last["edge"]), (&json!("failed"), &json!(null), &json!("branch")));
    assert_eq!((&last["began"], &last["duration_seconds"]), (&json!("2026-01-05T08:15:00+08:00"), &json!(2.5)));
    let sorted = house.get(&program, "/api/v1/terminals/A1/readings?sort=records&order=desc").await.json();
    assert_eq!(sorted["items"][0]["records"], json!(1200));
    assert_eq!(house.get(&program, "/api/v1/terminals/B9/readings").await.status, StatusCode::NOT_FOUND);
    let metrics = house.get(&program, "/metrics").await.text;
    for line in [
        "punchclock_terminal_readings_total{outcome=\"whole\"} 1",
        "punchclock_terminal_readings_total{outcome=\"partial\"} 0",
        "punchclock_terminal_readings_total{outcome=\"failed\"} 1",
        "punchclock_terminal_reading_seconds_total{outcome=\"failed\"} 2.5",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
}
