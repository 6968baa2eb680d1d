//! Tables of punches that programs bring.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hub::TokenKind;
use serde_json::json;

use super::house::{Answer, House, Visitor};

const LOG: &str = "user_id,event_time,door,in_out,type\n7,2026-03-02 08:25:00,Gate 1,I,commute\n7,2026-03-02 12:00:00,Canteen,O,meal\n\
    ,2026-03-02 13:00:00,Gate 1,I,commute\n8,2026-03-02 08:00:00,Gate 1,I,commute\n7,2026-03-02 17:10:00,Gate 1,O,commute\n\
    7,2026-03-02 17:10:00,Gate 1,O,commute\n";

/// A form with a file, as programs send it.
pub(super) fn form(file: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"log.csv\"\r\n\r\n");
    body.push_str(&format!("{file}\r\n--edge--\r\n"));
    let kind = "multipart/form-data; boundary=edge";
    Request::post("/api/v1/imports").header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
}

async fn bring(house: &House, program: &Visitor, more: &[(&str, &str)]) -> Answer {
    let fields = [&[("kind", "punches"), ("zone", "Asia/Manila"), ("types", "commute")][..], more].concat();
    house.ask(program, form(LOG, &fields)).await
}

#[tokio::test]
async fn a_program_tries_a_table_and_brings_it_and_hears_of_each_row() {
    let house = House::with_accounts();
    house
        .hub
        .import_employees(&super::house::clerk(), b"code,name,numbers\n1001,Ann Reyes,7\n", false, super::house::now())
        .unwrap();
    let program = house.token(TokenKind::Api);
    let tried = bring(&house, &program, &[("dry_run", "true")]).await.json();
    assert_eq!(house.hub.punch_count().unwrap(), 0, "a dry run leaves nothing");
    let done = bring(&house, &program, &[("dry_run", "false")]).await.json();
    assert_eq!((&done["rows"], &done["stored"]), (&tried["rows"], &tried["stored"]));
    assert_eq!((&tried["dry_run"], &done["dry_run"]), (&json!(true), &json!(false)));
    assert_eq!((&done["mapping"], &done["source"]), (&json!("commute-log"), &json!("commute-log")));
    let outcomes: Vec<&str> =
        done["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["stored", "refused", "held", "held", "stored", "known"]);
    assert_eq!(done["rows"][1]["why"], "Rows of type meal are not wanted.");
    assert_eq!(done["rows"][3]["user"], "8");
    // It ends as the days do that came any other way.
    house.hub.derive_all(super::house::now(), |_| {}).unwrap();
    let days = house.get(&program, "/api/v1/days?from=2026-03-02&to=2026-03-02").await.json();
    assert_eq!((&days["items"][0]["tardy_minutes"], &days["items"][0]["left_early_minutes"]), (&json!(25), &json!(50)));
    let again = bring(&house, &program, &[]).await.json();
    assert_eq!((&again["stored"], &again["held"], &again["known"]), (&json!(0), &json!(0), &json!(5)));
    let audit = house.hub.audit(20).unwrap();
    let entry = audit.iter().find(|entry| entry.action == "import.punches").unwrap();
    assert_eq!((entry.actor.as_str(), entry.object.as_str()), ("token api", "commute-log"));
    assert!(entry.detail.contains("file log.csv"), "{}", entry.detail);
}

#[tokio::test]
async fn a_form_that_can_be_none_is_refused_with_the_cure() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let wrong: [(&[(&str, &str)], &str); 6] = [
        (&[], "in which zone"),
        (&[("zone", "Manila")], "is no time zone"),
        (&[("kind", "wages")], "Send punches"),
        (&[("mapping", "nothing")], "or one of commute-log"),
        (&[("dry_run", "maybe")], "Send true or false"),
        (&[("colour", "red")], "a field colour"),
    ];
    for (fields, says) in wrong {
        let answer = house.ask(&program, form(LOG, fields)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.text.contains(says), "{fields:?}: {}", answer.text);
    }
    let none = house.post(&program, "/api/v1/imports", "a=b").await;
    assert!(none.text.contains("multipart/form-data"), "{}", none.text);
    let huge = house.ask(&program, form(&"x".repeat(crate::api::imports::MOST_BYTES + 1), &[])).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(house.hub.punch_count().unwrap(), 0);
    let viewer = house.sign_in("admin").await;
    assert_eq!(house.ask(&viewer, form(LOG, &[("zone", "Asia/Manila")])).await.status, StatusCode::UNAUTHORIZED);
}
