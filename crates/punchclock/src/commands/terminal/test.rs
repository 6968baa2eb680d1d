//! `terminal test`: can it be reached and read?

use anyhow::bail;
use edge::Visit;
use serde_json::{Value, json};

use super::visit::Target;
use crate::cli::terminal::Way;
use crate::commands::Context;
use crate::show;

pub(super) fn run(context: &Context, one: Option<&str>, way: &Way) -> anyhow::Result<()> {
    let targets = match one {
        Some(wanted) => vec![Target::called(context, wanted, way)?],
        None => {
            let hub = context.hub()?;
            let with_address = hub.terminals()?.into_iter().filter(|row| row.address.is_some());
            with_address.map(|row| Target::registered(&hub, &row, way)).collect::<Result<_, _>>()?
        }
    };
    if targets.is_empty() {
        return Ok(show::line("no terminal has an address; nothing to test")?);
    }
    let mut failures = Vec::new();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for target in &targets {
        let (is_ok, says) = match ask(target) {
            Ok(says) => (true, says),
            Err(error) => {
                let says = format!("{error:#}");
                failures.push(error);
                (false, says)
            }
        };
        rows.push(vec![json!(target.label), json!(target.address), json!(is_ok), json!(says)]);
    }
    show::rows(context.is_json, &["terminal", "address", "ok", "says"], &rows)?;
    match (failures.pop(), failures.len()) {
        (None, _) => Ok(()),
        (Some(error), 0) if targets.len() == 1 => Err(error),
        (Some(_), others) => {
            bail!("{} of {} terminals can't be read; the table says why, and the cure", others + 1, targets.len())
        }
    }
}

fn ask(target: &Target) -> anyhow::Result<String> {
    target.visit(async |visit: &mut Visit| {
        let sizes = visit.client.sizes().await.map_err(|error| visit.trouble(error))?;
        let or_unknown = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
        let records = or_unknown(sizes.attendance.map(|records| records.to_string()));
        Ok(format!("serial {}, {records} records", or_unknown(visit.serial.clone())))
    })
}
