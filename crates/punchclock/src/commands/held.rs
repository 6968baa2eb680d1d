//! `held list|cure`.

use anyhow::bail;
use hub::view::HeldReason;
use hub::{Cure, Cured, Hub};
use serde_json::json;

use crate::chance::now;
use crate::cli::held::{Cure as CureArgs, Held};
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: Held) -> anyhow::Result<()> {
    match command {
        Held::List { each: false } => groups(context),
        Held::List { each: true } => each(context),
        Held::Cure(args) => cure(context, &args),
    }
}

fn groups(context: &Context) -> anyhow::Result<()> {
    let header = ["reason", "terminal", "user", "name on terminal", "count", "first", "last", "cure"];
    let rows = context.hub()?.held()?.into_iter().map(|group| {
        vec![
            json!(group.reason.word()),
            json!(group.origin),
            json!(group.number),
            json!(group.name_on_terminal),
            json!(group.count),
            json!(group.first),
            json!(group.last),
            json!(group.reason.cure()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() && !context.is_json {
        return Ok(show::line("nothing is held")?);
    }
    Ok(show::rows(context.is_json, &header, &rows)?)
}

fn each(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let header = ["punch", "reason", "terminal", "user", "printed", "cure"];
    let mut rows = Vec::new();
    for group in hub.held()? {
        for punch in hub.held_punches(group.reason, &group.origin, &group.user, 0)? {
            rows.push(vec![
                json!(punch.fingerprint.to_string()),
                json!(group.reason.word()),
                json!(punch.origin),
                json!(punch.user),
                json!(punch.printed),
                json!(group.reason.cure()),
            ]);
        }
    }
    Ok(show::rows(context.is_json, &header, &rows)?)
}

fn cure(context: &Context, args: &CureArgs) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let mut total = Cured::default();
    for fact in facts(&hub, args)? {
        let cured = hub.cure(&console(), &fact, now())?;
        total.released += cured.released;
        total.still_held += cured.still_held;
    }
    derive_with_progress(&hub, now())?;
    let Cured { released, still_held } = total;
    if context.is_json {
        return show::json(&json!({"released": released, "still_held": still_held}));
    }
    show::line(format!("released {released}, still held {still_held}"))?;
    Ok(())
}

fn facts(hub: &Hub, args: &CureArgs) -> anyhow::Result<Vec<Cure>> {
    if args.all_numbers {
        let mut users: Vec<String> = hub
            .held()?
            .into_iter()
            .filter(|group| group.reason == HeldReason::UnknownUser)
            .map(|group| group.number)
            .collect();
        users.sort();
        users.dedup();
        return Ok(users
            .into_iter()
            .map(|user| Cure::Assign { employee: user.clone(), user, create: true, from: None, to: None })
            .collect());
    }
    if let Some(serial) = &args.terminal {
        let zone = super::terminal::first_zone(hub, None)?;
        return Ok(vec![Cure::Approve { serial: serial.clone(), zone }]);
    }
    if let Some(key) = &args.punch {
        let fingerprint = key.parse()?;
        return Ok(vec![match &args.dismiss {
            Some(reason) => Cure::Dismiss { fingerprint, reason: reason.clone() },
            None => Cure::State { fingerprint, user: args.user.clone(), printed: args.time.clone() },
        }]);
    }
    if let (Some(user), Some(employee)) = (&args.user, &args.employee) {
        let create = args.create_employees;
        let (from, to) = (args.from, args.to);
        return Ok(vec![Cure::Assign { user: user.clone(), employee: employee.clone(), create, from, to }]);
    }
    bail!("nothing is stated; see `punchclock held cure --help` for the four forms")
}
