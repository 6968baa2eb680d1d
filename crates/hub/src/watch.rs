//! Edges, watched from afar: how each is, how its clock goes, and who has fallen silent.
//!
//! Invariants:
//! * A silence and a return are told once each, in this order, whatever restarts and however many hubs look: that an edge is told to
//!   be silent stands in the row of the edge, and the job that posts it is asked for in the same transaction, in the lane of the edge.
//! * A hub that was away itself calls nobody silent before it has listened for as long.
//! * What an edge with a wrong clock tells of times is shifted by how far its clock is off. Nothing is judged by such a clock.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use link::health::EDGE_CLOCK_TOLERANCE_US;
use link::{Clock, ClockSource, Health, Heartbeat};
use serde_json::json;
use store::Write;
use store::edges::Edge;

use crate::jobs::{NOTICE, enqueue};
use crate::resolve::instant;
use crate::{Error, Hub};

/// A clock whose offset changes by more than this between two contacts was moved.
const JUMP_US: i64 = 60_000_000;
/// Or by more than the worst clocks drift in the time between: this part of it.
const WORST_DRIFT: i64 = 5000;
/// A drift is told once it was watched for as long.
const DRIFT_AFTER_US: i64 = 6 * 3600 * 1_000_000;
const DAY_US: i64 = 86_400 * 1_000_000;
/// Heartbeats a second that all edges together are asked to keep to: a small part of what a hub answers on two cores.
const BEATS_PER_SECOND: usize = 200;
/// No edge is asked to wait longer between two of them: orders should not take longer to arrive.
const SLOWEST_BEAT_S: usize = 60;

/// An edge as pages, tables and programs show it.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeRow {
    /// Its name.
    pub name: String,
    /// Its version; empty when no heartbeat has come yet.
    pub version: String,
    /// Last contact.
    pub last_seen: Timestamp,
    /// Highest sequence that the hub holds.
    pub high_seq: i64,
    /// Entries that it has not sent.
    pub queued: i64,
    /// When it received the oldest of them; `None` when there is none, or when its clock was not right then.
    pub oldest_unsent: Option<Timestamp>,
    /// What it sees of itself; `None` from an older edge.
    pub health: Option<Health>,
    /// How its clock goes.
    pub clock: ClockRow,
    /// In one word.
    pub state: EdgeState,
    /// What is to be done, if anything is.
    pub says: String,
}

/// How an edge is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeState {
    /// Not heard of for long.
    Silent,
    /// Heard of, and something is to be done.
    Trouble,
    /// All is well.
    InOrder,
}

impl EdgeState {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Silent, Self::Trouble, Self::InOrder];

    /// The word for it in tables and addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Trouble => "trouble",
            Self::InOrder => "in_order",
        }
    }
}

/// How the clock of an edge goes, against the hub's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockRow {
    /// Its clock minus the hub's at the last contact, microseconds.
    pub ahead_us: i64,
    /// Microseconds that it gains in a day; `None` while it was not watched for long enough.
    pub drift_us_per_day: Option<i64>,
    /// When it was moved last, as far as was seen, and by how many microseconds.
    pub jump: Option<(Timestamp, i64)>,
    /// Whether the edge judges by it; `None` from an older edge.
    pub is_believed: Option<bool>,
}

impl ClockRow {
    /// True when it is off by more than a minute.
    pub const fn is_off(&self) -> bool {
        self.ahead_us.unsigned_abs() > EDGE_CLOCK_TOLERANCE_US.unsigned_abs()
    }
}

/// In words: `right`, `3 min 20 s ahead`, `reset, 20516 days behind`.
impl std::fmt::Display for ClockRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        in_words(self.ahead_us).fmt(f)
    }
}

/// By how much a clock was moved, in words: `1 h forward`, `20440 days back`.
pub fn moved_in_words(by_us: i64) -> String {
    let span = link::span(by_us.unsigned_abs() / 1_000_000);
    format!("{span} {}", if by_us < 0 { "back" } else { "forward" })
}

/// An offset in words.
fn in_words(ahead_us: i64) -> Clock {
    Clock { offset_s: ahead_us / 1_000_000, how: ClockSource::Asked, at_us: 0 }
}

/// What has changed for an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilenceChange {
    /// Its name.
    pub edge: String,
    /// It has fallen silent; otherwise it is back.
    pub is_silent: bool,
    /// Last contact before the silence, or the first after it.
    pub last_seen: Timestamp,
}

impl Hub {
    /// All edges by name; those not heard of for `silent_after` are silent.
    ///
    /// # Errors
    /// Of the store.
    pub fn edges(&self, now: Timestamp, silent_after: Duration) -> Result<Vec<EdgeRow>, Error> {
        let edges = self.store.read(|read| read.edges())?;
        Ok(edges.into_iter().map(|edge| row(edge, now, silent_after)).collect())
    }

    /// Looks who has fallen silent and who is back, since the last look of any process. `since` is when this hub began to
    /// listen. With `tells`, each is to be posted; otherwise nothing is, and what waited is dropped.
    ///
    /// # Errors
    /// Of the store.
    pub fn watch_edges(
        &self,
        now: Timestamp,
        since: Timestamp,
        silent_after: Duration,
        tells: bool,
    ) -> Result<Vec<SilenceChange>, Error> {
        let changed = |edge: &Edge| {
            let heard = instant(edge.last_seen_us);
            let is_silent = is_longer(heard.max(since), now, silent_after);
            // One that was silent is back when it was heard of, not when this hub began to listen.
            let is_back = edge.is_silent && !is_longer(heard, now, silent_after);
            (is_silent && !edge.is_silent || is_back).then(|| SilenceChange {
                edge: edge.name.clone(),
                is_silent: !edge.is_silent,
                last_seen: heard,
            })
        };
        let quiet = self.store.read(|read| {
            let is_waiting = !tells && !read.waiting_jobs(NOTICE.name)?.is_empty();
            let edges = read.edges()?;
            self.edges_seen.store(edges.len(), Ordering::Relaxed);
            Ok::<_, store::Error>(!is_waiting && edges.iter().all(|edge| changed(edge).is_none()))
        })?;
        // This is looked at all the time: the disk is spared.
        if quiet {
            return Ok(Vec::new());
        }
        let changes = self.store.write(|write| {
            if !tells {
                drop_notices(write, None)?;
            }
            let mut changes = Vec::new();
            for edge in write.edges()? {
                let Some(change) = changed(&edge) else { continue };
                write.set_edge_silent(&edge.name, change.is_silent)?;
                if tells {
                    let body = body(&change, &edge, now).to_string();
                    enqueue(write, &NOTICE, Some(&lane(&edge.name)), &body, now)?;
                }
                changes.push(change);
            }
            Ok::<_, Error>(changes)
        })?;
        self.bell.ring();
        Ok(changes)
    }
}

/// Where the posts about an edge follow each other.
fn lane(edge: &str) -> String {
    format!("{} {edge}", NOTICE.name)
}

/// Drops what waits to be posted, about one edge or all.
pub(crate) fn drop_notices(write: &Write<'_>, edge: Option<&str>) -> Result<(), Error> {
    let lane = edge.map(lane);
    for job in write.waiting_jobs(NOTICE.name)? {
        if lane.is_none() || job.lane == lane {
            write.drop_job(job.id)?;
        }
    }
    Ok(())
}

/// How far apart the heartbeats of an edge shall be, in seconds, so that those of all edges are not too many; `None` while there
/// are few of them.
pub(crate) fn beat_every_s(edges: usize) -> Option<u32> {
    let seconds = edges.div_ceil(BEATS_PER_SECOND).min(SLOWEST_BEAT_S);
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 1)
}

fn is_longer(since: Timestamp, now: Timestamp, than: Duration) -> bool {
    now.duration_since(since) > SignedDuration::try_from(than).unwrap_or(SignedDuration::MAX)
}

/// What is posted. `text` is for receivers that show a line.
fn body(change: &SilenceChange, edge: &Edge, now: Timestamp) -> serde_json::Value {
    let SilenceChange { edge: name, is_silent, last_seen } = change;
    let (event, text) = match is_silent {
        true => (
            "edge.silent",
            format!(
                "Edge {name} has been silent since {last_seen}; look whether it is switched on and its line is up."
            ),
        ),
        false => ("edge.back", format!("Edge {name} is back; {} entries wait there.", edge.queued)),
    };
    json!({
        "id": format!("{name}@{}", now.as_microsecond()), "event": event, "edge": name, "at": now.to_string(), "last_heard": last_seen.to_string(),
        "queued": edge.queued, "version": edge.version, "text": text,
    })
}

fn row(edge: Edge, now: Timestamp, silent_after: Duration) -> EdgeRow {
    let health = health_of(&edge);
    let clock = clock_row(&edge, health.as_ref());
    let last_seen = instant(edge.last_seen_us);
    let (state, says) = if is_longer(last_seen, now, silent_after) {
        (EdgeState::Silent, "look whether it is switched on and its line is up".to_owned())
    } else {
        match troubles(health.as_ref(), &clock) {
            troubles if troubles.is_empty() => (EdgeState::InOrder, String::new()),
            troubles => (EdgeState::Trouble, troubles.join("; ")),
        }
    };
    EdgeRow {
        name: edge.name,
        version: edge.version,
        last_seen,
        high_seq: edge.high_seq,
        queued: edge.queued,
        oldest_unsent: edge.oldest_unsent_us.map(instant),
        health,
        clock,
        state,
        says,
    }
}

/// What is to be done about an edge that is heard of.
fn troubles(health: Option<&Health>, clock: &ClockRow) -> Vec<String> {
    let mut troubles = Vec::new();
    if let Some(refuses) = health.and_then(|health| health.refuses.as_ref()) {
        troubles.push(format!("it takes nothing more: {refuses}"));
    }
    if clock.is_off() {
        troubles.push(format!("its clock is {clock}; set up time synchronisation there"));
    }
    match health.map_or(0, |health| health.silent_terminals.len()) {
        0 => {}
        1 => troubles.push("a terminal there is silent; check that it is switched on and reachable".to_owned()),
        some => {
            troubles.push(format!("{some} terminals there are silent; check that they are switched on and reachable"));
        }
    }
    troubles
}

fn health_of(edge: &Edge) -> Option<Health> {
    serde_json::from_str(&edge.health).ok()
}

fn clock_row(edge: &Edge, health: Option<&Health>) -> ClockRow {
    let since = edge.clock_since_us.zip(edge.clock_since_ahead_us);
    let drift = since.and_then(|(since_us, since_ahead_us)| {
        let watched_us = edge.last_seen_us.saturating_sub(since_us);
        let gained_us = i128::from(edge.clock_ahead_us.saturating_sub(since_ahead_us));
        let per_day = gained_us * i128::from(DAY_US) / i128::from(watched_us.max(1));
        (watched_us >= DRIFT_AFTER_US).then_some(per_day)
    });
    ClockRow {
        ahead_us: edge.clock_ahead_us,
        drift_us_per_day: drift.and_then(|drift| i64::try_from(drift).ok()),
        jump: edge.clock_since_us.map(instant).zip(edge.clock_jump_us),
        is_believed: health.and_then(|health| health.clock).map(|clock| clock.is_right),
    }
}

/// How far the clock of an edge is ahead, as its heartbeat tells: measured both ways if it was, else by the way here.
pub(crate) fn ahead_us(beat: &Heartbeat, now: Timestamp) -> i64 {
    let measured = beat.health.as_ref().and_then(|health| health.clock?.offset_us);
    measured.unwrap_or_else(|| beat.now_us.saturating_sub(now.as_microsecond()))
}

/// How far ahead the times are that a heartbeat tells: 0 when the clock is right enough. An edge that tells nothing of its clock is taken at
/// its word.
pub(crate) fn off_us(beat: &Heartbeat, ahead_us: i64) -> i64 {
    let is_told = beat.health.as_ref().is_some_and(|health| health.clock.is_some());
    if is_told && ahead_us.unsigned_abs() > EDGE_CLOCK_TOLERANCE_US.unsigned_abs() { ahead_us } else { 0 }
}

/// The heartbeat with times as they would be by a right clock, but for those of readings, by which these are known.
pub(crate) fn by_right_clock(beat: &Heartbeat, off_us: i64) -> Heartbeat {
    let mut beat = beat.clone();
    if off_us == 0 {
        return beat;
    }
    let right = |us: &mut Option<i64>| *us = us.map(|us| us.saturating_sub(off_us));
    right(&mut beat.oldest_unsent_us);
    for contact in &mut beat.terminals {
        right(&mut contact.last_contact_us);
        right(&mut contact.last_complete_read_us);
        // What a wrong clock was compared with shows nothing.
        contact.clock = None;
    }
    beat
}

/// The row of an edge after its heartbeat, given the one before.
pub(crate) fn after_beat(before: Option<&Edge>, beat: &Heartbeat, ahead_us: i64, now: Timestamp) -> Edge {
    let now_us = now.as_microsecond();
    let known = before.filter(|before| before.clock_since_us.is_some());
    let moved_us = known.map_or(0, |before| moved_us(before, ahead_us, now_us));
    let (since_us, since_ahead_us, jump_us) = match known {
        Some(before) if moved_us == 0 => (before.clock_since_us, before.clock_since_ahead_us, before.clock_jump_us),
        Some(_) => (Some(now_us), Some(ahead_us), Some(moved_us)),
        None => (Some(now_us), Some(ahead_us), None),
    };
    if moved_us != 0 {
        let (by, clock) = (moved_in_words(moved_us), in_words(ahead_us));
        tracing::warn!(edge = beat.edge, "the clock of an edge was moved {by}; now it is {clock}");
    }
    Edge {
        name: beat.edge.clone(),
        high_seq: 0,
        version: beat.version.clone(),
        last_seen_us: now_us,
        clock_ahead_us: ahead_us,
        queued: beat.queued,
        oldest_unsent_us: beat.oldest_unsent_us,
        health: beat.health.as_ref().and_then(|health| serde_json::to_string(health).ok()).unwrap_or_default(),
        clock_since_us: since_us,
        clock_since_ahead_us: since_ahead_us,
        clock_jump_us: jump_us,
        is_silent: false,
    }
}

/// By how much the clock of an edge was moved since it was heard of; 0 when it only drifted.
fn moved_us(before: &Edge, ahead_us: i64, now_us: i64) -> i64 {
    let moved_us = ahead_us.saturating_sub(before.clock_ahead_us);
    let drift_us = now_us.saturating_sub(before.last_seen_us).saturating_abs() / WORST_DRIFT;
    if moved_us.unsigned_abs() > JUMP_US.max(drift_us).unsigned_abs() { moved_us } else { 0 }
}

/// Whether a heartbeat tells something new of its edge, beside its terminals: more than a sign of life.
pub(crate) fn is_news(known: &Edge, beat: &Heartbeat, ahead_us: i64, now: Timestamp) -> bool {
    let essence = |health: Option<&Health>| {
        health.map(|health| {
            let clock = health.clock.map(|clock| (clock.is_right, clock.is_synchronised));
            (health.silent_terminals.clone(), health.refuses.is_some(), clock)
        })
    };
    known.is_silent
        || known.queued != beat.queued
        || known.version != beat.version
        || moved_us(known, ahead_us, now.as_microsecond()) != 0
        || essence(health_of(known).as_ref()) != essence(beat.health.as_ref())
}

#[cfg(test)]
mod tests {
    use super::beat_every_s;

    #[test]
    fn the_more_edges_there_are_the_slower_each_of_them_beats() {
        assert_eq!([0, 1, 200].map(beat_every_s), [None; 3], "they beat as they like");
        assert_eq!([201, 10_000, 1_000_000].map(beat_every_s), [Some(2), Some(50), Some(60)]);
    }
}
