//! `GET /terminals/completeness` and `GET /terminals/completeness.csv`: is everything here that terminals hold of each day?

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::CloseoutState;
use hub::retention::Census;
use hub::view::{CloseoutFilter, CloseoutRow, CloseoutSort, TerminalRow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::terminals::Moment;
use crate::page::{Choice, Frame, render};
use crate::{download, show, words};

#[derive(Template)]
#[template(path = "completeness.html")]
struct CompletenessPage {
    frame: Frame,
    asked: Asked,
    terminals: Vec<TerminalRow>,
    states: Vec<Choice>,
    rows: Vec<Row>,
    sorting: Sorting,
    pager: Pager,
    csv: String,
    looked: Option<Looked>,
}

/// The last look for twins as it is printed.
struct Looked {
    is_good: bool,
    says: String,
    faults: Vec<String>,
}

impl Looked {
    fn new(census: Census, zone: &TimeZone) -> Self {
        let at = show::moment_in_full(census.at, zone);
        Self { is_good: census.is_good(), says: format!("{census}, looked at on {at}"), faults: census.faults }
    }
}

/// Filter and order as they stand in the address; the latest date first when none is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: String,
    terminal: String,
    state: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    pub(crate) fn filter(&self) -> Result<CloseoutFilter, Failure> {
        Ok(CloseoutFilter {
            from: forms::date("from", &self.from)?,
            to: forms::date("to", &self.to)?,
            terminal: forms::filled(&self.terminal),
            state: state(&self.state)?,
            order: self.sort().map(|sort| (sort, self.is_descending())),
        })
    }

    fn sort(&self) -> Option<CloseoutSort> {
        Some(match self.sort.as_str() {
            "date" => CloseoutSort::Date,
            "terminal" => CloseoutSort::Terminal,
            "state" => CloseoutSort::State,
            "missing" => CloseoutSort::Missing,
            "read" => CloseoutSort::Read,
            _ => return None,
        })
    }

    fn is_descending(&self) -> bool {
        forms::is_latest_first(&self.sort, &self.order)
    }

    fn query(&self) -> String {
        forms::query(&[("from", &self.from), ("to", &self.to), ("terminal", &self.terminal), ("state", &self.state)])
    }

    fn sorted_query(&self) -> String {
        forms::query(&[
            ("from", &self.from),
            ("to", &self.to),
            ("terminal", &self.terminal),
            ("state", &self.state),
            ("sort", &self.sort),
            ("order", &self.order),
        ])
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }
}

/// A state by its word; none for an empty text.
fn state(word: &str) -> Result<Option<CloseoutState>, Failure> {
    let Some(word) = forms::filled(word) else { return Ok(None) };
    let unknown = || Failure::invalid(format!("There is no state {word}."), "Use broken, deferred, open or closed.");
    CloseoutState::from_word(&word).map(Some).ok_or_else(unknown)
}

/// A terminal's day as it is printed.
struct Row {
    date: String,
    terminal: String,
    serial: String,
    punches_link: String,
    state: &'static str,
    tone: &'static str,
    says: String,
    on_terminal: String,
    in_spool: String,
    at_hub: String,
    missing_count: String,
    missing: Vec<String>,
    read: Option<Moment>,
}

impl Row {
    fn new(row: &CloseoutRow, now: Timestamp) -> Self {
        let state = row.standing.state();
        let date = row.date.to_string();
        let count = |count: Option<u64>| count.map(show::count).unwrap_or_default();
        Self {
            punches_link: format!(
                "/punches?{}",
                forms::query(&[("from", &date), ("to", &date), ("terminal", &row.serial)])
            ),
            date,
            terminal: row.terminal.clone(),
            serial: row.serial.clone(),
            state: words::closeout_state(state),
            tone: words::closeout_state_tone(state).class(),
            says: words::sentence(&row.standing.to_string()),
            on_terminal: count(row.on_terminal.map(|set| set.punches)),
            in_spool: count(row.in_spool),
            at_hub: show::count(row.at_hub.punches),
            missing_count: count(row.on_terminal.map(|_| row.missing_count)),
            missing: row.missing_in_words(),
            read: row.read.map(|read| Moment::in_full(read, now, &row.zone)),
        }
    }
}

/// `GET /terminals/completeness`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let filter = asked.filter()?;
    let now = Timestamp::now();
    let ask = move |hub: &hub::Hub| {
        let zone = hub.company()?.time_zone()?;
        Ok((hub.closeouts(&filter, now)?, hub.terminals()?, hub.census()?.map(|census| Looked::new(census, &zone))))
    };
    let (all, terminals, looked) = app.ask(ask).await?;
    let shown = all.iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let state = |state: CloseoutState| Choice {
        value: state.word(),
        name: words::closeout_state(state),
        is_chosen: state.word() == asked.state,
    };
    let sort = if asked.sort.is_empty() { "date" } else { &asked.sort };
    render(&CompletenessPage {
        frame: Frame::new("Completeness of terminals", "/terminals", &visitor),
        rows: shown.map(|row| Row::new(row, now)).collect(),
        terminals: terminals.into_iter().filter(|terminal| terminal.approved).collect(),
        states: CloseoutState::ALL.map(state).into(),
        sorting: Sorting::new("/terminals/completeness", &asked.query(), sort, asked.is_descending()),
        pager: Pager::new("/terminals/completeness", &asked.sorted_query(), asked.page, all.len() as u64),
        csv: format!("/terminals/completeness.csv?{}", asked.sorted_query()),
        looked,
        asked,
    })
}

/// `GET /terminals/completeness.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let filter = asked.filter()?;
    Ok(download::csv(&app, "completeness", move |hub, out| hub.closeouts_csv(&filter, Timestamp::now(), out)))
}
