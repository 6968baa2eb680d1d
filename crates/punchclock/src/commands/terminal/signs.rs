//! `terminal restart|voice`: signs that people in front of a terminal notice.

use edge::{Trouble, Visit};

use super::visit::{Target, note, runtime};
use crate::cli::terminal::Reach;
use crate::commands::Context;
use crate::show;

pub(super) fn restart(context: &Context, reach: &Reach) -> anyhow::Result<()> {
    let target = Target::of(context, reach)?;
    let serial = runtime()?.block_on(async {
        let Visit { client, address, serial } = target.begin().await?;
        let restarted = client.restart().await.map_err(|error| Trouble::of_talking(&address, error).into());
        target.named(restarted).map(|()| serial)
    })?;
    note(context, serial.as_deref(), "terminal.restart", "")?;
    Ok(show::line(format!("terminal {} restarts; it can be reached again in about a minute", target.label))?)
}

pub(super) fn voice(context: &Context, reach: &Reach, message: u32) -> anyhow::Result<()> {
    let target = Target::of(context, reach)?;
    target.visit(async |visit: &mut Visit| {
        Ok(visit.client.test_voice(message).await.map_err(|error| visit.trouble(error))?)
    })?;
    Ok(show::line(format!("terminal {} was asked to say message {message}", target.label))?)
}
