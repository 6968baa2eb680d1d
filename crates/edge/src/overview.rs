//! What an edge knows while it is alone: its queue, its disk, its terminals, and who was seen today. The local board shows it,
//! `/status.json` gives it to programs, and the spool's file alone still tells most of it when no edge runs.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::{Clock, Contact, EdgeClock};
use serde::{Deserialize, Serialize};

use crate::plan::seen::Seen;
use crate::spool::look::{SpoolFile, Today};
use crate::spool::room::{Bounds, Room};
use crate::spool::{Depth, Spool, SpoolError};
use crate::terminals::Terminals;
use crate::timekeeper::Timekeeper;

/// Longest wait for the answer of a running edge.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Where a running edge tells it.
pub(crate) const PATH: &str = "/status.json";

/// An edge at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Its name for the hub.
    pub edge: String,
    /// The version that tells this.
    pub version: String,
    /// The file of its spool.
    pub spool: PathBuf,
    /// When this was told.
    pub at: Timestamp,
    /// A running edge tells it. Otherwise it is what the file holds, and contacts are those that brought something.
    pub is_running: bool,
    /// Entries that the hub has not acknowledged.
    pub queued: i64,
    /// When the oldest of them was received.
    pub oldest_unsent: Option<Timestamp>,
    /// Bytes of the file that hold something.
    pub spool_used_bytes: u64,
    /// Most bytes of the file.
    pub spool_limit_bytes: u64,
    /// Free bytes of its disk; `None` when the system does not tell.
    pub disk_free_bytes: Option<u64>,
    /// Why it takes nothing more, with the cure; `None` while it does.
    pub refuses: Option<String>,
    /// What it knows of its own clock; `None` when no edge runs.
    pub clock: Option<EdgeClock>,
    /// Its terminals, by serial.
    pub terminals: Vec<TerminalLine>,
    /// Who was seen on each terminal's date, as terminals told it and by their clocks; who was seen last comes first. Nothing of it
    /// is judged: the hub decides whose number it is and what a punch counts for.
    pub seen: Vec<Seen>,
}

/// One terminal of an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalLine {
    /// Its serial.
    pub serial: String,
    /// Its name on the hub; empty for one that the hub does not know.
    pub name: String,
    /// The hub has approved it.
    pub is_approved: bool,
    /// Its date now, by the zone that the hub registered for it.
    pub date: Date,
    /// Last contact of any kind.
    pub last_contact: Option<Timestamp>,
    /// Last time that its whole log was read.
    pub last_complete_read: Option<Timestamp>,
    /// What is to be known of it, with the cure.
    pub says: String,
}

/// Why a running edge did not tell anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no edge tells its state at http://{address}: {reason}")]
pub struct NoAnswer {
    address: SocketAddr,
    reason: String,
}

impl Overview {
    /// What a running edge tells at the address of its status page. Needs a process-wide rustls provider, as
    /// [`HttpUplink`](crate::HttpUplink) does.
    ///
    /// # Errors
    /// [`NoAnswer`] when nobody or somebody else answers there.
    pub async fn ask(address: SocketAddr) -> Result<Self, NoAnswer> {
        let no_answer = |error: reqwest::Error| NoAnswer { address, reason: error.without_url().to_string() };
        let client = reqwest::Client::builder().timeout(ANSWER_TIMEOUT).no_proxy().build().map_err(no_answer)?;
        let answer = client.get(format!("http://{address}{PATH}")).send().await.map_err(no_answer)?;
        answer.error_for_status().map_err(no_answer)?.json().await.map_err(no_answer)
    }

    /// What a spool's file tells, whether an edge runs on it or not.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when it can't be read.
    pub fn of_file(edge: &str, path: &Path, bounds: Bounds, now: Timestamp) -> Result<Self, SpoolError> {
        let file = SpoolFile::open(path)?;
        let mut last_words = file.last_words()?;
        let remembered = file.terminals()?;
        let zones = remembered.iter().map(|one| (one.serial.as_str(), one.registered.as_ref()));
        let today = today(zones, now);
        let mut terminals: Vec<TerminalLine> = remembered
            .into_iter()
            .map(|one| {
                let contact = Contact {
                    last_contact_us: last_words.remove(&one.serial),
                    serial: one.serial,
                    ..Contact::default()
                };
                line(one.registered.as_ref(), contact, &today)
            })
            .collect();
        // What is neither listed nor waits for approval: from before the list, or taken off it.
        terminals.extend(last_words.into_iter().map(|(serial, at_us)| {
            line(None, Contact { serial, last_contact_us: Some(at_us), ..Contact::default() }, &today)
        }));
        terminals.sort_by(|a, b| a.serial.cmp(&b.serial));
        let told = Told { edge, spool: path, now, clock: None, depth: file.depth()?, room: file.room(path, bounds)? };
        Ok(told.overview(terminals, file.seen(&today)?))
    }

    /// What a running edge tells of itself.
    pub(crate) async fn of_edge(
        edge: &str,
        spool: &Spool,
        terminals: &Terminals,
        time: &Timekeeper,
    ) -> Result<Self, SpoolError> {
        let now = time.now();
        let board = terminals.board();
        let today =
            today(board.iter().map(|(registered, contact)| (contact.serial.as_str(), registered.as_ref())), now);
        let lines = board.into_iter().map(|(registered, contact)| line(registered.as_ref(), contact, &today)).collect();
        let (depth, room) = (spool.depth().await?, spool.room().await?);
        let told = Told { edge, spool: spool.file(), now, clock: Some(time.told()), depth, room };
        Ok(told.overview(lines, spool.seen(today).await?))
    }
}

/// What is told of an edge beside its terminals and people.
struct Told<'a> {
    edge: &'a str,
    spool: &'a Path,
    now: Timestamp,
    clock: Option<EdgeClock>,
    depth: Depth,
    room: Room,
}

impl Told<'_> {
    fn overview(self, terminals: Vec<TerminalLine>, seen: Vec<Seen>) -> Overview {
        let Self { edge, spool, now, clock, depth, room } = self;
        Overview {
            edge: edge.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            spool: spool.canonicalize().unwrap_or_else(|_| spool.to_owned()),
            at: now,
            is_running: clock.is_some(),
            clock,
            queued: depth.unsent,
            oldest_unsent: depth.oldest_unsent_us.and_then(instant),
            spool_used_bytes: room.used_bytes,
            spool_limit_bytes: room.bounds.max_bytes,
            disk_free_bytes: room.free_disk_bytes,
            refuses: room.lacks(0).map(|lack| room.words(lack)),
            terminals,
            seen,
        }
    }
}

/// The date of each terminal. Where the zone is not known, that of a neighbour counts, and UTC when no zone is known at all.
fn today<'a>(terminals: impl Iterator<Item = (&'a str, Option<&'a link::Terminal>)>, now: Timestamp) -> Today {
    let zone = |terminal: &link::Terminal| TimeZone::get(terminal.zone.as_deref()?).ok();
    let date = |zone: TimeZone| now.to_zoned(zone).date();
    let of: HashMap<String, Date> = terminals
        .filter_map(|(serial, registered)| Some((serial.to_owned(), date(registered.and_then(zone)?))))
        .collect();
    let neighbour = of.iter().min().map(|(_, date)| *date);
    Today { elsewhere: neighbour.unwrap_or_else(|| date(TimeZone::UTC)), of }
}

fn line(registered: Option<&link::Terminal>, contact: Contact, today: &Today) -> TerminalLine {
    let is_approved = registered.is_some_and(|terminal| terminal.approved);
    TerminalLine {
        name: registered.map_or_else(String::new, |terminal| terminal.name.clone()),
        is_approved,
        date: today.at(&contact.serial),
        last_contact: contact.last_contact_us.and_then(instant),
        last_complete_read: contact.last_complete_read_us.and_then(instant),
        says: match (is_approved, contact.trouble) {
            (false, _) => "waits for approval on the hub".to_owned(),
            (true, Some(trouble)) => trouble,
            (true, None) => match &contact.moved {
                Some(moved) => format!("{}; moved to {}", clock(contact.clock), moved.to),
                None => clock(contact.clock),
            },
        },
        serial: contact.serial,
    }
}

/// The state of a terminal without trouble: only its clock may be off.
fn clock(clock: Option<Clock>) -> String {
    let off = clock.and_then(|clock| Some(format!("its clock is {clock}; {}", clock.cure()?)));
    off.unwrap_or_else(|| "in order".to_owned())
}

fn instant(us: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(us).ok()
}
