//! Time sheets: what is printed.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use hub::TokenKind;

use super::house::{House, Visitor, clerk, now};

/// A week in January: on time with lunch, late, and a lone punch.
const WEEK: &str = "7\t2026-01-05 07:58:00\t1\t0\t1\t0\n7\t2026-01-05 12:01:00\t1\t1\t1\t0\n7\t2026-01-05 12:58:00\t1\t0\t1\t0\n\
    7\t2026-01-05 18:30:00\t1\t1\t1\t0\n7\t2026-01-06 08:20:00\t1\t0\t1\t0\n7\t2026-01-06 17:00:00\t1\t1\t1\t0\n\
    8\t2026-01-07 08:00:00\t1\t0\t1\t0\n";

async fn house() -> (House, Visitor) {
    let house = House::with_accounts();
    house.import("A1", WEEK, true);
    let viewer = house.sign_in("viewer").await;
    (house, viewer)
}

#[tokio::test]
async fn a_time_sheet_has_a_line_per_date_and_leads_to_its_neighbours() {
    let (house, viewer) = house().await;
    let page = house.get(&viewer, "/employees/7/sheet?month=2026-01").await.text;
    for text in
        ["January 2026", "07:58\u{2013}18:30", "08:20\u{2013}17:00", "Not locked", "Times in Asia/Manila (UTC+08:00)"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(page.matches("<th scope=\"row\">").count(), 32, "31 dates and the sum");
    assert!(page.contains("/employees/7/sheet?month=2025-12") && page.contains("/employees/7/sheet?month=2026-02"));
    let dates = (jiff::civil::date(2026, 1, 1), jiff::civil::date(2026, 1, 31));
    house.hub.lock(&clerk(), dates, Some("pay day"), now()).unwrap();
    let page = house.get(&viewer, "/employees/7/sheet?month=2026-01").await.text;
    assert!(page.contains("Locked for payroll") && !page.contains("Not locked"), "{page}");
}

#[tokio::test]
async fn form_48_has_its_usual_wording_twice_and_the_undertime_of_the_rules() {
    let (house, viewer) = house().await;
    let page = house.get(&viewer, "/employees/7/sheet?month=2026-01&layout=form48").await.text;
    for text in [
        "Civil Service Form No. 48",
        "DAILY TIME RECORD",
        "I certify on my honor that the above is a true and correct report of the hours of work performed, record of which \
         was made daily at the time of arrival and departure from office.",
        "VERIFIED as to the prescribed office hours:",
        "<td>7:58</td><td>12:01</td><td>12:58</td><td>6:30</td>",
        "<td>8:20</td><td></td><td></td><td>5:00</td><td>1</td><td>20</td>",
        "<b>8:00-12:00, 13:00-18:00</b>",
    ] {
        assert_eq!(page.matches(text).count(), 2, "{text}: {page}");
    }
}

#[tokio::test]
async fn several_sheets_are_one_page_and_a_bad_choice_is_told_with_the_cure() {
    let (house, viewer) = house().await;
    let page = house.get(&viewer, "/sheets?month=2026-01").await.text;
    assert_eq!(page.matches("class=\"sheet plain\"").count(), 2, "{page}");
    assert!(page.contains("2 employees with days"));
    let none = house.get(&viewer, "/sheets?month=2026-01&department=none").await.text;
    assert!(none.contains("There is no department none"), "{none}");
    for (path, cure) in [
        ("/sheets?month=January", "2026-03"),
        ("/sheets?layout=poster", "plain or form48"),
        ("/employees/7/sheet?month=2026-13", "2026-03"),
    ] {
        let answer = house.get(&viewer, path).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.text.contains(cure), "{path}: {}", answer.text);
    }
    assert_eq!(house.get(&viewer, "/employees/none/sheet").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_and_days_lead_to_the_sheet() {
    let (house, viewer) = house().await;
    for (path, link) in [
        ("/employees", "/employees/7/sheet"),
        ("/days/7/2026-01-06", "/employees/7/sheet?month=2026-01"),
        ("/days?employee=7&from=2026-01-01", "/employees/7/sheet?month=2026-01"),
        ("/days?from=2026-01-01", "/sheets?month=2026-01"),
    ] {
        let page = house.get(&viewer, path).await.text;
        assert!(page.contains(&format!("href=\"{link}\"")), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_program_reads_the_sheet_as_it_is_described() {
    let (house, _) = house().await;
    let program = house.token(TokenKind::Api);
    let sheet = house.get(&program, "/api/v1/employees/7/sheets/2026-01").await.json();
    let day = &sheet["days"][4];
    assert_eq!((sheet["days"].as_array().unwrap().len(), &sheet["lock"]), (31, &"open".into()));
    assert_eq!(day["visits"][0]["arrival"]["at"], "2026-01-05T07:58:00+08:00");
    assert_eq!(
        (&sheet["days"][5]["undertime_minutes"], &sheet["totals"]["undertime_minutes"]),
        (&80.into(), &80.into())
    );
    let schema = &house.get(&program, "/api/v1/openapi.json").await.json()["components"]["schemas"]["Sheet"];
    let fields = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let described = |pointer: &str| fields(schema.pointer(pointer).unwrap());
    assert_eq!(described("/properties"), fields(&sheet));
    assert_eq!(described("/properties/totals/properties"), fields(&sheet["totals"]));
    assert_eq!(described("/properties/days/items/properties"), fields(day));
    for (path, status) in [("7/sheets/March", 422), ("none/sheets/2026-01", 404)] {
        let answer = house.get(&program, &format!("/api/v1/employees/{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, "application/problem+json"));
    }
}

#[test]
fn a_file_of_sheets_stands_alone() {
    let house = House::new();
    house.import("A1", WEEK, true);
    let sheets = house.hub.time_sheets(&hub::SheetsOf::All, "2026-01".parse().unwrap(), now()).unwrap();
    let file = crate::sheet_html(&sheets, crate::SheetLayout::Plain).unwrap();
    assert!(file.contains("@page") && file.contains("07:58\u{2013}18:30"), "{file}");
    assert!(!file.contains("href=") && !file.contains("src="), "{file}");
}
