//! Who may use what.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use hub::TokenKind;

use super::house::{House, Visitor};
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
    let path = route.path.replace("{code}", "7").replace("{date}", "2026-01-05").replace("{file}", "none");
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
        for route in changes.filter(|route| route.access != Access::Open && route.access != Access::Link) {
            let refused = house.open(&visitor, request(&route)).await.status() == StatusCode::FORBIDDEN;
            grid.push(format!("{name} {} {}", if refused { "may not" } else { "may" }, route.path));
        }
    }
    assert_eq!(
        grid,
        [
            "viewer may not /terminals/approve",
            "viewer may not /terminals/commands",
            "viewer may not /held/assign",
            "viewer may not /held/state",
            "viewer may not /held/dismiss",
            "hr may not /terminals/approve",
            "hr may not /terminals/commands",
            "hr may /held/assign",
            "hr may /held/state",
            "hr may /held/dismiss",
            "admin may /terminals/approve",
            "admin may /terminals/commands",
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
async fn an_api_token_or_an_account_does_not_open_the_calls_of_edges() {
    let house = House::with_accounts();
    let admin = house.sign_in("admin").await;
    let program = house.token(TokenKind::Api);
    for visitor in [admin, program, Visitor::default().with("authorization", "Bearer pc_made_up")] {
        for path in [link::path::PUNCHES, link::path::HEARTBEAT] {
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
