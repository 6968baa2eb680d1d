//! The address of a calendar: who makes it, what it opens, and that polling it is cheap.

use axum::http::StatusCode;
use hub::TokenKind;

use super::house::{House, Visitor, clerk, now};

async fn house() -> House {
    let house = House::with_accounts();
    let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = today.yesterday().and_then(jiff::civil::Date::yesterday).unwrap();
    house.import("A1", &format!("7\t{day} 08:00:00\t1\t0\t1\t0\n7\t{day} 18:00:00\t1\t1\t1\t0\n"), true);
    house
}

/// The address that a page of HR shows.
fn address(page: &str) -> String {
    let start = page.find("/calendar/pc_").unwrap_or_else(|| panic!("no address: {page}"));
    page[start..].split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn hr_makes_an_address_that_needs_no_login_and_closes_it() {
    let house = house().await;
    let hr = house.sign_in("hr").await;
    let page = house.post(&hr, "/employees/calendar", "code=7&what=open").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
    let address = address(&page.text);
    let nobody = Visitor::default();
    let feed = house.get(&nobody, &address).await;
    assert_eq!((feed.status, feed.header("content-type")), (StatusCode::OK, "text/calendar; charset=utf-8"));
    assert!(feed.text.starts_with("BEGIN:VCALENDAR\r\n") && feed.text.contains("BEGIN:VEVENT"), "{}", feed.text);
    let again = house.get(&hr, "/employees/7/sheet").await.text;
    assert!(again.contains("Open since") && !again.contains("/calendar/pc_"), "it is shown once: {again}");
    house.post(&hr, "/employees/calendar", "code=7&what=close").await;
    let closed = house.get(&nobody, &address).await;
    assert_eq!(closed.status, StatusCode::FORBIDDEN);
    assert!(closed.text.contains("Ask HR for a new address") && !closed.text.contains("VEVENT"));
    let viewer = house.sign_in("viewer").await;
    assert!(!house.get(&viewer, "/employees/7/sheet").await.text.contains("Make an address"));
}

#[tokio::test]
async fn who_has_the_latest_is_told_so_in_a_few_bytes() {
    let house = house().await;
    let token = house.hub.open_calendar(&clerk(), "7", [5; 32], now()).unwrap();
    let path = format!("/calendar/{token}.ics");
    let first = house.get(&Visitor::default(), &path).await;
    let (tag, modified) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    for (name, value) in [("if-none-match", &tag), ("if-modified-since", &modified)] {
        let answer = house.get(&Visitor::default().with(name, value), &path).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{name}");
        assert_eq!(answer.header("etag"), tag);
    }
    let other = Visitor::default().with("if-none-match", "\"other\"").with("if-modified-since", &modified);
    assert_eq!(house.get(&other, &path).await.status, StatusCode::OK, "a tag counts more than a time");
}

#[tokio::test]
async fn an_address_of_a_calendar_opens_no_other_route_and_no_other_token_opens_it() {
    let house = house().await;
    let token = house.hub.open_calendar(&clerk(), "7", [5; 32], now()).unwrap();
    let bearer = Visitor::default().with("authorization", &format!("Bearer {token}"));
    for path in ["/api/v1/days", "/api/v1/employees/7/sheets/2026-01", "/metrics"] {
        assert_eq!(house.get(&bearer, path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let api = house.hub.token_create(&clerk(), "reports", TokenKind::Api, [6; 32], now()).unwrap();
    let admin = house.sign_in("admin").await;
    for path in [format!("/calendar/{api}.ics"), format!("/calendar/{token}"), "/calendar/.ics".to_owned()] {
        assert_eq!(house.get(&admin, &path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}
