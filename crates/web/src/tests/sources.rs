//! Sources as the page, the file and REST show them, and what is asked for there.

use axum::http::StatusCode;
use hub::{HolidaySettings, SourceNotes, SourceSettings, TokenKind};
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use super::house::{House, clerk, now};

/// Adds a calendar that nobody has asked yet.
pub(super) fn add(house: &House, name: &str, url: &str) {
    let settings = HolidaySettings {
        url: url.into(),
        country: Some("PH".into()),
        region: None,
        from_year: 2026,
        allow_private: false,
    };
    house.hub.add_source(&clerk(), name, &SourceSettings::Holidays(settings), None, now()).unwrap();
}

fn house() -> House {
    let house = House::with_accounts();
    add(&house, "holidays", "https://calendar.example/{year}/{country}");
    add(&house, "region", "https://other.example/{country}.ics");
    house
}

#[tokio::test]
async fn the_page_tells_how_each_source_is_and_an_administrator_reads_and_pauses_it() {
    let house = house();
    let (viewer, admin) = (house.sign_in("viewer").await, house.sign_in("admin").await);
    let page = house.get(&viewer, "/sources").await.text;
    for words in ["Public holidays", "https://calendar.example/{year}/PH", "Not read yet", "UTC+"] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert!(!page.contains("Read now"), "a viewer only looks");
    assert!(house.get(&viewer, "/jobs").await.text.contains("href=\"/sources\""));
    assert!(!page.contains("Key ends"));
    super::sinks::ends_soon(&house, "source region");
    let page = house.get(&viewer, "/sources").await.text;
    assert!(page.contains("Key ends") && page.contains("of its user ends in 5 days"), "{page}");
    let narrowed = house.get(&viewer, "/sources?text=other").await.text;
    assert!(narrowed.contains(">region<") && !narrowed.contains(">holidays<"), "{narrowed}");
    assert!(house.get(&viewer, "/sources?state=down").await.text.contains("No source matches"));
    let refused = house.get(&viewer, "/sources?state=asleep").await;
    assert!(refused.status.is_client_error() && refused.text.contains("Use well, down, new or paused"));
    let csv = house.get(&viewer, "/sources.csv?order=desc").await.text;
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].starts_with("source,kind,place,state,down_since"), "{csv}");
    assert!(rows[1].starts_with("region,holidays,https://other.example/PH.ics,new,,"), "{csv}");
    assert_eq!(rows.len(), 3);

    assert_eq!(house.post(&viewer, "/sources/pull", "name=holidays").await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.post(&admin, "/sources/pull", "name=holidays").await.header("location"), "/sources?asked=1");
    assert!(house.get(&admin, "/sources?asked=1").await.text.contains("Job 1 reads it."));
    house.post(&admin, "/sources/pause", "name=region&is_paused=true").await;
    let page = house.get(&admin, "/sources").await.text;
    assert!(page.contains("Resume region") && page.contains("Pause holidays"), "{page}");
    assert_eq!(house.post(&admin, "/sources/pull", "name=region").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    house.post(&admin, "/sources/pause", "name=region&is_paused=false").await;
    let actions: Vec<_> = house.hub.audit(3).unwrap().into_iter().map(|entry| (entry.actor, entry.action)).collect();
    let by_admin = |action: &str| ("admin".to_owned(), action.to_owned());
    assert_eq!(actions, [by_admin("source.resume"), by_admin("source.pause"), by_admin("source.read")]);
}

#[tokio::test]
async fn of_a_source_that_is_down_it_is_told_since_when_and_why_and_what_else_is_wrong() {
    let house = house();
    let viewer = house.sign_in("viewer").await;
    let since = now().checked_sub(3.hours()).unwrap();
    let down = |why: &str, at: Timestamp| {
        house.store.write(|write| write.source_is_down("region", why, at.as_microsecond())).unwrap();
    };
    down("other.example answers 502", since);
    down("other.example answers 503", now());
    let notes = SourceNotes {
        warning: Some("this login may change the table (dbo.log: INSERT); give it SELECT only".into()),
        reasons: vec!["held 2, the first at row 17: The user number belongs to nobody on that date.".into()],
        reasons_at: Some(since),
    };
    let (notes, body) =
        (serde_json::to_string(&notes).unwrap(), house.store.read(|read| read.sources()).unwrap().remove(1).body);
    house.store.write(|write| write.note_source("region", &body, &notes)).unwrap();

    let zone = house.hub.company().unwrap().time_zone().unwrap();
    let since = crate::show::rfc3339(since, &zone);
    let page = house.get(&viewer, "/sources?state=down").await.text;
    for words in [
        "Other.example answers 503.",
        "This login may change the table (dbo.log: INSERT); give it SELECT only.",
        "held 2, the first at row 17",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert_eq!(page.matches(&format!("datetime=\"{since}\"")).count(), 2, "down since, and rows held: {page}");
    assert!(!page.contains(">holidays<") && !page.contains("502"), "{page}");
    let csv = house.get(&viewer, "/sources.csv?state=down").await.text;
    assert!(csv.lines().nth(1).unwrap().contains(&format!(",down,{since},")), "{csv}");
    let list = house.get(&house.token(TokenKind::Api), "/api/v1/sources?state=down").await.json();
    let source = &list["items"][0];
    assert_eq!((&source["down_since"], &source["reasons_at"]), (&json!(since), &json!(since)));
    assert!(source["warning"].as_str().unwrap().contains("INSERT"), "{source}");
    assert_eq!(source["says"], json!("other.example answers 503"));
}

#[tokio::test]
async fn a_program_reads_how_each_source_is() {
    let house = house();
    let list = house.get(&house.token(TokenKind::Api), "/api/v1/sources?text=region").await.json();
    assert_eq!(list["total"], json!(1));
    let source = &list["items"][0];
    assert_eq!(
        (&source["name"], &source["state"], &source["down_since"]),
        (&json!("region"), &json!("new"), &json!(null))
    );
}
