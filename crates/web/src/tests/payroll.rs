//! Payroll files and their layouts, as programs and pages ask for them.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hub::TokenKind;
use serde_json::json;

use super::house::{Answer, House, Visitor, clerk, now};

const RANGE: &str = "from=2026-01-05&to=2026-01-09";
const OURS: &str = "title = \"Our bureau\"\nunmapped = \"keep\"\n[values]\nclient = \"\"\n[[columns]]\ntitle = \"Client\"\n\
    text = \"{client}\"\n[[columns]]\ntitle = \"Who\"\nfield = \"employee\"\n[[columns]]\ntitle = \"Hours\"\nfield = \"hours\"\n";

/// The columns of a layout that asks for nothing.
pub(super) const PLAIN: &str = "unmapped = \"keep\"\n[[columns]]\ntitle = \"H\"\nfield = \"hours\"\n";

/// One person with a day that is whole and one that is not.
fn house() -> House {
    let house = House::with_accounts();
    let lines =
        "7\t2026-01-05 08:00:00\t1\t0\t1\t0\n7\t2026-01-05 18:00:00\t1\t1\t1\t0\n7\t2026-01-06 08:00:00\t1\t0\t1\t0\n";
    house.import("A1", lines, true);
    house
}

async fn ask(house: &House, program: &Visitor, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
    house.ask(program, request).await
}

fn exports(house: &House) -> Vec<(String, String)> {
    let audit = house.hub.audit(50).unwrap().into_iter().filter(|entry| entry.action == "payroll.export");
    audit.map(|entry| (entry.actor, entry.detail)).collect()
}

#[tokio::test]
async fn a_program_saves_a_layout_uses_it_and_takes_it_away() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let at = "/api/v1/payroll/layouts/bureau";
    assert_eq!(ask(&house, &program, "GET", at, "").await.status, StatusCode::NOT_FOUND);
    let saved = ask(&house, &program, "PUT", at, &json!({ "toml": OURS }).to_string()).await;
    assert_eq!((saved.status, &saved.json()["title"]), (StatusCode::OK, &json!("Our bureau")), "{}", saved.text);
    assert_eq!(saved.json()["by"], json!("token api"));
    let listed = house.get(&program, "/api/v1/payroll/layouts").await.json();
    assert_eq!(listed["items"], json!([ask(&house, &program, "GET", at, "").await.json()]));

    let empty = house.get(&program, &format!("/api/v1/payroll?{RANGE}&layout=bureau")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.text.contains("client") && empty.text.contains("is empty"), "{}", empty.text);
    let file = house.get(&program, &format!("/api/v1/payroll?{RANGE}&layout=bureau&value.client=C9")).await;
    assert_eq!(file.text.lines().next(), Some("Client,Who,Hours"));
    assert!(file.text.contains("\r\nC9,7,"), "{}", file.text);
    assert!(file.header("content-disposition").contains("payroll_2026-01-05_2026-01-09.csv"));
    let digest = blake3_of(&file);
    assert_eq!(file.header("etag"), format!("\"{digest}\""));
    assert_eq!(exports(&house), [("token api".to_owned(), format!("bureau, 1 rows, blake3 {digest}"))]);

    assert_eq!(ask(&house, &program, "DELETE", at, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(ask(&house, &program, "DELETE", at, "").await.status, StatusCode::NOT_FOUND);
    let gone = house.get(&program, &format!("/api/v1/payroll?{RANGE}&layout=bureau")).await;
    assert!(gone.text.contains("no layout `bureau`") && gone.text.contains("adp"), "{}", gone.text);
}

fn blake3_of(file: &Answer) -> String {
    let mut digesting = hub::Digesting::new(std::io::sink());
    std::io::Write::write_all(&mut digesting, file.text.as_bytes()).unwrap();
    digesting.digest()
}

#[tokio::test]
async fn presets_are_listed_copied_and_never_written_over() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let presets = house.get(&program, "/api/v1/payroll/presets").await.json();
    assert_eq!(presets["total"], json!(hub::layouts::PRESETS.len()));
    assert!(presets["items"][1]["source"].as_str().unwrap().contains("ADP"));
    let copy = ask(&house, &program, "PUT", "/api/v1/payroll/layouts/our-adp", r#"{"from": "adp"}"#).await;
    assert_eq!(copy.json()["toml"], presets["items"][1]["toml"]);
    for (path, body, says) in [
        ("/api/v1/payroll/layouts/adp", r#"{"from": "csv"}"#, "comes along"),
        ("/api/v1/payroll/layouts/a", r#"{"from": "none"}"#, "no layout `none`"),
        ("/api/v1/payroll/layouts/a", r#"{"toml": "colour = 1"}"#, "colour"),
        ("/api/v1/payroll/layouts/a", "{}", "Send it like"),
    ] {
        let refused = ask(&house, &program, "PUT", path, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_file_is_taken_in_each_format_by_whoever_may_read_and_the_audit_trail_names_them() {
    let house = house();
    let (program, hr) = (house.token(TokenKind::Api), house.sign_in("hr").await);
    let rows = house.get(&program, &format!("/api/v1/payroll?{RANGE}&format=json")).await.json();
    assert!(rows[0]["minutes"].is_number(), "{rows}");
    let csv = house.get(&hr, &format!("/api/v1/payroll?{RANGE}&format=csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let told: Vec<_> = exports(&house).into_iter().map(|(who, what)| (who, what[..11].to_owned())).collect();
    assert_eq!(told, [("hr".to_owned(), "csv as csv,".to_owned()), ("token api".to_owned(), "csv as json".to_owned())]);
    for (query, says) in [
        ("from=2026-01-05", "`to` is missing"),
        ("from=2026-01-09&to=2026-01-05", "before it starts"),
        (&format!("{RANGE}&format=pdf"), "Use csv, xlsx or json"),
        (&format!("{RANGE}&value.colour=red"), "no value `colour`"),
    ] {
        let refused = house.get(&program, &format!("/api/v1/payroll?{query}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
    house.hub.save_layout(&clerk(), "bureau", OURS, now()).unwrap();
    let by_cookie = ask(&house, &hr, "DELETE", "/api/v1/payroll/layouts/bureau", "").await;
    assert_eq!(by_cookie.status, StatusCode::UNAUTHORIZED, "the cookie alone changes nothing");
}
