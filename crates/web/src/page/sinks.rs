//! `GET /sinks`, `GET /sinks.csv`: the systems that are told of days, and what each has, is to get and refused; and what an administrator
//! asks for there (`POST /sinks/pause`, `POST /sinks/requeue`).

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::{CsvTable, EntryRow, EntryState, Hub, Mode, RecordFilter, SinkRow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::terminals::Moment;
use crate::page::{Choice, Frame, render};
use crate::{download, show, words};

#[derive(Template)]
#[template(path = "sinks.html")]
struct SinksPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    sinks: Vec<SinkLine>,
    states: Vec<Choice>,
    rows: Vec<Row>,
    zone: String,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// Filter and order of the records as they stand in the address; of the first sink when none is named.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    sink: String,
    state: String,
    employee: String,
    from: String,
    to: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[
            ("sink", &self.sink),
            ("state", &self.state),
            ("employee", &self.employee),
            ("from", &self.from),
            ("to", &self.to),
        ])
    }

    fn is_narrowed(&self) -> bool {
        [&self.state, &self.employee, &self.from, &self.to].iter().any(|field| !field.is_empty())
    }

    /// The filter, without sink, offset and limit.
    ///
    /// # Errors
    /// When the caller made a state up, or wrote no date.
    pub(crate) fn filter(&self) -> Result<RecordFilter, Failure> {
        let unknown = |word: &str| {
            Failure::invalid(format!("There is no state {word}."), "Use waiting, sent, failed or withheld.")
        };
        let state = forms::filled(&self.state).map(|word| EntryState::of(&word).ok_or_else(|| unknown(&word)));
        Ok(RecordFilter {
            state: state.transpose()?,
            employee: forms::filled(&self.employee),
            from: forms::date("from", &self.from)?,
            to: forms::date("to", &self.to)?,
            descending: self.order == "desc",
            ..RecordFilter::default()
        })
    }

    /// The sink that is asked for, or the first one.
    fn sink_of(&self, sinks: &[SinkRow]) -> String {
        let first = || sinks.first().map(|sink| sink.name.clone()).unwrap_or_default();
        forms::filled(&self.sink).unwrap_or_else(first)
    }
}

/// What was done, as it comes back in the address: a number only, so that nobody can put words there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    requeued: Option<u64>,
}

/// How it stands with a sink, as it is printed.
struct SinkLine {
    name: String,
    kind: String,
    url: String,
    is_shown: bool,
    paused: Option<String>,
    key_warning: Option<String>,
    waiting: u64,
    tried: u64,
    failed: u64,
    sent: u64,
    oldest: Option<Moment>,
}

/// A record as it is printed.
struct Row {
    code: String,
    /// As people read it, and as forms and addresses have it.
    date: String,
    iso: String,
    day: String,
    state: &'static str,
    tone: &'static str,
    is_failed: bool,
    revision: i64,
    attempts: u32,
    tried: Option<Moment>,
    sent: Option<Moment>,
    receipt: String,
}

impl Row {
    fn new(row: EntryRow, now: Timestamp, zone: &TimeZone) -> Self {
        let moment = |at: Option<Timestamp>| at.map(|at| Moment::new(at, now, zone));
        Self {
            day: format!("/days/{}/{}", forms::encode(&row.code), row.date),
            date: show::date(row.date),
            iso: row.date.to_string(),
            state: words::entry_state(row.state),
            tone: words::entry_state_tone(row.state).class(),
            is_failed: row.state == EntryState::Failed,
            revision: row.revision,
            attempts: row.attempts,
            tried: moment(row.tried),
            sent: moment(row.sent),
            receipt: if row.receipt.is_empty() { String::new() } else { words::sentence(&row.receipt) },
            code: row.code,
        }
    }
}

/// `GET /sinks`
pub(crate) async fn page(
    State(app): State<App>,
    Query(mut asked): Query<Asked>,
    Query(done): Query<Done>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let filter = RecordFilter { offset: Pager::offset(asked.page), limit: PAGE_ROWS, ..asked.filter()? };
    let named = asked.clone();
    let ask = move |hub: &Hub| {
        let sinks = hub.sinks()?;
        let sink = named.sink_of(&sinks);
        // Without a sink there is nothing to ask for.
        let records = (!sink.is_empty()).then(|| hub.sink_records(&RecordFilter { sink, ..filter })).transpose()?;
        Ok((sinks, records, hub.company()?.time_zone()?))
    };
    let (sinks, records, zone) = app.ask(ask).await?;
    asked.sink = asked.sink_of(&sinks);
    let (rows, total) = records.map_or_else(Default::default, |list| (list.rows, list.total));
    let state = |state: EntryState| Choice {
        value: state.word(),
        name: words::entry_state(state),
        is_chosen: state.word() == asked.state,
    };
    let line = |row: SinkRow| SinkLine {
        is_shown: row.name == asked.sink,
        key_warning: row.key_warning(now).map(|ends| words::sentence(&ends)),
        name: row.name,
        url: row.settings.place(),
        kind: match row.settings.mode {
            Mode::State => row.settings.kind,
            Mode::Event => format!("{}, each change as an event", row.settings.kind),
        },
        paused: row.paused.map(|why| words::sentence(&why)),
        waiting: row.waiting,
        tried: row.tried,
        failed: row.failed,
        sent: row.sent,
        oldest: row.oldest.map(|at| Moment::new(at, now, &zone)),
    };
    let order = forms::query(&[("order", &asked.order)]);
    let sorted = [asked.query(), order].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
    render(&SinksPage {
        frame: Frame::new("Sinks", "/jobs", &visitor),
        notice: done.requeued.map(|count| match count {
            1 => "1 record waits again.".to_owned(),
            count => format!("{} records wait again.", show::count(count)),
        }),
        sinks: sinks.into_iter().map(line).collect(),
        states: EntryState::ALL.map(state).into(),
        rows: rows.into_iter().map(|row| Row::new(row, now, &zone)).collect(),
        zone: show::zone(&zone, now),
        sorting: Sorting::new("/sinks", &asked.query(), "employee", asked.order == "desc"),
        pager: Pager::new("/sinks", &sorted, asked.page, total),
        csv: format!("/sinks.csv?{sorted}"),
        asked,
    })
}

/// `GET /sinks.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    // Refused before a file begins.
    let filter = asked.filter()?;
    let sink = app.ask(move |hub| Ok(asked.sink_of(&hub.sinks()?))).await?;
    Ok(download::csv(&app, "sink", move |hub, out| {
        let zone = hub.company()?.time_zone()?;
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, &zone)).unwrap_or_default();
        let columns = ["sink", "employee", "date", "state", "revision", "attempts", "tried", "sent", "receipt"];
        let mut table = CsvTable::new(out, columns)?;
        let filter = RecordFilter { sink: sink.clone(), ..filter };
        let rows = if sink.is_empty() { Vec::new() } else { hub.sink_records(&filter)?.rows };
        for row in rows {
            table.row([
                sink.clone(),
                row.code,
                row.date.to_string(),
                row.state.word().to_owned(),
                row.revision.to_string(),
                row.attempts.to_string(),
                at(row.tried),
                at(row.sent),
                row.receipt,
            ])?;
        }
        Ok(table.finish()?)
    }))
}

/// What the button of a sink sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pausing {
    name: String,
    is_paused: bool,
}

/// `POST /sinks/pause`
pub(crate) async fn pause(
    State(app): State<App>,
    visitor: Visitor,
    Form(wish): Form<Pausing>,
) -> Result<impl IntoResponse, Failure> {
    let (actor, back) = (visitor.actor(), forms::query(&[("sink", &wish.name)]));
    app.ask(move |hub| hub.pause_sink(&actor, &wish.name, wish.is_paused, Timestamp::now())).await?;
    Ok(Redirect::to(&format!("/sinks?{back}")))
}

/// What the button of a failed record sends; without an employee, every failed one of the sink is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Again {
    sink: String,
    employee: String,
    date: String,
}

/// `POST /sinks/requeue`
pub(crate) async fn requeue(
    State(app): State<App>,
    visitor: Visitor,
    Form(again): Form<Again>,
) -> Result<impl IntoResponse, Failure> {
    let (actor, now) = (visitor.actor(), Timestamp::now());
    let date = forms::date("date", &again.date)?;
    let back = forms::query(&[("sink", &again.sink)]);
    let count = match (forms::filled(&again.employee), date) {
        (Some(employee), Some(date)) => {
            app.ask(move |hub| hub.requeue_record(&actor, &again.sink, (&employee, date), now)).await?;
            1
        }
        (None, None) => app.ask(move |hub| hub.requeue_failed(&actor, &again.sink, now)).await?,
        _ => return Err(Failure::invalid("One record has an employee and a date.", "Send both, or none of them.")),
    };
    Ok(Redirect::to(&format!("/sinks?{back}&requeued={count}")))
}
