//! `terminal add|list|approve|test|info|poll`.

use std::path::Path;

use anyhow::{Context as _, bail};
use hub::view::TerminalRow;
use hub::{Cure, Hub, NewTerminal, Poll};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use zk::client::{Client, Info};

use crate::chance::now;
use crate::cli::{TerminalCommand, Via};
use crate::commands::derive::derive_with_progress;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: TerminalCommand) -> anyhow::Result<()> {
    match command {
        TerminalCommand::Add { name, serial, address, comm_key_file, push_key_file, zone, via, set_clock } => {
            let comm_key_file = comm_key_file.as_deref().map(key_file).transpose()?;
            let push_key_file = push_key_file.as_deref().map(self::push_key_file).transpose()?;
            let via = via.or(address.is_some().then_some(Via::Both)).map(|via| match via {
                Via::Push => link::Via::Push,
                Via::Poll => link::Via::Poll,
                Via::Both => link::Via::Both,
            });
            let new = NewTerminal {
                serial,
                name: Some(name.clone()),
                address,
                comm_key_file,
                push_key_file,
                zone,
                via,
                sets_clock: set_clock,
            };
            let hub = context.home.hub()?;
            let zone = first_zone(&hub, new.zone.as_deref())?;
            let new = NewTerminal { zone, ..new };
            hub.add_terminal(&console(), &new, now())?;
            Ok(show::line(format!("terminal {name} ({}) is registered and approved", new.serial))?)
        }
        TerminalCommand::List => list(context),
        TerminalCommand::Approve { terminal, zone } => {
            let hub = context.hub()?;
            let row = find(&hub, &terminal)?;
            let zone = first_zone(&hub, zone.as_deref())?;
            let cured = hub.cure(&console(), &Cure::Approve { serial: row.serial.clone(), zone }, now())?;
            derive_with_progress(&hub, now())?;
            Ok(show::line(format!("terminal {} is approved; released {} held punches", row.serial, cured.released))?)
        }
        TerminalCommand::Test { terminal, all, comm_key_file } => {
            test(context, terminal.as_deref(), all, comm_key_file.as_deref())
        }
        TerminalCommand::Info { terminal, comm_key_file } => info(context, &terminal, comm_key_file.as_deref()),
        TerminalCommand::Poll { terminal, since } => poll(context, terminal.as_deref(), since),
        TerminalCommand::Command(args) => super::terminal_command::ask(context, args),
        TerminalCommand::Commands(args) => super::terminal_command::list(context, &args),
    }
}

/// The zone of a terminal; while the company has none, this machine's zone is taken, and said.
pub(super) fn first_zone(hub: &Hub, given: Option<&str>) -> anyhow::Result<Option<String>> {
    let zone = hub.company()?.zone_for_first_terminal(given.map(str::to_owned), &TimeZone::system());
    if let (None, Some(zone)) = (&given, &zone) {
        eprintln!(
            "its clock is taken to show {zone}, this machine's zone; if that is wrong: `punchclock company set --zone ZONE`"
        );
    }
    Ok(zone)
}

fn list(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let zone = hub.company()?.time_zone()?;
    let at = |instant: Option<Timestamp>| instant.map(|instant| show::instant(instant, &zone));
    let header = [
        "name",
        "serial",
        "approved",
        "via",
        "address",
        "zone",
        "punches",
        "on terminal",
        "last contact",
        "last complete read",
        "clock",
        "trouble",
    ];
    let rows = hub.terminals()?.into_iter().map(|row| {
        vec![
            json!(row.name),
            json!(row.serial),
            json!(row.approved),
            json!(row.via.word()),
            json!(row.address),
            json!(row.zone),
            json!(row.punches),
            json!(row.records_on_terminal),
            json!(at(row.last_contact)),
            json!(at(row.last_complete_read)),
            json!(row.clock.map(|clock| clock.to_string())),
            json!(row.trouble),
        ]
    });
    Ok(show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?)
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

/// What to visit: an address with its key.
struct Visit {
    label: String,
    address: String,
    comm_key: u32,
}

/// A registered terminal by name or serial, or else an address.
fn visit(context: &Context, wanted: &str, comm_key_file: Option<&Path>) -> anyhow::Result<Visit> {
    if let Ok(hub) = context.hub()
        && let Ok(row) = find(&hub, wanted)
    {
        return visit_of(&hub, &row);
    }
    let looks_like_address = wanted.contains(['.', ':']) || wanted == "localhost";
    if !looks_like_address {
        bail!("there is no terminal {wanted}; `punchclock terminal list` shows those there are, or give an address");
    }
    let comm_key = comm_key_file.map(read_key).transpose()?.unwrap_or(0);
    Ok(Visit { label: wanted.to_owned(), address: edge::dialable(wanted), comm_key })
}

fn visit_of(hub: &Hub, row: &TerminalRow) -> anyhow::Result<Visit> {
    let Some(address) = &row.address else {
        bail!("terminal {} has no address; give one with `punchclock terminal add ... --address`", row.name);
    };
    let key = hub.comm_key_file(&row.serial)?.map(|file| read_key(Path::new(&file))).transpose()?;
    Ok(Visit { label: row.name.clone(), address: edge::dialable(address), comm_key: key.unwrap_or(0) })
}

fn test(context: &Context, one: Option<&str>, all: bool, comm_key_file: Option<&Path>) -> anyhow::Result<()> {
    let visits = match one {
        Some(wanted) => vec![visit(context, wanted, comm_key_file)?],
        None => {
            let hub = context.hub()?;
            let rows = hub.terminals()?;
            rows.iter()
                .filter(|row| all && row.address.is_some())
                .map(|row| visit_of(&hub, row))
                .collect::<Result<_, _>>()?
        }
    };
    if visits.is_empty() {
        return Ok(show::line("no terminal has an address; nothing to test")?);
    }
    let results = runtime()?.block_on(async {
        let mut results = Vec::new();
        for visit in &visits {
            results.push(ask(visit).await);
        }
        results
    });
    let mut failed = 0;
    let rows: Vec<Vec<Value>> = visits
        .iter()
        .zip(&results)
        .map(|(visit, result)| {
            let (is_ok, says) = match result {
                Ok(answer) => {
                    (true, format!("serial {}, {} records", text(&answer.info.serial), number(answer.records)))
                }
                Err(error) => (false, error.to_string()),
            };
            failed += usize::from(!is_ok);
            vec![json!(visit.label), json!(visit.address), json!(is_ok), json!(says)]
        })
        .collect();
    show::rows(context.is_json, &["terminal", "address", "ok", "says"], &rows)?;
    if failed > 0 {
        bail!("{failed} of {} terminals can't be read; the table says why, and the cure", visits.len());
    }
    Ok(())
}

/// What a terminal answers.
struct Answer {
    info: Info,
    time: Option<zk::PackedTime>,
    records: Option<u32>,
    sizes: zk::Sizes,
}

async fn ask(visit: &Visit) -> Result<Answer, zk::Error> {
    let options = zk::client::Options { comm_key: visit.comm_key, ..Default::default() };
    let mut client = Client::connect(visit.address.as_str(), options).await?;
    let asked = async {
        let info = client.info().await?;
        let sizes = client.sizes().await?;
        let time = client.time().await.ok();
        Ok(Answer { info, time, records: sizes.attendance, sizes })
    }
    .await;
    client.close().await;
    asked
}

fn info(context: &Context, wanted: &str, comm_key_file: Option<&Path>) -> anyhow::Result<()> {
    let visit = visit(context, wanted, comm_key_file)?;
    let asked_at = now();
    let answer =
        runtime()?.block_on(ask(&visit)).with_context(|| format!("terminal {} at {}", visit.label, visit.address))?;
    let of = |used: Option<u32>, capacity: Option<u32>| format!("{} of {}", number(used), number(capacity));
    let clock = answer.time.map_or_else(
        || "unknown".to_owned(),
        |time| match time.civil() {
            Ok(civil) => format!("{civil} (its own face; asked at {})", show::instant(asked_at, &TimeZone::UTC)),
            Err(invalid) => format!("impossible: {}", invalid.printed()),
        },
    );
    let rows = [
        ("serial", text(&answer.info.serial)),
        ("name", text(&answer.info.name)),
        ("platform", text(&answer.info.platform)),
        ("firmware", text(&answer.info.firmware)),
        ("mac", text(&answer.info.mac)),
        ("clock", clock),
        ("records", of(answer.sizes.attendance, answer.sizes.attendance_capacity)),
        ("users", of(answer.sizes.users, answer.sizes.user_capacity)),
    ];
    let rows: Vec<Vec<Value>> = rows.into_iter().map(|(name, value)| vec![json!(name), json!(value)]).collect();
    Ok(show::rows(context.is_json, &["what", "value"], &rows)?)
}

fn poll(context: &Context, wanted: Option<&str>, since: Option<Span>) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let rows = match wanted {
        Some(wanted) => vec![find(&hub, wanted)?],
        None => hub.terminals()?.into_iter().filter(|row| row.via.polls() && row.address.is_some()).collect(),
    };
    if rows.is_empty() {
        bail!(
            "no terminal is polled; register one with `punchclock terminal add NAME --serial S --address A --via both`"
        );
    }
    let mut failed = 0;
    for row in &rows {
        match poll_one(&hub, row, since) {
            Ok(said) => show::line(format!("{}: {said}", row.name))?,
            Err(error) => {
                failed += 1;
                eprintln!("{}: {error:#}", row.name);
            }
        }
    }
    derive_with_progress(&hub, now())?;
    if failed > 0 {
        bail!("{failed} of {} terminals were not read", rows.len());
    }
    Ok(())
}

fn poll_one(hub: &Hub, row: &TerminalRow, since: Option<Span>) -> anyhow::Result<String> {
    if !row.approved {
        bail!("it is not approved; `punchclock terminal approve {}` first", row.serial);
    }
    let visit = visit_of(hub, row)?;
    let options = zk::client::Options { comm_key: visit.comm_key, ..Default::default() };
    let zone = zone_of(row)?;
    let reading = runtime()?.block_on(async {
        let mut begun = edge::Visit::begin(&visit.address, Some(&row.serial), options).await?;
        let reading = edge::read_once(&mut begun, &row.serial, &zone).await;
        begun.end().await;
        reading
    })?;
    let oldest = since.map(|span| oldest(row, span)).transpose()?;
    let is_wanted = |punch: &&attendance::punch::RawPunch| {
        oldest.is_none_or(|oldest| punch.time.seconds().is_none_or(|seconds| seconds >= oldest))
    };
    let poll = Poll {
        punches: reading.punches.iter().filter(is_wanted).cloned().collect(),
        names_slots: reading.names_slots,
        users: reading.users,
        clock: reading.clock,
        is_whole: oldest.is_none() && reading.unknown_slots == 0,
    };
    let counts = hub.take_poll(&row.serial, &poll, now())?;
    let slots = match reading.unknown_slots {
        0 => String::new(),
        some => {
            format!("; {some} records name a user slot that nobody has: enrol them, or leave them to the edge's poll")
        }
    };
    Ok(format!("{counts}{slots}"))
}

/// The oldest printed second that is wanted, on the terminal's face.
fn oldest(row: &TerminalRow, since: Span) -> anyhow::Result<i64> {
    let from = now().to_zoned(zone_of(row)?).checked_sub(since).context("--since reaches too far back")?;
    Ok(attendance::punch::PrintedTime::from_civil(from.datetime()).seconds().unwrap_or(i64::MIN))
}

fn zone_of(row: &TerminalRow) -> anyhow::Result<TimeZone> {
    TimeZone::get(&row.zone).with_context(|| format!("terminal {}", row.name))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The absolute path of a key file that holds a key.
fn key_file(path: &Path) -> anyhow::Result<String> {
    read_key(path)?;
    absolute(path)
}

/// The absolute path of a file with the key that a terminal shows when it pushes.
fn push_key_file(path: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the push key file {} can't be read", path.display()))?;
    let key = text.trim();
    if key.is_empty() || key.contains(char::is_whitespace) || key.contains(char::is_control) {
        bail!("the push key file {} must hold one word: what the terminal shows as its key", path.display());
    }
    absolute(path)
}

fn absolute(path: &Path) -> anyhow::Result<String> {
    let whole = std::fs::canonicalize(path).with_context(|| format!("{} can't be found", path.display()))?;
    whole.into_os_string().into_string().map_err(|_| anyhow::anyhow!("{} is no text path", path.display()))
}

fn read_key(path: &Path) -> anyhow::Result<u32> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the key file {} can't be read", path.display()))?;
    let key = text.trim().parse().ok().filter(|key| *key <= 999_999);
    key.with_context(|| format!("the key file {} must hold one number from 0 to 999999", path.display()))
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "unknown".to_owned())
}

fn number(value: Option<u32>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}
