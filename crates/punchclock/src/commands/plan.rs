//! `plan generate|show`.

use hub::{PlanReport, PlanRow, Tally, Whose};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::chance::now;
use crate::cli::plan::{Plan, Span, WhoseArgs};
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show::{self, Form};

pub(super) fn run(context: &Context, command: Plan) -> anyhow::Result<()> {
    match command {
        Plan::Generate(args) => generate(context, &args),
        Plan::Show { whose, from, to } => {
            let dates = (from.unwrap_or(Date::constant(1, 1, 1)), to.unwrap_or(Date::constant(9999, 12, 31)));
            let rows = context.hub()?.plan(&self::whose(&whose), dates)?;
            let form = Form::of(context.is_json, whose.csv);
            if rows.is_empty() && form == Form::Table {
                return Ok(show::line("nothing is planned there; `punchclock plan generate` does it")?);
            }
            show_days(form, &rows)
        }
    }
}

/// Whose days a command is about.
pub(super) fn whose(args: &WhoseArgs) -> Whose {
    Whose { employee: args.employee.clone(), group: args.group.clone() }
}

fn generate(context: &Context, args: &Span) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let progress = Progress::start("planning");
    let report = hub.generate_plan(&console(), &whose(&args.whose), (args.from, args.to), now(), |done, all| {
        progress.say(format!("planning: {done} of {all} employees are done"));
    })?;
    drop(progress);
    match Form::of(context.is_json, args.whose.csv) {
        Form::Json => show::json(&told(&report)),
        form => {
            let mut header = vec!["employee", "name"];
            header.extend(report.total.named().map(|(name, _)| name));
            let row = |code: &str, name: &str, tally: &Tally| {
                [json!(code), json!(name)].into_iter().chain(tally.named().map(|(_, figure)| json!(figure))).collect()
            };
            let mut rows: Vec<Vec<Value>> =
                report.people.iter().map(|(code, name, tally)| row(code, name, tally)).collect();
            if form == Form::Csv {
                return Ok(show::rows_as(form, &header, &rows)?);
            }
            rows.push(row("total", "", &report.total));
            show::rows_as(form, &header, &rows)?;
            remarks(&report)?;
            let total = &report.total;
            Ok(show::line(format!(
                "{} days of {} employees: {} new, {} changed, {} unchanged, {} removed",
                total.new + total.changed + total.unchanged,
                report.people.len(),
                total.new,
                total.changed,
                total.unchanged,
                total.removed
            ))?)
        }
    }
}

fn told(report: &PlanReport) -> Value {
    let people = report.people.iter().map(|(code, name, tally)| {
        let mut person = figures(tally);
        person.insert("employee".to_owned(), json!(code));
        person.insert("name".to_owned(), json!(name));
        Value::Object(person)
    });
    let conflicts = report.remarks.iter().filter_map(|row| {
        let conflict = row.day.conflict?;
        Some(json!({"employee": row.code, "date": row.day.date, "conflict": conflict, "text": conflict.to_string()}))
    });
    let missing = report.remarks.iter().filter(|row| row.day.is_missing());
    let missing = missing.map(|row| json!({"employee": row.code, "date": row.day.date}));
    json!({
        "total": figures(&report.total),
        "employees": people.collect::<Vec<_>>(),
        "conflicts": conflicts.collect::<Vec<_>>(),
        "without_plan": missing.collect::<Vec<_>>(),
    })
}

fn figures(tally: &Tally) -> Map<String, Value> {
    tally.named().into_iter().map(|(name, figure)| (name.replace(' ', "_"), json!(figure))).collect()
}

/// The conflicts one by one, the dates that nobody planned as ranges.
fn remarks(report: &PlanReport) -> anyhow::Result<()> {
    for row in &report.remarks {
        if let Some(conflict) = row.day.conflict {
            show::line(format!("conflict: employee {}, {}: {conflict}", row.code, row.day.date))?;
        }
    }
    let missing: Vec<&PlanRow> = report.remarks.iter().filter(|row| row.day.is_missing()).collect();
    let follows = |one: &&PlanRow, next: &&PlanRow| {
        one.code == next.code && one.day.date.tomorrow().is_ok_and(|date| date == next.day.date)
    };
    for run in missing.chunk_by(follows) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let dates = match first.day.date == last.day.date {
            true => first.day.date.to_string(),
            false => format!("{} to {}", first.day.date, last.day.date),
        };
        show::line(format!("without plan: employee {}, {dates}", first.code))?;
    }
    Ok(())
}

fn show_days(form: Form, rows: &[PlanRow]) -> anyhow::Result<()> {
    let header = [
        "employee",
        "name",
        "date",
        "kind",
        "shift",
        "start",
        "end",
        "scheduled minutes",
        "leave minutes",
        "offsite minutes",
        "required minutes",
        "conflict",
    ];
    let rows: Vec<Vec<Value>> = rows.iter().map(row).collect();
    Ok(show::rows_as(form, &header, &rows)?)
}

fn row(row: &PlanRow) -> Vec<Value> {
    let day = &row.day;
    let at = |second: Option<i64>| {
        let instant = second.and_then(|second| Timestamp::from_second(second).ok());
        instant.map(|instant| instant.to_zoned(row.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string())
    };
    vec![
        json!(row.code),
        json!(row.name),
        json!(day.date),
        json!(day.kind),
        json!(day.shift),
        json!(at(day.start)),
        json!(at(day.end)),
        json!(day.scheduled_minutes),
        json!(day.leave_minutes),
        json!(day.offsite_minutes),
        json!(day.required_minutes),
        json!(day.conflict.map(|conflict| conflict.to_string())),
    ]
}
