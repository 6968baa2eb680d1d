//! `terminal ...`: one file per subject.

mod clear_log;
mod clock;
mod command;
mod completeness;
mod discover;
mod info;
mod key;
mod poll;
mod registry;
mod shift;
mod signs;
mod sync;
mod templates;
mod test;
mod users;
mod visit;

use anyhow::bail;
use hub::Hub;
use hub::view::TerminalRow;

pub(super) use registry::first_zone;

use crate::cli::terminal::TerminalCommand;
use crate::commands::Context;

pub(super) fn run(context: &Context, command: TerminalCommand) -> anyhow::Result<()> {
    match command {
        TerminalCommand::Add(args) => registry::add(context, args),
        TerminalCommand::List => registry::list(context),
        TerminalCommand::Approve { terminal, zone } => registry::approve(context, &terminal, zone.as_deref()),
        TerminalCommand::Discover(args) => discover::run(context, &args),
        TerminalCommand::Test { terminal, way, .. } => test::run(context, terminal.as_deref(), &way),
        TerminalCommand::Info(reach) => info::run(context, &reach),
        TerminalCommand::Users(args) => users::run(context, &args),
        TerminalCommand::Sync(args) => sync::run(context, &args),
        TerminalCommand::Time { reach, set } => clock::run(context, &reach, set),
        TerminalCommand::Shift(args) => shift::run(context, &args),
        TerminalCommand::Poll { terminal, since, way } => poll::run(context, terminal.as_deref(), since, &way),
        TerminalCommand::Completeness(args) => completeness::run(context, &args),
        TerminalCommand::Restart(reach) => signs::restart(context, &reach),
        TerminalCommand::Voice { reach, message } => signs::voice(context, &reach, message),
        TerminalCommand::CopyTemplates(args) => templates::copy(context, &args),
        TerminalCommand::ClearLog { terminal, yes, way } => clear_log::run(context, &terminal, yes, &way),
        TerminalCommand::Command(args) => command::ask(context, args),
        TerminalCommand::Commands(args) => command::list(context, &args),
    }
}

/// A terminal by name or serial.
pub(super) fn find(hub: &Hub, wanted: &str) -> anyhow::Result<TerminalRow> {
    let mut found: Vec<TerminalRow> =
        hub.terminals()?.into_iter().filter(|row| row.serial == wanted || row.name == wanted).collect();
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => bail!("several terminals are called {wanted}; give the serial"),
        (None, _) => bail!("there is no terminal {wanted}; `punchclock terminal list` shows those there are"),
    }
}
