//! `GET /people/match`, `GET /people/match.csv`: whose the users are that terminals and other systems list, as proposals; and what a person decides
//! about them (`POST /people/match`), many at once.

use std::collections::{HashMap, HashSet};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::view::{EmployeeRow, TerminalRow};
use hub::{CsvTable, Decided, Decision, MatchRow, MatchState};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Choice, Frame, Notice, render};
use crate::{download, words};

const PATH: &str = "/people/match";
/// What names the field of a row's employee, before the number.
const EMPLOYEE: &str = "employee:";

#[derive(Template)]
#[template(path = "matching.html")]
struct MatchingPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    problem: Option<String>,
    states: Vec<Choice>,
    has_any: bool,
    rows: Vec<Row>,
    /// What was typed for all of them.
    typed: Typed,
    employees: Vec<EmployeeRow>,
    sorting: Sorting,
    pager: Pager,
    /// The address of this list, and of the one with every row ticked.
    here: String,
    tick_all: String,
    csv: String,
}

/// Filter and order as they stand in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    text: String,
    state: String,
    sort: String,
    order: String,
    tick: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("text", &self.text), ("state", &self.state)])
    }

    fn query_in_order(&self) -> String {
        forms::query(&[("text", &self.text), ("state", &self.state), ("sort", &self.sort), ("order", &self.order)])
    }

    /// By waiting punches the most come first.
    fn is_by_waiting(&self) -> bool {
        matches!(self.sort.as_str(), "" | "waiting")
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    /// The rows that are asked for, in the order that is asked for: those that wait for a decision, most punches first, when nothing
    /// is.
    ///
    /// # Errors
    /// When the caller made a state up.
    pub(crate) fn pick(&self, mut rows: Vec<MatchRow>) -> Result<Vec<MatchRow>, Failure> {
        let unknown = |word: &str| {
            let all = MatchState::ALL.map(MatchState::word).join(", ");
            Failure::invalid(format!("There is no state {word}."), format!("Use open, all, {all}."))
        };
        match self.state.trim() {
            "" | "open" => rows.retain(|row| row.state.is_open()),
            "all" => {}
            word => {
                let state = MatchState::from_word(word).ok_or_else(|| unknown(word))?;
                rows.retain(|row| row.state == state);
            }
        }
        rows.retain(|row| {
            let mut fields = vec![row.user.as_str()];
            fields.extend(row.names.iter().chain(&row.terminals).map(String::as_str));
            fields.extend(row.candidates.iter().flat_map(|one| [one.code.as_str(), one.name.as_str()]));
            fields.extend(row.owner.iter().flat_map(|(code, name)| [code.as_str(), name.as_str()]));
            forms::matches(&self.text, &fields)
        });
        match self.sort.as_str() {
            "number" => {}
            "name" => rows.sort_by(|a, b| (&a.names, &a.user).cmp(&(&b.names, &b.user))),
            "state" => rows.sort_by(|a, b| (a.state, &a.user).cmp(&(b.state, &b.user))),
            _ => rows.sort_by(|a, b| (b.waiting, a.state, &a.user).cmp(&(a.waiting, b.state, &b.user))),
        }
        if self.order == if self.is_by_waiting() { "asc" } else { "desc" } {
            rows.reverse();
        }
        Ok(rows)
    }
}

/// What a person typed, to be kept when it is refused.
#[derive(Clone, Debug, Default)]
struct Typed {
    from: String,
    reason: String,
    picked: HashSet<String>,
    employees: HashMap<String, String>,
    problems: HashMap<String, String>,
}

struct Row {
    user: String,
    names: String,
    terminals: String,
    waiting: Option<String>,
    first: String,
    state: &'static str,
    tone: &'static str,
    owner: Option<String>,
    candidates: Vec<(String, String)>,
    dismissed: Option<String>,
    employee: String,
    is_ticked: bool,
    problem: Option<String>,
}

impl Row {
    fn new(row: MatchRow, terminals: &[TerminalRow], typed: &Typed, ticks_all: bool) -> Self {
        let named = |serial: &String| {
            let known = terminals.iter().find(|terminal| terminal.serial == *serial);
            known.map_or_else(|| words::origin(serial), |terminal| terminal.name.clone())
        };
        let only = match row.candidates.as_slice() {
            [only] if row.state == MatchState::Proposed => only.code.clone(),
            _ => String::new(),
        };
        let called = |code: &str, name: &str| if name.is_empty() { code.to_owned() } else { format!("{code} {name}") };
        Self {
            names: row.names.join(", "),
            terminals: row.terminals.iter().map(named).collect::<Vec<_>>().join(", "),
            waiting: (row.waiting > 0).then(|| words::plural(row.waiting, "punch", "punches")),
            first: row.first_waiting.unwrap_or_default(),
            state: words::match_state(row.state),
            tone: words::match_state_tone(row.state).class(),
            owner: row.owner.map(|(code, name)| called(&code, &name)),
            candidates: row.candidates.iter().map(|one| (called(&one.code, &one.name), one.says())).collect(),
            dismissed: row.dismissed.map(|(by, why)| format!("{why} ({by})")),
            employee: typed.employees.get(&row.user).cloned().unwrap_or(only),
            is_ticked: ticks_all || typed.picked.contains(&row.user),
            problem: typed.problems.get(&row.user).cloned(),
            user: row.user,
        }
    }
}

/// What was done, as it comes back in the address of the next page.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    done: Option<u64>,
}

impl Done {
    fn says(self, notice: Notice) -> Option<String> {
        let numbers = words::plural(self.done?, "number was decided.", "numbers were decided.");
        Some(notice.says().map_or(numbers.clone(), |punches| format!("{numbers} {punches}")))
    }
}

/// `GET /people/match`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(done): Query<Done>,
    Query(notice): Query<Notice>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    show_page(&app, asked, done.says(notice), None, Typed::default(), &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    notice: Option<String>,
    problem: Option<String>,
    typed: Typed,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let (all, employees, terminals) =
        app.ask(|hub| Ok((hub.matches(Timestamp::now())?, hub.employees(Timestamp::now())?, hub.terminals()?))).await?;
    let has_any = !all.is_empty();
    // What was refused stands first, with its problem, whatever the filter says.
    let is_refused = |row: &MatchRow| typed.problems.contains_key(&row.user);
    let (mut picked, rest): (Vec<MatchRow>, Vec<MatchRow>) = all.into_iter().partition(is_refused);
    picked.extend(asked.pick(rest)?);
    let total = picked.len() as u64;
    let rows = picked.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let choice = |(value, name): (&'static str, &'static str)| {
        let is_open = value == "open" && asked.state.is_empty();
        Choice { value, name, is_chosen: value == asked.state || is_open }
    };
    let states = MatchState::ALL.map(|state| (state.word(), words::match_state(state)));
    let states = [("open", "To decide"), ("all", "All")].into_iter().chain(states);
    let sort = if asked.sort.is_empty() { "waiting" } else { &asked.sort };
    let is_descending = if asked.is_by_waiting() { asked.order != "asc" } else { asked.order == "desc" };
    let query = asked.query_in_order();
    let joint = if query.is_empty() { "" } else { "&" };
    render(&MatchingPage {
        frame: Frame::new("Match users", "/employees", visitor),
        notice,
        problem,
        states: states.map(choice).collect(),
        has_any,
        rows: rows.map(|row| Row::new(row, &terminals, &typed, asked.tick == "all")).collect(),
        employees,
        sorting: Sorting::new(PATH, &asked.query(), sort, is_descending),
        pager: Pager::new(PATH, &query, asked.page, total),
        here: format!("{PATH}?{query}"),
        tick_all: format!("{PATH}?{query}{joint}page={}&tick=all", asked.page.max(1)),
        csv: format!("{PATH}.csv?{query}"),
        typed,
        asked,
    })
}

/// `GET /people/match.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    // Refused before a file begins.
    asked.pick(Vec::new())?;
    Ok(download::csv(&app, "match", move |hub, out| {
        let columns = [
            "user",
            "names_on_terminals",
            "terminals",
            "waiting",
            "first_waiting",
            "state",
            "employee",
            "candidates",
            "dismissed",
        ];
        let mut table = CsvTable::new(out, columns)?;
        for row in asked.pick(hub.matches(Timestamp::now())?).unwrap_or_default() {
            let one = |one: &hub::Candidate| format!("{} {} ({})", one.code, one.name, one.says());
            table.row([
                row.user,
                row.names.join("; "),
                row.terminals.join(" "),
                row.waiting.to_string(),
                row.first_waiting.unwrap_or_default(),
                row.state.word().to_owned(),
                row.owner.map(|(code, _)| code).unwrap_or_default(),
                row.candidates.iter().map(one).collect::<Vec<_>>().join("; "),
                row.dismissed.map(|(by, why)| format!("{why} ({by})")).unwrap_or_default(),
            ])?;
        }
        Ok(table.finish()?)
    }))
}

/// `POST /people/match`: what a person decided about the ticked numbers.
pub(crate) async fn decide(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let field = |name: &str| sent.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str());
    let picked: Vec<String> =
        sent.iter().filter(|(field, _)| field == "pick").map(|(_, number)| number.clone()).collect();
    let employees =
        sent.iter().filter_map(|(field, code)| Some((field.strip_prefix(EMPLOYEE)?.to_owned(), code.clone())));
    let mut typed = Typed {
        from: field("from").to_owned(),
        reason: field("reason").to_owned(),
        picked: picked.iter().cloned().collect(),
        employees: employees.collect(),
        problems: HashMap::new(),
    };
    let from = forms::date("from", &typed.from)?;
    if picked.is_empty() {
        let problem = "Nothing is ticked. Tick the numbers that it is about.".to_owned();
        let page = show_page(&app, asked, None, Some(problem), typed, &visitor).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let decisions = picked.iter().map(|user| decision(field("what"), user, from, &typed));
    let decisions = decisions.collect::<Result<Vec<Decision>, Failure>>()?;
    let actor = visitor.actor();
    let decided = app.ask(move |hub| hub.decide_matches(&actor, &decisions, Timestamp::now())).await?;
    let Decided { done, cured, refused } = decided;
    if refused.is_empty() {
        let query = asked.query_in_order();
        let told = format!("done={done}&released={}&still_held={}", cured.released, cured.still_held);
        let joint = if query.is_empty() { "" } else { "&" };
        return Ok(Redirect::to(&format!("{PATH}?{query}{joint}{told}")).into_response());
    }
    let problem = format!(
        "{} could not be decided; the reason stands at each.",
        words::plural(refused.len() as u64, "number", "numbers")
    );
    let notice = (done > 0).then(|| words::plural(done, "number was decided.", "numbers were decided."));
    typed.problems = refused.into_iter().map(|(user, why)| (user, words::sentence(&why))).collect();
    typed.picked.retain(|user| typed.problems.contains_key(user));
    let page = show_page(&app, asked, notice, Some(problem), typed, &visitor).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What the pressed button says of a ticked number.
fn decision(what: &str, user: &str, from: Option<Date>, typed: &Typed) -> Result<Decision, Failure> {
    let user = user.to_owned();
    match what {
        "assign" => {
            let employee = typed.employees.get(&user).map(|code| code.trim().to_owned()).unwrap_or_default();
            Ok(Decision::Assign { user, employee, from })
        }
        "add" => Ok(Decision::Add { user, code: None, from }),
        "dismiss" => Ok(Decision::Dismiss { user, reason: typed.reason.clone() }),
        "recall" => Ok(Decision::Recall { user }),
        _ => Err(Failure::invalid("The form does not say what to do.", "Press one of its buttons.")),
    }
}
