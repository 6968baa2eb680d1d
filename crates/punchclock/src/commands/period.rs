//! `period list|review|lock|unlock|post`.

use anyhow::bail;
use hub::{DeltaRow, Locking, PayReceipt};
use serde_json::{Value, json};

use crate::chance::now;
use crate::cli::payroll::Period;
use crate::commands::derive::derive_with_progress;
use crate::commands::export::in_order;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: Period) -> anyhow::Result<()> {
    let hub = context.hub()?;
    // Nobody locks days that are behind their facts.
    derive_with_progress(&hub, now())?;
    match command {
        Period::List => list(context, &hub),
        Period::Review { from, to } => {
            in_order(Some(from), Some(to))?;
            let open = hub.open_days((from, to))?;
            let deltas = hub.all_deltas((from, to))?;
            if context.is_json {
                let open: Vec<Value> =
                    open.iter().map(|(code, date)| json!({"employee": code, "date": date})).collect();
                let deltas: Vec<Value> = deltas
                    .iter()
                    .map(|row| json!({"employee": row.code, "date": row.date, "delta": row.delta, "posted_into": row.into}))
                    .collect();
                return show::json(&json!({"open": open, "deltas": deltas}));
            }
            for (code, date) in &open {
                show::line(format!(
                    "open: employee {code}, {date}; `punchclock rules explain {code} {date}` says why"
                ))?;
            }
            for row in &deltas {
                let what = row.into.map_or_else(|| "too late".to_owned(), |into| format!("posted into {into}"));
                show::line(format!("{what}: {}", told(row)))?;
            }
            let waiting = deltas.iter().filter(|row| row.into.is_none()).count();
            Ok(show::line(format!(
                "{} days are not judged or incomplete; of {waiting} locked days something waits to be posted",
                open.len()
            ))?)
        }
        Period::Lock { from, to, force } => match hub.lock(&console(), (from, to), force.as_deref(), now())? {
            Locking::Locked => Ok(show::line(format!("{from} to {to} is locked"))?),
            Locking::Refused(open) => {
                for (code, date) in &open {
                    eprintln!("employee {code}, {date}: not judged or incomplete");
                }
                bail!(
                    "{from} to {to} was not locked: {} days are open; complete them (`punchclock correct`), or use --force REASON",
                    open.len()
                )
            }
        },
        Period::Unlock { from, to, reason } => {
            hub.unlock(&console(), (from, to), &reason, now())?;
            let derived = derive_with_progress(&hub, now())?;
            Ok(show::line(format!("{from} to {to} is open again; {} days changed", derived.written))?)
        }
        Period::Post { into } => {
            let posted = hub.post_deltas(&console(), into, now())?;
            Ok(show::line(format!("{posted} deltas of locked days are posted into {into}"))?)
        }
    }
}

fn list(context: &Context, hub: &hub::Hub) -> anyhow::Result<()> {
    let zone = hub.company()?.time_zone()?;
    let (receipts, targets) = (hub.pay_receipts()?, hub.pay_targets()?);
    let rows = hub.locked_periods()?.into_iter().map(|period| {
        let of_lock =
            |receipt: &&PayReceipt| receipt.dates == period.dates && receipt.locked_us == period.at.as_microsecond();
        let mut delivered: Vec<String> = receipts
            .iter()
            .filter(of_lock)
            .map(|receipt| format!("{} has {} ({} rows)", receipt.target, receipt.file, receipt.rows))
            .collect();
        let waiting =
            targets.iter().filter(|target| !target.awaits(std::slice::from_ref(&period), &receipts).is_empty());
        delivered.extend(waiting.map(|target| format!("{} does not have it yet", target.name)));
        vec![
            json!(period.dates.0),
            json!(period.dates.1),
            json!(show::instant(period.at, &zone)),
            json!(period.actor),
            json!(period.reason),
            json!(delivered.join("; ")),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() && !context.is_json {
        return Ok(show::line("no period is locked")?);
    }
    Ok(show::rows(context.is_json, &["from", "to", "locked at", "by", "forced because", "delivered"], &rows)?)
}

fn told(row: &DeltaRow) -> String {
    format!("employee {}, {}: {}", row.code, row.date, show::delta(&row.delta))
}
