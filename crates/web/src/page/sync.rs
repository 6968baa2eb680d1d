//! `GET /terminals/users`, `GET /terminals/users.csv`: whether each terminal knows those who should punch there; and what a person asks
//! of terminals about it (`POST /terminals/users`), many at once.

use std::collections::{HashMap, HashSet};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::{CsvTable, SyncRow, SyncState, SyncWish};
use jiff::Timestamp;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Choice, Frame, render};
use crate::{download, words};

const PATH: &str = "/terminals/users";
/// Between serial and number of a ticked row: neither can have it.
const MARK: char = '\t';

#[derive(Template)]
#[template(path = "sync.html")]
struct SyncPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    problem: Option<String>,
    states: Vec<Choice>,
    has_any: bool,
    rows: Vec<Row>,
    sorting: Sorting,
    pager: Pager,
    here: String,
    tick_all: String,
    csv: String,
}

/// Filter and order as they stand in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    text: String,
    terminal: String,
    state: String,
    sort: String,
    order: String,
    tick: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("text", &self.text), ("terminal", &self.terminal), ("state", &self.state)])
    }

    fn query_in_order(&self) -> String {
        forms::query(&[
            ("text", &self.text),
            ("terminal", &self.terminal),
            ("state", &self.state),
            ("sort", &self.sort),
            ("order", &self.order),
        ])
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    /// The rows that are asked for, in the order that is asked for; what is not in step when no state is.
    ///
    /// # Errors
    /// When the caller made a state up.
    pub(crate) fn pick(&self, mut rows: Vec<SyncRow>) -> Result<Vec<SyncRow>, Failure> {
        match self.state.trim() {
            "" | "open" => rows.retain(|row| row.state != SyncState::InStep),
            "all" => {}
            word => {
                let all = SyncState::ALL.map(SyncState::word).join(", ");
                let unknown =
                    || Failure::invalid(format!("There is no state {word}."), format!("Use open, all, {all}."));
                let state = SyncState::from_word(word).ok_or_else(unknown)?;
                rows.retain(|row| row.state == state);
            }
        }
        if let Some(terminal) = forms::filled(&self.terminal) {
            rows.retain(|row| row.serial == terminal);
        }
        rows.retain(|row| {
            let (code, name) = row.employee.as_ref().map_or(("", ""), |(code, name)| (code.as_str(), name.as_str()));
            let there = row.name_there.as_deref().unwrap_or_default();
            forms::matches(&self.text, &[&row.user, &row.terminal, &row.serial, code, name, there])
        });
        match self.sort.as_str() {
            "terminal" => {}
            "number" => rows.sort_by(|a, b| (&a.user, &a.serial).cmp(&(&b.user, &b.serial))),
            "employee" => rows.sort_by(|a, b| (&a.employee, &a.serial).cmp(&(&b.employee, &b.serial))),
            _ => rows.sort_by(|a, b| (a.state, &a.terminal, &a.user).cmp(&(b.state, &b.terminal, &b.user))),
        }
        if self.order == "desc" {
            rows.reverse();
        }
        Ok(rows)
    }
}

struct Row {
    key: String,
    terminal: String,
    terminal_link: String,
    user: String,
    employee: String,
    employee_link: Option<String>,
    there: Option<String>,
    state: &'static str,
    tone: &'static str,
    why: String,
    asked: Option<i64>,
    commands: String,
    is_ticked: bool,
    problem: Option<String>,
}

impl Row {
    fn new(row: SyncRow, picked: &HashSet<String>, problems: &HashMap<String, String>, ticks_all: bool) -> Self {
        let key = format!("{}{MARK}{}", row.serial, row.user);
        let code = row.employee.as_ref().map(|(code, _)| code.clone());
        Self {
            terminal_link: format!("{PATH}?{}", forms::query(&[("terminal", &row.serial)])),
            commands: format!("/terminals/commands?{}", forms::query(&[("terminal", &row.serial)])),
            employee: row.employee.map(|(code, name)| format!("{code} {name}").trim().to_owned()).unwrap_or_default(),
            employee_link: code.map(|code| format!("{PATH}?{}", forms::query(&[("text", &code), ("state", "all")]))),
            there: row.name_there,
            state: words::sync_state(row.state),
            tone: words::sync_state_tone(row.state).class(),
            why: if row.why.is_empty() { String::new() } else { words::sentence(&row.why) },
            asked: row.asked,
            is_ticked: ticks_all || picked.contains(&key),
            problem: problems.get(&key).cloned(),
            terminal: row.terminal,
            user: row.user,
            key,
        }
    }
}

/// What was ticked, and what was in the way.
#[derive(Default)]
struct Sent {
    picked: HashSet<String>,
    problems: HashMap<String, String>,
}

/// What was done, as it comes back in the address of the next page: a number only.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Queued {
    queued: Option<u64>,
}

fn queued_in_words(number: u64) -> String {
    let commands = words::plural(number, "command is queued", "commands are queued");
    format!("{commands}. Each terminal gets its own when it calls or is read next.")
}

/// `GET /terminals/users`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(queued): Query<Queued>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    show_page(&app, asked, queued.queued.map(queued_in_words), None, Sent::default(), &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    notice: Option<String>,
    problem: Option<String>,
    sent: Sent,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let all = app.ask(|hub| hub.terminal_sync(Timestamp::now())).await?;
    let has_any = !all.is_empty();
    // What was refused stands first, with its problem, whatever the filter says.
    let is_refused = |row: &SyncRow| sent.problems.contains_key(&format!("{}{MARK}{}", row.serial, row.user));
    let (mut picked, rest): (Vec<SyncRow>, Vec<SyncRow>) = all.into_iter().partition(is_refused);
    picked.extend(asked.pick(rest)?);
    let total = picked.len() as u64;
    let rows = picked.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let choice = |(value, name): (&'static str, &'static str)| {
        let is_open = value == "open" && asked.state.is_empty();
        Choice { value, name, is_chosen: value == asked.state || is_open }
    };
    let states = SyncState::ALL.map(|state| (state.word(), words::sync_state(state)));
    let states = [("open", "Not in step"), ("all", "All")].into_iter().chain(states);
    let sort = if asked.sort.is_empty() { "state" } else { &asked.sort };
    let query = asked.query_in_order();
    let joint = if query.is_empty() { "" } else { "&" };
    render(&SyncPage {
        frame: Frame::new("Users of terminals", "/terminals", visitor),
        notice,
        problem,
        states: states.map(choice).collect(),
        has_any,
        rows: rows.map(|row| Row::new(row, &sent.picked, &sent.problems, asked.tick == "all")).collect(),
        sorting: Sorting::new(PATH, &asked.query(), sort, asked.order == "desc"),
        pager: Pager::new(PATH, &query, asked.page, total),
        here: format!("{PATH}?{query}"),
        tick_all: format!("{PATH}?{query}{joint}page={}&tick=all", asked.page.max(1)),
        csv: format!("{PATH}.csv?{query}"),
        asked,
    })
}

/// `GET /terminals/users.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    // Refused before a file begins.
    asked.pick(Vec::new())?;
    Ok(download::csv(&app, "terminal-users", move |hub, out| {
        let columns = ["terminal", "serial", "user", "employee", "name", "name_on_terminal", "state", "why", "command"];
        let mut table = CsvTable::new(out, columns)?;
        for row in asked.pick(hub.terminal_sync(Timestamp::now())?).unwrap_or_default() {
            let (code, name) = row.employee.unwrap_or_default();
            let command = row.asked.map(|id| id.to_string()).unwrap_or_default();
            let (there, state) = (row.name_there.unwrap_or_default(), row.state.word().to_owned());
            table.row([row.terminal, row.serial, row.user, code, name, there, state, row.why, command])?;
        }
        Ok(table.finish()?)
    }))
}

/// `POST /terminals/users`: what a person asks about the ticked rows.
pub(crate) async fn ask(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let field = |name: &str| sent.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str());
    let picked: HashSet<String> =
        sent.iter().filter(|(field, _)| field == "pick").map(|(_, key)| key.clone()).collect();
    let what = field("what").to_owned();
    let problem = match (what.as_str(), picked.is_empty()) {
        (_, true) => Some("Nothing is ticked. Tick the users that it is about."),
        ("remove", false) if field("sure").is_empty() => {
            Some("Nobody is removed without a word: tick that you are sure. Their fingerprints go with them.")
        }
        ("send" | "rename" | "remove", false) => None,
        _ => Some("The form does not say what to do. Press one of its buttons."),
    };
    if let Some(problem) = problem {
        let sent = Sent { picked, ..Sent::default() };
        let page = show_page(&app, asked, None, Some(problem.to_owned()), sent, &visitor).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let wish = |key: &String| {
        let (serial, user) = key.split_once(MARK).unwrap_or((key, ""));
        let (serial, user) = (serial.to_owned(), user.to_owned());
        match what.as_str() {
            "rename" => SyncWish::Rename { serial, user },
            "remove" => SyncWish::Remove { serial, user },
            _ => SyncWish::Send { serial, user },
        }
    };
    let mut wishes: Vec<SyncWish> = picked.iter().map(wish).collect();
    wishes.sort_by_key(|wish| format!("{wish:?}"));
    let actor = visitor.actor();
    let done = app.ask(move |hub| hub.sync_terminals(&actor, &wishes, Timestamp::now())).await?;
    if done.refused.is_empty() {
        let query = asked.query_in_order();
        let joint = if query.is_empty() { "" } else { "&" };
        return Ok(Redirect::to(&format!("{PATH}?{query}{joint}queued={}", done.queued)).into_response());
    }
    let refused = words::plural(done.refused.len() as u64, "user was", "users were");
    let problem = format!("{refused} not asked for; the reason stands at each.");
    let problems: HashMap<String, String> = done
        .refused
        .into_iter()
        .map(|(serial, user, why)| (format!("{serial}{MARK}{user}"), words::sentence(&why)))
        .collect();
    let sent = Sent { picked: problems.keys().cloned().collect(), problems };
    let notice = (done.queued > 0).then(|| queued_in_words(done.queued));
    let page = show_page(&app, asked, notice, Some(problem), sent, &visitor).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
