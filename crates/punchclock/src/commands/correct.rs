//! `correct add-punch|void|excuse|credit|approve|waive-break|revoke|list`.

use anyhow::Context as _;
use attendance::{Change, Excusable, PunchState};
use serde_json::json;

use crate::chance::now;
use crate::cli::payroll::{Correct, ExcuseWord, PunchWord};
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: Correct) -> anyhow::Result<()> {
    let (employee, change, reason) = match command {
        Correct::List { employee } => return list(context, employee.as_deref()),
        Correct::AddPunch { employee, at, state, work_date, reason } => {
            let state = state.map_or(PunchState::Unknown, |word| match word {
                PunchWord::In => PunchState::In,
                PunchWord::Out => PunchState::Out,
                PunchWord::BreakOut => PunchState::BreakOut,
                PunchWord::BreakIn => PunchState::BreakIn,
            });
            (employee, Change::AddPunch { at: at.as_second(), state, work_date }, reason)
        }
        Correct::Void { employee, punch, reason } => {
            let target = punch.parse().ok().with_context(|| {
                format!("`{punch}` is no key of a punch; `punchclock export punches` has it in column fingerprint")
            })?;
            (employee, Change::VoidPunch { target }, reason)
        }
        Correct::Excuse { employee, date, what, reason } => {
            let what = what.into_iter().map(|word| match word {
                ExcuseWord::Tardy => Excusable::Tardy,
                ExcuseWord::LeftEarly => Excusable::LeftEarly,
                ExcuseWord::Away => Excusable::Away,
                ExcuseWord::Absence => Excusable::Absence,
            });
            (employee, Change::Excuse { date, what: what.collect() }, reason)
        }
        Correct::Credit { employee, date, minutes, code, reason } => {
            (employee, Change::Credit { date, minutes, code: code.as_str().into() }, reason)
        }
        Correct::Approve { employee, date, minutes, reason } => {
            (employee, Change::ApproveOvertime { date, minutes }, reason)
        }
        Correct::WaiveBreak { employee, date, reason } => (employee, Change::WaiveBreak { date }, reason),
        Correct::Revoke { employee, key, reason } => (employee, Change::Revoke { target: key }, reason),
    };
    let hub = context.hub()?;
    let key = hub.correct(&console(), &employee, &change, &reason, now())?;
    let derived = derive_with_progress(&hub, now())?;
    if context.is_json {
        return show::json(&json!({"key": key, "changed_days": derived.written}));
    }
    Ok(show::line(format!("correction {key} of employee {employee} is stated; {} days changed", derived.written))?)
}

fn list(context: &Context, employee: Option<&str>) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let header = ["employee", "key", "correction", "revoked", "by", "at", "reason"];
    let rows = hub.corrections(employee)?.into_iter().map(|one| {
        vec![
            json!(one.employee),
            json!(one.key),
            json!(told(&one.change, &zone)),
            json!(one.is_revoked),
            json!(one.actor),
            json!(show::instant(one.at, &zone)),
            json!(one.reason),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() && !context.is_json {
        return Ok(show::line("there are no corrections")?);
    }
    Ok(show::rows(context.is_json, &header, &rows)?)
}

fn told(change: &Change, zone: &jiff::tz::TimeZone) -> String {
    match change {
        Change::AddPunch { at, .. } => {
            let at = jiff::Timestamp::from_second(*at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            format!("punch added at {}", show::instant(at, zone))
        }
        Change::VoidPunch { target } => format!("punch {target} ignored"),
        Change::Excuse { date, what } => {
            let what: Vec<&str> = what.iter().map(|what| what.as_str()).collect();
            format!("{} of {date} excused", what.join(", ").replace('_', " "))
        }
        Change::ApproveOvertime { date, minutes } => format!("{minutes} minutes of overtime of {date} approved"),
        Change::WaiveBreak { date } => format!("no break deducted on {date}"),
        Change::Credit { date, minutes, code } => format!("{minutes} minutes of {code} added to {date}"),
        Change::Revoke { target } => format!("correction {target} cancelled"),
    }
}
