//! `derive`.

use hub::{Derived, Hub, Scope};
use jiff::Timestamp;

use crate::chance::now;
use crate::cli::Derive;
use crate::commands::Context;
use crate::commands::export::in_order;
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, args: Derive) -> anyhow::Result<()> {
    in_order(args.from, args.to)?;
    let hub = context.hub()?;
    let is_scoped = args.from.is_some() || args.to.is_some() || args.employee.is_some();
    let scope = Scope { from: args.from, to: args.to, employee: args.employee };
    if let Some(as_of) = args.as_of {
        let rows = hub.days_as_of(&scope, as_of, now())?;
        return Ok(hub::write_days(&rows, std::io::stdout().lock())?);
    }
    if is_scoped {
        hub.mark_scope(&scope, now())?;
    }
    let derived = derive_with_progress(&hub, now())?;
    if context.is_json {
        show::json(&serde_json::json!({"weeks": derived.weeks, "changed_days": derived.written}))
    } else {
        Ok(show::line(format!("looked at {} weeks, changed {} days", derived.weeks, derived.written))?)
    }
}

/// Derives all that waits.
pub(super) fn derive_with_progress(hub: &Hub, as_of: Timestamp) -> anyhow::Result<Derived> {
    let progress = Progress::start("deriving days");
    Ok(hub.derive_all(as_of, |so_far| {
        progress.say(format!("deriving days: {} weeks done, {} left", so_far.weeks, so_far.left));
    })?)
}
