//! `terminal completeness`: is everything here that terminals hold of each day?

use hub::CloseoutState;
use hub::view::CloseoutFilter;
use serde_json::json;

use super::find;
use crate::chance::now;
use crate::cli::terminal::{Completeness, DayState};
use crate::commands::Context;
use crate::commands::export::in_order;
use crate::show;

pub(super) fn run(context: &Context, args: &Completeness) -> anyhow::Result<()> {
    in_order(args.from, args.to)?;
    let hub = context.hub()?;
    let terminal = args.terminal.as_deref().map(|wanted| find(&hub, wanted)).transpose()?;
    let filter = CloseoutFilter {
        from: args.from,
        to: args.to,
        terminal: terminal.map(|terminal| terminal.serial),
        state: args.state.map(|state| match state {
            DayState::Broken => CloseoutState::Broken,
            DayState::Deferred => CloseoutState::Deferred,
            DayState::Open => CloseoutState::Open,
            DayState::Closed => CloseoutState::Closed,
        }),
        order: None,
    };
    let header = [
        "date",
        "terminal",
        "serial",
        "state",
        "on terminal",
        "in spool",
        "at hub",
        "missing",
        "read",
        "says",
        "missing punches",
    ];
    let rows = hub.closeouts(&filter, now())?.into_iter().map(|row| {
        vec![
            json!(row.date.to_string()),
            json!(row.terminal),
            json!(row.serial),
            json!(row.standing.state().word()),
            json!(row.on_terminal.map(|set| set.punches)),
            json!(row.in_spool),
            json!(row.at_hub.punches),
            json!(row.missing_count),
            json!(row.read.map(|read| show::instant(read, &row.zone))),
            json!(row.standing.to_string()),
            json!(row.missing_in_words().join(", ")),
        ]
    });
    Ok(show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?)
}
