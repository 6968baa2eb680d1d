//! Finding terminals on a local network (zk 1).
//!
//! Invariants: only addresses of the subnets asked for hear anything, each on one port, and no more than a few at a time; a
//! terminal that answered is told EXIT; nothing is asked but who it is. Who a terminal is, its serial says: an address is
//! only where it was found.

mod subnet;

use std::collections::BTreeSet;
use std::collections::btree_set::IntoIter;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::client::{self, Client, Transport};
use crate::error::Error;
use crate::option;
use crate::session::Carrier;
pub use subnet::{NotASubnet, Subnet};

/// Most addresses of one go: those of a /20.
pub const MOST_HOSTS: u64 = 1 << 12;

/// How to look for terminals. Printed without the keys.
#[derive(Clone)]
pub struct Options {
    /// The port that is asked.
    pub port: u16,
    /// Comm keys to try on a terminal that asks for one; 0 is tried last by itself. Whoever listens learns them (zk 13), so
    /// name only those that belong to terminals of these subnets.
    pub comm_keys: Vec<u32>,
    /// Addresses of the subnets that are left in peace, such as those of terminals at work: each serves one program at a time.
    pub except: BTreeSet<Ipv4Addr>,
    /// What is tried at each address.
    pub transport: Transport,
    /// Addresses that are asked at the same time.
    pub at_once: usize,
    /// Longest wait for a TCP connection, and for the first answer over UDP.
    pub connect_timeout: Duration,
    /// Longest silence of whoever has answered so far.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: 4370,
            comm_keys: Vec::new(),
            except: BTreeSet::new(),
            transport: Transport::Auto,
            at_once: 64,
            connect_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(2),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .field("except", &self.except)
            .field("transport", &self.transport)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

/// More addresses than may be asked in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{hosts} addresses are too many to ask in one go; name subnets of {MOST_HOSTS} addresses at most (a /20), or only part of them"
)]
pub struct TooManyHosts {
    /// Addresses of the subnets that were named.
    pub hosts: u64,
}

/// What was learnt at one address.
#[derive(Debug)]
pub struct Visit {
    /// The address.
    pub host: Ipv4Addr,
    /// Who is there; `None` when nobody answers on that port.
    pub found: Option<Found>,
}

/// Somebody who answers on the port.
#[derive(Debug)]
pub struct Found {
    /// Where.
    pub address: SocketAddr,
    /// Over what: TCP or UDP.
    pub transport: Transport,
    /// Who it is, or why that can't be told: [`Error::WrongKey`] is a terminal that wants another key, [`Error::Locked`] one
    /// that can't be read, [`Error::NotATerminal`] something else; with [`Error::TimedOut`] and [`Error::Closed`] it may be
    /// a terminal that serves another program now.
    pub answer: Result<Identity, Error>,
}

/// Who a terminal says it is; `None` where it does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Its serial number.
    pub serial: Option<String>,
    /// Its model.
    pub model: Option<String>,
}

/// A search under way. Dropping it ends the search; terminals in conversation are told EXIT.
#[derive(Debug)]
pub struct Discovery {
    ahead: IntoIter<Ipv4Addr>,
    visits: JoinSet<Visit>,
    options: Options,
    total: usize,
}

impl Discovery {
    /// A search through the subnets; an address in several of them is asked once. It goes on while [`Discovery::next`] is
    /// awaited, on the current tokio runtime.
    ///
    /// # Errors
    /// [`TooManyHosts`]; nobody is asked then.
    pub fn new(subnets: &[Subnet], options: Options) -> Result<Discovery, TooManyHosts> {
        let hosts = subnets.iter().map(|subnet| subnet.host_count()).fold(0, u64::saturating_add);
        if hosts > MOST_HOSTS {
            return Err(TooManyHosts { hosts });
        }
        let mut hosts: BTreeSet<Ipv4Addr> = subnets.iter().flat_map(|subnet| subnet.hosts()).collect();
        hosts.retain(|host| !options.except.contains(host));
        Ok(Discovery { total: hosts.len(), ahead: hosts.into_iter(), visits: JoinSet::new(), options })
    }

    /// How many addresses are asked in all: [`Discovery::next`] gives so many.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The next address that was asked, in the order of the answers; `None` when all were. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Visit> {
        while self.visits.len() < self.options.at_once.max(1) {
            let Some(host) = self.ahead.next() else { break };
            let options = self.options.clone();
            self.visits.spawn(async move { Visit { host, found: visit(host, &options).await } });
        }
        match self.visits.join_next().await? {
            Ok(visit) => Some(visit),
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            // Only the end of the runtime ends a visit before its time.
            Err(_) => None,
        }
    }
}

/// Asks one address: over TCP, and where nobody is there or says anything, over UDP.
async fn visit(host: Ipv4Addr, options: &Options) -> Option<Found> {
    let address = SocketAddr::from((host, options.port));
    let tcp = match options.transport {
        Transport::Udp => None,
        Transport::Tcp | Transport::Auto => ask_over(Carrier::Stream, address, options).await,
    };
    let is_clear = tcp.as_ref().is_some_and(|answer| !answer.as_ref().is_err_and(Error::is_unreached));
    let udp = match options.transport {
        Transport::Auto if is_clear => None,
        Transport::Tcp => None,
        Transport::Udp | Transport::Auto => ask_over(Carrier::Datagrams, address, options).await,
    };
    let over_udp = udp.map(|answer| (Transport::Udp, answer));
    let (transport, answer) = over_udp.or(tcp.map(|answer| (Transport::Tcp, answer)))?;
    Some(Found { address, transport, answer })
}

/// Asks with one key after the other; `None` when nobody is there.
async fn ask_over(carrier: Carrier, address: SocketAddr, options: &Options) -> Option<Result<Identity, Error>> {
    let keys: Vec<u32> = options.comm_keys.iter().copied().filter(|key| *key != 0).chain([0]).collect();
    let mut answer = None;
    for comm_key in keys {
        let Options { connect_timeout, idle_timeout, .. } = *options;
        let options = client::Options { comm_key, connect_timeout, idle_timeout, ..client::Options::default() };
        answer = ask(carrier, address, options).await;
        if !matches!(answer, Some(Err(Error::WrongKey))) {
            break;
        }
    }
    answer
}

async fn ask(carrier: Carrier, address: SocketAddr, options: client::Options) -> Option<Result<Identity, Error>> {
    let reached = Client::reach(carrier, &[address], options).await.ok()?;
    let mut client = match reached.open().await {
        Ok(client) => client,
        // A datagram that nobody answers reached nobody.
        Err(error) if carrier == Carrier::Datagrams && error.is_unreached() => return None,
        Err(error) => return Some(Err(error)),
    };
    let identity = identity(&mut client).await;
    client.close().await;
    Some(identity)
}

async fn identity(client: &mut Client) -> Result<Identity, Error> {
    Ok(Identity { serial: client.option(option::SERIAL).await?, model: client.option(option::DEVICE_NAME).await? })
}
