//! `derive`.

use hub::{Derived, Hub, Scope};
use jiff::Timestamp;

use crate::chance::now;
use crate::cli::Derive;
use crate::commands::Context;
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, args: Derive) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let is_scoped = args.from.is_some() || args.to.is_some() || args.employee.is_some() || args.as_of.is_some();
    let as_of = args.as_of.unwrap_or_else(now);
    if is_scoped {
        hub.mark_scope(&Scope { from: args.from, to: args.to, employee: args.employee }, as_of)?;
    }
    let derived = derive_with_progress(&hub, as_of)?;
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
