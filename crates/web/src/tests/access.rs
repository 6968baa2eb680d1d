//! Who may use what.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use hub::TokenKind;

use super::house::{House, Visitor, clerk, now};
use crate::access::Access;
use crate::routes::{Route, table};

/// What the manual calls open without login, and nothing more.
const OPEN: [&str; 8] = [
    "GET /api/v1/openapi.json",
    "GET /healthz",
    "GET /readyz",
    "GET /setup",
    "GET /sign-in",
    "GET /static/{file}",
    "POST /setup",
    "POST /sign-in",
];

fn request(route: &Route) -> Request<Body> {
    let path = route
        .path
        .replace("{code}", "7")
        .replace("{date}", "2026-01-05")
        .replace("{file}", "none")
        .replace("{id}", "1")
        .replace("{month}", "2026-01")
        .replace("{serial}", "A1")
        .replace("{token}", "none.ics")
        .replace("{name}", "none");
    Request::builder().method(route.method.clone()).uri(path).body(Body::empty()).unwrap()
}

fn is_refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::SEE_OTHER)
}

#[tokio::test]
async fn without_login_only_the_open_list_answers() {
    let house = House::with_accounts();
    let mut answered = Vec::new();
    for route in table() {
        let response = house.open(&Visitor::default(), request(&route)).await;
        let location = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let is_led_to_sign_in = location.is_some_and(|to| to.starts_with("/sign-in"));
        let is_open = !is_refused(response.status()) || (route.access == Access::Open && is_led_to_sign_in);
        if is_open {
            answered.push(format!("{} {}", route.method, route.path));
        }
    }
    answered.sort();
    assert_eq!(answered, OPEN);
}

#[tokio::test]
async fn each_role_gets_what_the_table_grants_it() {
    let house = House::with_accounts();
    let mut grid = Vec::new();
    for name in ["viewer", "hr", "admin"] {
        let visitor = house.sign_in(name).await;
        let changes = table().into_iter().filter(|route| route.method == Method::POST && route.path != "/sign-out");
        for route in changes.filter(|route| matches!(route.access, Access::Viewer | Access::Review | Access::Admin)) {
            let refused = house.open(&visitor, request(&route)).await.status() == StatusCode::FORBIDDEN;
            grid.push(format!("{name} {} {}", if refused { "may not" } else { "may" }, route.path));
        }
    }
    assert_eq!(
        grid,
        [
            "viewer may not /employees/calendar",
            "viewer may not /employees/merge",
            "viewer may not /employees/unmerge",
            "viewer may not /sites/change",
            "viewer may not /sites/remove",
            "viewer may not /departments/change",
            "viewer may not /departments/remove",
            "viewer may not /people/match",
            "viewer may not /payroll/check",
            "viewer may not /payroll/layouts/remove",
            "viewer may not /payroll/layout",
            "viewer may not /terminals/approve",
            "viewer may not /terminals/users",
            "viewer may not /terminals/commands",
            "viewer may not /jobs/run",
            "viewer may not /jobs/retry",
            "viewer may not /sources/pull",
            "viewer may not /sources/pause",
            "viewer may not /sinks/pause",
            "viewer may not /sinks/requeue",
            "viewer may not /imports",
            "viewer may not /imports/{id}/take",
            "viewer may not /held/assign",
            "viewer may not /held/state",
            "viewer may not /held/dismiss",
            "hr may /employees/calendar",
            "hr may /employees/merge",
            "hr may /employees/unmerge",
            "hr may not /sites/change",
            "hr may not /sites/remove",
            "hr may not /departments/change",
            "hr may not /departments/remove",
            "hr may /people/match",
            "hr may /payroll/check",
            "hr may /payroll/layouts/remove",
            "hr may /payroll/layout",
            "hr may not /terminals/approve",
            "hr may not /terminals/users",
            "hr may not /terminals/commands",
            "hr may not /jobs/run",
            "hr may not /jobs/retry",
            "hr may not /sources/pull",
            "hr may not /sources/pause",
            "hr may not /sinks/pause",
            "hr may not /sinks/requeue",
            "hr may /imports",
            "hr may /imports/{id}/take",
            "hr may /held/assign",
            "hr may /held/state",
            "hr may /held/dismiss",
            "admin may /employees/calendar",
            "admin may /employees/merge",
            "admin may /employees/unmerge",
            "admin may /sites/change",
            "admin may /sites/remove",
            "admin may /departments/change",
            "admin may /departments/remove",
            "admin may /people/match",
            "admin may /payroll/check",
            "admin may /payroll/layouts/remove",
            "admin may /payroll/layout",
            "admin may /terminals/approve",
            "admin may /terminals/users",
            "admin may /terminals/commands",
            "admin may /jobs/run",
            "admin may /jobs/retry",
            "admin may /sources/pull",
            "admin may /sources/pause",
            "admin may /sinks/pause",
            "admin may /sinks/requeue",
            "admin may /imports",
            "admin may /imports/{id}/take",
            "admin may /held/assign",
            "admin may /held/state",
            "admin may /held/dismiss",
        ]
    );
}

#[tokio::test]
async fn the_token_of_an_edge_opens_its_calls_and_nothing_else() {
    let house = House::with_accounts();
    let edge = house.token(TokenKind::Edge);
    for route in table().into_iter().filter(|route| route.access != Access::Open) {
        let status = house.open(&edge, request(&route)).await.status();
        assert_eq!(!is_refused(status), route.access == Access::Link, "{} {status}", route.path);
    }
}

#[tokio::test]
async fn a_revoked_edge_reads_nothing_back() {
    let house = House::with_accounts();
    house.import("A1", "12\t2026-01-05 08:00:00\t0\t1\n", true);
    let edge = house.token(TokenKind::Edge);
    house.hub.token_revoke(&clerk(), TokenKind::Edge.word(), now()).unwrap();
    for route in table().into_iter().filter(|route| route.access != Access::Open) {
        let answer = house.ask(&edge, request(&route)).await;
        assert!(is_refused(answer.status), "{} {}", route.path, answer.status);
        assert!(!answer.text.contains("A1") && !answer.text.contains("08:00"), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_token_of_a_code_enrols_and_opens_nothing_else() {
    let house = House::with_accounts();
    let secret = [7; 32];
    house.hub.edge_invite(&clerk(), "cebu", secret, jiff::SignedDuration::from_hours(1), now()).unwrap();
    let code = Visitor::default().with("authorization", &format!("Bearer {}", link::enrol::token(&secret)));
    for route in table().into_iter().filter(|route| route.access != Access::Open) {
        let status = house.open(&code, request(&route)).await.status();
        assert_eq!(!is_refused(status), route.access == Access::Invited, "{} {status}", route.path);
    }
    let enrolled = house.post(&code, link::path::ENROLL, "").await;
    let enrolled: link::enrol::Enrolled = serde_json::from_value(enrolled.json()).unwrap();
    assert_eq!(enrolled.edge, "cebu");
    let edge = Visitor::default().with("authorization", &format!("Bearer {}", enrolled.token));
    assert_eq!(
        house
            .post(&edge, link::path::HEARTBEAT, r#"{"edge":"cebu","version":"1","now_us":0,"queued":0,"terminals":[]}"#)
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(house.post(&code, link::path::ENROLL, "").await.status, StatusCode::UNAUTHORIZED, "it is used up");
}

#[tokio::test]
async fn an_edge_is_who_its_token_says_whatever_it_calls_itself() {
    let house = House::with_accounts();
    let edge = |name: &str, random: u8| {
        let token = house.hub.token_create(&clerk(), name, TokenKind::Edge, [random; 32], now()).unwrap();
        Visitor::default().with("authorization", &format!("Bearer {token}"))
    };
    let (cebu, davao) = (edge("cebu", 1), edge("davao", 2));
    let batch = |up_to: i64| format!(r#"{{"edge":"cebu","follows":0,"up_to":{up_to},"items":[]}}"#);
    let high_seq = async |visitor: &Visitor, up_to: i64| {
        house.post(visitor, link::path::PUNCHES, &batch(up_to)).await.json()["high_seq"].as_i64()
    };
    assert_eq!(high_seq(&cebu, 40).await, Some(40));
    assert_eq!(high_seq(&davao, 7).await, Some(7), "it sees nothing of the other's position");
    let beat = r#"{"edge":"cebu","version":"fake","now_us":0,"queued":99,"terminals":[]}"#;
    assert_eq!(house.post(&davao, link::path::HEARTBEAT, beat).await.status, StatusCode::OK);
    let edges = house.hub.edges(now(), std::time::Duration::MAX).unwrap();
    let told: Vec<_> = edges.iter().map(|edge| (edge.name.as_str(), edge.high_seq, edge.queued)).collect();
    assert_eq!(told, [("cebu", 40, 0), ("davao", 7, 99)]);
}

#[tokio::test]
async fn an_edge_with_an_old_token_is_told_to_fetch_another() {
    let house = House::with_accounts();
    let then = now() - jiff::SignedDuration::from_hours(24 * hub::TOKEN_DAYS);
    let mut asked = Vec::new();
    for (name, since) in [("old", then), ("young", now())] {
        let token = house.hub.token_create(&clerk(), name, TokenKind::Edge, [name.len() as u8; 32], since).unwrap();
        let edge = Visitor::default().with("authorization", &format!("Bearer {token}"));
        let beat = r#"{"edge":"e","version":"1","now_us":0,"queued":0,"terminals":[]}"#;
        let orders: link::Orders =
            serde_json::from_value(house.post(&edge, link::path::HEARTBEAT, beat).await.json()).unwrap();
        asked.push(orders.renew_token);
        let new: link::enrol::NewToken =
            serde_json::from_value(house.post(&edge, link::path::TOKEN, "null").await.json()).unwrap();
        let renewed = Visitor::default().with("authorization", &format!("Bearer {}", new.token));
        assert_eq!(house.post(&renewed, link::path::HEARTBEAT, beat).await.json().get("renew_token"), None);
        assert_eq!(house.post(&edge, link::path::HEARTBEAT, beat).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(asked, [true, false]);
}

#[tokio::test]
async fn an_api_token_or_an_account_does_not_open_the_calls_of_edges() {
    let house = House::with_accounts();
    let admin = house.sign_in("admin").await;
    let program = house.token(TokenKind::Api);
    for visitor in [admin, program, Visitor::default().with("authorization", "Bearer pc_made_up")] {
        for path in [link::path::PUNCHES, link::path::HEARTBEAT, link::path::TOKEN, link::path::ENROLL] {
            let answer = house.post(&visitor, path, "{}").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_a_token() {
    let house = House::with_accounts();
    let from = |address: &str, forwarded: bool| {
        let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo::<std::net::SocketAddr>(address.parse().unwrap()));
        if forwarded {
            request.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        }
        request
    };
    let nobody = Visitor::default();
    assert_eq!(house.ask(&nobody, from("127.0.0.1:9", false)).await.status, StatusCode::OK);
    assert_eq!(house.ask(&nobody, from("[::ffff:127.0.0.1]:9", false)).await.status, StatusCode::OK);
    assert_eq!(house.ask(&nobody, from("127.0.0.1:9", true)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.ask(&nobody, from("203.0.113.9:9", false)).await.status, StatusCode::UNAUTHORIZED);
    let answer = house.get(&house.token(TokenKind::Api), "/metrics").await;
    assert!(answer.text.contains("\npunchclock_held_punches 0\n"), "{}", answer.text);
}

#[tokio::test]
async fn another_sites_page_can_not_act_in_somebodys_name() {
    let house = House::with_accounts();
    let admin = house.sign_in("admin").await;
    for hostile in [
        admin.clone().with("sec-fetch-site", "cross-site"),
        admin.clone().with("sec-fetch-site", "same-site"),
        admin.clone().with("origin", "https://elsewhere.example"),
        admin.clone().with("origin", "null"),
    ] {
        assert_eq!(house.post(&hostile, "/sign-out", "").await.status, StatusCode::FORBIDDEN);
    }
    let own = admin.with("origin", "http://hub.example");
    assert_eq!(house.post(&own, "/sign-out", "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_answer_tells_the_browser_to_be_careful() {
    let house = House::with_accounts();
    for path in ["/sign-in", "/nothing-here", "/api/v1/days", "/days"] {
        let answer = house.get(&Visitor::default(), path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let page = house.get(&Visitor::default(), "/sign-in").await.text;
    let style = page.split("href=\"").find(|part| part.contains("style.css")).and_then(|part| part.split('"').next());
    let answer = house.get(&Visitor::default(), style.unwrap()).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
}
