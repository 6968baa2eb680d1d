//! `sink` and `sync`.

use std::path::Path;

use anyhow::{Context as _, bail};
use hub::{DryRun, Hub, Mode, NewSink, ODOO, OdooSettings, SinkSettings, Which};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::chance::now;
use crate::cli::sink::{AddCrm, AddOdoo, AddSink, SinkCommand, Sync, SyncCommand, USUAL_NAME, USUAL_ODOO};
use crate::commands::by_hand::{self, Seen};
use crate::commands::{Context, console};
use crate::{show, sinks};

pub(super) fn run(context: &Context, command: SinkCommand) -> anyhow::Result<()> {
    let actor = console();
    match command {
        SinkCommand::Add(AddSink::Crm(args)) => add(context, &crm(&args)?),
        SinkCommand::Add(AddSink::Odoo(args)) => add(context, &odoo(&args)?),
        SinkCommand::List => list(context),
        SinkCommand::Test { name } => {
            let sink = open(&context.hub()?, &name)?;
            let says = sink.test().map_err(|why| anyhow::anyhow!("sink {name}: {why}"))?;
            Ok(show::line(format!("sink {name}: {says}"))?)
        }
        SinkCommand::Pause { name } => {
            context.hub()?.pause_sink(&actor, &name, true, now())?;
            Ok(show::line(format!("nothing is sent to sink {name} until `punchclock sink resume {name}`"))?)
        }
        SinkCommand::Resume { name } => {
            context.hub()?.pause_sink(&actor, &name, false, now())?;
            Ok(show::line(format!(
                "sink {name} goes on; the next `send` takes what waits, `punchclock sync crm` at once"
            ))?)
        }
        SinkCommand::Remove { name, yes } => {
            if !yes {
                bail!("sink {name} would be forgotten with its token and what it was told; say --yes, or pause it");
            }
            context.hub()?.remove_sink(&actor, &name, now())?;
            Ok(show::line(format!("sink {name} is removed"))?)
        }
    }
}

pub(super) fn sync(context: &Context, command: SyncCommand) -> anyhow::Result<()> {
    match command {
        SyncCommand::Crm(args) => send_or_show(context, &args, USUAL_NAME),
        SyncCommand::Odoo(args) => send_or_show(context, &args, USUAL_ODOO),
        SyncCommand::Status { state: None, .. } => list(context),
        SyncCommand::Status { state: Some(state), sink, limit } => {
            let hub = context.hub()?;
            let zone = hub.company()?.time_zone()?;
            let header = ["employee", "date", "state", "revision", "attempts", "tried", "sent", "receipt"];
            let rows = hub.sink_entries(&sink, state, limit)?.into_iter().map(|row| {
                let at = |at| instant(at, &zone);
                let (tried, sent, state) = (at(row.tried), at(row.sent), json!(row.state.word()));
                let figures = (json!(row.revision), json!(row.attempts));
                vec![json!(row.code), json!(row.date), state, figures.0, figures.1, tried, sent, json!(row.receipt)]
            });
            Ok(show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?)
        }
    }
}

fn crm(args: &AddCrm) -> anyhow::Result<NewSink> {
    let template = args.template_file.as_deref().map(json_of).transpose()?;
    Ok(NewSink {
        name: args.name.clone(),
        settings: SinkSettings {
            allow_private: args.allow_private,
            template,
            per_second: args.per_second,
            batch: args.batch,
            all_days: args.all_days,
            mode: args.mode,
            ..SinkSettings::new("crm", &args.url)
        },
        token: word_of(&args.token_file)?,
        signing_secret: args.signing_secret_file.as_deref().map(word_of).transpose()?,
    })
}

fn odoo(args: &AddOdoo) -> anyhow::Result<NewSink> {
    let odoo = OdooSettings {
        database: args.db_name.clone(),
        user: args.user.clone(),
        employee_field: args.employee_field.clone(),
    };
    Ok(NewSink {
        name: args.name.clone(),
        settings: SinkSettings {
            allow_private: args.allow_private,
            per_second: args.per_second,
            odoo: Some(odoo),
            ..SinkSettings::new(ODOO, &args.url)
        },
        token: word_of(&args.key_file)?,
        signing_secret: None,
    })
}

fn add(context: &Context, new: &NewSink) -> anyhow::Result<()> {
    // What a client can't be made of is refused before it is stored.
    sinks::open(new).map_err(anyhow::Error::msg)?;
    let turned = context.home.hub()?.add_sink(&console(), new, now())?;
    let (name, kind) = (&new.name, &new.settings.kind);
    match (turned, new.settings.mode) {
        (None, _) => {}
        (Some(days), Mode::Event) => show::line(format!("{days} days that waited are an event each, as they are now"))?,
        (Some(days), Mode::State) => {
            show::line(format!("events that waited are not sent; {days} days of them are told as they are now"))?;
        }
    }
    Ok(show::line(format!(
        "sink {name} is told of days that change from now on; `punchclock sink test {name}` asks whether it is there, \
         `punchclock sync {kind} --from DATE --sink {name}` tells it of earlier days"
    ))?)
}

fn list(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let header = ["name", "kind", "mode", "url", "waiting", "tried", "failed", "sent", "oldest waiting", "paused"];
    let rows = hub.sinks()?.into_iter().map(|row| {
        let counts = [row.waiting, row.tried, row.failed, row.sent].map(|count| json!(count));
        let [waiting, tried, failed, sent] = counts;
        let oldest = instant(row.oldest, &zone);
        let (kind, mode, url) =
            (json!(row.settings.kind), json!(row.settings.mode.word()), json!(row.settings.place()));
        vec![json!(row.name), kind, mode, url, waiting, tried, failed, sent, oldest, json!(row.paused)]
    });
    Ok(show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?)
}

fn send_or_show(context: &Context, args: &Sync, usual: &str) -> anyhow::Result<()> {
    let name = args.sink.as_deref().unwrap_or(usual);
    if args.dry_run { dry_run(context, args, name) } else { send(context, args, name) }
}

fn dry_run(context: &Context, args: &Sync, name: &str) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let sink = open(&hub, name)?;
    let dry_run = DryRun { queued: args.queued(), retries_failed: args.retry_failed, limit: args.limit };
    let letters = hub.would_deliver(name, sink.as_ref(), &dry_run, now())?;
    let rows = letters.into_iter().map(|letter| {
        let body = if context.is_json { letter.body } else { json!(letter.body.to_string()) };
        vec![json!(letter.date), json!(letter.revision), body]
    });
    Ok(show::rows(context.is_json, &["date", "revision", "body"], &rows.collect::<Vec<_>>())?)
}

fn send(context: &Context, args: &Sync, name: &str) -> anyhow::Result<()> {
    let (hub, actor) = (context.hub()?, console());
    // What no client can be made of is told at once.
    open(&hub, name)?;
    hub.derive_all(now(), |_| {})?;
    if let Some(which) = args.queued() {
        let queued = hub.queue_days(&actor, name, &which, now())?;
        tracing::debug!(queued, "days were put into the outbox");
    }
    if args.retry_failed {
        hub.requeue_failed(&actor, name, now())?;
    }
    let which = if args.retry_failed { Which::All } else { Which::New };
    let done = match by_hand::deliver(&hub, name, which, args.limit)? {
        Seen::Here(done) => done,
        Seen::Elsewhere(job) => {
            let (id, worker, outcome) = (job.id, job.worker, job.outcome);
            bail!("job {id} took too long here, and {worker} went on with it: {outcome}");
        }
    };
    if context.is_json {
        show::json(&json!({
            "sent": done.sent, "failed": done.failed, "refused": done.refused, "unchanged": done.in_step,
            "paused": done.paused, "says": done.says,
        }))?;
    } else {
        show::line(done.words())?;
    }
    match (&done.paused, done.failed + done.refused) {
        (Some(why), _) => bail!("sink {name} is paused: {why}; cure that, then `punchclock sink resume {name}`"),
        (None, 0) => Ok(()),
        (None, some) => bail!(
            "{some} records did not go; `punchclock sync status --sink {name} --state waiting` (or failed) says why"
        ),
    }
}

fn open(hub: &Hub, name: &str) -> anyhow::Result<Box<dyn hub::Sink>> {
    sinks::open(&hub.sink_access(name)?).map_err(anyhow::Error::msg)
}

fn instant(at: Option<jiff::Timestamp>, zone: &TimeZone) -> Value {
    json!(at.map(|at| show::instant(at, zone)))
}

/// The one word in a file.
pub(super) fn word_of(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    match text.trim() {
        word if !word.is_empty() && !word.contains(char::is_whitespace) => Ok(word.to_owned()),
        _ => bail!("{} must hold one word", file.display()),
    }
}

fn json_of(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
}
