//! Tables of punches that programs bring.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hub::{TableImport, TokenKind};
use serde_json::json;

use super::house::{Answer, House, Visitor};

const LOG: &str = "user_id,event_time,door,in_out,type\n7,2026-03-02 08:25:00,Gate 1,I,commute\n7,2026-03-02 12:00:00,Canteen,O,meal\n\
    ,2026-03-02 13:00:00,Gate 1,I,commute\n8,2026-03-02 08:00:00,Gate 1,I,commute\n7,2026-03-02 17:10:00,Gate 1,O,commute\n\
    7,2026-03-02 17:10:00,Gate 1,O,commute\n";

const REST: &str = "/api/v1/imports";

/// Tries a file as the page does: it is kept, and nothing else is changed.
pub(super) fn try_file(house: &House, name: &str, file: &str) {
    let how =
        TableImport { name, zone: Some("Asia/Manila"), is_dry_run: true, keeps_trial: true, ..TableImport::default() };
    house
        .hub
        .import_table(&super::house::clerk(), &how, || Ok(file.as_bytes()), super::house::now(), |_, _| {})
        .unwrap();
}

/// A form with a file, as programs send it.
pub(super) fn form(path: &str, file: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"log.csv\"\r\n\r\n");
    body.push_str(&format!("{file}\r\n--edge--\r\n"));
    let kind = "multipart/form-data; boundary=edge";
    Request::post(path).header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
}

async fn bring(house: &House, program: &Visitor, more: &[(&str, &str)]) -> Answer {
    let fields = [&[("kind", "punches"), ("zone", "Asia/Manila"), ("types", "commute")][..], more].concat();
    house.ask(program, form(REST, LOG, &fields)).await
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
    // What became of the rows can be asked for again, and so can the file.
    let list = house.get(&program, "/api/v1/imports?source=commute-log").await.json();
    assert_eq!((&list["total"], &list["items"][0]["id"], &list["items"][1]["id"]), (&json!(2), &json!(2), &json!(1)));
    assert_eq!(list["items"][0]["digest"], list["items"][1]["digest"], "the same bytes");
    let first = house.get(&program, "/api/v1/imports/1?outcome=held&limit=1").await.json();
    assert_eq!((&first["stored"], &first["name"], &first["dry_run"]), (&json!(2), &json!("log.csv"), &json!(false)));
    assert_eq!((&first["rows"]["total"], &first["rows"]["items"][0]), (&json!(2), &done["rows"][2]));
    let rest = house.get(&program, "/api/v1/imports/1?outcome=held&cursor=at-1").await.json();
    assert_eq!((&rest["rows"]["items"][0], &rest["rows"]["next_cursor"]), (&done["rows"][3], &json!(null)));
    let file = house.get(&program, "/api/v1/imports/1/file").await;
    assert_eq!((file.text.as_str(), file.status), (LOG, StatusCode::OK));
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"log.csv\""));
    for path in ["/api/v1/imports/9", "/api/v1/imports/9/file", "/api/v1/imports/x"] {
        assert_eq!(house.get(&program, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
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
        (&[("mapping", "nothing")], "There are commute-log"),
        (&[("dry_run", "maybe")], "Send true or false"),
        (&[("colour", "red")], "a field colour"),
    ];
    for (fields, says) in wrong {
        let answer = house.ask(&program, form(REST, LOG, fields)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.text.contains(says), "{fields:?}: {}", answer.text);
    }
    let none = house.post(&program, "/api/v1/imports", "a=b").await;
    assert!(none.text.contains("multipart/form-data"), "{}", none.text);
    let huge = house.ask(&program, form(REST, &"x".repeat(crate::import_form::MOST_BYTES + 1), &[])).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(house.hub.punch_count().unwrap(), 0);
    let viewer = house.sign_in("admin").await;
    assert_eq!(house.ask(&viewer, form(REST, LOG, &[("zone", "Asia/Manila")])).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_person_tries_a_file_sees_what_it_would_bring_and_takes_it_without_another_upload() {
    let house = House::with_accounts();
    house
        .hub
        .import_employees(&super::house::clerk(), b"code,name,numbers\n1001,Ann Reyes,7\n", false, super::house::now())
        .unwrap();
    let hr = house.sign_in("hr").await;
    let tried = house.ask(&hr, form("/imports", LOG, &[("zone", "Asia/Manila"), ("types", "commute")])).await;
    assert_eq!((tried.status, tried.header("location")), (StatusCode::SEE_OTHER, "/imports/1"), "{}", tried.text);
    assert_eq!(house.hub.punch_count().unwrap(), 0, "nothing was changed");
    let page = house.get(&hr, "/imports/1").await.text;
    for says in ["Tried only", "Import these 4 rows", "Rows of type meal are not wanted.", "line 3", "Held", "log.csv"]
    {
        assert!(page.contains(says), "{says}: {page}");
    }
    let viewer = house.sign_in("viewer").await;
    let seen = house.get(&viewer, "/imports/1").await.text;
    assert!(seen.contains("line 3") && !seen.contains("Import these"), "a viewer sees, and changes nothing");
    let taken = house.post(&hr, "/imports/1/take", "").await;
    assert_eq!((taken.status, taken.header("location")), (StatusCode::SEE_OTHER, "/imports/2"), "{}", taken.text);
    assert_eq!(house.hub.punch_count().unwrap(), 4);
    let page = house.get(&hr, "/imports/2").await.text;
    assert!(page.contains("import 1</a> (tried)") && !page.contains("Tried only"), "{page}");
    let tried_again = house.ask(&hr, form("/imports", LOG, &[("zone", "Asia/Manila")])).await;
    let page = house.get(&hr, tried_again.header("location")).await.text;
    assert!(page.contains("Import these 1 row<"), "the meal is wanted this time: {page}");
    let list = house.get(&hr, "/imports?state=taken").await.text;
    assert!(list.contains("/imports/2") && !list.contains("/imports/1\""), "{list}");
    let csv = house.get(&hr, "/imports.csv?sort=source").await.text;
    assert_eq!(csv.lines().count(), 4, "{csv}");
    let report = house.get(&hr, "/imports/1/report.csv").await.text;
    assert_eq!(
        report.lines().nth(2).unwrap(),
        "line 3,7,2026-03-02 12:00:00,refused,Rows of type meal are not wanted."
    );
    let audit = house.hub.audit(20).unwrap();
    assert!(audit.iter().any(|entry| entry.action == "import.punches" && entry.actor == "hr"));
}

#[tokio::test]
async fn the_zone_that_a_file_names_is_that_of_its_times_and_is_told_with_the_groups() {
    let house = House::with_accounts();
    let company = hub::Company { zone: Some("Asia/Manila".into()), ..house.hub.company().unwrap() };
    house.hub.set_company(&super::house::clerk(), &company, super::house::now()).unwrap();
    let hr = house.sign_in("hr").await;
    let page = house.get(&hr, "/imports").await.text;
    assert!(
        page.contains("<input id=\"zone\" name=\"zone\" placeholder=\"Asia/Manila\""),
        "nothing is sent unasked: {page}"
    );
    let file = "user,time,iana_zone\n7,2026-03-02 08:00:00,Asia/Tokyo\n";
    let other = house.ask(&hr, form("/imports", file, &[("zone", "Asia/Manila")])).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.text.contains("Asia/Tokyo, not of Asia/Manila"), "{}", other.text);
    let tried = house.ask(&hr, form("/imports", file, &[("zone", ""), ("groups", "Packing, Night,")])).await;
    let page = house.get(&hr, tried.header("location")).await.text;
    assert!(page.contains("Asia/Tokyo") && page.contains("Packing, Night<"), "{page}");
}

#[tokio::test]
async fn a_file_that_is_no_table_of_punches_is_refused_on_the_page_with_the_cure() {
    let house = House::with_accounts();
    let hr = house.sign_in("hr").await;
    let wrong = [
        ("colour,size\nred,7\n", "fit none of the mappings", StatusCode::UNPROCESSABLE_ENTITY),
        ("", "there is no file", StatusCode::UNPROCESSABLE_ENTITY),
        (LOG, "in which zone", StatusCode::UNPROCESSABLE_ENTITY),
    ];
    for (file, says, status) in wrong {
        let answer = house.ask(&hr, form("/imports", file, &[])).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.to_lowercase().contains(says) && answer.text.contains("Bring a file"), "{}", answer.text);
    }
    assert!(house.get(&hr, "/imports").await.text.contains("No file was brought yet"));
}

async fn send(house: &House, program: &Visitor, body: &serde_json::Value) -> Answer {
    house.ask(program, Request::post("/api/v1/punches").body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_program_sends_punches_and_hears_of_each_and_the_same_ones_change_nothing_more() {
    let house = House::with_accounts();
    let list = b"code,name,numbers\n1001,Ann Reyes,7\n";
    house.hub.import_employees(&super::house::clerk(), list, false, super::house::now()).unwrap();
    let program = house.token(TokenKind::Api);
    let said = json!({"source": "gate", "zone": "Asia/Manila", "punches": [
        {"id": "g-1", "employee": "1001", "at": "2026-03-02T08:25:00+08:00", "state": "in", "work_code": "3"},
        {"id": "g-2", "employee": "1001", "time": "2026-03-02 17:10:00", "state": "out"},
        {"user": "7", "terminal": "A1", "time": "2026-03-02 12:00:00"},
        {"employee": "1002", "at": "2026-03-02T00:00:00Z"},
        {"employee": "1001", "at": "soon"},
        {"employee": "1001", "at": "2026-03-02T00:25:00Z"},
    ]});
    let mut tried = said.clone();
    tried["dry_run"] = true.into();
    let tried = send(&house, &program, &tried).await.json();
    assert_eq!(house.hub.punch_count().unwrap(), 0, "a dry run leaves nothing");
    let done = send(&house, &program, &said).await.json();
    assert_eq!((&done["rows"], &done["source"]), (&tried["rows"], &json!("gate")));
    let outcomes: Vec<&str> =
        done["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["stored", "stored", "stored", "held", "held", "known"], "{done}");
    assert_eq!((&done["rows"][0]["row"], &done["rows"][3]["row"]), (&json!("row g-1"), &json!("row 4")));
    assert!(done["rows"][4]["why"].as_str().unwrap().contains("write it as 2026-03-02T08:00:00+08:00"));
    house.hub.derive_all(super::house::now(), |_| {}).unwrap();
    let days = house.get(&program, "/api/v1/days?from=2026-03-02&to=2026-03-02").await.json();
    assert_eq!((&days["items"][0]["tardy_minutes"], &days["items"][0]["left_early_minutes"]), (&json!(25), &json!(50)));
    let again = send(&house, &program, &said).await.json();
    assert_eq!((&again["known"], &again["stored"], &again["held"]), (&json!(6), &json!(0), &json!(0)));
    let audit = house.hub.audit(20).unwrap();
    assert_eq!(
        audit.iter().filter(|entry| entry.action == "import.sent").count(),
        1,
        "what changes nothing is no entry"
    );
    let punches = house.get(&program, "/api/v1/punches?employee=1001").await.json();
    assert_eq!(punches["items"][0]["terminal"], "source:gate/");
}

#[tokio::test]
async fn a_call_of_punches_that_can_be_none_is_refused_with_the_cure() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let many = vec![json!({"user": "7", "at": "2026-03-02T08:00:00Z"}); 1001];
    for (body, says) in [
        (json!({"punches": many}), "Send up to 1000"),
        (json!([]), "Send it like"),
        (json!({"punches": [], "colour": "red"}), "unknown field `colour`"),
        (json!({"punches": [], "zone": "Manila"}), "is no time zone"),
        (json!({"punches": [], "source": "a b"}), "name of a source"),
    ] {
        let answer = send(&house, &program, &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(answer.text.contains(says), "{says}: {}", answer.text);
    }
    assert_eq!(house.hub.punch_count().unwrap(), 0);
}

#[tokio::test]
async fn a_mapping_is_saved_under_a_name_by_which_files_are_brought() {
    let house = House::with_accounts();
    let program = house.token(TokenKind::Api);
    let place = "/api/v1/imports/mappings/old-doors";
    let toml = "about = \"the old doors\"\n[columns]\nuser = \"who\"\ntime = \"at\"\n";
    let put = |body: String| house.ask(&program, Request::put(place).body(Body::from(body)).unwrap());
    let wrong = put(json!({"toml": "[columns]\n"}).to_string()).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("tells who"), "{}", wrong.text);
    let saved = put(json!({"toml": toml}).to_string()).await.json();
    assert_eq!(
        (&saved["name"], &saved["about"], &saved["by"]),
        (&json!("old-doors"), &json!("the old doors"), &json!("token api"))
    );
    assert_eq!(house.get(&program, place).await.json(), saved);
    let list = house.get(&program, "/api/v1/imports/mappings").await.json();
    assert_eq!((&list["items"][0], &list["items"][1]["name"]), (&saved, &json!("commute-log")));
    assert_eq!(list["items"][1]["by"], json!(null), "it comes along");

    let page = house.get(&house.sign_in("hr").await, "/imports").await.text;
    assert!(page.contains("<option value=\"old-doors\" title=\"the old doors\">old-doors</option>"), "{page}");
    let fields = [("zone", "Asia/Manila"), ("mapping", "old-doors")];
    let done = house.ask(&program, form(REST, "who,at\n7,2026-03-02 08:00:00\n", &fields)).await.json();
    assert_eq!(
        (&done["mapping"], &done["source"], &done["held"]),
        (&json!("old-doors"), &json!("old-doors"), &json!(1))
    );

    let gone = house.ask(&program, Request::delete(place).body(Body::empty()).unwrap()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&program, place).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_import_that_is_not_finished_says_so_with_the_cure_and_its_file_is_taken_again() {
    let house = House::with_accounts();
    let how = TableImport { name: "log.csv", zone: Some("Asia/Manila"), ..TableImport::default() };
    let take = || {
        let open = || Ok(LOG.as_bytes());
        house
            .hub
            .import_table(&super::house::clerk(), &how, open, super::house::now(), |_, _| panic!("the process ends"))
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(take)).is_err());
    let (program, hr) = (house.token(TokenKind::Api), house.sign_in("hr").await);
    let note = house.get(&program, "/api/v1/imports/1").await.json();
    assert_eq!((&note["is_finished"], &note["is_kept"], &note["rows"]), (&json!(false), &json!(true), &json!(null)));
    assert_eq!(house.get(&program, "/api/v1/imports/1/file").await.text, LOG);
    assert!(house.get(&hr, "/imports").await.text.contains("Not finished"));
    let page = house.get(&hr, "/imports/1").await.text;
    for says in ["Not finished", "it was broken off", "what is stored of it already is known", "Take the file again"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("not kept any more"), "{page}");
    let taken = house.post(&hr, "/imports/1/take", "").await;
    assert_eq!((taken.status, taken.header("location")), (StatusCode::SEE_OTHER, "/imports/2"), "{}", taken.text);
    let page = house.get(&hr, "/imports/2").await.text;
    assert!(page.contains("(not finished)") && !page.contains("Not finished"), "{page}");
    let csv = house.get(&hr, "/imports.csv").await.text;
    let finished: Vec<&str> = csv.lines().map(|row| row.rsplit(',').next().unwrap()).collect();
    assert_eq!(finished, ["is_finished", "true", "false"]);
}
