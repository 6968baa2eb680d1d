//! `POST /api/v1/punches`: punches that a program sends.

use axum::body::Bytes;
use axum::extract::State;
use axum::{Extension, Json};
use hub::{Bearer, ReportRow, SentPunches, Told, Wanted};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MOST, Problem, actor, body_of};
use crate::app::App;
use crate::failure::Failure;

/// Largest body, bytes.
pub(crate) const MOST_BYTES: usize = 1024 * 1024;
const LIKE: &str = "{\"source\": \"gate\", \"punches\": [{\"employee\": \"1001\", \"at\": \"2026-03-02T08:00:00+08:00\", \"state\": \"in\"}]}";

/// What a program sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    source: Option<String>,
    zone: Option<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    create_employees: bool,
    #[serde(default)]
    dry_run: bool,
    /// Read one by one: a bad one is told, and its neighbours pass.
    punches: Vec<serde_json::Value>,
}

/// What became of it.
#[derive(Serialize)]
pub(crate) struct Taken {
    dry_run: bool,
    source: String,
    read: u64,
    stored: u64,
    known: u64,
    held: u64,
    refused: u64,
    rows: Vec<ReportRow>,
}

/// `POST /api/v1/punches`
pub(crate) async fn take(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<Json<Taken>, Problem> {
    let sent: Sent = body_of(&body, LIKE)?;
    if sent.punches.len() > MOST as usize {
        let what = format!("There are {} punches in the call.", sent.punches.len());
        return Err(Failure::invalid(what, format!("Send up to {MOST} at a time.")).into());
    }
    let take = move |hub: &hub::Hub| {
        let how = SentPunches {
            source: sent.source.as_deref(),
            zone: sent.zone.as_deref(),
            wanted: Wanted { types: &sent.types, groups: &sent.groups },
            create_employees: sent.create_employees,
            is_dry_run: sent.dry_run,
        };
        let mut rows: Vec<ReportRow> = Vec::new();
        let told = |part: &[Told<'_>], _: &hub::Counts| rows.extend(part.iter().map(ReportRow::from));
        let counts = hub.take_sent(&actor(&program), &how, &sent.punches, Timestamp::now(), told)?;
        let hub::Counts { read, stored, known, held, refused } = counts;
        let source = sent.source.clone().unwrap_or_else(|| hub::WEB_SOURCE.to_owned());
        Ok(Taken { dry_run: sent.dry_run, source, read, stored, known, held, refused, rows })
    };
    Ok(Json(app.ask(take).await?))
}
