//! What programs read, and what edges send.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hub::TokenKind;
use link::{Batch, Item, What};
use serde_json::json;

use super::house::{House, Visitor, clerk, now};
use crate::routes::table;

const DAY: &str = "7\t2026-01-05 08:20:00\t1\t0\t1\t0\n7\t2026-01-05 18:00:00\t1\t1\t1\t0\n";

async fn post(house: &House, visitor: &Visitor, path: &str, body: String) -> super::house::Answer {
    house.ask(visitor, Request::post(path).body(Body::from(body)).unwrap()).await
}

fn batch(items: usize) -> Batch {
    let seqs = 1..=i64::try_from(items).unwrap();
    let punch = |seq| Item {
        seq,
        received_us: 1,
        is_time_doubted: false,
        what: What::User(link::TerminalUser { origin: "A1".to_owned(), user: seq.to_string(), name: String::new() }),
    };
    Batch { edge: "e1".to_owned(), items: seqs.map(punch).collect(), ..Batch::default() }
}

#[tokio::test]
async fn a_program_reads_days_with_instants_in_their_zone_and_durations_in_minutes() {
    let house = House::with_accounts();
    house.import("A1", DAY, true);
    let program = house.token(TokenKind::Api);
    let days = house.get(&program, "/api/v1/days?from=2026-01-05&to=2026-01-05").await.json();
    assert_eq!(days["total"], 1);
    assert_eq!(days["next_cursor"], json!(null));
    let day = &days["items"][0];
    assert_eq!(day["employee"], "7");
    assert_eq!(day["first_in"], "2026-01-05T08:20:00+08:00");
    assert_eq!(day["tardy_minutes"], 20);
    assert_eq!(day["excused_minutes"], 0, "a figure of 0 is there");
    assert_eq!(day["exceptions"], json!(["tardy"]));
    let punches = house.get(&program, "/api/v1/punches?employee=7&limit=1").await.json();
    assert_eq!((&punches["total"], &punches["next_cursor"]), (&json!(2), &json!("at-1")));
    assert_eq!(punches["items"][0]["terminal"], "A1");
    let next = house.get(&program, "/api/v1/punches?employee=7&limit=1&cursor=at-1").await.json();
    assert_eq!(next["next_cursor"], json!(null));
    assert_ne!(next["items"][0]["fingerprint"], punches["items"][0]["fingerprint"]);
}

#[tokio::test]
async fn days_with_a_clock_outlier_are_found_under_one_word() {
    let house = House::with_accounts();
    // One comes in time, one hours too late.
    let late = "9\t2026-01-05 13:00:00\t1\t0\t1\t0\n9\t2026-01-05 18:00:00\t1\t1\t1\t0\n";
    house.import("A1", &[DAY, late].concat(), true);
    let program = house.token(TokenKind::Api);
    for query in ["outlier", "outlier=true", "exception=outlier"] {
        let days = house.get(&program, &format!("/api/v1/days?{query}")).await.json();
        assert_eq!((&days["total"], &days["items"][0]["employee"]), (&json!(1), &json!("9")), "{query}");
        assert_eq!(days["items"][0]["is_outlier"], true);
    }
    for (query, cure) in [
        ("outlier=true&exception=tardy", "Leave one of them out"),
        ("outlier=false", "Leave outlier out"),
        ("outlier=1", "Send outlier=true or outlier=false"),
    ] {
        house.refuses(&program, &format!("/api/v1/days?{query}"), cure).await;
    }
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/days?exception=outlier").await.text;
    assert!(page.contains("1\u{2013}1 of 1") && page.contains("<option value=\"outlier\" selected"), "{page}");
}

#[tokio::test]
async fn a_refusal_is_a_problem_document() {
    let house = House::with_accounts();
    let viewer = house.sign_in("viewer").await;
    let answer = house.get(&viewer, "/api/v1/days?limit=0").await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["title"]), (&json!(422), &json!("Unprocessable Entity")));
    assert!(problem["detail"].as_str().unwrap().contains("Use 1 to 1000"), "{problem}");
    for path in ["/api/v1/days?from=2026-01-05&from=2026-01-06", "/api/v1/unheard-of", "/link/v2/punches"] {
        let answer = house.get(&viewer, path).await;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}: {}", answer.text);
    }
    let without = house.get(&Visitor::default(), "/api/v1/days").await;
    assert_eq!((without.status, without.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer"));
}

#[tokio::test]
async fn every_route_of_the_interface_is_described_and_nothing_else() {
    let house = House::with_accounts();
    let document = house.get(&Visitor::default(), "/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let routes = table().into_iter().filter(|route| route.path.starts_with("/api/v1/"));
    let routes: BTreeSet<String> = routes.map(|route| route.path.to_owned()).collect();
    assert_eq!(described, routes);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for write in ["post", "put", "delete"].iter().filter_map(|method| operations.get(method)) {
            let key = json!({"$ref": "#/components/parameters/idempotencyKey"});
            assert!(write["parameters"].as_array().unwrap().contains(&key), "{path} takes a key as every write does");
            assert!(write["responses"].get("409").is_some(), "{path}");
        }
    }
}

#[tokio::test]
async fn the_description_names_the_fields_that_are_sent() {
    let house = House::with_accounts();
    house.import("A1", DAY, true);
    house.import("A1", "9\t2026-01-05 08:00:00\t1\t0\t1\t0\n", false);
    house.hub.import_sites(&clerk(), b"code,name,terminals\nCEBU,Cebu,A1@2026-01-05\n", false, now()).unwrap();
    house.hub.import_departments(&clerk(), b"code,name,parent\nHR,People,\n", false, now()).unwrap();
    house.hub.ask_for_job(&super::house::clerk(), "derive", now()).unwrap();
    super::sinks::add(&house, "crm", "https://crm.example/days");
    house.hub.save_layout(&clerk(), "ours", hub::layouts::PRESETS[0].1, now()).unwrap();
    let program = house.token(TokenKind::Api);
    let document = house.get(&program, "/api/v1/openapi.json").await.json();
    for (path, schema) in [
        ("terminals", "Terminal"),
        ("completeness?from=2026-01-05&to=2026-01-05", "Closeout"),
        ("punches", "Punch"),
        ("days", "Day"),
        ("held", "Held"),
        ("employees", "Employee"),
        ("sites", "Site"),
        ("departments", "Department"),
        ("matches?state=all", "Match"),
        ("terminal-users?state=all", "TerminalUser"),
        ("jobs", "Job"),
        ("imports", "ImportNote"),
        ("sinks", "Sink"),
        ("sinks/crm/records", "SinkRecord"),
        ("payroll/presets", "PayrollPreset"),
        ("payroll/layouts", "PayrollLayout"),
    ] {
        let fields = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        let sent = house.get(&program, &format!("/api/v1/{path}")).await.json();
        assert_eq!(
            fields(&document["components"]["schemas"][schema]["properties"]),
            fields(&sent["items"][0]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn sites_and_departments_are_listed_as_they_were_imported() {
    let house = House::with_accounts();
    house.import("A1", DAY, true);
    let sites = b"code,name,zones,terminals\nCEBU,Cebu,Asia/Manila UTC@2026-03-01,A1@2026-01-05\nMAIN,,,\n";
    house.hub.import_sites(&clerk(), sites, false, now()).unwrap();
    house.hub.import_departments(&clerk(), b"code,name,parent\nPAY,Payroll,HR\nHR,People,\n", false, now()).unwrap();
    let program = house.token(TokenKind::Api);
    let listed = house.get(&program, "/api/v1/sites").await.json();
    let at = json!([{ "serial": "A1", "from": "2026-01-05", "to": null }]);
    let zones = json!([{ "zone": "Asia/Manila", "from": null }, { "zone": "UTC", "from": "2026-03-01" }]);
    let cebu = json!({ "code": "CEBU", "name": "Cebu", "zones": zones, "terminals": at });
    assert_eq!(listed["items"], json!([cebu, { "code": "MAIN", "name": "", "zones": [], "terminals": [] }]));
    let listed = house.get(&program, "/api/v1/departments?limit=1").await.json();
    assert_eq!(listed["items"], json!([{ "code": "HR", "name": "People", "parent": null }]));
    assert_eq!(listed["total"], 2);
    let next = format!("/api/v1/departments?limit=1&cursor={}", listed["next_cursor"].as_str().unwrap());
    let listed = house.get(&program, &next).await.json();
    assert_eq!(listed["items"], json!([{ "code": "PAY", "name": "Payroll", "parent": "HR" }]));
}

#[tokio::test]
async fn a_program_adds_and_changes_sites_and_departments_as_the_lists_do_and_is_audited() {
    let house = House::with_accounts();
    house.import("A1", DAY, true);
    let program = house.token(TokenKind::Api);
    let sites = "/api/v1/sites";
    let tokyo = r#"{"code":"TYO","name":"Tokyo","zones":[{"zone":"Asia/Tokyo"},{"zone":"UTC","from":"2026-03-16"}],"terminals":[{"serial":"A1","from":"2026-03-02"}]}"#;
    let made = house.post(&program, sites, tokyo).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let zones = json!([{ "zone": "Asia/Tokyo", "from": null }, { "zone": "UTC", "from": "2026-03-16" }]);
    let terminals = json!([{ "serial": "A1", "from": "2026-03-02", "to": null }]);
    assert_eq!(made.json(), json!({ "code": "TYO", "name": "Tokyo", "zones": zones, "terminals": terminals }));
    let audit = |house: &House| house.hub.audit(100).unwrap();
    let (first, count) = (audit(&house)[0].clone(), audit(&house).len());
    assert_eq!(
        (first.actor.as_str(), first.action.as_str(), first.object.as_str()),
        ("token api", "site.change", "TYO")
    );
    assert_eq!(house.post(&program, sites, tokyo).await.json(), made.json());
    assert_eq!(audit(&house).len(), count, "the same again is no news");
    // What is not said stays; an empty list of zones takes them away.
    let changed = house.post(&program, sites, r#"{"code":"TYO","zones":[]}"#).await.json();
    assert_eq!(changed, json!({ "code": "TYO", "name": "Tokyo", "zones": [], "terminals": terminals }));

    let departments = "/api/v1/departments";
    house.post(&program, departments, r#"{"code":"HR","name":"People"}"#).await;
    let pay = house.post(&program, departments, r#"{"code":"PAY","name":"Payroll","parent":"HR"}"#).await;
    assert_eq!(pay.json(), json!({ "code": "PAY", "name": "Payroll", "parent": "HR" }));
    for (path, body, says) in [
        (sites, "{}", "missing field"),
        (sites, r#"{"code":"a b"}"#, "can't be a code"),
        (sites, r#"{"code":"TYO","zones":[{"zone":"Mars/North"}]}"#, "no time zone"),
        (sites, r#"{"code":"TYO","terminals":[{"serial":"Z9"}]}"#, "no terminal with serial Z9"),
        (departments, r#"{"code":"HR","parent":"PAY"}"#, "part of itself"),
        (departments, r#"{"code":"IT","parent":"XX"}"#, "no department XX"),
    ] {
        let refused = house.post(&program, path, body).await;
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (422, "application/problem+json"));
        assert!(refused.text.contains(says), "{body}: {}", refused.text);
    }
    for visitor in [house.sign_in("admin").await, house.token(TokenKind::Edge)] {
        assert_eq!(house.post(&visitor, sites, tokyo).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_program_has_a_terminal_leave_its_site_and_removes_what_nobody_needs() {
    let house = House::with_accounts();
    house.import("A1", DAY, true);
    let program = house.token(TokenKind::Api);
    let said = r#"{"code":"CEBU","terminals":[{"serial":"A1","from":"2026-01-05"}]}"#;
    house.post(&program, "/api/v1/sites", said).await;
    for code in ["HR", "IT"] {
        house.post(&program, "/api/v1/departments", &format!(r#"{{"code":"{code}"}}"#)).await;
    }
    let remove = async |path: &str| {
        let request = Request::delete(path).body(Body::empty()).unwrap();
        house.ask(&program, request).await
    };
    let refused = remove("/api/v1/sites/CEBU").await;
    assert_eq!((refused.status.as_u16(), refused.header("content-type")), (422, "application/problem+json"));
    assert!(refused.text.contains("site CEBU has terminals A1"), "{}", refused.text);

    let leave = "/api/v1/terminals/A1/leave";
    let left = house.post(&program, leave, r#"{"from":"2026-01-19"}"#).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT, "{}", left.text);
    let sites = house.get(&program, "/api/v1/sites").await.json();
    assert_eq!(sites["items"][0]["terminals"], json!([{ "serial": "A1", "from": "2026-01-05", "to": "2026-01-18" }]));
    assert_eq!(house.post(&program, leave, "{}").await.status.as_u16(), 422);
    assert_eq!(house.post(&program, "/api/v1/terminals/Z9/leave", r#"{"from":"2026-01-19"}"#).await.status, 404);

    for path in ["/api/v1/sites/CEBU", "/api/v1/departments/IT"] {
        assert_eq!(remove(path).await.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(remove(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let entries = house.hub.audit(3).unwrap();
    let told: Vec<_> = entries.iter().map(|one| format!("{} {} {}", one.actor, one.action, one.object)).collect();
    let expected = ["token api department.remove IT", "token api site.remove CEBU", "token api terminal.leave A1"];
    assert_eq!(told, expected);
    assert_eq!(house.get(&program, "/api/v1/departments").await.json()["total"], 1);
}

#[tokio::test]
async fn a_program_hires_places_and_numbers_somebody_and_each_is_audited() {
    let house = House::with_accounts();
    house.hub.import_sites(&clerk(), b"code\nCEBU\n", false, now()).unwrap();
    let program = house.token(TokenKind::Api);
    let post = async |path: &str, body: &str| house.post(&program, &format!("/api/v1/employees/{path}"), body).await;
    let hired = post("1001/hire", r#"{"from":"2026-01-05","name":"Ann Reyes","site":"CEBU"}"#).await;
    assert_eq!(hired.status, StatusCode::OK, "{}", hired.text);
    let (hired, spans) = (hired.json(), json!([{ "from": "2026-01-05", "to": null }]));
    assert_eq!((&hired["code"], &hired["name"], &hired["site"]), (&json!("1001"), &json!("Ann Reyes"), &json!("CEBU")));
    assert_eq!((&hired["employments"], &hired["is_confirmed"]), (&spans, &json!(true)));
    post("1001/leave", r#"{"to":"2026-01-30"}"#).await;
    let again = post("1001/hire", r#"{"from":"2026-02-16"}"#).await.json();
    let spans = json!([{ "from": "2026-01-05", "to": "2026-01-30" }, { "from": "2026-02-16", "to": null }]);
    assert_eq!(again["employments"], spans);
    let placed = post("1001/place", r#"{"from":"2026-02-16","site":""}"#).await.json();
    assert_eq!(placed["site"], json!(null));
    post("1002/hire", r#"{"from":"2026-01-05"}"#).await;
    let given = post("1001/numbers", r#"{"number":"cebu/12"}"#).await.json();
    let always = json!([{ "employee": "1001", "from": null, "to": null }]);
    assert_eq!(given, json!({ "number": "cebu/12", "spans": always }));
    post("1002/numbers", r#"{"number":"cebu/12","from":"2026-02-02"}"#).await;
    let ended = post("1002/numbers/end", r#"{"number":"cebu/12","to":"2026-02-27"}"#).await.json();
    let spans = json!([
        { "employee": "1001", "from": null, "to": "2026-02-01" },
        { "employee": "1002", "from": "2026-02-02", "to": "2026-02-27" },
    ]);
    assert_eq!(ended["spans"], spans);
    let entries = house.hub.audit(8).unwrap();
    assert!(entries.iter().all(|entry| entry.actor == "token api"), "{entries:?}");
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    let [hire, leave, place, given] = ["employee.hire", "employee.leave", "employee.place", "number.assign"];
    assert_eq!(actions, ["number.end", given, given, hire, place, hire, leave, hire]);

    for (path, body, status, says) in [
        ("1001/hire", r#"{"from":"2026-01-12"}"#, 422, "share dates"),
        ("1001/hire", "{}", 422, "missing field"),
        ("1001/place", r#"{"department":"XX"}"#, 422, "no department XX"),
        ("1001/numbers", r#"{"number":"cebu/12","from":"2026-02-10"}"#, 422, "is employee 1002"),
        ("1001/numbers", r#"{"number":""}"#, 422, "is no user number"),
        ("9/leave", r#"{"to":"2026-01-30"}"#, 404, "no employee with code 9"),
    ] {
        let refused = post(path, body).await;
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (status, "application/problem+json"));
        assert!(refused.text.contains(says), "{path} {body}: {}", refused.text);
    }
    let admin = house.sign_in("admin").await;
    let refused = house.post(&admin, "/api/v1/employees/1001/leave", r#"{"to":"2026-03-01"}"#).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_edge_delivers_and_is_told_how_far_it_may_trim() {
    let house = House::with_accounts();
    let edge = house.token(TokenKind::Edge);
    let answer = post(&house, &edge, link::path::PUNCHES, serde_json::to_string(&batch(2)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["high_seq"], 2);
    let beat = link::Heartbeat { edge: "e1".to_owned(), ..link::Heartbeat::default() };
    let orders = post(&house, &edge, link::path::HEARTBEAT, serde_json::to_string(&beat).unwrap()).await;
    assert!(orders.json()["terminals"].is_array(), "{}", orders.text);
}

#[tokio::test]
async fn a_batch_beyond_the_limit_is_refused_with_413_and_nonsense_with_400() {
    let house = House::with_accounts();
    let edge = house.token(TokenKind::Edge);
    let many =
        post(&house, &edge, link::path::PUNCHES, serde_json::to_string(&batch(link::MAX_ITEMS + 1)).unwrap()).await;
    assert_eq!(many.status, StatusCode::PAYLOAD_TOO_LARGE);
    let long = post(&house, &edge, link::path::PUNCHES, " ".repeat(crate::api::link::MOST_BYTES + 1)).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(long.json()["detail"].as_str().unwrap().contains("Send at most 2000 items"), "{}", long.text);
    let nonsense = post(&house, &edge, link::path::PUNCHES, "{\"edge\":7}".to_owned()).await;
    assert_eq!(nonsense.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn health_is_open_to_everybody() {
    let house = House::new();
    assert_eq!(house.get(&Visitor::default(), "/healthz").await.text, "ok\n");
    assert_eq!(house.get(&Visitor::default(), "/readyz").await.text, "ready\n");
    house.import("S1", DAY, true);
    house.hub.seal(now(), &[1; 32]).unwrap();
    let ready = house.get(&Visitor::default(), "/readyz").await.text;
    assert!(ready.starts_with("ready\nhead of the chain: ") && ready.ends_with(" (seal 1)\n"), "{ready}");
}
