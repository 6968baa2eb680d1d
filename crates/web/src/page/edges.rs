//! `GET /edges` and `GET /edges.csv`: how each edge is, seen from afar.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::{ClockRow, CsvTable, EdgeRow, EdgeState, moved_in_words};
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
#[template(path = "edges.html")]
struct EdgesPage {
    frame: Frame,
    asked: Asked,
    states: Vec<Choice>,
    total: usize,
    rows: Vec<Row>,
    zone: String,
    sorting: Sorting,
    pager: Pager,
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
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("text", &self.text), ("state", &self.state)])
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    /// The rows that are asked for, in the order that is asked for; the worst first when none is.
    ///
    /// # Errors
    /// When the caller made a state up.
    pub(crate) fn pick(&self, mut rows: Vec<EdgeRow>) -> Result<Vec<EdgeRow>, Failure> {
        if let Some(word) = forms::filled(&self.state) {
            let unknown = || Failure::invalid(format!("There is no state {word}."), "Use silent, trouble or in_order.");
            let state = EdgeState::ALL.into_iter().find(|state| state.word() == word).ok_or_else(unknown)?;
            rows.retain(|row| row.state == state);
        }
        rows.retain(|row| forms::matches(&self.text, &[&row.name]));
        match self.sort.as_str() {
            "name" => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            "heard" => rows.sort_by_key(|row| row.last_seen),
            "queue" => rows.sort_by_key(|row| row.queued),
            "oldest" => rows.sort_by_key(|row| row.oldest_unsent.unwrap_or(Timestamp::MAX)),
            "version" => rows.sort_by(|a, b| a.version.cmp(&b.version)),
            _ => rows.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name))),
        }
        if self.order == "desc" {
            rows.reverse();
        }
        Ok(rows)
    }
}

struct Row {
    name: String,
    state: &'static str,
    tone: &'static str,
    says: String,
    heard: Option<Moment>,
    queued: String,
    is_empty: bool,
    oldest: Option<Moment>,
    silent: Vec<String>,
    disk: Option<Disk>,
    clock: Vec<String>,
    version: String,
}

/// Room of the spool, and of the disk that it is on.
struct Disk {
    used: String,
    free: Option<String>,
}

impl Row {
    fn new(row: EdgeRow, now: Timestamp, zone: &TimeZone) -> Self {
        let health = row.health.unwrap_or_default();
        let disk = (health.spool_limit_bytes > 0).then(|| Disk {
            used: format!("{} of {}", show::count(health.spool_used_bytes >> 20), mebibytes(health.spool_limit_bytes)),
            free: health.disk_free_bytes.map(mebibytes),
        });
        Self {
            state: words::edge_state(row.state),
            tone: words::edge_state_tone(row.state).class(),
            says: if row.says.is_empty() { String::new() } else { words::sentence(&row.says) },
            heard: Some(Moment::new(row.last_seen, now, zone)),
            queued: u64::try_from(row.queued).map(show::count).unwrap_or_default(),
            is_empty: row.queued == 0,
            oldest: row.oldest_unsent.map(|at| Moment::new(at, now, zone)),
            silent: health.silent_terminals,
            disk,
            clock: clock(&row.clock, zone),
            version: row.version,
            name: row.name,
        }
    }
}

/// How a clock goes, line by line.
fn clock(clock: &ClockRow, zone: &TimeZone) -> Vec<String> {
    let mut lines = vec![words::sentence(&clock.to_string())];
    if clock.is_believed == Some(false) {
        lines.push("the edge does not judge by it".to_owned());
    }
    if let Some(drift_us) = clock.drift_us_per_day {
        lines.push(format!("{:+.1} s a day", drift_us as f64 / 1e6));
    }
    if let Some((at, by)) = clock.jump {
        lines.push(format!("moved {} at {}", moved_in_words(by), show::moment(at, zone)));
    }
    lines
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", show::count(bytes >> 20))
}

/// `GET /edges`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let silent_after = app.config.silent_after;
    let (all, zone) = app.ask(move |hub| Ok((hub.edges(now, silent_after)?, hub.company()?.time_zone()?))).await?;
    let total = all.len();
    let picked = asked.pick(all)?;
    let count = picked.len() as u64;
    let shown = picked.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let sort = if asked.sort.is_empty() { "state" } else { &asked.sort };
    let state = |state: EdgeState| Choice {
        value: state.word(),
        name: words::edge_state(state),
        is_chosen: state.word() == asked.state,
    };
    let sorted =
        forms::query(&[("text", &asked.text), ("state", &asked.state), ("sort", &asked.sort), ("order", &asked.order)]);
    render(&EdgesPage {
        frame: Frame::new("Edges", "/terminals", &visitor),
        states: EdgeState::ALL.map(state).into(),
        total,
        rows: shown.map(|row| Row::new(row, now, &zone)).collect(),
        zone: show::zone(&zone, now),
        sorting: Sorting::new("/edges", &asked.query(), sort, asked.order == "desc"),
        pager: Pager::new("/edges", &sorted, asked.page, count),
        csv: format!("/edges.csv?{sorted}"),
        asked,
    })
}

/// `GET /edges.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    // Refused before a file begins.
    asked.pick(Vec::new())?;
    let silent_after = app.config.silent_after;
    Ok(download::csv(&app, "edges", move |hub, out| {
        let columns = [
            "edge",
            "state",
            "says",
            "last_heartbeat",
            "queued",
            "oldest_unsent",
            "silent_terminals",
            "spool_used_bytes",
            "spool_limit_bytes",
            "disk_free_bytes",
            "clock_offset_seconds",
            "clock_drift_seconds_per_day",
            "clock_moved",
            "version",
        ];
        let zone = hub.company()?.time_zone()?;
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, &zone)).unwrap_or_default();
        let mut table = CsvTable::new(out, columns)?;
        let rows = hub.edges(Timestamp::now(), silent_after)?;
        for row in asked.pick(rows).unwrap_or_default() {
            let health = row.health.unwrap_or_default();
            table.row([
                row.name,
                row.state.word().to_owned(),
                row.says,
                at(Some(row.last_seen)),
                row.queued.to_string(),
                at(row.oldest_unsent),
                health.silent_terminals.join(" "),
                health.spool_used_bytes.to_string(),
                health.spool_limit_bytes.to_string(),
                health.disk_free_bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
                (row.clock.ahead_us / 1_000_000).to_string(),
                row.clock.drift_us_per_day.map(|drift| format!("{:.3}", drift as f64 / 1e6)).unwrap_or_default(),
                at(row.clock.jump.map(|(at, _)| at)),
                row.version,
            ])?;
        }
        Ok(table.finish()?)
    }))
}
