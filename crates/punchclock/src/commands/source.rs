//! `source`.

use anyhow::bail;
use hub::{HolidaySettings, SourceSettings, SourceState};
use serde_json::json;

use crate::chance::now;
use crate::cli::source::{AddHolidays, AddSource, SourceCommand};
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: SourceCommand) -> anyhow::Result<()> {
    let actor = console();
    match command {
        SourceCommand::Add(AddSource::Holidays(args)) => add_holidays(context, args),
        SourceCommand::List => list(context),
        SourceCommand::Test { name } => {
            let says = context.hub()?.test_source(&name, now())?;
            Ok(show::line(format!("source {name}: {says}"))?)
        }
        SourceCommand::Pull { name } => pull(context, &name),
        SourceCommand::Pause { name } => {
            context.hub()?.pause_source(&actor, &name, true, now())?;
            Ok(show::line(format!("nothing is read from source {name} until `punchclock source resume {name}`"))?)
        }
        SourceCommand::Resume { name } => {
            context.hub()?.pause_source(&actor, &name, false, now())?;
            Ok(show::line(format!(
                "source {name} goes on; the next `pull` reads it, `punchclock source pull {name}` at once"
            ))?)
        }
        SourceCommand::Remove { name, yes } => {
            if !yes {
                bail!("source {name} would be forgotten; what it brought stays. Say --yes, or pause it");
            }
            context.hub()?.remove_source(&actor, &name, now())?;
            Ok(show::line(format!("source {name} is removed; what it brought stays"))?)
        }
    }
}

fn add_holidays(context: &Context, args: AddHolidays) -> anyhow::Result<()> {
    let hub = context.home.hub()?;
    let this_year = now().to_zoned(hub.company()?.time_zone()?).year();
    let settings = HolidaySettings {
        url: args.url,
        country: args.country,
        region: args.region,
        from_year: args.from_year.unwrap_or(this_year),
        allow_private: args.allow_private,
    };
    let name = &args.name;
    hub.add_source(&console(), name, &SourceSettings::Holidays(settings), now())?;
    Ok(show::line(format!(
        "source {name} is read once a day by a running server; `punchclock source test {name}` asks whether it is there, \
         `punchclock source pull {name}` reads it now"
    ))?)
}

fn list(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let header = ["name", "kind", "place", "state", "down since", "read", "tried", "says"];
    let rows = hub.sources()?.into_iter().map(|row| {
        let at = |at: Option<jiff::Timestamp>| json!(at.map(|at| show::instant(at, &zone)));
        let (down, read, tried) = (at(row.down), at(row.read), at(row.tried));
        let (kind, place, state) = (json!(row.settings.kind()), json!(row.settings.place()), json!(row.state.word()));
        vec![json!(row.name), kind, place, state, down, read, tried, json!(row.says)]
    });
    Ok(show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?)
}

fn pull(context: &Context, name: &str) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let says = hub.read_source(name, &now)?;
    let row = hub.source(name)?;
    if context.is_json {
        show::json(&json!({ "source": name, "state": row.state.word(), "says": says }))?;
    } else {
        show::line(format!("source {name}: {says}"))?;
    }
    match row.state {
        SourceState::Down => bail!(
            "source {name} does not answer as it should: {}; what is known stays, and a running server asks it again",
            row.says
        ),
        _ => Ok(()),
    }
}
