//! `bank`.

use anyhow::Context as _;
use attendance::bank::{Event, Outcome};
use hub::{BankStatement, Hub};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::chance::now;
use crate::cli::payroll::BankArgs;
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, args: &BankArgs) -> anyhow::Result<()> {
    let hub = context.hub()?;
    derive_with_progress(&hub, now())?;
    state(&hub, args)?;
    let today = now().to_zoned(hub.company()?.time_zone()?).date();
    let until = args.until.unwrap_or(today);
    let bank = hub.bank(&args.employee, until, now())?;
    if context.is_json {
        return show::json(
            &json!({"employee": args.employee, "until": until, "events": bank.events, "statement": bank.statement}),
        );
    }
    print(&args.employee, until, &bank)
}

/// States a use or a cancellation, when one is asked for.
fn state(hub: &Hub, args: &BankArgs) -> anyhow::Result<()> {
    let (Some(date), Some(reason)) = (args.on, &args.reason) else { return Ok(()) };
    let event = match (args.used, &args.cancel) {
        (Some(minutes), _) => Event::Use { date, id: args.key.clone().unwrap_or_else(|| date.to_string()), minutes },
        (None, Some(key)) => Event::CancelUse { date, id: key.clone() },
        (None, None) => return Ok(()),
    };
    hub.use_bank(&console(), &args.employee, &event, reason, now()).map(drop).context("nothing was stated")
}

fn print(employee: &str, until: Date, bank: &BankStatement) -> anyhow::Result<()> {
    let rows: Vec<Vec<Value>> =
        bank.events.iter().zip(&bank.statement.results).map(|(event, outcome)| row(event, outcome)).collect();
    show::rows(false, &["date", "what", "minutes", "came of it"], &rows)?;
    show::line("")?;
    let lots: Vec<Vec<Value>> = bank
        .statement
        .lots
        .iter()
        .map(|lot| {
            let expires = lot.expires.map_or_else(|| "never".to_owned(), |date| date.to_string());
            vec![json!(lot.earned), json!(expires), json!(lot.minutes)]
        })
        .collect();
    if !lots.is_empty() {
        show::rows(false, &["earned", "last date", "minutes left"], &lots)?;
    }
    Ok(show::line(format!("employee {employee} has {} minutes at the end of {until}", bank.statement.balance_minutes))?)
}

fn row(event: &Event, outcome: &Outcome) -> Vec<Value> {
    let (what, minutes) = match event {
        Event::Earn { code, minutes, .. } => (format!("earned by {code}"), Some(*minutes)),
        Event::Use { id, minutes, .. } => (format!("use {id}"), Some(*minutes)),
        Event::CancelUse { id, .. } => (format!("use {id} cancelled"), None),
    };
    let outcome = match outcome {
        Outcome::Earned { credited, overflow: 0 } => format!("{credited} credited"),
        Outcome::Earned { credited, overflow } => format!("{credited} credited, {overflow} beyond the cap"),
        Outcome::Accepted => "done".to_owned(),
        Outcome::Refused(refusal) => format!("refused: {refusal}"),
        Outcome::Later => "after the date of this statement".to_owned(),
    };
    vec![json!(event.date()), json!(what), json!(minutes), json!(outcome)]
}
