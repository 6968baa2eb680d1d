//! `employee match|merge|unmerge|calendar`.

use anyhow::bail;
use hub::{Decided, Decision, Hub, MatchRow, MatchState};
use serde_json::{Value, json};

use crate::chance::{bytes, now};
use crate::cli::employee::{Employee, Match};
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: &Employee) -> anyhow::Result<()> {
    match command {
        Employee::Match(args) => matching(context, args),
        Employee::Merge { from, into, reason } => {
            let hub = context.hub()?;
            hub.merge_employees(&console(), (from, into), reason, now())?;
            let derived = derive_with_progress(&hub, now())?;
            Ok(show::line(format!("employee {from} counts as {into}; {} days changed", derived.written))?)
        }
        Employee::Calendar { code, close: true } => {
            context.hub()?.close_calendar(&console(), code, now())?;
            Ok(show::line(format!("the calendar of employee {code} is closed"))?)
        }
        Employee::Calendar { code, close: false } => {
            let token = context.hub()?.open_calendar(&console(), code, bytes()?, now())?;
            show::line(format!("/calendar/{token}.ics"))?;
            eprintln!(
                "put the hub's address before it; this is the only time that it is shown, and whoever has it reads the calendar"
            );
            Ok(())
        }
        Employee::Unmerge { from, reason } => {
            let hub = context.hub()?;
            hub.unmerge_employee(&console(), from, reason, now())?;
            let derived = derive_with_progress(&hub, now())?;
            Ok(show::line(format!("employee {from} counts for themselves again; {} days changed", derived.written))?)
        }
    }
}

fn matching(context: &Context, args: &Match) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let decisions = decisions(&hub, args)?;
    if decisions.is_empty() {
        return list(context, &hub, &args.state);
    }
    let Decided { done, cured, refused } = hub.decide_matches(&console(), &decisions, now())?;
    derive_with_progress(&hub, now())?;
    if context.is_json {
        let refused: Vec<Value> = refused.iter().map(|(user, why)| json!({"user": user, "why": why})).collect();
        show::json(&json!({
            "decided": done, "released": cured.released, "still_held": cured.still_held, "refused": refused,
        }))?;
    } else {
        show::line(format!("decided {done}, released {}, still held {}", cured.released, cured.still_held))?;
    }
    if refused.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = refused.into_iter().map(|(user, why)| format!("{user}: {why}")).collect();
    bail!("{} not decided:\n  {}", told.len(), told.join("\n  "))
}

fn list(context: &Context, hub: &Hub, state: &str) -> anyhow::Result<()> {
    let mut rows = hub.matches(now())?;
    match MatchState::from_word(state) {
        Some(state) => rows.retain(|row| row.state == state),
        None if state == "open" => rows.retain(|row| row.state.is_open()),
        None => {}
    }
    if rows.is_empty() && !context.is_json {
        let text =
            "nothing is to be decided; terminals list their users by themselves, or with `terminal users NAME --pull`";
        return Ok(show::line(text)?);
    }
    let header = ["user", "name on terminals", "terminals", "waiting", "state", "employee", "could be", "dismissed"];
    let rows: Vec<Vec<Value>> = rows.iter().map(row).collect();
    Ok(show::rows(context.is_json, &header, &rows)?)
}

fn row(row: &MatchRow) -> Vec<Value> {
    let could_be = row.candidates.iter().map(|one| format!("{} {}: {}", one.code, one.name, one.says()));
    vec![
        json!(row.user),
        json!(row.names.join(", ")),
        json!(row.terminals.join(" ")),
        json!(row.waiting),
        json!(row.state.word()),
        json!(row.owner.as_ref().map(|(code, _)| code)),
        json!(could_be.collect::<Vec<_>>().join("; ")),
        json!(row.dismissed.as_ref().map(|(by, why)| format!("{why} ({by})"))),
    ]
}

/// What the arguments state. A number that is accepted without a code must have one proposal.
fn decisions(hub: &Hub, args: &Match) -> anyhow::Result<Vec<Decision>> {
    let parted = |text: &str| match text.split_once('=') {
        Some((user, code)) => (user.to_owned(), Some(code.to_owned())),
        None => (text.to_owned(), None),
    };
    let rows = if args.accept.is_empty() { Vec::new() } else { hub.matches(now())? };
    let from = args.from;
    let mut decisions = Vec::new();
    for text in &args.accept {
        let (user, code) = parted(text);
        let employee = match code {
            Some(code) => code,
            None => only(&rows, &user)?,
        };
        decisions.push(Decision::Assign { user, employee, from });
    }
    decisions.extend(args.add.iter().map(|text| {
        let (user, code) = parted(text);
        Decision::Add { user, code, from }
    }));
    let reason = args.reason.clone().unwrap_or_default();
    decisions.extend(args.dismiss.iter().map(|user| Decision::Dismiss { user: user.clone(), reason: reason.clone() }));
    decisions.extend(args.recall.iter().map(|user| Decision::Recall { user: user.clone() }));
    Ok(decisions)
}

/// The only employee who is proposed for a number.
fn only(rows: &[MatchRow], user: &str) -> anyhow::Result<String> {
    let candidates = rows.iter().find(|row| row.user == user).map_or(&[][..], |row| &row.candidates);
    match candidates {
        [only] => Ok(only.code.clone()),
        [] => bail!("nobody is proposed for user number {user}; say whose it is: `--accept {user}=CODE`"),
        several => {
            let codes: Vec<&str> = several.iter().map(|one| one.code.as_str()).collect();
            bail!("user number {user} could be {}; say whose it is: `--accept {user}=CODE`", codes.join(" or "))
        }
    }
}
