//! `compliance`.

use std::collections::BTreeSet;

use attendance::compliance::{Coverage, Finding, ShiftClass, ShiftPeriod};
use hub::Compliance;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::chance::now;
use crate::cli::plan::ComplianceArgs;
use crate::commands::Context;
use crate::commands::derive::derive_with_progress;
use crate::commands::plan::whose;
use crate::progress::Progress;
use crate::show::{self, Form};

const COVERAGE: [&str; 6] = [
    "planned minutes",
    "covered minutes",
    "forgiven minutes",
    "missed minutes",
    "unverified minutes",
    "covered percent",
];

pub(super) fn run(context: &Context, ComplianceArgs { span, days }: &ComplianceArgs) -> anyhow::Result<()> {
    let hub = context.hub()?;
    // Nobody is judged by days that are behind their facts.
    derive_with_progress(&hub, now())?;
    let progress = Progress::start("checking");
    let people = hub.compliance(&whose(&span.whose), (span.from, span.to), now(), |done, all| {
        progress.say(format!("checking: {done} of {all} employees are done"));
    })?;
    drop(progress);
    match Form::of(context.is_json, span.whose.csv) {
        Form::Json => show::json(&people.iter().map(|one| person(one, *days)).collect::<Vec<_>>()),
        form if *days => by_day(form, &people),
        form => by_employee(form, &people),
    }
}

fn person(one: &Compliance, each_day: bool) -> Value {
    let mut person = json!({
        "employee": one.code,
        "name": one.name,
        "period": one.period,
        "covered_percent": one.period.coverage.percent(),
        "findings": one.findings,
    });
    if let (true, Value::Object(fields)) = (each_day, &mut person) {
        fields.insert("days".to_owned(), json!(one.days));
    }
    person
}

fn by_employee(form: Form, people: &[Compliance]) -> anyhow::Result<()> {
    let mut header = vec!["employee", "name"];
    header.extend(COVERAGE);
    header.extend(ShiftClass::ALL.map(ShiftClass::as_str));
    header.extend(["not judged", "findings"]);
    let row = |code: &str, name: &str, period: &ShiftPeriod, findings: usize| -> Vec<Value> {
        let mut cells = vec![json!(code), json!(name)];
        cells.extend(figures(&period.coverage));
        cells.extend(ShiftClass::ALL.map(|class| json!(period.days(class))));
        cells.extend([json!(period.open_days), json!(findings)]);
        cells
    };
    let mut rows: Vec<Vec<Value>> =
        people.iter().map(|one| row(&one.code, &one.name, &one.period, one.findings.len())).collect();
    if form == Form::Csv {
        return Ok(show::rows_as(form, &header, &rows)?);
    }
    let sum = people.iter().fold(ShiftPeriod::default(), |sum, one| sum.plus(&one.period));
    let findings = people.iter().map(|one| one.findings.len()).sum();
    rows.push(row("total", "", &sum, findings));
    show::rows_as(form, &header, &rows)?;
    for one in people {
        for finding in &one.findings {
            show::line(format!("employee {}, {}: {}", one.code, finding.date, told(finding)))?;
        }
    }
    Ok(())
}

/// The days that have a class, and those that a finding is reported on.
fn by_day(form: Form, people: &[Compliance]) -> anyhow::Result<()> {
    let mut header = vec!["employee", "name", "date", "class"];
    header.extend(COVERAGE);
    header.push("findings");
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for one in people {
        let dates = one.days.iter().map(|day| day.date).chain(one.findings.iter().map(|finding| finding.date));
        for date in dates.collect::<BTreeSet<Date>>() {
            let day = one.days.iter().find(|day| day.date == date);
            let mut cells = vec![json!(one.code), json!(one.name), json!(date), json!(day.map(|day| day.class))];
            match day {
                Some(day) => cells.extend(figures(&day.coverage)),
                None => cells.extend(COVERAGE.map(|_| Value::Null)),
            }
            let findings = one.findings.iter().filter(|finding| finding.date == date).map(told);
            cells.push(json!(findings.collect::<Vec<_>>().join("; ")));
            rows.push(cells);
        }
    }
    Ok(show::rows_as(form, &header, &rows)?)
}

fn figures(coverage: &Coverage) -> [Value; 6] {
    [
        json!(coverage.planned_minutes),
        json!(coverage.covered_minutes),
        json!(coverage.forgiven_minutes),
        json!(coverage.missed_minutes),
        json!(coverage.unverified_minutes),
        json!(coverage.percent()),
    ]
}

/// `max_day 660, limit 600`.
fn told(finding: &Finding) -> String {
    format!("{} {}, limit {}", finding.code, finding.actual, finding.limit)
}
