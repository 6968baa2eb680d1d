//! What people register: terminals and employees.

use std::sync::atomic::Ordering;

use attendance::Zones;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use link::{Moved, Orders, Via};
use store::people::Employee;
use store::terminals::Terminal;
use store::{Read, Write};

use crate::company::{Company, zone};
use crate::numbers::check_group;
use crate::replay::{Replay, note};
use crate::zones::{ZoneBook, terminal_moved, terminal_zones};
use crate::{Actor, Cured, Error, Hub, TokenKind};

/// Longest time between two readings of a terminal.
const MOST_POLL_MINUTES: u32 = 24 * 60;
/// Terminals for which no edge answers that each edge is told of: they are few unless many are registered ahead.
const MOST_OF_NOBODY: u32 = 500;

/// A terminal that a person registers, or changes. `None` keeps what is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTerminal {
    /// Serial: its identity.
    pub serial: String,
    /// Name for people.
    pub name: Option<String>,
    /// `host` or `host:port` for polling.
    pub address: Option<String>,
    /// Its communication key, a number up to 999999; empty takes it away. It is kept sealed.
    pub comm_key: Option<String>,
    /// What it must show when it pushes, one word; empty takes it away. It is kept sealed.
    pub push_key: Option<String>,
    /// IANA zone of its clock; empty for that of its site on the printed date, else the company's, as for a new one without any.
    pub zone: Option<String>,
    /// How it is read.
    pub via: Option<Via>,
    /// Whether its handshake may set its clock.
    pub sets_clock: Option<bool>,
    /// Whether its punches are heard as they happen, between readings.
    pub live: Option<bool>,
    /// The edge that answers for it, until another one hears of it.
    pub edge: Option<String>,
    /// Minutes between two readings of its log; 0 for as often as the edge's setting says.
    pub poll_minutes: Option<u32>,
    /// The group of terminals at which user numbers mean the same people; empty for that of all others.
    pub group: Option<String>,
}

impl NewTerminal {
    /// The terminal that an exported file names.
    pub(crate) fn of_file(serial: &str, zone: &str) -> Self {
        Self { serial: serial.to_owned(), zone: Some(zone.to_owned()), ..Self::default() }
    }
}

/// Registers a serial that was heard of for the first time; it waits for approval.
pub(crate) fn sight(write: &Write<'_>, serial: &str, now: Timestamp) -> Result<Terminal, Error> {
    let terminal = Terminal {
        serial: serial.to_owned(),
        name: serial.to_owned(),
        is_approved: false,
        address: None,
        comm_key_file: None,
        push_key_file: None,
        zone: None,
        via: Via::Push.word().to_owned(),
        sets_clock: false,
        first_seen_us: now.as_microsecond(),
        poll_minutes: None,
        live: false,
        live_rests_until_us: None,
        number_group: String::new(),
    };
    write.put_terminal(&terminal)?;
    Ok(terminal)
}

/// A terminal was found by its serial at another address: that is where it is registered from now on, unless a person has
/// changed its address meanwhile.
pub(crate) fn follow(
    write: &Write<'_>,
    actor: &Actor,
    serial: &str,
    moved: &Moved,
    now: Timestamp,
) -> Result<bool, Error> {
    let known = write.terminal(serial)?.filter(|known| known.address.as_ref() == Some(&moved.from));
    let Some(known) = known else { return Ok(false) };
    let to = moved.to.to_string();
    let detail = format!("from {} to {to}, where it was found by its serial", moved.from);
    write.put_terminal(&Terminal { address: Some(to), ..known })?;
    write.audit(&actor.entry(now, "terminal.move", serial, detail))?;
    Ok(true)
}

/// The first zone that anybody names is the company's, too.
fn name_first_zone(
    write: &Write<'_>,
    actor: &Actor,
    company: &Company,
    zone: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let (None, Some(first)) = (&company.zone, zone) else { return Ok(()) };
    let with_zone = Company { zone: Some(first.to_owned()), ..company.clone() };
    crate::company::change(write, company, &with_zone, now)?;
    Ok(write.audit(&actor.entry(now, "company.zone", "company", first))?)
}

/// What follows for its punches when a terminal that is there was registered otherwise.
fn has_changed(write: &Write<'_>, before: &Terminal, after: &Terminal, now: Timestamp) -> Result<(), Error> {
    let company = Company::load(write)?;
    let zones = (&terminal_zones(write, &company, before)?, &terminal_zones(write, &company, after)?);
    terminal_moved(write, &after.serial, zones, now)?;
    let has_moved = before.number_group != after.number_group;
    note(write, if has_moved { Replay::Terminal } else { Replay::HeldOfTerminal }, &after.serial)
}

/// Who said rows from outside, as the rows know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSource<'a> {
    /// IANA zone of its clock, where somebody named it.
    pub(crate) zone: Option<&'a str>,
    /// The zone holds for one that is registered with another zone, too.
    pub(crate) corrects_zone: bool,
    /// Whose numbers it says, where that is not for somebody else to say.
    pub(crate) group: Option<&'a str>,
}

/// Registers and approves who said rows from outside.
pub(crate) fn approve_source(
    write: &Write<'_>,
    actor: &Actor,
    serial: &str,
    NewSource { zone, corrects_zone, group }: NewSource<'_>,
    now: Timestamp,
) -> Result<Terminal, Error> {
    let before = write.terminal(serial)?;
    let is_new = before.is_none();
    let known = before.map_or_else(|| sight(write, serial, now), Ok)?;
    let given = zone.filter(|_| corrects_zone || is_new).map(str::to_owned);
    let terminal = Terminal {
        is_approved: true,
        zone: given.or_else(|| known.zone.clone()),
        number_group: group.map_or_else(|| known.number_group.clone(), str::to_owned),
        ..known.clone()
    };
    if terminal == known {
        return Ok(terminal);
    }
    if zone != Some("UTC") {
        name_first_zone(write, actor, &Company::load(write)?, zone, now)?;
    }
    write.put_terminal(&terminal)?;
    write.audit(&actor.entry(now, "terminal.register", serial, told(&terminal)))?;
    if !is_new {
        has_changed(write, &known, &terminal, now)?;
    }
    Ok(terminal)
}

/// The employee of a code.
pub(crate) fn employee(read: &Read<'_>, code: &str) -> Result<Employee, Error> {
    read.employee_by_code(code)?.ok_or_else(|| Error::NotFound(format!("employee with code {code}")))
}

/// The employee of a code, or all of them by code.
pub(crate) fn people(read: &Read<'_>, code: Option<&str>) -> Result<Vec<Employee>, Error> {
    let Some(code) = code else { return Ok(read.employees()?) };
    Ok(vec![employee(read, code)?])
}

/// `push`, `poll` or `both` as stored.
pub(crate) fn via(word: &str) -> Via {
    match word {
        "poll" => Via::Poll,
        "both" => Via::Both,
        _ => Via::Push,
    }
}

impl Hub {
    /// Registers a terminal, or changes it, and approves it: a person named it. What was held for its approval is
    /// replayed; when its zone changes, so are the punches that are read in another one now.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty serial, an unknown zone or edge, or a schedule that can't be kept, or of the store.
    pub fn add_terminal(&self, actor: &Actor, new: &NewTerminal, now: Timestamp) -> Result<Cured, Error> {
        let serial = attendance::punch::canonical_origin(&new.serial).to_owned();
        if serial.is_empty() {
            return Err(Error::invalid("a terminal needs a serial", "give the one on its label or in its menu"));
        }
        let stated = new.zone.as_deref().filter(|name| !name.is_empty());
        stated.map(zone).transpose()?;
        new.group.as_deref().map(check_group).transpose()?;
        self.store.write(|write| {
            name_first_zone(write, actor, &Company::load(write)?, stated, now)?;
            let before = write.terminal(&serial)?;
            let mut terminal = before.clone().map_or_else(|| sight(write, &serial, now), Ok)?;
            let given = new.clone();
            terminal.name = given.name.unwrap_or(terminal.name);
            terminal.address = given.address.or(terminal.address);
            // A key takes the place of the file that an older version remembered.
            terminal.comm_key_file = terminal.comm_key_file.filter(|_| new.comm_key.is_none());
            terminal.push_key_file = terminal.push_key_file.filter(|_| new.push_key.is_none());
            terminal.zone = given.zone.map_or(terminal.zone, |zone| Some(zone).filter(|zone| !zone.is_empty()));
            terminal.via = given.via.map_or(terminal.via, |via| via.word().to_owned());
            terminal.sets_clock = given.sets_clock.unwrap_or(terminal.sets_clock);
            terminal.poll_minutes =
                given.poll_minutes.map_or(terminal.poll_minutes, |minutes| (minutes > 0).then_some(minutes));
            terminal.live = given.live.unwrap_or(terminal.live);
            terminal.number_group = given.group.unwrap_or(terminal.number_group);
            terminal.is_approved = true;
            if given.live == Some(true) {
                check_polled(&terminal, "it can't be heard live")?;
            }
            if given.poll_minutes.is_some() {
                check_schedule(&terminal)?;
            }
            if before.as_ref() != Some(&terminal) {
                write.put_terminal(&terminal)?;
                write.audit(&actor.entry(now, "terminal.register", &serial, told(&terminal)))?;
                if before.as_ref().is_some_and(|before| before.via != terminal.via) && !via(&terminal.via).polls() {
                    // How far it was read says nothing of how far it pushes.
                    write.drop_reading(&serial)?;
                }
                if before.as_ref().is_some_and(|before| before.address != terminal.address) {
                    // It may have been carried to another branch.
                    write.set_edge_of(&serial, None)?;
                }
                match &before {
                    Some(before) => has_changed(write, before, &terminal, now)?,
                    None => note(write, Replay::HeldOfTerminal, &serial)?,
                }
            }
            self.take_keys(write, actor, (&serial, before.as_ref()), new, now)?;
            if let Some(edge) = &new.edge {
                check_edge(write, edge)?;
                write.set_edge_of(&serial, Some(edge))?;
                write.audit(&actor.entry(now, "terminal.edge", &serial, edge))?;
            }
            Ok::<_, Error>(())
        })?;
        self.resume_replays(now)
    }

    /// Registers the address where a terminal was found by its serial. False when it is not registered with the address
    /// that it is said to have left.
    ///
    /// # Errors
    /// Of the store.
    pub fn move_terminal(&self, actor: &Actor, serial: &str, moved: &Moved, now: Timestamp) -> Result<bool, Error> {
        self.store.write(|write| follow(write, actor, serial, moved, now))
    }

    /// Its edge leaves a terminal alone, which it hears live otherwise, until that instant; `None` ends that. So somebody else
    /// can talk to it: a terminal serves one at a time.
    ///
    /// # Errors
    /// Of the store.
    pub fn rest_live(&self, serial: &str, until: Option<Timestamp>) -> Result<(), Error> {
        Ok(self.store.write(|write| write.set_live_rest(serial, until.map(Timestamp::as_microsecond)))?)
    }

    /// What an edge is told: its terminals, with their keys, and the commands that it shall bring to those that it sees. Those that
    /// another edge answers for are none of its business: it could only stumble over another unit at the same private address, and
    /// who steals its disk has the keys of one branch.
    ///
    /// A hub that can't open the keys tells nothing: the edge goes on with those that it was told before, or asks another hub.
    pub(crate) fn orders(&self, beat: &link::Heartbeat, now: Timestamp) -> Result<Orders, Error> {
        let (terminals, company, zones, (commands, failed), high_seq) = self.store.read(|read| {
            let commands = crate::commands::for_edge(read, &beat.edge, now)?;
            let high_seq = read.edge_high_seq(&beat.edge, &beat.spool)?;
            let terminals = read.terminals_of_edge(&beat.edge, MOST_OF_NOBODY)?;
            let company = Company::load(read)?;
            let named: Vec<_> = terminals.iter().map(|(one, _)| (one.serial.as_str(), one.zone.as_deref())).collect();
            let zones = ZoneBook::load(read, &company)?.terminals(read, &named)?;
            Ok::<_, Error>((terminals, company, zones, commands, high_seq))
        })?;
        if !failed.is_empty() {
            self.store.write(|write| crate::commands::fail(write, &failed, now))?;
        }
        // Without a zone of the company nobody has said yet which one holds where none is stated.
        let is_said = |zone: &&TimeZone| company.zone.is_some() || **zone != TimeZone::UTC;
        let zone_now = |zones: &Zones| Some(zones.at(now)).filter(is_said)?.iana_name().map(str::to_owned);
        let keys = self.open_keys(&terminals)?;
        let terminals =
            terminals.into_iter().zip(keys).zip(zones).map(|(((terminal, _), keys), zones)| link::Terminal {
                comm_key: keys.comm,
                push_key: keys.push,
                serial: terminal.serial,
                name: terminal.name,
                approved: terminal.is_approved,
                address: terminal.address,
                via: via(&terminal.via),
                zone: terminal.zone.or_else(|| zone_now(&zones)),
                sets_clock: terminal.sets_clock,
                live: terminal.live
                    && terminal.live_rests_until_us.is_none_or(|until_us| until_us <= now.as_microsecond()),
                poll_every_s: terminal.poll_minutes.map(|minutes| minutes.saturating_mul(60)),
            });
        let (high_seq, now_us) = (Some(high_seq), Some(now.as_microsecond()));
        let beat_every_s = crate::watch::beat_every_s(self.edges_seen.load(Ordering::Relaxed));
        Ok(Orders { terminals: terminals.collect(), commands, high_seq, now_us, beat_every_s, ..Orders::default() })
    }
}

/// Refuses an edge that nobody has invited and nobody has heard of: the terminal would be nobody's.
fn check_edge(read: &Read<'_>, edge: &str) -> Result<(), Error> {
    let has_token = read.token_named(edge)?.is_some_and(|token| token.kind == TokenKind::Edge.word());
    if has_token || read.edge(edge)?.is_some() || read.has_invitation(edge)? {
        return Ok(());
    }
    let cure =
        format!("`punchclock edge list` shows those there are; invite it first with `punchclock edge invite {edge}`");
    Err(Error::invalid(format!("there is no edge {edge}"), cure))
}

/// Refuses a schedule that can't be kept.
fn check_schedule(terminal: &Terminal) -> Result<(), Error> {
    let Some(minutes) = terminal.poll_minutes else { return Ok(()) };
    if minutes > MOST_POLL_MINUTES {
        let what =
            format!("a terminal is read once in {MOST_POLL_MINUTES} minutes (a day) at least, not once in {minutes}");
        return Err(Error::invalid(what, "choose a shorter time, or have it push only (`--via push`)"));
    }
    check_polled(terminal, "its log is not read")
}

/// Refuses what goes over port 4370 for a terminal that nobody calls there.
fn check_polled(terminal: &Terminal, so: &str) -> Result<(), Error> {
    if via(&terminal.via).polls() {
        return Ok(());
    }
    let what = format!("terminal {} only pushes, {so}", terminal.serial);
    Err(Error::invalid(what, "register it with its address and `--via both` or `--via poll`"))
}

/// A terminal in words, for the audit trail.
fn told(terminal: &Terminal) -> String {
    let Terminal { name, address, zone, via, sets_clock, poll_minutes, live, .. } = terminal;
    let group = &terminal.number_group;
    let or = |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
    format!(
        "name {name}, address {}, zone {}, via {via}, clock {}{}{}{}",
        or(address, "none"),
        or(zone, "that of its site"),
        if *sets_clock { "set by the handshake" } else { "left alone" },
        poll_minutes.map_or_else(String::new, |minutes| format!(", read every {minutes} minutes")),
        if *live { ", heard live" } else { "" },
        if group.is_empty() { String::new() } else { format!(", user numbers of group {group}") }
    )
}
