//! `source`.

use std::path::Path;

use anyhow::{Context as _, bail};
use hub::{
    HolidaySettings, Hub, MssqlSettings, OdooSourceSettings, SourceSettings, SourceState, TableRead, TableReading,
};
use jiff::civil::{Date, DateTime, date};
use serde_json::json;

use crate::chance::now;
use crate::cli::source::{AddHolidays, AddMssql, AddOdoo, AddSource, MssqlTable, Pull, SourceCommand};
use crate::commands::export::write_out;
use crate::commands::row_report::RowReport;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show::Form;
use crate::{show, tables};

pub(super) fn run(context: &Context, command: SourceCommand) -> anyhow::Result<()> {
    let actor = console();
    match command {
        SourceCommand::Add(AddSource::Holidays(args)) => add_holidays(context, args),
        SourceCommand::Add(AddSource::Mssql(args)) => add_mssql(context, &args),
        SourceCommand::Add(AddSource::Odoo(args)) => add_odoo(context, args),
        SourceCommand::List => list(context),
        SourceCommand::Test { name } => {
            let says = context.hub()?.test_source(&name, tables::open, now())?;
            Ok(show::line(format!("source {name}: {says}"))?)
        }
        SourceCommand::Pull(args @ Pull { csv: None, .. }) => pull(context, &args),
        SourceCommand::Pull(Pull { name, csv: Some(file), from, to, .. }) => {
            let (settings, password) = context.hub()?.table_access(&name)?;
            write_csv((&settings, &password), (from.or(settings.first), to), (file.as_path(), name.as_str()))
        }
        SourceCommand::Copy(args) => {
            let (settings, password) = (settings_of(&args.table)?, password_of(&args.table)?);
            write_csv((&settings, &password), (Some(args.from), args.to), (args.csv.as_path(), "NAME"))
        }
        SourceCommand::Compare { name, from, to, csv } => compare(context, &name, (from, to), csv),
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
    hub.add_source(&console(), name, &SourceSettings::Holidays(settings), None, now())?;
    Ok(show::line(format!(
        "source {name} is read once a day by a running server; `punchclock source test {name}` asks whether it is there, \
         `punchclock source pull {name}` reads it now"
    ))?)
}

fn add_mssql(context: &Context, args: &AddMssql) -> anyhow::Result<()> {
    let settings = MssqlSettings {
        row_types: args.row_types.clone(),
        groups: args.groups.clone(),
        create_employees: args.create_employees,
        first: args.first,
        ..settings_of(&args.table)?
    };
    let (name, password) = (&args.name, password_of(&args.table)?);
    let warning = settings.encryption()?.warning();
    let settings = SourceSettings::Mssql(Box::new(settings));
    let hub = context.home.hub()?;
    hub.add_source(&console(), name, &settings, Some(&password), now())?;
    // A server that is not there yet is told of by `source test`.
    let may_write = hub.look_at_rights(name, tables::open).ok().flatten();
    for warning in warning.map(str::to_owned).into_iter().chain(may_write) {
        eprintln!("punchclock: source {name}: WARNING: {warning}");
    }
    Ok(show::line(format!(
        "source {name} is read every 15 minutes by a running server; `punchclock source test {name}` asks whether it is there and \
         what the login may do, `punchclock source pull {name}` reads it now"
    ))?)
}

fn add_odoo(context: &Context, args: AddOdoo) -> anyhow::Result<()> {
    let hub = context.home.hub()?;
    let this_year = now().to_zoned(hub.company()?.time_zone()?).year();
    let (name, key) = (&args.name, secret_of(&args.key_file, "the API key")?);
    let settings = OdooSourceSettings {
        url: args.url,
        database: args.db_name,
        user: args.user,
        employee_field: args.employee_field,
        holidays: args.holidays,
        leave: args.leave,
        employees: args.employees,
        leave_types: args.leave_types.into_iter().collect(),
        first: args.first.unwrap_or(date(this_year, 1, 1)),
        allow_private: args.allow_private,
    };
    hub.add_source(&console(), name, &SourceSettings::Odoo(Box::new(settings)), Some(&key), now())?;
    Ok(show::line(format!(
        "source {name} is read every 15 minutes by a running server; `punchclock source test {name}` asks what the login may read and \
         what is missing, `punchclock source pull {name}` reads it now"
    ))?)
}

/// The settings of a table, without what only a hub needs.
fn settings_of(args: &MssqlTable) -> anyhow::Result<MssqlSettings> {
    let text = |file: &Path| std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()));
    Ok(MssqlSettings {
        address: args.address.clone(),
        database: args.db_name.clone(),
        user: args.user.clone(),
        encryption: args.encryption.clone(),
        ca: args.ca_file.as_deref().map(text).transpose()?,
        trusts_any: args.trust_any_certificate,
        allow_private: args.allow_private,
        preset: args.preset.clone(),
        table: args.table.clone(),
        query: args.query_file.as_deref().map(text).transpose()?,
        columns: args.columns.clone(),
        key_kind: args.key_kind.clone(),
        codes: args.codes,
        zone: args.zone.clone(),
        row_types: Vec::new(),
        groups: Vec::new(),
        create_employees: false,
        first: None,
    })
}

fn password_of(args: &MssqlTable) -> anyhow::Result<String> {
    secret_of(&args.password_file, "the password")
}

/// A password may have blanks in it; the end of its line is no part of it.
fn secret_of(file: &Path, what: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => bail!("{} must hold {what}", file.display()),
        secret => Ok(secret.to_owned()),
    }
}

fn write_csv(
    (settings, password): (&MssqlSettings, &str),
    range: (Option<Date>, Option<Date>),
    (file, source): (&Path, &str),
) -> anyhow::Result<()> {
    let mut table = tables::open(settings, password).map_err(anyhow::Error::msg)?;
    let written = write_out(Some(file), |out| Ok(hub::table_csv(settings, table.as_mut(), range, out)?))?;
    for line in written.reasons.lines(usize::MAX) {
        eprintln!("punchclock: to be {line}");
    }
    let (punches, unreadable) = (written.punches, written.unreadable);
    let range = match range {
        (None, None) => String::new(),
        (Some(from), None) => format!(" from {from} on"),
        (None, Some(to)) => format!(" until {to}"),
        (Some(from), Some(to)) => format!(" of {from} to {to}"),
    };
    let file = file.display();
    show::line(format!(
        "{file} has {punches} punches{range}; rows in it that can't be read, and will be held: {unreadable}"
    ))?;
    let only = |flag: &str, names: &[String]| match names.join(",") {
        names if names.is_empty() => String::new(),
        names => format!(" --{flag} '{names}'"),
    };
    let wanted = only("types", &settings.row_types) + &only("groups", &settings.groups);
    let creates = if settings.create_employees { " --create-employees" } else { "" };
    Ok(show::line(format!(
        "`punchclock import csv {file} --kind punches --source {source}{wanted}{creates}` makes the same punches of it as reading the table"
    ))?)
}

fn compare(context: &Context, name: &str, range: (Date, Date), is_csv: bool) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let mut table = hub.open_table(name, tables::open)?;
    let found = hub.compare_table(name, table.as_mut(), range)?;
    let times = |times: &[DateTime]| times.iter().map(|at| at.time().to_string()).collect::<Vec<_>>().join(" ");
    let header = ["employee", "date", "differs", "only there", "only here"];
    let rows = found.differences.iter().map(|day| {
        let (there, here) = (json!(times(&day.there)), json!(times(&day.here)));
        vec![json!(day.employee), json!(day.date), json!(day.differs.word()), there, here]
    });
    show::rows_as(Form::of(context.is_json, is_csv), &header, &rows.collect::<Vec<_>>())?;
    if found.is_by_minute {
        eprintln!("punchclock: source {name} has whole minutes only: times within a minute count as the same");
    }
    if !context.is_json && !is_csv {
        let (days, same, unreadable) = (found.days, found.same, found.unreadable);
        show::line(format!("{days} days compared, {same} the same, {unreadable} rows could not be read"))?;
    }
    Ok(())
}

fn list(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let header = [
        "name",
        "kind",
        "place",
        "state",
        "down since",
        "read",
        "tried",
        "says",
        "warning",
        "held or refused",
        "held or refused at",
    ];
    let rows = hub.sources()?.into_iter().map(|row| {
        let at = |at: Option<jiff::Timestamp>| json!(at.map(|at| show::instant(at, &zone)));
        let (down, read, tried) = (at(row.down), at(row.read), at(row.tried));
        let (kind, place, state) = (json!(row.settings.kind()), json!(row.settings.place()), json!(row.state.word()));
        let (warning, says) = (json!(row.notes.warning), json!(row.says));
        let (reasons, reasons_at) = (json!(row.notes.reasons.join("; ")), at(row.notes.reasons_at));
        vec![json!(row.name), kind, place, state, down, read, tried, says, warning, reasons, reasons_at]
    });
    Ok(show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?)
}

fn pull(context: &Context, args: &Pull) -> anyhow::Result<()> {
    let (hub, name) = (context.hub()?, &args.name);
    let note = || hub.note_reading(&console(), name, now());
    let (says, is_away) = match hub.source(name)?.settings {
        SourceSettings::Mssql(_) => {
            if !args.dry_run {
                note()?;
            }
            let read = pull_table(&hub, args)?;
            (read.words(), read.trouble.is_some())
        }
        _ if args.report.is_some() || args.dry_run => {
            bail!("--report and --dry-run are for tables of punches, and source {name} is none")
        }
        _ => {
            note()?;
            let says = hub.read_source(name, tables::open, &now, &|| false)?;
            (says, hub.source(name)?.state == SourceState::Down)
        }
    };
    if context.is_json {
        let state = hub.source(name)?.state.word();
        show::json(&json!({ "source": name, "state": state, "says": says, "dry_run": args.dry_run }))?;
    } else {
        show::line(format!("source {name}: {says}"))?;
        if args.dry_run {
            show::line("dry run: nothing was changed")?;
        }
    }
    if is_away {
        bail!(
            "source {name} does not answer as it should: {says}; what is known stays, and a running server asks it again"
        );
    }
    Ok(())
}

fn pull_table(hub: &Hub, args: &Pull) -> anyhow::Result<TableRead> {
    let mut report = RowReport::new(args.report.as_deref())?;
    let mut table = hub.open_table(&args.name, tables::open)?;
    let progress = Progress::start("reading punches");
    let how = TableReading {
        clock: &now,
        is_over: &|| false,
        told: &mut |part, counts| {
            report.add(part);
            progress.say(counts.to_string());
        },
        is_dry_run: args.dry_run,
    };
    let read = hub.read_table(&args.name, table.as_mut(), how)?;
    drop(progress);
    report.finish(args.dry_run)?;
    if let Some(warning) = &read.warning {
        eprintln!("punchclock: source {}: WARNING: {warning}", args.name);
    }
    Ok(read)
}
