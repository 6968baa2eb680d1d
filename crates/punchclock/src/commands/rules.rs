//! `rules check|explain|preset|schema|try`.

use std::path::Path;

use anyhow::{Context as _, bail};
use attendance::bank::{self, Preset};
use attendance::golden::{Replay, ReplayOutcome};
use attendance::lock::Delta;
use attendance::trace::{Role, TracedPunch};
use attendance::{DayRecord, POLICY_PRESETS, PolicyFile};
use hub::{Change, Store};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::chance::now;
use crate::cli::Rules;
use crate::commands::Context;
use crate::commands::derive::derive_with_progress;
use crate::commands::export::in_order;
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, command: Rules) -> anyhow::Result<()> {
    match command {
        Rules::Check { file, only } => check(context, &file, &only),
        Rules::Explain { employee, date } => explain(context, &employee, date),
        Rules::Preset { name: None } => presets(context),
        Rules::Preset { name: Some(name) } => Ok(show::line(preset(&name)?.trim_end())?),
        Rules::Schema => Ok(show::json(&attendance::policy_schema())?),
        Rules::Try { policy, from, to, days } => try_policy(context, &policy, (from, to), days),
    }
}

fn check(context: &Context, file: &Path, only: &[char]) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let report = attendance::golden::check_with(&text, only, replay).with_context(|| file.display().to_string())?;
    if context.is_json {
        let failed: Vec<_> = report.failed.iter().map(|f| json!({"id": f.id, "what": f.what})).collect();
        let skipped: Vec<_> = report.skipped.iter().map(|s| json!({"id": s.id, "kind": s.kind})).collect();
        show::json(&json!({"passed": report.passed, "failed": failed, "skipped": skipped}))?;
    } else {
        for failure in &report.failed {
            show::line(format!("{}: {}", failure.id, failure.what))?;
        }
        for skipped in &report.skipped {
            show::line(format!("{}: skipped, kind `{}` is not supported yet", skipped.id, skipped.kind))?;
        }
        show::line(format!("{} passed, {} failed", report.passed, report.failed.len()))?;
    }
    if !report.failed.is_empty() {
        bail!("{} cases of {} failed", report.failed.len(), file.display());
    }
    Ok(())
}

/// Plays a case against a store of its own.
fn replay(case: &Replay) -> Result<Vec<ReplayOutcome>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("a folder for the store can't be made: {error}"))?;
    let store = Store::open(&folder.path().join("hub.sqlite")).map_err(|error| error.to_string())?;
    hub::golden::replay(store, case).map_err(|error| error.to_string())
}

fn explain(context: &Context, employee: &str, date: Date) -> anyhow::Result<()> {
    let hub = context.hub()?;
    derive_with_progress(&hub, now())?;
    let Some(day) = hub.day(employee, date, now())? else {
        bail!("there is no day {date} of employee {employee}; `punchclock export days` lists those there are");
    };
    if context.is_json {
        return show::json(&json!({"record": day.row.record, "trace": day.trace}));
    }
    let (zone, record) = (&day.row.zone, &day.row.record);
    let shift = record.shift.as_ref().map_or_else(|| "no timetable".to_owned(), |code| format!("timetable {code}"));
    show::line(format!(
        "{} ({}), {date}: {}, {}, {shift}",
        day.row.name, day.row.code, record.status, record.day_kind
    ))?;
    show::line("\npunches")?;
    for punch in &day.trace.punches {
        let said = day.punches.iter().find(|row| punch.id == Some(row.fingerprint));
        let terminal = said.map_or("added by hand", |row| &row.origin);
        show::line(format!("  {}  {:<16} {terminal}: {}", at(punch.at, zone), role(punch), punch.why))?;
    }
    if day.trace.punches.is_empty() {
        show::line("  none")?;
    }
    show::line("\nreasons")?;
    for reason in &day.trace.reasons {
        show::line(format!("  {:<24} {:>5}  {}", reason.figure, reason.minutes, reason.text))?;
    }
    Ok(())
}

fn presets(context: &Context) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for name in POLICY_PRESETS {
        let file = PolicyFile::preset(name)?;
        rows.push(vec![json!(name), json!("policy"), json!(file.title), json!(file.source)]);
    }
    for name in bank::PRESETS {
        let preset = Preset::named(name)?;
        rows.push(vec![json!(name), json!("bank"), json!(preset.title), json!(preset.source)]);
    }
    Ok(show::rows(context.is_json, &["preset", "kind", "title", "source"], &rows)?)
}

/// The text of a preset, of a policy or a bank.
fn preset(name: &str) -> anyhow::Result<&'static str> {
    let text = PolicyFile::preset_text(name).ok().or_else(|| Preset::text(name).ok());
    text.with_context(|| format!("there is no preset `{name}`; `punchclock rules preset` lists them"))
}

fn try_policy(context: &Context, file: &Path, dates: (Date, Date), each_day: bool) -> anyhow::Result<()> {
    in_order(Some(dates.0), Some(dates.1))?;
    let policy = policy_file(file)?.policy;
    let hub = context.hub()?;
    let progress = Progress::start("trying the policy");
    let trial =
        hub.try_policy(&policy, dates, now(), |done, all| progress.say(format!("{done} of {all} employees are done")))?;
    drop(progress);
    if each_day {
        let rows: Vec<Vec<Value>> = trial.days.iter().map(|(code, now, tried)| day_change(code, now, tried)).collect();
        return Ok(show::rows(context.is_json, &["employee", "date", "status", "tried status", "changes"], &rows)?);
    }
    let header = ["employee", "days", "changes", "tardy logs", "left early logs", "bank minutes"];
    let total = ("total".to_owned(), trial.total.clone());
    let rows: Vec<Vec<Value>> = trial
        .people
        .iter()
        .chain((!context.is_json).then_some(&total))
        .map(|(code, change)| row(code, change))
        .collect();
    show::rows(context.is_json, &header, &rows)?;
    if !context.is_json {
        show::line(format!("{} of {} days would change; nothing was changed", trial.total.days, trial.looked_at))?;
    }
    Ok(())
}

/// Reads a policy file: JSON by its name, TOML otherwise.
pub(super) fn policy_file(file: &Path) -> anyhow::Result<PolicyFile> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let policy = if is_json { PolicyFile::from_json(&text) } else { PolicyFile::from_toml(&text) };
    policy.with_context(|| format!("{} is no policy", file.display()))
}

fn row(code: &str, change: &Change) -> Vec<Value> {
    let Change { days, delta, tardy_logs, left_early_logs, bank_minutes } = change;
    vec![
        json!(code),
        json!(days),
        json!(show::delta(delta)),
        json!(tardy_logs),
        json!(left_early_logs),
        json!(bank_minutes),
    ]
}

fn day_change(code: &str, now: &DayRecord, tried: &DayRecord) -> Vec<Value> {
    let delta = show::delta(&Delta::between(Some(now), Some(tried)));
    let changes = if delta.is_empty() { "figures that are not paid or judged".to_owned() } else { delta };
    vec![json!(code), json!(now.date), json!(now.status), json!(tried.status), json!(changes)]
}

fn at(seconds: i64, zone: &TimeZone) -> String {
    show::instant(Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH), zone)
}

fn role(punch: &TracedPunch) -> &'static str {
    match punch.role {
        Role::Arrival => "arrival",
        Role::Departure => "departure",
        Role::BreakStart => "break starts",
        Role::BreakEnd => "break ends",
        Role::OrphanArrival => "arrival, alone",
        Role::OrphanDeparture => "departure, alone",
        Role::Undetermined => "no direction",
        Role::Pending => "not judged yet",
        Role::Between | Role::Repeat | Role::Voided | Role::NotYetKnown => "ignored",
    }
}
