//! `terminal add|list|approve`: the terminals that the hub knows.

use hub::{Cure, Hub, NewTerminal};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::find;
use super::key::{comm_key, push_key};
use crate::chance::now;
use crate::cli::terminal::{Add, Via};
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn add(context: &Context, args: Add) -> anyhow::Result<()> {
    let via = args.via.or(args.address.is_some().then_some(Via::Both)).map(|via| match via {
        Via::Push => link::Via::Push,
        Via::Poll => link::Via::Poll,
        Via::Both => link::Via::Both,
    });
    let new = NewTerminal {
        serial: args.serial,
        name: Some(args.name.clone()),
        address: args.address,
        comm_key: args.comm_key_file.as_deref().map(comm_key).transpose()?,
        push_key: args.push_key_file.as_deref().map(push_key).transpose()?,
        zone: args.zone,
        via,
        sets_clock: args.set_clock,
        live: args.live,
        edge: args.edge,
        poll_minutes: args.poll_minutes,
        group: args.group,
    };
    let hub = context.home.hub()?;
    let zone = first_zone(&hub, new.zone.as_deref())?;
    let new = NewTerminal { zone, ..new };
    hub.add_terminal(&console(), &new, now())?;
    Ok(show::line(format!("terminal {} ({}) is registered and approved", args.name, new.serial))?)
}

pub(super) fn approve(context: &Context, terminal: &str, zone: Option<&str>) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let row = find(&hub, terminal)?;
    let zone = first_zone(&hub, zone)?;
    let cured = hub.cure(&console(), &Cure::Approve { serial: row.serial.clone(), zone }, now())?;
    derive_with_progress(&hub, now())?;
    Ok(show::line(format!("terminal {} is approved; released {} held punches", row.serial, cured.released))?)
}

/// The zone of a terminal; while the company has none, this machine's zone is taken, and said.
pub(crate) fn first_zone(hub: &Hub, given: Option<&str>) -> anyhow::Result<Option<String>> {
    let zone = hub.company()?.zone_for_first_terminal(given.map(str::to_owned), &TimeZone::system());
    if let (None, Some(zone)) = (&given, &zone) {
        eprintln!(
            "its clock is taken to show {zone}, this machine's zone; if that is wrong: `punchclock company set --zone ZONE`"
        );
    }
    Ok(zone)
}

pub(super) fn list(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let at = |instant: Option<Timestamp>| instant.map(|instant| show::instant(instant, &zone));
    let header = [
        "name",
        "serial",
        "approved",
        "via",
        "poll minutes",
        "live",
        "address",
        "zone",
        "punches",
        "on terminal",
        "last contact",
        "last complete read",
        "clock",
        "edge",
        "group",
        "trouble",
    ];
    let rows = hub.terminals()?.into_iter().map(|row| {
        vec![
            json!(row.name),
            json!(row.serial),
            json!(row.approved),
            json!(row.via.word()),
            json!(row.poll_minutes),
            json!(row.live),
            json!(row.address),
            json!(row.zones.at(now()).iana_name()),
            json!(row.punches),
            json!(row.records_on_terminal),
            json!(at(row.last_contact)),
            json!(at(row.last_complete_read)),
            json!(row.clock.map(|clock| clock.to_string())),
            json!(row.edge),
            json!(Some(row.number_group).filter(|group| !group.is_empty())),
            json!(row.trouble),
        ]
    });
    Ok(show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?)
}
