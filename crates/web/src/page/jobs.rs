//! `GET /jobs`, `GET /jobs.csv`: what is due, runs, was done and has failed for good; and what an administrator asks for there
//! (`POST /jobs/run`, `POST /jobs/retry`).

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::CsvTable;
use hub::jobs::{JobFilter, JobRow, JobSort, JobState, KINDS, KindRow};
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
#[template(path = "jobs.html")]
struct JobsPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    kinds: Vec<KindLine>,
    /// How many are dead.
    dead: u64,
    states: Vec<Choice>,
    kind_choices: Vec<Choice>,
    rows: Vec<Row>,
    zone: String,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// Filter and order as they stand in the address; the latest first when none is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    state: String,
    kind: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("state", &self.state), ("kind", &self.kind)])
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    fn is_descending(&self) -> bool {
        forms::is_latest_first(&self.sort, &self.order)
    }

    /// The filter, without offset and limit.
    ///
    /// # Errors
    /// When the caller made a state or a kind up.
    pub(crate) fn filter(&self) -> Result<JobFilter, Failure> {
        let no_state =
            |word: &str| Failure::invalid(format!("There is no state {word}."), "Use waiting, running, done or dead.");
        let state = forms::filled(&self.state).map(|word| JobState::of(&word).ok_or_else(|| no_state(&word)));
        let kind = forms::filled(&self.kind);
        if let Some(kind) = kind.as_deref().filter(|kind| KINDS.iter().all(|known| known.name != *kind)) {
            let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            return Err(Failure::invalid(format!("There is no kind {kind}."), format!("Use {}.", names.join(", "))));
        }
        let sort = match self.sort.as_str() {
            "due" => JobSort::Due,
            "kind" => JobSort::Kind,
            "duration" => JobSort::Duration,
            _ => JobSort::Number,
        };
        Ok(JobFilter {
            state: state.transpose()?,
            kind,
            sort,
            descending: self.is_descending(),
            ..JobFilter::default()
        })
    }
}

/// What was done, as it comes back in the address: numbers only, so that nobody can put words there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    asked: Option<i64>,
    retried: Option<i64>,
    all: Option<u64>,
}

impl Done {
    fn says(self) -> Option<String> {
        let asked = self.asked.map(|id| format!("Job {id} was asked for. A hub takes it within a second."));
        let retried = self.retried.map(|id| format!("Job {id} is tried again."));
        let all = self.all.map(|dead| match dead {
            1 => "1 dead job is tried again.".to_owned(),
            dead => format!("{} dead jobs are tried again.", show::count(dead)),
        });
        asked.or(retried).or(all)
    }
}

/// How it stands with a kind, as it is printed.
struct KindLine {
    kind: &'static str,
    says: &'static str,
    can_be_asked_for: bool,
    next_due: Option<String>,
    overdue: u64,
    running: u64,
    dead: u64,
    last: Option<Row>,
}

impl KindLine {
    fn new(row: KindRow, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            kind: row.kind,
            says: row.says,
            can_be_asked_for: KINDS.iter().any(|kind| kind.name == row.kind && kind.schedule.is_some()),
            next_due: row.next_due.map(|at| show::moment(at, zone)),
            overdue: row.overdue,
            running: row.running,
            dead: row.dead,
            last: row.last.map(|job| Row::new(job, now, zone)),
        }
    }
}

/// A job as it is printed.
struct Row {
    id: i64,
    kind: String,
    state: &'static str,
    tone: &'static str,
    is_dead: bool,
    due: Moment,
    next: Option<String>,
    lease: Option<String>,
    attempts: u32,
    worker: String,
    ended: Option<Moment>,
    took: Option<String>,
    outcome: String,
}

impl Row {
    fn new(job: JobRow, now: Timestamp, zone: &TimeZone) -> Self {
        let tried = job.attempts > 0;
        Self {
            id: job.id,
            state: words::job_state(job.state),
            tone: words::job_state_tone(job.state).class(),
            is_dead: job.state == JobState::Dead,
            took: job.took().map(show::took),
            due: Moment::new(job.due, now, zone),
            next: job.next.filter(|_| tried).map(|at| show::moment(at, zone)),
            lease: job.lease.map(|at| at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()),
            attempts: job.attempts,
            worker: job.worker,
            ended: job.ended.map(|at| Moment::new(at, now, zone)),
            outcome: if job.outcome.is_empty() { String::new() } else { words::sentence(&job.outcome) },
            kind: job.kind,
        }
    }
}

/// `GET /jobs`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(done): Query<Done>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let filter = JobFilter { offset: Pager::offset(asked.page), limit: PAGE_ROWS, ..asked.filter()? };
    let ask = move |hub: &hub::Hub| Ok((hub.jobs(&filter)?, hub.job_kinds(now)?, hub.company()?.time_zone()?));
    let (list, kinds, zone) = app.ask(ask).await?;
    let state = |state: JobState| Choice {
        value: state.word(),
        name: words::job_state(state),
        is_chosen: state.word() == asked.state,
    };
    let kind = |kind: &&'static hub::jobs::Kind| Choice {
        value: kind.name,
        name: kind.name,
        is_chosen: kind.name == asked.kind,
    };
    let sort = if asked.sort.is_empty() { "number" } else { &asked.sort };
    let sorted =
        forms::query(&[("state", &asked.state), ("kind", &asked.kind), ("sort", &asked.sort), ("order", &asked.order)]);
    render(&JobsPage {
        frame: Frame::new("Jobs", "/jobs", &visitor),
        notice: done.says(),
        dead: kinds.iter().map(|kind| kind.dead).sum(),
        kinds: kinds.into_iter().map(|kind| KindLine::new(kind, now, &zone)).collect(),
        states: JobState::ALL.map(state).into(),
        kind_choices: KINDS.iter().map(kind).collect(),
        rows: list.rows.into_iter().map(|job| Row::new(job, now, &zone)).collect(),
        zone: show::zone(&zone, now),
        sorting: Sorting::new("/jobs", &asked.query(), sort, asked.is_descending()),
        pager: Pager::new("/jobs", &sorted, asked.page, list.total),
        csv: format!("/jobs.csv?{sorted}"),
        asked,
    })
}

/// `GET /jobs.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    // Refused before a file begins.
    let filter = asked.filter()?;
    Ok(download::csv(&app, "jobs", move |hub, out| {
        let columns = ["job", "kind", "state", "due", "next", "lease_until", "attempts", "worker", "started", "ended"];
        let zone = hub.company()?.time_zone()?;
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, &zone)).unwrap_or_default();
        let mut table = CsvTable::new(out, columns.iter().chain(&["duration_seconds", "outcome"]))?;
        for job in hub.jobs(&filter)?.rows {
            table.row([
                job.id.to_string(),
                job.kind.clone(),
                job.state.word().to_owned(),
                at(Some(job.due)),
                at(job.next),
                at(job.lease),
                job.attempts.to_string(),
                job.worker.clone(),
                at(job.started),
                at(job.ended),
                job.took().map(|took| format!("{:.3}", took.as_secs_f64())).unwrap_or_default(),
                job.outcome,
            ])?;
        }
        Ok(table.finish()?)
    }))
}

/// What the form of a kind sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    kind: String,
}

/// `POST /jobs/run`
pub(crate) async fn run(
    State(app): State<App>,
    visitor: Visitor,
    Form(wish): Form<Wish>,
) -> Result<impl IntoResponse, Failure> {
    let actor = visitor.actor();
    let id = app.ask(move |hub| hub.ask_for_job(&actor, &wish.kind, Timestamp::now())).await?;
    Ok(Redirect::to(&format!("/jobs?asked={id}")))
}

/// What the form of a dead job sends; without a number, every dead one is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Again {
    id: Option<i64>,
}

/// `POST /jobs/retry`
pub(crate) async fn retry(
    State(app): State<App>,
    visitor: Visitor,
    Form(again): Form<Again>,
) -> Result<impl IntoResponse, Failure> {
    let actor = visitor.actor();
    let query = match again.id {
        Some(id) => {
            app.ask(move |hub| hub.retry_job(&actor, id, Timestamp::now())).await?;
            format!("retried={id}")
        }
        None => format!("all={}", app.ask(move |hub| hub.retry_all_jobs(&actor, Timestamp::now())).await?),
    };
    Ok(Redirect::to(&format!("/jobs?{query}")))
}
