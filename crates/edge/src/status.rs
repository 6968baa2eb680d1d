//! Health, metrics and the local board, on loopback: what the person in the branch needs when the line is down.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::counters::Counters;
use crate::overview::{self, Overview};
use crate::spool::{Spool, SpoolError};
use crate::terminals::Terminals;
use crate::timekeeper::Timekeeper;
use crate::{Stop, board};

/// What the status listener shows.
pub(crate) struct Status {
    pub(crate) name: String,
    pub(crate) spool: Spool,
    pub(crate) terminals: Arc<Terminals>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) time: Arc<Timekeeper>,
    /// After how long an approved terminal counts as silent.
    pub(crate) missing_after: Duration,
}

impl Status {
    async fn overview(&self) -> Result<Overview, SpoolError> {
        Overview::of_edge(&self.name, &self.spool, &self.terminals, &self.time).await
    }

    pub(crate) async fn serve(self, socket: TcpListener, mut stop: Stop) {
        let routes = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .route(overview::PATH, get(tell_overview))
            .route("/", get(show_board))
            .with_state(Arc::new(self));
        let served = axum::serve(socket, routes).with_graceful_shutdown(async move { stop.wait().await }).await;
        if let Err(error) = served {
            tracing::error!(%error, "the status page ended");
        }
    }
}

/// Ready when the spool answers and takes punches.
async fn ready(State(status): State<Arc<Status>>) -> (StatusCode, String) {
    match status.spool.room().await {
        Ok(room) => match room.lacks(0) {
            None => (StatusCode::OK, "ready\n".to_owned()),
            Some(lack) => {
                let why = room.words(lack);
                (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: the spool takes nothing more: {why}\n"))
            }
        },
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n")),
    }
}

async fn metrics(State(status): State<Arc<Status>>) -> impl IntoResponse {
    let mut text = String::new();
    for (name, help, value) in status.counters.all() {
        put(&mut text, name, "counter", help, value as i64);
    }
    let silent = i64::try_from(status.terminals.silent(status.missing_after, usize::MAX).len()).unwrap_or(i64::MAX);
    put(&mut text, "edge_terminals_silent", "gauge", "Approved terminals that were not heard of for long.", silent);
    let clock = status.time.told();
    let help = "1 while this computer's clock is believed; otherwise nothing expires by it.";
    put(&mut text, "edge_clock_believed", "gauge", help, i64::from(clock.is_right));
    if let Some(offset_us) = clock.offset_us {
        let help = "This computer's clock minus the hub's, at the last contact.";
        put(&mut text, "edge_clock_offset_seconds", "gauge", help, offset_us / 1_000_000);
    }
    match status.spool.depth().await {
        Ok(depth) => {
            put(&mut text, "edge_spool_unsent_entries", "gauge", "Entries not acknowledged by the hub.", depth.unsent);
            let age_s =
                depth.oldest_unsent_us.map_or(0, |since_us| (status.time.now_us() - since_us).max(0) / 1_000_000);
            put(&mut text, "edge_spool_oldest_unsent_seconds", "gauge", "Age of the oldest of them.", age_s);
        }
        Err(error) => tracing::warn!(%error, "the spool could not be asked for its depth"),
    }
    match status.spool.room().await {
        Ok(room) => {
            let whole = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            let (used, limit) = (whole(room.used_bytes), whole(room.bounds.max_bytes));
            put(&mut text, "edge_spool_used_bytes", "gauge", "Bytes of the spool's file that hold something.", used);
            put(&mut text, "edge_spool_limit_bytes", "gauge", "Most bytes of the spool's file.", limit);
            if let Some(free) = room.free_disk_bytes {
                put(&mut text, "edge_disk_free_bytes", "gauge", "Free bytes of the spool's disk.", whole(free));
            }
            let refuses = i64::from(room.lacks(0).is_some());
            put(
                &mut text,
                "edge_spool_refuses",
                "gauge",
                "1 while the spool takes no punches for want of room.",
                refuses,
            );
        }
        Err(error) => tracing::warn!(%error, "the spool could not be asked for its room"),
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

fn put(text: &mut String, name: &str, kind: &str, help: &str, value: i64) {
    // Writing to a string does not fail.
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
}

async fn show_board(State(status): State<Arc<Status>>) -> Html<String> {
    Html(match status.overview().await {
        Ok(overview) => board::page(&overview),
        Err(error) => board::trouble(&status.name, &error.to_string()),
    })
}

async fn tell_overview(State(status): State<Arc<Status>>) -> Response {
    match status.overview().await {
        Ok(overview) => Json(overview).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
