//! `terminal shift`: a terminal's clock was wrong for a while.

use hub::{Became, ClockShift, ShiftPreview};
use serde_json::json;

use super::find;
use crate::chance::now;
use crate::cli::terminal::Shift;
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, args: &Shift) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let row = find(&hub, &args.terminal)?;
    let shift = ClockShift::of_span(args.from, args.to, args.by)?;
    let preview = hub.preview_shift(&row.serial, shift)?;
    let ShiftPreview { punches, held, days } = preview;
    if args.dry_run {
        return tell(context, &preview, None, || {
            format!("{}, {shift}: {punches} punches would move, on {days} days; {held} of them would be held", row.name)
        });
    }
    let (became, _) = hub.shift_clock(&console(), &row.serial, shift, &args.reason, now())?;
    if became == Became::Known {
        return Ok(show::line(format!("{}, {shift}: that is in force already", row.name))?);
    }
    let changed = derive_with_progress(&hub, now())?.written;
    tell(context, &preview, Some(changed), || {
        format!(
            "{}, {shift}: {punches} punches moved, {held} of them are held; {changed} days changed; `punchclock fact list clock-shift` shows how to take it back",
            row.name
        )
    })
}

fn tell(
    context: &Context,
    preview: &ShiftPreview,
    changed: Option<u64>,
    words: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    if !context.is_json {
        return Ok(show::line(words())?);
    }
    let ShiftPreview { punches, held, days } = preview;
    show::json(&json!({"punches": punches, "held": held, "days": days, "days_changed": changed}))
}
