//! A server that reads punches as the edge does and forgets them: what HTTP and parsing alone cost.

use std::{hint::black_box, net::SocketAddr};

use anyhow::Result;
use attendance::punch::{PrintedTime, RawPunch};
use axum::{Router, body::Bytes, extract::RawQuery, http::StatusCode, routing::post};
use tokio::net::TcpListener;

/// Starts the server on a free port; it ends with the runtime.
pub(crate) async fn start() -> Result<SocketAddr> {
    let app = Router::new().route("/iclock/cdata", post(receive));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

async fn receive(RawQuery(query): RawQuery, body: Bytes) -> Result<String, StatusCode> {
    let query = query.unwrap_or_default();
    let request = adms::Request::read(adms::Method::Post, "/iclock/cdata", &query);
    let serial = request.serial.ok_or(StatusCode::BAD_REQUEST)?;
    let fingerprints: Vec<_> = adms::attlog::lines(&body)
        .flatten()
        .map(|line| RawPunch {
            origin: serial.to_string(),
            user: String::from_utf8_lossy(line.pin).into_owned(),
            time: PrintedTime::parse(&String::from_utf8_lossy(line.time)),
            state: line.status.map(i32::from),
            verify: line.verify.map(i32::from),
            work_code: None,
            original: line.bytes.to_vec(),
        })
        .map(|punch| punch.fingerprint())
        .collect();
    Ok(adms::reply::ok_count(black_box(fingerprints).len()))
}
