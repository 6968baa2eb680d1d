//! `terminal clear-log`: erases a terminal's log, when the hub holds every record of it.

use anyhow::bail;
use edge::Visit;

use super::find;
use super::visit::{Target, note};
use crate::cli::terminal::Way;
use crate::commands::Context;
use crate::show;

pub(super) fn run(context: &Context, wanted: &str, yes: bool, way: &Way) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let row = find(&hub, wanted)?;
    if !row.approved {
        bail!("terminal {} is not approved; `punchclock terminal approve {}` first", row.name, row.serial);
    }
    let target = Target::registered(&hub, &row, way)?;
    let told = target.visit(async |visit: &mut Visit| {
        let proof = edge::prove_held(visit, &row.serial, |punches| hub.holds(punches)).await?;
        let records = proof.records();
        if records == 0 {
            return Ok("its log is empty".to_owned());
        }
        if !yes {
            return Ok(format!("all {records} records are stored here; --yes erases them on the terminal"));
        }
        // First: what can't be written down is not done.
        let deed = "terminal.clear_log";
        note(context, Some(&row.serial), deed, &format!("{records} records, all of which are stored here"))?;
        if let Err(error) = visit.client.clear_attendance(proof).await {
            note(context, Some(&row.serial), deed, &format!("failed: {error}"))?;
            return Err(visit.trouble(error).into());
        }
        Ok(format!("{records} records were erased on the terminal; all of them are stored here"))
    })?;
    Ok(show::line(format!("terminal {}: {told}", row.name))?)
}
