//! `GET /held/punches`: the punches of one held group, each with its own cure.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use hub::view::{HeldReason, PunchRow, TerminalRow};
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::Query;
use crate::page::punches::Row;
use crate::page::{Frame, render};
use crate::words;

/// Punches shown at once; the next ones follow when these are cured.
const MOST: u32 = 100;

#[derive(Template)]
#[template(path = "held_group.html")]
struct HeldGroupPage {
    frame: Frame,
    reason: HeldReason,
    origin: String,
    user: String,
    count: String,
    is_cut: bool,
    punches: Vec<HeldPunch>,
}

struct HeldPunch {
    fingerprint: String,
    row: Row,
    /// The line could not be read, so the number has to be stated too.
    needs_user: bool,
    /// The time is at fault.
    needs_time: bool,
}

impl HeldPunch {
    fn new(punch: &PunchRow, reason: HeldReason, terminals: &[TerminalRow]) -> Self {
        let needs_user = reason == HeldReason::UnreadableLine;
        let is_of_time = matches!(reason, HeldReason::UnreadableTime | HeldReason::ImplausibleTime);
        Self {
            fingerprint: punch.fingerprint.to_string(),
            row: Row::new(punch, terminals),
            needs_user,
            needs_time: needs_user || is_of_time,
        }
    }
}

/// Which group.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    reason: String,
    origin: String,
    user: String,
}

/// `GET /held/punches?reason=...&origin=...&user=...`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let reason = HeldReason::from_word(&asked.reason).ok_or_else(|| Failure::not_found("There is no such reason."))?;
    let (origin, user) = (asked.origin.clone(), asked.user.clone());
    let (punches, terminals) =
        app.ask(move |hub| Ok((hub.held_punches(reason, &origin, &user, MOST)?, hub.terminals()?))).await?;
    render(&HeldGroupPage {
        frame: Frame::new("Held punches", "/held", &visitor),
        reason,
        count: words::plural(punches.len() as u64, "punch", "punches"),
        is_cut: punches.len() == MOST as usize,
        punches: punches.iter().map(|punch| HeldPunch::new(punch, reason, &terminals)).collect(),
        origin: asked.origin,
        user: asked.user,
    })
}
