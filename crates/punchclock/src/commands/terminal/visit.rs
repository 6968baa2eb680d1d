//! Visits to terminals from the command line: whom, by which way, and what is written down of them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use edge::{Visit, dialable};
use hub::Hub;
use hub::view::TerminalRow;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use zk::client::{self, Options};

use super::find;
use super::key::read_comm_key;
use crate::chance::now;
use crate::cli::terminal::{Reach, Transport, Way};
use crate::commands::{Context, console};

/// An edge lets go of a terminal with its next heartbeat; for as long this is tried.
const EDGE_LETS_GO: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_millis(500);
/// Should this program end without a word, the edge hears the terminal again after this time.
const LONGEST_REST: SignedDuration = SignedDuration::from_mins(10);

/// Whom to visit.
pub(super) struct Target {
    /// As the person called it.
    pub(super) label: String,
    /// Where it is, with its port.
    pub(super) address: String,
    /// What its clock is to show.
    pub(super) zone: TimeZone,
    /// Whose numbers it says.
    pub(super) number_group: String,
    /// Of a registered terminal: no other one is talked to.
    serial: Option<String>,
    options: Options,
    /// Of one that an edge hears live: it is asked to leave the terminal alone meanwhile.
    rest: Option<Rest>,
}

/// An edge leaves a terminal alone, which it hears live otherwise, as long as this is there.
struct Rest {
    hub: Hub,
    serial: String,
}

impl Rest {
    fn ask(hub: &Hub, serial: &str) -> anyhow::Result<Self> {
        hub.rest_live(serial, Some(now().saturating_add(LONGEST_REST)?))?;
        Ok(Self { hub: hub.clone(), serial: serial.to_owned() })
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Err(error) = self.hub.rest_live(&self.serial, None) {
            eprintln!("the edge hears terminal {} live again only in ten minutes: {error}", self.serial);
        }
    }
}

impl Target {
    /// A registered terminal by name or serial, or else an address.
    pub(super) fn of(context: &Context, reach: &Reach) -> anyhow::Result<Self> {
        Self::called(context, &reach.terminal, &reach.way)
    }

    /// The same, for a command that names several.
    pub(super) fn called(context: &Context, wanted: &str, way: &Way) -> anyhow::Result<Self> {
        let hub = context.hub().ok();
        if let Some(hub) = &hub
            && let Ok(row) = find(hub, wanted)
        {
            return Self::registered(hub, &row, way);
        }
        let looks_like_address = wanted.contains(['.', ':']) || wanted == "localhost";
        if !looks_like_address {
            bail!(
                "there is no terminal {wanted}; `punchclock terminal list` shows those there are, or give an address"
            );
        }
        let zone = hub.and_then(|hub| hub.company().ok()?.zone).and_then(|zone| TimeZone::get(&zone).ok());
        Ok(Self {
            label: wanted.to_owned(),
            address: dialable(wanted),
            zone: zone.unwrap_or_else(TimeZone::system),
            number_group: String::new(),
            serial: None,
            options: options(way, || Ok(None))?,
            rest: None,
        })
    }

    /// A registered terminal.
    pub(super) fn registered(hub: &Hub, row: &TerminalRow, way: &Way) -> anyhow::Result<Self> {
        let Some(address) = &row.address else {
            let (name, serial) = (&row.name, &row.serial);
            bail!(
                "terminal {name} has no address; give one with `punchclock terminal add {name} --serial {serial} --address A`"
            );
        };
        Ok(Self {
            label: row.name.clone(),
            address: dialable(address),
            zone: row.zones.at(now()).clone(),
            number_group: row.number_group.clone(),
            serial: Some(row.serial.clone()),
            options: options(way, || Ok(hub.comm_key(&row.serial)?))?,
            rest: if row.live { Some(Rest::ask(hub, &row.serial)?) } else { None },
        })
    }

    /// Connects. To a terminal that an edge hears live this is tried until the edge has let go of it.
    pub(super) async fn begin(&self) -> anyhow::Result<Visit> {
        let patience = if self.rest.is_some() { EDGE_LETS_GO } else { Duration::ZERO };
        let (start, mut has_said) = (Instant::now(), false);
        loop {
            let begun = Visit::begin(&self.address, self.serial.as_deref(), self.options).await;
            match begun {
                Err(trouble) if trouble.may_be_taken() && start.elapsed() < patience => {
                    if !std::mem::replace(&mut has_said, true) {
                        eprintln!(
                            "an edge hears terminal {} live and was asked to let go of it; waiting for that",
                            self.label
                        );
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                begun => return self.named(begun.map_err(anyhow::Error::new)),
            }
        }
    }

    /// Connects, works, and says goodbye whatever comes of it.
    pub(super) fn visit<T>(&self, work: impl AsyncFnOnce(&mut Visit) -> anyhow::Result<T>) -> anyhow::Result<T> {
        runtime()?.block_on(async {
            let mut visit = self.begin().await?;
            let outcome = work(&mut visit).await;
            visit.end().await;
            self.named(outcome)
        })
    }

    /// An error that says which terminal it was, where the address does not.
    pub(super) fn named<T>(&self, outcome: anyhow::Result<T>) -> anyhow::Result<T> {
        match self.serial {
            Some(_) => outcome.with_context(|| format!("terminal {}", self.label)),
            None => outcome,
        }
    }
}

/// The registered key is not asked for where one is given.
fn options(way: &Way, registered_key: impl FnOnce() -> anyhow::Result<Option<u32>>) -> anyhow::Result<Options> {
    let comm_key = match &way.comm_key_file {
        Some(file) => read_comm_key(file)?,
        None => registered_key()?.unwrap_or(0),
    };
    Ok(Options { comm_key, transport: transport(way.transport), ..Options::default() })
}

pub(super) const fn transport(named: Transport) -> client::Transport {
    match named {
        Transport::Auto => client::Transport::Auto,
        Transport::Tcp => client::Transport::Tcp,
        Transport::Udp => client::Transport::Udp,
    }
}

/// Writes down what was done to a terminal itself, if it is a registered one.
pub(super) fn note(context: &Context, serial: Option<&str>, deed: &str, detail: &str) -> anyhow::Result<()> {
    let (Some(serial), Ok(hub)) = (serial, context.hub()) else { return Ok(()) };
    if hub.terminals()?.iter().any(|row| row.serial == serial) {
        hub.note_deed(&console(), serial, deed, detail, now())?;
    }
    Ok(())
}

pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
