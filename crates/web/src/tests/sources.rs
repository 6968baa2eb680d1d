//! Sources as the page, the file and REST show them, and what is asked for there.

use axum::http::StatusCode;
use hub::{HolidaySettings, SourceSettings, TokenKind};
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
