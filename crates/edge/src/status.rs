//! Health, metrics and the local board, on loopback: what the person in the branch needs when the line is down.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use jiff::Timestamp;
use link::Clock;
use tokio::net::TcpListener;

use crate::counters::Counters;
use crate::spool::{Depth, Spool};
use crate::terminals::Terminals;
use crate::{Stop, now_us};

/// What the status listener shows.
pub(crate) struct Status {
    pub(crate) name: String,
    pub(crate) spool: Spool,
    pub(crate) terminals: Arc<Terminals>,
    pub(crate) counters: Arc<Counters>,
}

impl Status {
    pub(crate) async fn serve(self, socket: TcpListener, mut stop: Stop) {
        let routes = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .route("/", get(board))
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
    match status.spool.depth().await {
        Ok(depth) => {
            put(&mut text, "edge_spool_unsent_entries", "gauge", "Entries not acknowledged by the hub.", depth.unsent);
            let age_s = depth.oldest_unsent_us.map_or(0, |since_us| (now_us() - since_us).max(0) / 1_000_000);
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

async fn board(State(status): State<Arc<Status>>) -> Html<String> {
    let depth = status.spool.depth().await;
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Edge {name}</title><style>body{{font:16px system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}\
         table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}}</style>\
         <h1>Edge {name}</h1>",
        name = escape(&status.name)
    );
    page.push_str(&match depth {
        Ok(depth) => waiting(&depth),
        Err(error) => format!("<p><strong>The spool does not answer.</strong> {}</p>", escape(&error.to_string())),
    });
    if let Ok(room) = status.spool.room().await
        && let Some(lack) = room.lacks(0)
    {
        let why = escape(&room.words(lack));
        let _ = write!(
            page,
            "<p><strong>The spool takes nothing more:</strong> {why}. Terminals keep their punches until then.</p>"
        );
    }
    page.push_str("<table><tr><th>Terminal<th>Name<th>Last contact<th>Last complete read<th>State</tr>");
    let rows = status.terminals.board();
    if rows.is_empty() {
        page.push_str("<tr><td colspan=5>No terminal yet. Enter this computer's address and port 8081 on a terminal, under Comm &gt; Cloud server.</tr>");
    }
    for (name, contact, is_approved) in rows {
        let state = match (is_approved, &contact.trouble) {
            (false, _) => "waits for approval on the hub".to_owned(),
            (true, Some(trouble)) => escape(trouble),
            (true, None) => match &contact.moved {
                Some(moved) => format!("{}; moved to {}", clock(contact.clock), moved.to),
                None => clock(contact.clock),
            },
        };
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{state}</tr>",
            escape(&contact.serial),
            escape(&name),
            moment(contact.last_contact_us),
            moment(contact.last_complete_read_us),
        );
    }
    page.push_str("</table></html>");
    Html(page)
}

/// The state of a terminal without trouble: only its clock may be off.
fn clock(clock: Option<Clock>) -> String {
    let off = clock.and_then(|clock| Some(format!("its clock is {clock}; {}", clock.cure()?)));
    off.unwrap_or_else(|| "in order".to_owned())
}

fn waiting(depth: &Depth) -> String {
    if depth.unsent == 0 {
        return "<p>Everything is with the hub.</p>".to_owned();
    }
    format!(
        "<p><strong>{} entries wait to be sent</strong>, the oldest since {}. They are safe on this computer's disk.</p>",
        depth.unsent,
        moment(depth.oldest_unsent_us)
    )
}

/// A moment in UTC, as this computer's zone says nothing about the terminals'.
fn moment(us: Option<i64>) -> String {
    let moment = us.and_then(|us| Timestamp::from_microsecond(us).ok());
    moment.map_or_else(|| "never".to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// Serials and names come from the network.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
