//! `fact list|withdraw`.

use hub::{InForce, Stated, Whom};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::chance::now;
use crate::cli::payroll::{FactCommand, FactKind};
use crate::commands::derive::derive_with_progress;
use crate::commands::export::in_order;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: FactCommand) -> anyhow::Result<()> {
    match command {
        FactCommand::List { kind, from, to, employee } => list(context, kind, (from, to), employee),
        FactCommand::Withdraw { number, reason } => {
            let hub = context.hub()?;
            hub.withdraw(&console(), number, &reason, now())?;
            let derived = derive_with_progress(&hub, now())?;
            Ok(show::line(format!("statement {number} is withdrawn; {} days changed", derived.written))?)
        }
    }
}

fn list(
    context: &Context,
    kind: FactKind,
    (from, to): (Option<Date>, Option<Date>),
    employee: Option<String>,
) -> anyhow::Result<()> {
    in_order(from, to)?;
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let mut facts = hub.in_force(word(kind), from.unwrap_or(Date::MIN), to.unwrap_or(Date::MAX))?;
    if let Some(code) = employee {
        facts.retain(|fact| fact.whom == Whom::Employee(code.clone()));
    }
    let rows: Vec<Vec<Value>> = facts.iter().map(|fact| row(fact, &zone)).collect();
    if rows.is_empty() && !context.is_json {
        return Ok(show::line("nothing of this kind is in force")?);
    }
    Ok(show::rows(context.is_json, &["number", "whom", "from", "to", "what", "by", "at", "reason"], &rows)?)
}

fn row(fact: &InForce, zone: &jiff::tz::TimeZone) -> Vec<Value> {
    // The ends of time mean that there is no end.
    let date = |date: Date| json!(Some(date).filter(|date| (1..9999).contains(&date.year())));
    vec![
        json!(fact.number),
        json!(fact.whom.to_string()),
        date(fact.dates.0),
        date(fact.dates.1),
        json!(what(&fact.stated)),
        json!(fact.actor),
        json!(show::instant(fact.at, zone)),
        json!(fact.reason),
    ]
}

/// What is stated, but for its date.
fn what(stated: &Stated) -> String {
    let said = match stated {
        Stated::Assignment(one) => json!(one),
        Stated::Override(one) => json!(one.shift),
        Stated::Leave(one) => json!(one),
        Stated::Offsite(one) => json!(one),
        Stated::Holiday(one) => json!(one),
        Stated::Workday(one) => json!(one),
        Stated::Unavailable(prefix) => json!(prefix),
        Stated::ClockShift(shift) => json!(shift.to_string()),
        Stated::Merge(merge) => json!(format!("counts as {}", merge.into)),
        _ => Value::Null,
    };
    let Value::Object(fields) = said else { return said.as_str().unwrap_or_default().to_owned() };
    let known = ["date", "from", "to", "recorded_at"];
    let told = fields.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    told.map(|(name, value)| format!("{name} {}", plain(value))).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect::<Vec<_>>().join(" ")
        }
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn word(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Assignment => "assignment",
        FactKind::Override => "override",
        FactKind::Leave => "leave",
        FactKind::Offsite => "offsite",
        FactKind::Holiday => "holiday",
        FactKind::Workday => "workday",
        FactKind::Unavailable => "unavailable",
        FactKind::ClockShift => "clock_shift",
        FactKind::Merge => "merge",
    }
}
