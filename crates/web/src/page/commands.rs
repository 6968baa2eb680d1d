//! `GET /terminals/commands`, `GET /terminals/commands.csv`: what terminals were asked for and what became of it; and the
//! asking (`POST /terminals/commands`) of what does no harm, and of a restart that was confirmed. People on terminals and
//! options are written from the command line, where each can be looked at before.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::view::{CommandFilter, CommandRow, TerminalRow};
use hub::{CsvTable, USUAL_EXPIRY};
use jiff::Timestamp;
use jiff::civil::Date;
use link::{CommandState, TerminalCommand};
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::terminals::Moment;
use crate::page::{Choice, Frame, punches, render};
use crate::{download, show, words};

/// What the form offers: the word that it sends, and what it says.
const OFFERED: [(&str, &str); 6] = [
    ("info", "Tell all its options"),
    ("punches", "Upload the punches of these dates again"),
    ("count", "Count the punches of these dates"),
    ("upload-again", "Upload its whole log again"),
    ("users", "Upload its user table"),
    ("check", "Read its settings again"),
];

#[derive(Template)]
#[template(path = "commands.html")]
struct CommandsPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    problem: Option<String>,
    /// What was sent, to be corrected.
    typed: Wish,
    terminals: Vec<TerminalRow>,
    /// Those of them that can be asked here.
    pushing: Vec<TerminalRow>,
    states: Vec<Choice>,
    offered: Vec<Choice>,
    rows: Vec<Row>,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// Filter and order as they stand in the address; the latest first when none is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    terminal: String,
    state: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("terminal", &self.terminal), ("state", &self.state)])
    }

    fn sorted_query(&self) -> String {
        let (sort, order) = (("sort", self.sort.as_str()), ("order", self.order.as_str()));
        forms::query(&[("terminal", &self.terminal), ("state", &self.state), sort, order])
    }

    fn is_descending(&self) -> bool {
        forms::is_latest_first(&self.sort, &self.order)
    }

    /// The rows in the order that is asked for; of what is equal the latest first, as they come.
    fn sorted(&self, mut rows: Vec<CommandRow>) -> Vec<CommandRow> {
        let order = |a: &CommandRow, b: &CommandRow| match self.sort.as_str() {
            "terminal" => (&a.terminal, &a.serial).cmp(&(&b.terminal, &b.serial)),
            "state" => rank(a.state).cmp(&rank(b.state)),
            "changed" => a.changed.cmp(&b.changed),
            _ => (a.asked, a.id).cmp(&(b.asked, b.id)),
        };
        rows.sort_by(|a, b| if self.is_descending() { order(b, a) } else { order(a, b) });
        rows
    }

    fn filter(&self) -> CommandFilter {
        CommandFilter { serial: forms::filled(&self.terminal), state: CommandState::from_word(&self.state) }
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }
}

/// How far a state is on the way of a command.
fn rank(state: CommandState) -> usize {
    CommandState::ALL.iter().position(|one| *one == state).unwrap_or_default()
}

/// What was done, as it comes back in the address: a number only, so that nobody can put words there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Queued {
    queued: Option<i64>,
}

/// A command as it is printed.
struct Row {
    id: i64,
    terminal: String,
    asks_for: String,
    state: &'static str,
    tone: &'static str,
    says: String,
    told: Vec<String>,
    asked: Option<Moment>,
    asked_by: String,
    changed: Option<Moment>,
    expires: String,
}

impl Row {
    fn new(row: &CommandRow, terminals: &[TerminalRow], now: Timestamp) -> Self {
        let zone = punches::zone_of(&row.serial, terminals, now);
        let code = row.code.filter(|code| *code != 0).map(|code| format!(" (code {code})")).unwrap_or_default();
        Self {
            id: row.id,
            terminal: row.terminal.clone(),
            asks_for: capital(&row.command.to_string()),
            state: words::command_state(row.state),
            tone: words::command_state_tone(row.state).class(),
            says: format!("{}{code}", capital(row.says())),
            told: row.told().map(str::to_owned).collect(),
            asked: Some(Moment::new(row.asked, now, &zone)),
            asked_by: row.asked_by.clone(),
            changed: Some(Moment::new(row.changed, now, &zone)),
            expires: if row.state.is_open() { show::moment(row.expires, &zone) } else { String::new() },
        }
    }
}

/// With a capital letter, for a cell of its own.
fn capital(text: &str) -> String {
    words::sentence(text).trim_end_matches('.').to_owned()
}

/// `GET /terminals/commands`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(queued): Query<Queued>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let notice =
        queued.queued.map(|number| format!("Command {number} is queued. The terminal gets it when it calls next."));
    show_page(&app, asked, notice, None, Wish::default(), &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    notice: Option<String>,
    problem: Option<String>,
    typed: Wish,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let filter = asked.filter();
    let now = Timestamp::now();
    let (commands, terminals) = app.ask(move |hub| Ok((hub.commands(&filter, now)?, hub.terminals()?))).await?;
    let commands = asked.sorted(commands);
    let pager = Pager::new("/terminals/commands", &asked.sorted_query(), asked.page, commands.len() as u64);
    let sort = if asked.sort.is_empty() { "asked" } else { &asked.sort };
    let shown = commands.iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let (rows, terminals): (Vec<Row>, Vec<TerminalRow>) = (
        shown.map(|row| Row::new(row, &terminals, now)).collect(),
        terminals.into_iter().filter(|terminal| terminal.approved).collect(),
    );
    let pushing = terminals.iter().filter(|terminal| terminal.via != link::Via::Poll).cloned().collect();
    let state = |state: CommandState| Choice {
        value: state.word(),
        name: words::command_state(state),
        is_chosen: state.word() == asked.state,
    };
    let offered = OFFERED.map(|(value, name)| Choice { value, name, is_chosen: value == typed.what });
    render(&CommandsPage {
        frame: Frame::new("Commands of terminals", "/terminals", visitor),
        notice,
        problem,
        rows,
        terminals,
        pushing,
        states: CommandState::ALL.map(state).into(),
        offered: offered.into(),
        typed,
        sorting: Sorting::new("/terminals/commands", &asked.query(), sort, asked.is_descending()),
        pager,
        csv: format!("/terminals/commands.csv?{}", asked.sorted_query()),
        asked,
    })
}

/// `GET /terminals/commands.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    download::csv(&app, "commands", move |hub, out| {
        let columns = ["number", "terminal", "serial", "asks_for", "state", "says", "code", "deliveries", "asked_by"];
        let mut table = CsvTable::new(out, columns.iter().chain(&["asked", "expires", "changed"]))?;
        let terminals = hub.terminals()?;
        for row in asked.sorted(hub.commands(&asked.filter(), Timestamp::now())?) {
            let zone = punches::zone_of(&row.serial, &terminals, row.asked);
            let at = |at: Timestamp| show::rfc3339(at, &zone);
            table.row([
                row.id.to_string(),
                row.terminal.clone(),
                row.serial.clone(),
                row.command.to_string(),
                row.state.word().to_owned(),
                row.says().to_owned(),
                row.code.map(|code| code.to_string()).unwrap_or_default(),
                row.sent_times.to_string(),
                row.asked_by.clone(),
                at(row.asked),
                at(row.expires),
                at(row.changed),
            ])?;
        }
        Ok(table.finish()?)
    })
}

/// What the forms send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    terminal: String,
    what: String,
    from: String,
    to: String,
    /// Filled when a restart was confirmed.
    confirmed: String,
}

impl Wish {
    fn command(&self) -> Result<TerminalCommand, Failure> {
        Ok(match self.what.as_str() {
            "info" => TerminalCommand::Info,
            "check" => TerminalCommand::Check,
            "upload-again" => TerminalCommand::UploadAgain,
            "users" => TerminalCommand::SendUsers,
            "punches" | "count" => {
                let (from, to) = (self.date("from", &self.from)?, self.date("to", &self.to)?);
                let (from, to) = (from.at(0, 0, 0, 0), to.at(23, 59, 59, 0));
                match self.what.as_str() {
                    "count" => TerminalCommand::CountPunches { from, to },
                    _ => TerminalCommand::SendPunches { from, to },
                }
            }
            "reboot" if self.confirmed.is_empty() => {
                return Err(Failure::invalid(
                    "The restart was not confirmed.",
                    "Tick the box next to it and send it again.",
                ));
            }
            "reboot" => TerminalCommand::Reboot,
            _ => return Err(Failure::invalid("There is no such command on this page.", "Choose one from the list.")),
        })
    }

    fn date(&self, field: &str, text: &str) -> Result<Date, Failure> {
        let missing = || Failure::invalid("The dates are missing.", "Give the first and the last date.");
        forms::date(field, text)?.ok_or_else(missing)
    }
}

/// `POST /terminals/commands`
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Form(sent): Form<Wish>) -> Result<Response, Failure> {
    let (actor, serial) = (visitor.actor(), sent.terminal.clone());
    let queued = match sent.command() {
        Ok(command) => {
            app.ask(move |hub| hub.ask_terminal(&actor, &serial, &command, USUAL_EXPIRY, Timestamp::now())).await
        }
        Err(failure) => Err(failure),
    };
    let asked = Asked { terminal: sent.terminal.clone(), ..Asked::default() };
    match queued {
        Ok(number) => {
            let number = number.to_string();
            let query = forms::query(&[("terminal", &sent.terminal), ("queued", &number)]);
            Ok(Redirect::to(&format!("/terminals/commands?{query}")).into_response())
        }
        Err(failure) if failure.is_correctable() => {
            let problem = format!("{} {}", failure.what, failure.cure);
            let page = show_page(&app, asked, None, Some(problem), sent, &visitor).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(failure) => Err(failure),
    }
}
