//! `site ...` and `department ...`.

use crate::chance::now;
use crate::cli::place::{DepartmentCommand, SiteCommand};
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console, terminal};
use crate::show;

pub(super) fn site(context: &Context, command: SiteCommand) -> anyhow::Result<()> {
    let hub = context.hub()?;
    match command {
        SiteCommand::Leave { terminal, from } => {
            let serial = terminal::find(&hub, &terminal)?.serial;
            hub.leave_site(&console(), &serial, from, now())?;
            derive_with_progress(&hub, now())?;
            Ok(show::line(format!("terminal {serial} is at no site from {from} on"))?)
        }
        SiteCommand::Remove { code } => {
            hub.remove_site(&console(), &code, now())?;
            derive_with_progress(&hub, now())?;
            Ok(show::line(format!("site {code} is removed"))?)
        }
    }
}

pub(super) fn department(context: &Context, command: DepartmentCommand) -> anyhow::Result<()> {
    let DepartmentCommand::Remove { code } = command;
    context.hub()?.remove_department(&console(), &code, now())?;
    Ok(show::line(format!("department {code} is removed"))?)
}
