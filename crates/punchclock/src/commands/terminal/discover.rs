//! `terminal discover`: which terminals are on these subnets, and which of them are registered, new, or elsewhere than registered.

use std::net::{SocketAddr, ToSocketAddrs as _};

use anyhow::bail;
use attendance::punch::canonical_origin;
use edge::dialable;
use hub::Hub;
use hub::view::TerminalRow;
use link::Moved;
use serde_json::{Value, json};
use zk::client::Transport;
use zk::discover::{Discovery, Found, Options, Subnet};

use super::key::read_comm_key;
use super::visit::{runtime, transport};
use crate::chance::now;
use crate::cli::terminal::Discover;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show;

/// How a terminal that was found stands to the registry.
enum Standing {
    /// Registered, with this address.
    Here(TerminalRow),
    /// Registered, with another address.
    Moved(TerminalRow, String),
    /// Registered without an address: it pushes.
    Pushes(TerminalRow),
    /// Nobody registered it.
    New,
}

pub(super) fn run(context: &Context, args: &Discover) -> anyhow::Result<()> {
    let subnets = match &args.subnets[..] {
        [] => context.settings.subnets()?,
        some => some.to_vec(),
    };
    if subnets.is_empty() {
        bail!("name the subnets to ask, like --subnet 192.168.1.0/24, or set terminals.discover");
    }
    let hub = if args.update { Some(context.hub()?) } else { context.hub().ok() };
    let registered = hub.as_ref().map(Hub::terminals).transpose()?.unwrap_or_default();
    let mut comm_keys: Vec<u32> =
        args.way.comm_key_file.as_deref().map(read_comm_key).transpose()?.into_iter().collect();
    if let Some(hub) = &hub {
        comm_keys.extend(keys_of(hub, &registered));
    }
    comm_keys.sort_unstable();
    comm_keys.dedup();
    let options =
        Options { port: args.port, comm_keys, transport: transport(args.way.transport), ..Options::default() };
    let mut found = runtime()?.block_on(search(&subnets, options))?;
    found.sort_by_key(|one| one.address);
    let mut rows = Vec::new();
    for one in found {
        rows.push(row(&one, &registered, hub.as_ref().filter(|_| args.update))?);
    }
    if rows.is_empty() && !context.is_json {
        let subnets = subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Ok(show::line(format!("nobody answers on port {} of {subnets}", args.port))?);
    }
    let header = ["address", "transport", "serial", "model", "standing", "says"];
    Ok(show::rows(context.is_json, &header, &rows)?)
}

/// The keys of registered terminals; one that can't be read is said and left out, and its terminal then wants a key.
fn keys_of(hub: &Hub, registered: &[TerminalRow]) -> Vec<u32> {
    let key = |row: &TerminalRow| {
        hub.comm_key(&row.serial).unwrap_or_else(|error| {
            eprintln!("without the key of terminal {}: {error}", row.name);
            None
        })
    };
    registered.iter().filter_map(key).collect()
}

async fn search(subnets: &[Subnet], options: Options) -> anyhow::Result<Vec<Found>> {
    let mut discovery = Discovery::new(subnets, options)?;
    let (line, total) = (Progress::start("asking"), discovery.total());
    let mut found = Vec::new();
    let mut asked = 0;
    while let Some(visit) = discovery.next().await {
        asked += 1;
        found.extend(visit.found);
        line.say(format!("asked {asked} of {total} addresses, found {}", found.len()));
    }
    Ok(found)
}

/// What is said of one; with a hub its new address is registered.
fn row(found: &Found, registered: &[TerminalRow], update: Option<&Hub>) -> anyhow::Result<Vec<Value>> {
    let address = found.address.to_string();
    let carrier = match found.transport {
        Transport::Udp => "udp",
        Transport::Tcp | Transport::Auto => "tcp",
    };
    let identity = match &found.answer {
        Ok(identity) => identity,
        Err(error) => {
            let standing = match error {
                zk::Error::WrongKey => "needs key",
                zk::Error::Locked { .. } => "locked",
                zk::Error::NotATerminal { .. } => "something else",
                _ => "unclear",
            };
            return Ok(vec![
                json!(address),
                json!(carrier),
                Value::Null,
                Value::Null,
                json!(standing),
                json!(error.to_string()),
            ]);
        }
    };
    let serial = identity.serial.as_deref().map(|serial| canonical_origin(serial).to_owned());
    let standing = serial.as_deref().map(|serial| standing(serial, found.address, registered));
    let (word, says) = match standing {
        None => ("nameless", "it does not tell its serial; have it push, or import its exported log".to_owned()),
        Some(Standing::New) => (
            "new",
            format!(
                "`punchclock terminal add NAME --serial {} --address {address}` registers it",
                serial.as_deref().unwrap_or_default()
            ),
        ),
        Some(Standing::Here(row)) => ("registered", row.name),
        Some(Standing::Pushes(row)) => ("registered", format!("{}; it has no address, it is not polled", row.name)),
        Some(Standing::Moved(row, from)) => {
            let set = match update {
                None => "--update registers the new one".to_owned(),
                Some(hub) => {
                    let moved = Moved { from: from.clone(), to: found.address };
                    match hub.move_terminal(&console(), &row.serial, &moved, now())? {
                        true => "the new one is registered".to_owned(),
                        false => "somebody has changed it meanwhile".to_owned(),
                    }
                }
            };
            ("moved", format!("{}; its registered address is {from}: {set}", row.name))
        }
    };
    Ok(vec![json!(address), json!(carrier), json!(serial), json!(identity.model), json!(word), json!(says)])
}

fn standing(serial: &str, at: SocketAddr, registered: &[TerminalRow]) -> Standing {
    let Some(row) = registered.iter().find(|row| row.serial == serial).cloned() else { return Standing::New };
    match row.address.clone() {
        None => Standing::Pushes(row),
        Some(address) if leads_to(&address, at) => Standing::Here(row),
        Some(address) => Standing::Moved(row, address),
    }
}

/// Whether a registered address, which may be a name, is this one.
fn leads_to(registered: &str, at: SocketAddr) -> bool {
    let address = dialable(registered);
    address.parse() == Ok(at) || address.to_socket_addrs().is_ok_and(|mut found| found.any(|one| one == at))
}
