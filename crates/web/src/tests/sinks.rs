//! Sinks as the page, the file and REST show them, and what is asked for there.

use axum::http::StatusCode;
use hub::{EntryState, HolidaySettings, Hub, NewSink, Queued, SinkSettings, SourceSettings, TokenKind};
use jiff::civil::date;
use serde_json::json;

use super::house::{House, clerk, now};

/// Adds a sink that is to be told of every day that there is.
pub(super) fn add(house: &House, name: &str, url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::new(house.store.clone()).with_key_file(folder.path().join("hub.key"));
    let settings = SinkSettings::new("crm", url);
    let new = NewSink { name: name.into(), settings, token: "t0ken".into(), signing_secret: None };
    hub.add_sink(&clerk(), &new, now()).unwrap();
    hub.queue_days(&clerk(), name, &Queued::default(), now()).unwrap();
}

/// Two people with two days each; what the receiver was to hear of the first one's first day it refused for good.
fn house() -> House {
    let house = House::with_accounts();
    let day = |user, day| {
        format!("{user}\t2026-01-{day:02} 08:00:00\t1\t0\t1\t0\n{user}\t2026-01-{day:02} 18:00:00\t1\t0\t1\t0\n")
    };
    house.import("A1", &[day(7, 5), day(7, 6), day(9, 5), day(9, 6)].concat(), true);
    add(&house, "crm", "https://crm.example/days");
    refuse(&house, "crm", "refused: 422 <no such day>");
    house
}

/// The receiver refuses what it was to hear first.
pub(super) fn refuse(house: &House, sink: &str, why: &str) {
    let refused = house.store.write(|write| {
        let key = write.outbox_in_state(sink, EntryState::Waiting.word(), 1)?.remove(0);
        write.offer(sink, std::slice::from_ref(&key), now().as_microsecond())?;
        write.mark_failed(sink, &key, why, 1)
    });
    refused.unwrap();
}

/// The key of a sink or source, by the place of its secret, ends in five days.
pub(super) fn ends_soon(house: &House, place: &str) {
    let at = jiff::Timestamp::now().saturating_add(jiff::SignedDuration::from_hours(5 * 24 + 1)).unwrap();
    let ends = json!({place: {"name": "punch<clock", "at": at}}).to_string();
    house.store.write(|write| write.put_setting("key_ends", &ends)).unwrap();
}

fn actions(house: &House, count: u32) -> Vec<(String, String)> {
    house.hub.audit(count).unwrap().into_iter().map(|entry| (entry.actor, entry.action)).collect()
}

#[tokio::test]
async fn the_page_tells_what_each_sink_has_and_an_administrator_pauses_it_and_asks_for_a_record_again() {
    let house = house();
    let (viewer, admin) = (house.sign_in("viewer").await, house.sign_in("admin").await);
    let page = house.get(&viewer, "/sinks").await.text;
    for words in
        ["https://crm.example/days", "Records of crm", "1–4 of 4", "Refused: 422 &#60;no such day&#62;", "UTC+"]
    {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert!(!page.contains("Pause crm") && !page.contains("wait again"), "a viewer only looks");
    assert!(house.get(&viewer, "/jobs").await.text.contains("href=\"/sinks\""));
    assert!(!page.contains("Key ends"));
    ends_soon(&house, "sink crm");
    let page = house.get(&viewer, "/sinks").await.text;
    assert!(
        page.contains("Key ends") && page.contains("API key `punch&#60;clock` of its user ends in 5 days"),
        "{page}"
    );
    let narrowed = house.get(&viewer, "/sinks?state=failed").await.text;
    assert!(narrowed.contains("1–1 of 1") && narrowed.contains("/days/7/2026-01-05"), "{narrowed}");
    assert!(house.get(&viewer, "/sinks?employee=9&from=2026-01-06&to=2026-01-06").await.text.contains("1–1 of 1"));
    assert!(house.get(&viewer, "/sinks?state=withheld").await.text.contains("No record matches"));
    let refused = house.get(&viewer, "/sinks?state=asleep").await;
    assert!(refused.status.is_client_error() && refused.text.contains("Use waiting, sent, failed or withheld"));
    assert!(house.get(&viewer, "/sinks?employee=8").await.text.contains("No record matches"));
    assert_eq!(house.get(&viewer, "/sinks?sink=other").await.status, StatusCode::NOT_FOUND);
    let csv = house.get(&viewer, "/sinks.csv?order=desc").await.text;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "sink,employee,date,state,revision,attempts,tried,sent,receipt");
    assert!(rows[1].starts_with("crm,9,2026-01-06,waiting,") && rows[1].ends_with(",0,,,"), "{csv}");
    assert!(rows[4].starts_with("crm,7,2026-01-05,failed,") && rows[4].contains(",1,2"), "{csv}");
    assert_eq!(rows.len(), 5);

    assert_eq!(house.post(&viewer, "/sinks/pause", "name=crm&is_paused=true").await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        house.post(&admin, "/sinks/pause", "name=crm&is_paused=true").await.header("location"),
        "/sinks?sink=crm"
    );
    let page = house.get(&admin, "/sinks").await.text;
    assert!(page.contains("Resume crm") && page.contains("Let all failed ones wait again (1)"), "{page}");
    let again = "sink=crm&employee=7&date=2026-01-05";
    let answer = house.post(&admin, "/sinks/requeue", again).await;
    assert_eq!(answer.header("location"), "/sinks?sink=crm&requeued=1");
    assert!(house.get(&admin, "/sinks?sink=crm&requeued=1").await.text.contains("1 record waits again."));
    assert_eq!(house.post(&admin, "/sinks/requeue", again).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        house.post(&admin, "/sinks/requeue", "sink=crm&employee=7").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    refuse(&house, "crm", "refused: 422 <no such day>");
    assert_eq!(house.post(&admin, "/sinks/requeue", "sink=crm").await.header("location"), "/sinks?sink=crm&requeued=1");
    let by_admin = |action: &str| ("admin".to_owned(), action.to_owned());
    assert_eq!(actions(&house, 3), [by_admin("sink.requeue"), by_admin("sink.requeue"), by_admin("sink.pause")]);
}

#[tokio::test]
async fn what_opens_a_door_in_an_address_is_shown_nowhere_and_the_sink_keeps_it() {
    let house = House::with_accounts();
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::new(house.store.clone()).with_key_file(folder.path().join("hub.key"));
    let url = "https://ann:5ecret@crm.example/days/5ecret5ecret5ecret?token=5ecret";
    let sink = |url: &str| {
        let settings = SinkSettings::new("crm", url);
        NewSink { name: "crm".into(), settings, token: "t0ken".into(), signing_secret: None }
    };
    hub.add_sink(&clerk(), &sink(url), now()).unwrap();
    let calendar = HolidaySettings {
        url: "https://days.example/{year}?key=5ecret".into(),
        country: None,
        region: None,
        from_year: 2026,
        allow_private: false,
    };
    hub.add_source(&clerk(), "days", &SourceSettings::Holidays(calendar), None, now()).unwrap();
    let (admin, program) = (house.sign_in("admin").await, house.token(TokenKind::Api));
    for (path, shown) in
        [("/sinks", "https://***@crm.example/days/***?token=***"), ("/sources", "https://days.example/{year}?key=***")]
    {
        for (visitor, path) in [(&admin, path.to_owned()), (&program, format!("/api/v1{path}"))] {
            let text = house.get(visitor, &path).await.text;
            assert!(text.contains(shown) && !text.contains("5ecret"), "{path}: {text}");
        }
    }
    assert!(!house.get(&admin, "/sources.csv").await.text.contains("5ecret"));
    for entry in house.hub.audit(100).unwrap() {
        assert!(!entry.detail.contains("5ecret"), "{entry:?}");
    }
    assert_eq!(hub.sink_access("crm").unwrap().settings.url, url);
    // What a list shows is no address of another place.
    let another = sink("https://crm.example/days?token=***");
    assert!(hub.add_sink(&clerk(), &another, now()).unwrap_err().to_string().contains("***"));
}

#[tokio::test]
async fn without_a_sink_the_page_says_how_to_add_one() {
    let house = House::with_accounts();
    let viewer = house.sign_in("viewer").await;
    assert!(house.get(&viewer, "/sinks").await.text.contains("No other system is told of days yet"));
    assert_eq!(house.get(&viewer, "/sinks.csv").await.text.lines().count(), 1);
}

#[tokio::test]
async fn a_program_reads_records_pauses_a_sink_and_asks_for_days_to_be_sent() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let sinks = house.get(&program, "/api/v1/sinks").await.json();
    let sink = &sinks["items"][0];
    assert_eq!((&sink["name"], &sink["waiting"], &sink["failed"]), (&json!("crm"), &json!(3), &json!(1)));
    assert!(!sinks.to_string().contains("t0ken"));
    let records = house.get(&program, "/api/v1/sinks/crm/records?limit=3").await.json();
    assert_eq!((&records["total"], &records["next_cursor"]), (&json!(4), &json!("at-3")));
    let failed = &records["items"][0];
    assert_eq!(
        (&failed["employee"], &failed["date"], &failed["state"]),
        (&json!("7"), &json!("2026-01-05"), &json!("failed"))
    );
    assert!(failed["tried"].as_str().unwrap().ends_with("+08:00"), "{failed}");
    assert_eq!(house.get(&program, "/api/v1/sinks/other/records").await.status, StatusCode::NOT_FOUND);

    let paused = house.post(&program, "/api/v1/sinks/crm/pause", "").await.json();
    assert_eq!(paused["paused"], json!("paused by hand"));
    assert_eq!(house.post(&program, "/api/v1/sinks/crm/resume", "").await.json()["paused"], json!(null));
    let again = r#"{"record": {"employee": "7", "date": "2026-01-05"}}"#;
    assert_eq!(house.post(&program, "/api/v1/sinks/crm/requeue", again).await.json()["failed"], json!(0));
    let refused = house.post(&program, "/api/v1/sinks/crm/requeue", again).await;
    assert!(refused.text.contains("has not failed for good"), "{}", refused.text);
    assert_eq!(house.post(&program, "/api/v1/sinks/crm/requeue", "{}").await.status, StatusCode::OK);
    let wish = r#"{"sink": "crm", "from": "2026-01-06", "to": "2026-01-06", "employee": "7", "force": true}"#;
    let asked = house.post(&program, "/api/v1/days/sync", wish).await;
    assert_eq!((asked.status, &asked.json()["kind"]), (StatusCode::ACCEPTED, &json!("send")));
    let filter = hub::RecordFilter { sink: "crm".into(), from: Some(date(2026, 1, 6)), ..hub::RecordFilter::default() };
    let rows = house.hub.sink_records(&filter).unwrap().rows;
    assert_eq!([&rows[0].code, &rows[1].code], ["7", "9"]);
    assert!(rows[0].revision > rows[1].revision, "told anew by force");
    for (wish, status) in [("{}", 422), (r#"{"sink": "other"}"#, 404), (r#"{"sink": "crm", "employee": "8"}"#, 404)] {
        assert_eq!(house.post(&program, "/api/v1/days/sync", wish).await.status.as_u16(), status, "{wish}");
    }
    let by_program = |action: &str| ("token api".to_owned(), action.to_owned());
    let audited = actions(&house, 5);
    for action in ["job.run", "sink.queue", "sink.requeue", "sink.resume", "sink.pause"] {
        assert!(audited.contains(&by_program(action)), "{action}: {audited:?}");
    }
}

#[tokio::test]
async fn days_are_listed_by_what_sinks_have_taken() {
    let house = house();
    let taken = house.store.write(|write| {
        let entry = write.outbox_in_state("crm", EntryState::Waiting.word(), 1)?.remove(0);
        write.offer("crm", std::slice::from_ref(&entry), now().as_microsecond())?;
        let marked = write.mark_sent("crm", &entry, "200", now().as_microsecond());
        marked.map(|()| (entry.employee, entry.date))
    });
    let (employee, taken) = taken.unwrap();
    let program = house.token(TokenKind::Api);
    let days = async |query: &str| {
        let list = house.get(&program, &format!("/api/v1/days?from=2026-01-01&to=2026-01-31&{query}")).await.json();
        let items = list["items"].as_array().unwrap().clone();
        items.iter().map(|day| format!("{} {}", day["employee"], day["date"])).collect::<Vec<_>>()
    };
    let synced = days("synced=true").await;
    assert_eq!((employee, synced.len()), (1, 1));
    assert!(synced[0].ends_with(&format!("{:?}", taken.to_string())), "{synced:?}");
    assert_eq!(days("synced").await, synced, "the word alone");
    let waits = days("synced=false").await;
    assert_eq!(waits.len(), 3, "what waits, and what failed: {waits:?}");
    assert!(!waits.contains(&synced[0]));
    // One that is to be told again waits again.
    let all_again = Queued { force: true, ..Queued::default() };
    house.hub.queue_days(&clerk(), "crm", &all_again, now()).unwrap();
    assert_eq!((days("synced=true").await.len(), days("synced=false").await.len()), (0, 4));
    for (query, cure) in [
        ("synced=false", "Send from and to"),
        ("synced=false&from=2026-01-01&to=2026-02-01", "31 dates at most"),
        ("synced=maybe&from=2026-01-01&to=2026-01-31", "Send synced=true or synced=false"),
    ] {
        house.refuses(&program, &format!("/api/v1/days?{query}"), cure).await;
    }
}
