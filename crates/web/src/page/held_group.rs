//! `GET /held/punches`, `GET /held/punches.csv`: the punches of one held group, each with its own cure.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::view::{HeldReason, PunchFilter, PunchRow, TerminalRow};
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, PAGE_ROWS, Pager, Query};
use crate::page::punches::Row;
use crate::page::{Frame, render};
use crate::{download, words};

const PATH: &str = "/held/punches";

#[derive(Template)]
#[template(path = "held_group.html")]
struct HeldGroupPage {
    frame: Frame,
    reason: HeldReason,
    origin: String,
    user: String,
    count: String,
    asked: Asked,
    pager: Pager,
    csv: String,
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

/// Which group, and in which order; the earliest printed time first when none is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    reason: String,
    origin: String,
    user: String,
    order: String,
    page: u32,
}

impl Asked {
    fn reason(&self) -> Result<HeldReason, Failure> {
        HeldReason::from_word(&self.reason).ok_or_else(|| Failure::not_found("There is no such reason."))
    }

    /// The filter, without offset and limit.
    fn filter(&self) -> Result<PunchFilter, Failure> {
        Ok(PunchFilter {
            held: Some(self.reason()?),
            terminal: Some(self.origin.clone()),
            // What can't be read is held under no number.
            user: Some(self.user.clone()),
            newest_first: self.is_latest_first(),
            ..PunchFilter::default()
        })
    }

    fn is_latest_first(&self) -> bool {
        self.order == "desc"
    }

    fn query(&self) -> String {
        let of_group = [("reason", self.reason.as_str()), ("origin", &self.origin), ("user", &self.user)];
        forms::query(&[&of_group[..], &[("order", &self.order)]].concat())
    }
}

/// `GET /held/punches?reason=...&origin=...&user=...`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let reason = asked.reason()?;
    let filter = PunchFilter { offset: Pager::offset(asked.page), limit: PAGE_ROWS, ..asked.filter()? };
    let (list, terminals) = app.ask(move |hub| Ok((hub.punches(&filter)?, hub.terminals()?))).await?;
    render(&HeldGroupPage {
        frame: Frame::new("Held punches", "/held", &visitor),
        reason,
        count: words::plural(list.total, "punch", "punches"),
        pager: Pager::new(PATH, &asked.query(), asked.page, list.total),
        csv: format!("{PATH}.csv?{}", asked.query()),
        punches: list.rows.iter().map(|punch| HeldPunch::new(punch, reason, &terminals)).collect(),
        origin: asked.origin.clone(),
        user: asked.user.clone(),
        asked,
    })
}

/// `GET /held/punches.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let filter = asked.filter()?;
    Ok(download::csv(&app, "held_punches", move |hub, out| hub.punches_csv(&filter, out)))
}
