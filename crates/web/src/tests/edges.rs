//! Edges as the page, the file, REST and the metrics show them.

use hub::TokenKind;
use jiff::{Timestamp, ToSpan as _};
use link::{EdgeClock, Health, Heartbeat};

use super::house::{House, now};

fn beat(edge: &str, at: Timestamp, ahead_s: i64, queued: i64, silent: &[&str]) -> Heartbeat {
    let clock = EdgeClock { is_right: ahead_s == 0, is_synchronised: false, offset_us: Some(ahead_s * 1_000_000) };
    Heartbeat {
        edge: edge.into(),
        version: "0.1.0".into(),
        now_us: at.as_microsecond() + ahead_s * 1_000_000,
        queued,
        oldest_unsent_us: (queued > 0).then(|| at.as_microsecond() - 60_000_000),
        health: Some(Health {
            silent_terminals: silent.iter().map(|serial| (*serial).to_owned()).collect(),
            spool_used_bytes: 12 << 20,
            spool_limit_bytes: 2048 << 20,
            disk_free_bytes: Some(10_000 << 20),
            refuses: None,
            clock: Some(clock),
        }),
        ..Heartbeat::default()
    }
}

/// One edge in order, one with troubles, one that fell silent an hour ago.
fn house() -> House {
    let house = House::with_accounts();
    let hour_ago = now().checked_sub(1.hour()).unwrap();
    for (beat, at) in [
        (beat("baguio", now(), 0, 0, &[]), now()),
        (beat("cebu", now(), 0, 0, &[]), now()),
        (beat("cebu", now(), 7200, 1234, &["<A1>"]), now()),
        (beat("davao", hour_ago, 0, 3, &[]), hour_ago),
    ] {
        house.hub.heartbeat(&beat, at).unwrap();
    }
    house
}

#[tokio::test]
async fn each_edge_is_shown_with_what_it_needs_the_worst_first() {
    let house = house();
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/edges").await.text;
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing in {page}"));
    assert!(place("<strong>davao") < place("<strong>cebu") && place("<strong>cebu") < place("<strong>baguio"));
    for words in [
        ">silent<",
        "Look whether it is switched on and its line is up.",
        "Its clock is 2 h ahead; set up time synchronisation there; a terminal there is silent",
        "1,234",
        "&#60;A1&#62;",
        "12 of 2,048 MiB",
        "10,000 MiB free",
        "the edge does not judge by it",
        "moved 2 h forward at ",
        "nothing waits",
        ">in order<",
    ] {
        place(words);
    }
    assert!(house.get(&viewer, "/terminals").await.text.contains("href=\"/edges\""));
    let narrowed = house.get(&viewer, "/edges?state=trouble&text=CEB").await.text;
    assert!(narrowed.contains("<strong>cebu") && !narrowed.contains("<strong>davao"), "{narrowed}");
    assert!(house.get(&viewer, "/edges?text=nowhere").await.text.contains("No edge matches"));
    let sorted = house.get(&viewer, "/edges?sort=queue&order=desc").await.text;
    assert!(sorted.find("<strong>cebu").unwrap() < sorted.find("<strong>davao").unwrap());
    let refused = house.get(&viewer, "/edges?state=asleep").await;
    assert!(refused.status.is_client_error() && refused.text.contains("Use silent, trouble or in_order"));
    let csv = house.get(&viewer, "/edges.csv?sort=name").await.text;
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].starts_with("edge,state,says,last_heartbeat,queued,oldest_unsent,silent_terminals"), "{csv}");
    assert!(rows[2].starts_with("cebu,trouble,") && rows[2].contains(",7200,"), "{csv}");
}

#[tokio::test]
async fn without_edges_the_page_says_how_to_get_one() {
    let house = House::with_accounts();
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/edges").await.text;
    assert!(page.contains("No edge has reported yet") && page.contains("punchclock edge enroll CODE"), "{page}");
}

#[tokio::test]
async fn a_program_reads_edges_and_their_metrics_have_units() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let list = house.get(&program, "/api/v1/edges?sort=name&limit=2").await.json();
    assert_eq!((&list["total"], &list["next_cursor"]), (&3.into(), &"at-2".into()));
    let cebu = &list["items"][1];
    assert_eq!((&cebu["name"], &cebu["state"], &cebu["queued"]), (&"cebu".into(), &"trouble".into(), &1234.into()));
    assert_eq!(cebu["clock"]["offset_seconds"], 7200.0);
    assert_eq!(cebu["clock"]["moved_by_seconds"], 7200.0);
    assert_eq!(cebu["silent_terminals"][0], "<A1>");
    assert!(cebu["last_heartbeat"].as_str().unwrap().ends_with("+00:00"), "{cebu}");
    let metrics = house.get(&program, "/metrics").await.text;
    for line in [
        "punchclock_edge_silent{edge=\"davao\"} 1",
        "punchclock_edge_silent{edge=\"cebu\"} 0",
        "punchclock_edge_unsent_entries{edge=\"cebu\"} 1234",
        "punchclock_edge_oldest_unsent_seconds{edge=\"baguio\"} 0",
        "punchclock_edge_silent_terminals{edge=\"cebu\"} 1",
        "punchclock_edge_spool_used_bytes{edge=\"cebu\"} 12582912",
        "punchclock_edge_disk_free_bytes{edge=\"cebu\"} 10485760000",
        "punchclock_edge_clock_offset_seconds{edge=\"cebu\"} 7200",
        "punchclock_edge_clock_believed{edge=\"cebu\"} 0",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
}
