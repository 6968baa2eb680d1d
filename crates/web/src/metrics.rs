//! `GET /metrics`: what is worth an alarm, in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hub::jobs::KindRow;
use hub::retention::Census;
use hub::{EdgeRow, EdgeState, PollMeter, SinkGauge};
use jiff::Timestamp;
use link::{Health, PollOutcome};

use crate::api::Problem;
use crate::app::App;

/// Responses since the start, by the first digit of their status.
#[derive(Default)]
pub(crate) struct Counters {
    by_class: [AtomicU64; 6],
}

impl Counters {
    fn add(&self, status: StatusCode) {
        if let Some(class) = self.by_class.get(usize::from(status.as_u16() / 100)) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Counts every response.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    app.counters.add(response.status());
    response
}

/// `GET /metrics`
pub(crate) async fn serve(State(app): State<App>) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let silent_after = app.config.silent_after;
    let ask = move |hub: &hub::Hub| {
        let (terminals, edges) = (hub.terminals()?, hub.edges(now, silent_after)?);
        Ok((hub.board(now)?, terminals, edges, hub.job_kinds(now)?, hub.census()?, hub.poll_meters()))
    };
    let (board, terminals, edges, jobs, census, readings) = app.ask(ask).await?;
    let mut text = Text::default();
    text.metric("punchclock_build_info", "gauge", "The version that runs.");
    text.value(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    text.metric("punchclock_http_responses_total", "counter", "Responses by class of status.");
    for (class, count) in app.counters.by_class.iter().enumerate().skip(1) {
        text.value(&[("class", &format!("{class}xx"))], count.load(Ordering::Relaxed));
    }
    text.metric("punchclock_live_viewers", "gauge", "Browsers that look at the live board.");
    text.value(&[], app.live.viewers());
    text.metric("punchclock_people_in", "gauge", "People whose last punch of today reads as an arrival.");
    text.value(&[], board.in_now);
    text.metric("punchclock_held_punches", "gauge", "Punches that wait for a cure.");
    text.value(&[], board.held);
    text.metric("punchclock_unapproved_terminals", "gauge", "Terminals that wait for approval.");
    text.value(&[], board.unapproved_terminals);
    text.metric("punchclock_terminal_punches", "gauge", "Punches that the hub holds of a terminal.");
    for terminal in &terminals {
        text.value(&[("serial", &terminal.serial)], terminal.punches);
    }
    text.metric("punchclock_terminal_last_contact_timestamp_seconds", "gauge", "Last contact of a terminal.");
    for terminal in &terminals {
        if let Some(at) = terminal.last_contact {
            text.value(&[("serial", &terminal.serial)], at.as_second());
        }
    }
    of_readings(&mut text, readings);
    of_edges(&mut text, &edges, now);
    of_sinks(&mut text, &app.ask(|hub| hub.sink_gauges()).await?, now);
    of_jobs(&mut text, &jobs);
    if let Some(census) = census {
        of_census(&mut text, &census);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.written).into_response())
}

/// What the last look for twins found.
fn of_census(text: &mut Text, census: &Census) {
    let mut one = |name: &'static str, help: &str, value: i64| {
        text.metric(name, "gauge", help);
        text.value(&[], value);
    };
    one("punchclock_census_timestamp_seconds", "When punches were last looked at for twins.", census.at.as_second());
    one("punchclock_census_punches", "Punches that were looked at.", census.punches.cast_signed());
    one("punchclock_twins", "Rows that are the same punch as another one.", census.twins.cast_signed());
    one("punchclock_misfiled_punches", "Rows under a key that is not theirs.", census.misfiled.cast_signed());
    one(
        "punchclock_miscounted_punches",
        "Punches that count more than once, or nowhere.",
        census.miscounted.cast_signed(),
    );
}

/// What this process was told of readings of terminals.
fn of_readings(text: &mut Text, meters: [(PollOutcome, PollMeter); 3]) {
    text.metric(
        "punchclock_terminal_readings_total",
        "counter",
        "Readings of terminals that edges told this hub, by how they ended.",
    );
    for (outcome, meter) in meters {
        text.value(&[("outcome", outcome.word())], meter.readings);
    }
    text.metric("punchclock_terminal_reading_seconds_total", "counter", "What all of them took together.");
    for (outcome, meter) in meters {
        text.value(&[("outcome", outcome.word())], meter.took.as_secs_f64());
    }
}

/// What is told of each edge.
fn of_edges(text: &mut Text, edges: &[EdgeRow], now: Timestamp) {
    let mut each = |name: &'static str, help: &str, value: &dyn Fn(&EdgeRow) -> Option<f64>| {
        text.metric(name, "gauge", help);
        for edge in edges {
            if let Some(value) = value(edge) {
                text.value(&[("edge", &edge.name)], value);
            }
        }
    };
    let health = |edge: &EdgeRow, value: fn(&Health) -> f64| edge.health.as_ref().map(value);
    let age_s = |at: Timestamp| now.duration_since(at).as_secs_f64().max(0.0);
    each("punchclock_edge_silent", "1 for an edge that was not heard of for long.", &|edge| {
        Some(f64::from(u8::from(edge.state == EdgeState::Silent)))
    });
    each("punchclock_edge_last_heartbeat_timestamp_seconds", "Last contact of an edge.", &|edge| {
        Some(edge.last_seen.as_second() as f64)
    });
    each("punchclock_edge_unsent_entries", "Entries that an edge has not sent.", &|edge| Some(edge.queued as f64));
    each("punchclock_edge_oldest_unsent_seconds", "Age of the oldest of them.", &|edge| {
        edge.oldest_unsent.map(age_s).or((edge.queued == 0).then_some(0.0))
    });
    each("punchclock_edge_silent_terminals", "Approved terminals that an edge misses.", &|edge| {
        health(edge, |health| health.silent_terminals.len() as f64)
    });
    each("punchclock_edge_spool_used_bytes", "Bytes of an edge's spool that hold something.", &|edge| {
        health(edge, |health| health.spool_used_bytes as f64)
    });
    each("punchclock_edge_spool_limit_bytes", "Most bytes of an edge's spool.", &|edge| {
        health(edge, |health| health.spool_limit_bytes as f64)
    });
    each("punchclock_edge_disk_free_bytes", "Free bytes of an edge's disk.", &|edge| {
        edge.health.as_ref()?.disk_free_bytes.map(|bytes| bytes as f64)
    });
    each("punchclock_edge_clock_offset_seconds", "The clock of an edge minus the hub's.", &|edge| {
        Some(edge.clock.ahead_us as f64 / 1e6)
    });
    each("punchclock_edge_clock_believed", "1 while an edge judges by its clock.", &|edge| {
        edge.clock.is_believed.map(|is_believed| f64::from(u8::from(is_believed)))
    });
}

/// What is told of each sink.
fn of_sinks(text: &mut Text, sinks: &[SinkGauge], now: Timestamp) {
    let mut each = |name: &'static str, kind: &str, help: &str, value: &dyn Fn(&SinkGauge) -> f64| {
        text.metric(name, kind, help);
        for sink in sinks {
            text.value(&[("sink", &sink.name)], value(sink));
        }
    };
    if sinks.is_empty() {
        return;
    }
    each("punchclock_sink_sent_total", "counter", "Days that a sink took from this process.", &|sink| {
        sink.meter.sent as f64
    });
    each("punchclock_sink_failures_total", "counter", "Attempts of this process that a sink did not take.", &|sink| {
        sink.meter.failed as f64
    });
    each("punchclock_sink_waiting", "gauge", "Days that wait to be sent to a sink.", &|sink| sink.waiting as f64);
    each("punchclock_sink_failed", "gauge", "Days that failed for good.", &|sink| sink.failed as f64);
    each("punchclock_sink_oldest_waiting_seconds", "gauge", "Age of the oldest that waits.", &|sink| {
        sink.oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0))
    });
    each("punchclock_sink_paused", "gauge", "1 for a sink that nothing is sent to.", &|sink| {
        f64::from(u8::from(sink.is_paused))
    });
}

/// What is told of each kind of jobs: counters of this process, and how it stands in the database.
fn of_jobs(text: &mut Text, kinds: &[KindRow]) {
    let mut each = |name: &'static str, kind: &str, help: &str, value: &dyn Fn(&KindRow) -> Option<f64>| {
        text.metric(name, kind, help);
        for row in kinds {
            if let Some(value) = value(row) {
                text.value(&[("kind", row.kind)], value);
            }
        }
    };
    each("punchclock_job_runs_total", "counter", "Attempts that this hub ended, well or not.", &|row| {
        Some(row.meter.runs as f64)
    });
    each("punchclock_job_failures_total", "counter", "Those of them that failed.", &|row| {
        Some(row.meter.failures as f64)
    });
    each("punchclock_job_run_seconds_total", "counter", "What all of them took together.", &|row| {
        Some(row.meter.took.as_secs_f64())
    });
    each("punchclock_job_takeovers_total", "counter", "Jobs taken from a hub whose lease had ended.", &|row| {
        Some(row.meter.takeovers as f64)
    });
    each("punchclock_job_last_success_timestamp_seconds", "gauge", "End of the last job that is done.", &|row| {
        row.last_done.map(|at| at.as_second() as f64)
    });
    each("punchclock_job_queue_depth", "gauge", "Jobs that wait though they are due.", &|row| Some(row.overdue as f64));
    each("punchclock_job_running", "gauge", "Jobs that a hub holds.", &|row| Some(row.running as f64));
    each("punchclock_job_dead", "gauge", "Jobs that failed for good.", &|row| Some(row.dead as f64));
}

/// The text format, metric by metric.
#[derive(Default)]
struct Text {
    written: String,
    name: &'static str,
}

impl Text {
    fn metric(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        let _ = writeln!(self.written, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<_> = labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.written, "{}{labels} {value}", self.name);
    }
}
