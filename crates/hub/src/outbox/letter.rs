//! What is told of a day: its fields, by name.

use std::collections::BTreeMap;

use attendance::DayRecord;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use roads::sink::{Fields, Letter};
use serde_json::{Value, json};
use store::Read;
use store::outbox::Entry;
use store::people::Employee;

use super::pairs::Pairing;
use super::{Mode, ODOO, SinkSettings, Standing};
use crate::Error;
use crate::company::Company;
use crate::keep::record;
use crate::resolve::instant;
use crate::zones::zones_of;

const MICROSECONDS: i64 = 1_000_000;

/// A record that is about to be on its way.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) entry: Entry,
    pub(super) letter: Letter,
}

/// The records of days, from one snapshot; those that are not to be sent any more are left out. Of a sink that hears of events, as many
/// of a day as it is named.
pub(super) fn ready(
    read: &Read<'_>,
    sink: &str,
    settings: &SinkSettings,
    of: &[(i64, Date)],
    now: Timestamp,
) -> Result<Vec<Ready>, Error> {
    match settings.mode {
        Mode::State => states(read, sink, settings, of, now),
        Mode::Event => events(read, sink, of),
    }
}

fn letter(read: &Read<'_>, sink: &str, entry: Entry, fields: Fields) -> Ready {
    let id = format!("{sink}/{}/{}", entry.employee, entry.date);
    let (tenant, revision, attempts) = (read.tenant(), entry.revision, entry.attempts);
    Ready { letter: Letter { tenant, id, revision, attempts, fields }, entry }
}

fn events(read: &Read<'_>, sink: &str, of: &[(i64, Date)]) -> Result<Vec<Ready>, Error> {
    let mut seen: BTreeMap<(i64, Date), u32> = BTreeMap::new();
    let mut all = Vec::with_capacity(of.len());
    for entry in read.outbox_entries(sink, of)?.into_iter().flatten().filter(|entry| entry.state == "waiting") {
        let key = (entry.employee, entry.date);
        let after = seen.entry(key).or_default();
        if let Some(event) = read.event_left(sink, key, *after)? {
            let fields = serde_json::from_str(&event.fields)
                .map_err(|error| Error::Damaged { what: "event", detail: format!("of {}: {error}", entry.date) })?;
            all.push(letter(read, sink, Entry { revision: event.revision, ..entry }, fields));
            *after += 1;
        }
    }
    Ok(all)
}

fn states(
    read: &Read<'_>,
    sink: &str,
    settings: &SinkSettings,
    of: &[(i64, Date)],
    now: Timestamp,
) -> Result<Vec<Ready>, Error> {
    let company = Company::load(read)?;
    let pairing = (settings.kind == ODOO).then(|| Pairing::new(read, &company, now)).transpose()?;
    let mut people: BTreeMap<i64, Option<Employee>> = BTreeMap::new();
    let mut all = Vec::with_capacity(of.len());
    for entry in read.outbox_entries(sink, of)?.into_iter().flatten().filter(|entry| entry.state == "waiting") {
        if let std::collections::btree_map::Entry::Vacant(place) = people.entry(entry.employee) {
            place.insert(read.employee(entry.employee)?);
        }
        let Some(Some(employee)) = people.get(&entry.employee) else { continue };
        let day = read.days_of(entry.employee, entry.date, entry.date)?.pop();
        let standing = Standing::of(day.as_ref(), settings)?;
        if standing != Standing::Deferred {
            let told = day.as_ref().filter(|_| standing == Standing::Told).map(record).transpose()?;
            let mut fields = fields(read, &company, employee, entry.date, told.as_ref())?;
            if let Some(pairing) = &pairing {
                fields.extend(pairing.fields(read, employee, told.as_ref())?);
            }
            all.push(letter(read, sink, entry, fields));
        }
    }
    Ok(all)
}

/// The fields of a day: what is told of it, or that it is gone.
pub(super) fn fields(
    read: &Read<'_>,
    company: &Company,
    employee: &Employee,
    date: Date,
    told: Option<&DayRecord>,
) -> Result<Fields, Error> {
    let zones = zones_of(read, company, employee)?;
    let zone = zones.on(date);
    let at = |seconds: Option<i64>| seconds.map_or(Value::Null, |seconds| time(seconds, zone));
    let first = told.and_then(|day| day.first_in.or(day.last_out));
    let (device_name, device_ip) = terminal_of(read, employee.id, first)?;
    let outliers: Vec<&str> = told
        .iter()
        .flat_map(|day| &day.exceptions)
        .filter(|code| code.is_outlier())
        .map(|code| code.as_str())
        .collect();
    let minutes = |pick: fn(&attendance::DayRecord) -> i64| json!(told.map_or(0, pick));
    let fields = [
        ("user_id", json!(employee.code)),
        ("employee_name", json!(employee.name)),
        ("date", json!(date.to_string())),
        ("clock_in", at(told.and_then(|day| day.first_in))),
        ("clock_out", at(told.and_then(|day| day.last_out))),
        ("is_outlier", json!(told.is_some_and(|day| day.is_outlier))),
        ("outlier_reason", json!((!outliers.is_empty()).then(|| outliers.join(", ")))),
        ("device_name", device_name),
        ("device_ip", device_ip),
        ("status", json!(told.map(|day| day.status.as_str()))),
        ("worked_minutes", minutes(|day| day.worked_minutes)),
        ("tardy_minutes", minutes(|day| day.tardy_minutes)),
        ("left_early_minutes", minutes(|day| day.left_early_minutes)),
        ("paid_minutes", minutes(|day| day.paid_minutes)),
        ("is_gone", json!(told.is_none())),
    ];
    Ok(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// RFC 3339 with the offset of the employee's zone.
pub(super) fn time(seconds: i64, zone: &TimeZone) -> Value {
    let at = instant(seconds.saturating_mul(MICROSECONDS)).to_zoned(zone.clone());
    json!(at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// Name and address of the terminal of a punch.
fn terminal_of(read: &Read<'_>, employee: i64, seconds: Option<i64>) -> Result<(Value, Value), Error> {
    let Some(seconds) = seconds else { return Ok((Value::Null, Value::Null)) };
    // Records name the minute of a punch.
    let from_us = seconds.saturating_mul(MICROSECONDS);
    let (_, origins) = read.punches_of(employee, from_us, from_us.saturating_add(60 * MICROSECONDS))?;
    let Some(origin) = origins.into_iter().next() else { return Ok((Value::Null, Value::Null)) };
    Ok(match read.terminal(&origin)? {
        Some(terminal) => (json!(terminal.name), json!(terminal.address)),
        None => (json!(origin), Value::Null),
    })
}
