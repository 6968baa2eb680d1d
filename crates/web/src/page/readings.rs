//! `GET /terminals/readings`, `GET /terminals/readings.csv`: how the last readings of terminals ended, and how long they took.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::view::TerminalRow;
use hub::{CsvTable, PollFilter, PollOrder, PollRow};
use jiff::Timestamp;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::terminals::Moment;
use crate::page::{Frame, punches, render};
use crate::{download, show, words};

const PATH: &str = "/terminals/readings";

#[derive(Template)]
#[template(path = "readings.html")]
struct ReadingsPage {
    frame: Frame,
    asked: Asked,
    terminals: Vec<TerminalRow>,
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
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("terminal", &self.terminal)])
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    fn sorted_query(&self) -> String {
        forms::query(&[("terminal", &self.terminal), ("sort", &self.sort), ("order", &self.order)])
    }

    fn is_descending(&self) -> bool {
        forms::is_latest_first(&self.sort, &self.order)
    }

    /// The filter, without offset and limit.
    pub(crate) fn filter(&self) -> PollFilter {
        let sort = match self.sort.as_str() {
            "duration" => PollOrder::Took,
            "outcome" => PollOrder::Outcome,
            "records" => PollOrder::Records,
            "new" => PollOrder::New,
            _ => PollOrder::Began,
        };
        let order = Some((sort, self.is_descending()));
        PollFilter { serial: forms::filled(&self.terminal), order, ..PollFilter::default() }
    }
}

/// A reading as it is printed.
struct Row {
    terminal: String,
    serial: String,
    began: Option<Moment>,
    zone: String,
    took: String,
    outcome: &'static str,
    tone: &'static str,
    says: String,
    records: String,
    new: String,
    by: String,
}

impl Row {
    fn new(row: PollRow, terminals: &[TerminalRow], now: Timestamp) -> Self {
        let zone = punches::zone_of(&row.serial, terminals, row.began);
        let count = |count: Option<u64>| count.map(show::count).unwrap_or_default();
        Self {
            began: Some(Moment::new(row.began, now, &zone)),
            zone: show::zone(&zone, row.began),
            took: show::took(row.took),
            outcome: words::poll_outcome(row.outcome),
            tone: words::poll_outcome_tone(row.outcome).class(),
            says: if row.says.is_empty() { String::new() } else { words::sentence(&row.says) },
            records: count(row.records),
            new: count(row.new),
            by: row.edge.unwrap_or_else(|| "by hand".to_owned()),
            terminal: row.terminal,
            serial: row.serial,
        }
    }
}

/// `GET /terminals/readings`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let filter = PollFilter { offset: Pager::offset(asked.page), limit: PAGE_ROWS, ..asked.filter() };
    let (list, terminals) = app.ask(move |hub| Ok((hub.polls(&filter)?, hub.terminals()?))).await?;
    let sort = if asked.sort.is_empty() { "began" } else { &asked.sort };
    render(&ReadingsPage {
        frame: Frame::new("Readings of terminals", "/terminals", &visitor),
        rows: list.rows.into_iter().map(|row| Row::new(row, &terminals, now)).collect(),
        terminals: terminals.into_iter().filter(|terminal| terminal.approved && terminal.via.polls()).collect(),
        sorting: Sorting::new(PATH, &asked.query(), sort, asked.is_descending()),
        pager: Pager::new(PATH, &asked.sorted_query(), asked.page, list.total),
        csv: format!("{PATH}.csv?{}", asked.sorted_query()),
        asked,
    })
}

/// `GET /terminals/readings.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    download::csv(&app, "readings", move |hub, out| {
        let columns =
            ["terminal", "serial", "began", "duration_seconds", "outcome", "records", "new_punches", "edge", "says"];
        let mut table = CsvTable::new(out, columns)?;
        let terminals = hub.terminals()?;
        for row in hub.polls(&asked.filter())?.rows {
            let zone = punches::zone_of(&row.serial, &terminals, row.began);
            let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
            table.row([
                row.terminal,
                row.serial,
                show::rfc3339(row.began, &zone),
                format!("{:.3}", row.took.as_secs_f64()),
                row.outcome.word().to_owned(),
                count(row.records),
                count(row.new),
                row.edge.unwrap_or_default(),
                row.says,
            ])?;
        }
        Ok(table.finish()?)
    })
}
