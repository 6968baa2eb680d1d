//! The live board.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt as _;
use hub::FileImport;
use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::house::{House, clerk, config, now};
use crate::Web;

/// Far longer than an event takes, so that a broken feed fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(feed: &mut BodyDataStream, text: &str) -> String {
    let mut seen = String::new();
    let read = async {
        while !seen.contains(text) {
            let chunk = feed.next().await.unwrap().unwrap();
            seen.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("no `{text}` in the feed"));
    seen
}

#[tokio::test]
async fn a_punch_appears_on_the_board_of_everybody_who_looks() {
    let house = House::with_accounts();
    let viewer = house.sign_in("viewer").await;
    let look = || Request::get("/live").body(Body::empty()).unwrap();
    let first = house.open(&viewer, look()).await;
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    let mut first = first.into_body().into_data_stream();
    let empty = until(&mut first, "Nobody has punched today").await;
    assert!(empty.starts_with("event: board\n"), "{empty}");

    let zone = TimeZone::get("Asia/Manila").unwrap();
    let line = now().to_zoned(zone).strftime("7\t%Y-%m-%d %H:%M:%S\t1\t0\t1\t0\n").to_string();
    let how = FileImport {
        serial: "A1",
        name: "1_attlog.dat",
        zone: "Asia/Manila",
        groups: &[],
        create_employees: true,
        is_dry_run: false,
    };
    house.hub.import_attlog(&clerk(), line.as_bytes(), &how, now(), |_, _| {}).unwrap();
    until(&mut first, "<strong>1</strong> in now").await;

    let mut second = house.open(&viewer, look()).await.into_body().into_data_stream();
    until(&mut second, "<strong>1</strong> in now").await;
}

#[tokio::test]
async fn a_shutdown_ends_the_feeds_instead_of_waiting_for_them() {
    let house = House::with_accounts();
    let cookie = house.cookie("viewer").await;
    let web = Web::bind(house.hub.clone(), config()).await.unwrap();
    let mut browser = TcpStream::connect(web.local_addr).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(web.run(async { stopped.await.unwrap() }));

    let request = format!("GET /live HTTP/1.1\r\nhost: hub.example\r\ncookie: {cookie}\r\n\r\n");
    browser.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    browser.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, browser.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the feed was ended, not cut off");
    running.await.unwrap().unwrap();
}
