//! `GET /held`, `GET /held.csv`: held punches in groups that one cure releases, and the cures (`POST /held/...`).

use askama::Template;
use attendance::punch::Fingerprint;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::view::{HeldGroup, HeldReason};
use hub::{CsvTable, Cure};
use jiff::Timestamp;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, MOST_OFFERED, PAGE_ROWS, Pager, Query};
use crate::page::{Choice, Frame, Notice, render};
use crate::{download, words};

#[derive(Template)]
#[template(path = "held.html")]
struct HeldPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    reasons: Vec<Choice>,
    has_any: bool,
    sections: Vec<Section>,
    employees: Vec<(String, String)>,
    pager: Pager,
    csv: String,
}

/// Filter as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    reason: String,
    text: String,
    sort: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("reason", &self.reason), ("text", &self.text), ("sort", &self.sort)])
    }

    fn is_narrowed(&self) -> bool {
        !self.reason.is_empty() || !self.text.is_empty()
    }

    /// The groups that are asked for, by reason and then as asked.
    fn pick(&self, mut groups: Vec<HeldGroup>) -> Vec<HeldGroup> {
        let is_of_reason = |group: &HeldGroup| self.reason.is_empty() || group.reason.word() == self.reason;
        let has_text = |group: &HeldGroup| {
            forms::matches(
                &self.text,
                &[&group.origin, &group.number, group.name_on_terminal.as_deref().unwrap_or_default()],
            )
        };
        groups.retain(|group| is_of_reason(group) && has_text(group));
        match self.sort.as_str() {
            "number" => groups.sort_by(|a, b| (a.reason, &a.user, &a.origin).cmp(&(b.reason, &b.user, &b.origin))),
            "first" => groups.sort_by(|a, b| (a.reason, &a.first).cmp(&(b.reason, &b.first))),
            _ => groups.sort_by(|a, b| (a.reason, b.count, &a.user).cmp(&(b.reason, a.count, &b.user))),
        }
        groups
    }
}

/// Groups of one reason.
struct Section {
    reason: HeldReason,
    total: String,
    rows: Vec<Row>,
}

/// One group with its cure.
struct Row {
    origin: String,
    user: String,
    number: String,
    name: Option<String>,
    count: String,
    first: String,
    last: String,
    punches: String,
    problem: Option<String>,
    /// What the assign form was sent with, to be corrected.
    typed: String,
}

impl Row {
    fn new(group: HeldGroup, problem: Option<&Problem>) -> Self {
        let key = key(&group.origin, &group.number);
        let of_group = [("reason", group.reason.word()), ("origin", &group.origin), ("user", &group.user)];
        let problem = problem.filter(|problem| problem.key == key);
        Self {
            punches: format!("/held/punches?{}", forms::query(&of_group)),
            count: words::plural(group.count, "punch", "punches"),
            problem: problem.map(|problem| problem.text.clone()),
            typed: problem.map(|problem| problem.typed.clone()).unwrap_or_default(),
            origin: group.origin,
            user: group.user,
            number: group.number,
            name: group.name_on_terminal,
            first: group.first,
            last: group.last,
        }
    }
}

/// Says which form an error belongs to.
fn key(origin: &str, number: &str) -> String {
    format!("{origin} {number}")
}

/// A cure that was refused, shown next to its form.
struct Problem {
    key: String,
    text: String,
    typed: String,
}

/// `GET /held`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(notice): Query<Notice>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    show_page(&app, asked, notice.says(), None, &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    notice: Option<String>,
    problem: Option<Problem>,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let (groups, employees) = app.ask(|hub| Ok((hub.held()?, hub.few_employees(MOST_OFFERED)?))).await?;
    let has_any = !groups.is_empty();
    let picked = asked.pick(groups);
    let pager = Pager::new("/held", &asked.query(), asked.page, picked.len() as u64);
    let skip = Pager::offset(asked.page) as usize;
    let mut sections: Vec<Section> = Vec::new();
    for group in picked.into_iter().skip(skip).take(PAGE_ROWS as usize) {
        if sections.last().is_none_or(|section| section.reason != group.reason) {
            sections.push(Section { reason: group.reason, total: String::new(), rows: Vec::new() });
        }
        if let Some(section) = sections.last_mut() {
            section.rows.push(Row::new(group, problem.as_ref()));
        }
    }
    for section in &mut sections {
        section.total = words::plural(section.rows.len() as u64, "group", "groups");
    }
    let reasons = HeldReason::ALL.map(|reason| Choice {
        value: reason.word(),
        name: words::held_reason(reason),
        is_chosen: reason.word() == asked.reason,
    });
    render(&HeldPage {
        frame: Frame::new("Held punches", "/held", visitor),
        notice,
        reasons: reasons.into(),
        has_any,
        sections,
        employees,
        pager,
        csv: format!("/held.csv?{}", asked.query()),
        asked,
    })
}

/// `GET /held.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    download::csv(&app, "held", move |hub, out| {
        let mut table =
            CsvTable::new(out, ["reason", "terminal", "user", "name_on_terminal", "count", "first", "last"])?;
        for group in asked.pick(hub.held()?) {
            let name = group.name_on_terminal.unwrap_or_default();
            let reason = group.reason.word().to_owned();
            table.row([reason, group.origin, group.number, name, group.count.to_string(), group.first, group.last])?;
        }
        Ok(table.finish()?)
    })
}

/// What the assign form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Assign {
    user: String,
    origin: String,
    employee: String,
    /// Filled when the button "provisional" was pressed.
    provisional: String,
}

/// `POST /held/assign`
pub(crate) async fn assign(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Assign>,
) -> Result<Response, Failure> {
    let create = !sent.provisional.is_empty();
    let employee = match forms::filled(&sent.employee) {
        Some(code) => code,
        None if create => sent.user.clone(),
        None => String::new(),
    };
    let cure = Cure::Assign { user: sent.user.clone(), employee, create, from: None, to: None };
    let actor = visitor.actor();
    match app.ask(move |hub| hub.cure(&actor, &cure, Timestamp::now())).await {
        Ok(cured) => Ok(Redirect::to(&Notice::address("/held", cured)).into_response()),
        Err(failure) if failure.is_correctable() => {
            let text = format!("{} {}", failure.what, failure.cure);
            let problem = Problem { key: key(&sent.origin, &sent.user), text, typed: sent.employee };
            // Narrowed to the number, so that the form with the problem is on the page.
            let asked = Asked { text: sent.user, ..Asked::default() };
            let page = show_page(&app, asked, None, Some(problem), &visitor).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(failure) => Err(failure),
    }
}

/// What the form of a single punch sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct One {
    fingerprint: String,
    user: String,
    printed: String,
    why: String,
}

impl One {
    fn fingerprint(&self) -> Result<Fingerprint, Failure> {
        self.fingerprint.parse().map_err(|_| Failure::not_found("There is no such punch."))
    }
}

/// `POST /held/state`: what a punch means.
pub(crate) async fn state(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<One>,
) -> Result<Response, Failure> {
    let fingerprint = sent.fingerprint()?;
    let cure = Cure::State { fingerprint, user: forms::filled(&sent.user), printed: forms::filled(&sent.printed) };
    cure_one(&app, &visitor, cure).await
}

/// `POST /held/dismiss`: a punch is none.
pub(crate) async fn dismiss(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<One>,
) -> Result<Response, Failure> {
    let cure = Cure::Dismiss { fingerprint: sent.fingerprint()?, reason: sent.why };
    cure_one(&app, &visitor, cure).await
}

async fn cure_one(app: &App, visitor: &Visitor, cure: Cure) -> Result<Response, Failure> {
    let actor = visitor.actor();
    let cured = app.ask(move |hub| hub.cure(&actor, &cure, Timestamp::now())).await?;
    Ok(Redirect::to(&Notice::address("/held", cured)).into_response())
}
