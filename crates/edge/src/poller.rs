//! Reads the logs of terminals on port 4370, several at a time, each in its own task: one that fails or is slow delays
//! no other.
//!
//! A poll reads the whole log, as the protocol has no filter; every record goes the same way as a pushed line, so that
//! a punch which came by push already is known.
//!
//! So a poll is a reconciliation: what is missing here comes with it, and it tells the hub the closeout of each day, so that what
//! is missing there is seen and sent once more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use link::Moved;
use tokio::task::JoinSet;
use zk::client::Options;

use crate::closing::Doubts;
use crate::counters::Counters;
use crate::plan::Schedule;
use crate::reading::Intake;
use crate::search::Search;
use crate::spool::Spool;
use crate::terminals::{Terminals, WholeLog};
use crate::timekeeper::Timekeeper;
use crate::visit::{addresses, dialable, port};
use crate::{EdgeConfig, Stop, Tables, Trouble, Visit, chance};

/// Longest time for one terminal; 100,000 records over a slow line take minutes.
const POLL_TIMEOUT: Duration = Duration::from_secs(600);

/// A reading of a terminal's tables that has begun.
#[derive(Debug)]
pub struct BeganReading {
    serial: String,
    /// When, microseconds of the steady clock: somebody may set the other before the tables are here.
    at_us: i64,
    /// What the hub has doubts about.
    doubts: Doubts,
}

/// Reads terminals regularly.
pub(crate) struct Poller {
    terminals: Arc<Terminals>,
    counters: Arc<Counters>,
    time: Arc<Timekeeper>,
    /// Longest silence of a terminal while it owes an answer.
    silence: Duration,
    search: Search,
    intake: Intake,
}

impl Poller {
    pub(crate) fn new(
        config: &EdgeConfig,
        spool: Spool,
        terminals: Arc<Terminals>,
        counters: Arc<Counters>,
        time: Arc<Timekeeper>,
    ) -> Self {
        let (silence, search) = (config.terminal_silence, Search::new(config.discover.clone()));
        let intake = Intake::new(spool, counters.clone(), time.clone());
        Self { terminals, counters, time, silence, search, intake }
    }

    /// Polls until the stop, `usual`ly so often; polls in work are given up then.
    pub(crate) async fn run(self: Arc<Self>, usual: Duration, mut stop: Stop) {
        let mut changes = self.terminals.watch_changes();
        let mut schedule = Schedule::default();
        let mut polls = JoinSet::new();
        let mut begun = HashMap::new();
        loop {
            changes.mark_unchanged();
            for terminal in self.due(&mut schedule, usual, chance) {
                let (poller, serial) = (self.clone(), terminal.serial.clone());
                let task = polls.spawn(async move { poller.poll(&terminal).await });
                begun.insert(task.id(), (serial, self.time.steady_us()));
            }
            let pause = schedule.pause(self.time.steady_us());
            let ended = tokio::select! {
                () = stop.wait() => return,
                Some(ended) = polls.join_next_with_id() => ended,
                // The channel lives as long as `self`.
                _ = changes.changed() => continue,
                () = tokio::time::sleep(pause) => continue,
            };
            let task = match ended {
                Ok((task, ())) => task,
                Err(error) => {
                    tracing::error!(%error, "a poll ended by a defect; the next one comes in its time");
                    error.id()
                }
            };
            if let Some((serial, began_us)) = begun.remove(&task) {
                schedule.done(&serial, began_us, usual, chance());
            }
        }
    }

    /// The terminals that are to be read now.
    pub(crate) fn due(
        &self,
        schedule: &mut Schedule,
        usual: Duration,
        chance: impl Fn() -> f64,
    ) -> Vec<link::Terminal> {
        let now_us = self.time.steady_us();
        for serial in self.terminals.take_hurried() {
            schedule.hurry(&serial, now_us);
        }
        schedule.due(&self.terminals.to_poll(), now_us, usual, chance)
    }

    async fn poll(&self, terminal: &link::Terminal) {
        let outcome = tokio::time::timeout(POLL_TIMEOUT, self.read(terminal)).await.unwrap_or_else(|_| {
            let address = dialable(terminal.address.as_deref().unwrap_or_default());
            Err(Trouble::TimedOut { address })
        });
        self.note(&terminal.serial, outcome);
    }

    /// Notes how a poll ended.
    pub(crate) fn note(&self, serial: &str, outcome: Result<WholeLog, Trouble>) {
        match &outcome {
            Ok(log) => {
                self.counters.polls_done.add(1);
                tracing::debug!(serial, records = log.records, "the log of a terminal was read");
            }
            Err(trouble) => {
                self.counters.polls_failed.add(1);
                tracing::warn!(serial, "a terminal could not be read: {trouble}");
            }
        }
        self.terminals.polled(serial, self.time.now_us(), outcome.map_err(|trouble| trouble.to_string()));
    }

    async fn read(&self, terminal: &link::Terminal) -> Result<WholeLog, Trouble> {
        let mut visit = self.reach(terminal).await?;
        let began = self.begin_reading(&terminal.serial);
        // A clock that is not believed shows nothing of another.
        let zone = terminal.zone.as_deref().filter(|_| self.time.is_believed());
        let zone = zone.and_then(|zone| TimeZone::get(zone).ok());
        let tables = visit.read_tables(zone.as_ref()).await;
        visit.end().await;
        self.take(&began, &tables?).await
    }

    /// Tables are about to be read: what was punched before is in them.
    pub(crate) fn begin_reading(&self, serial: &str) -> BeganReading {
        BeganReading { serial: serial.to_owned(), at_us: self.time.steady_us(), doubts: self.terminals.doubts(serial) }
    }

    /// Stores what tables brought.
    pub(crate) async fn take(&self, began: &BeganReading, tables: &Tables) -> Result<WholeLog, Trouble> {
        self.intake.take(&began.serial, tables, began.at_us, &began.doubts).await
    }

    /// The terminal: where it was found before, at its registered address, or where a search finds it now. Until it has told
    /// its serial any failure may mean that it has moved: another unit may have its address.
    async fn reach(&self, terminal: &link::Terminal) -> Result<Visit, Trouble> {
        let serial = &terminal.serial;
        if let Some(moved) = self.terminals.moved(serial)
            && let Ok(visit) = self.visit(terminal, &moved.to.to_string()).await
        {
            return Ok(visit);
        }
        let registered = terminal.address.clone().unwrap_or_default();
        let trouble = match self.visit(terminal, &registered).await {
            Ok(visit) => {
                self.terminals.set_moved(serial, None);
                return Ok(visit);
            }
            Err(trouble) if !self.search.is_configured() => return Err(trouble),
            Err(trouble) => Box::new(trouble),
        };
        let usual: Vec<String> = addresses(&registered).collect();
        let usual_port = port(usual.first().map_or("", String::as_str));
        let Some(found) = self.search.find(serial, usual_port, &self.terminals, self.time.steady_us()).await else {
            return Err(Trouble::Missing { serial: serial.clone(), trouble });
        };
        let visit = self.visit(terminal, &found.to_string()).await?;
        let moved = (!usual.contains(&found.to_string())).then_some(Moved { from: registered, to: found });
        if let Some(moved) = &moved {
            tracing::warn!(serial, from = moved.from, to = %moved.to, "a terminal has another address now");
        }
        self.terminals.set_moved(serial, moved);
        Ok(visit)
    }

    async fn visit(&self, terminal: &link::Terminal, address: &str) -> Result<Visit, Trouble> {
        let comm_key = terminal.comm_key.unwrap_or(0);
        let options = Options { comm_key, idle_timeout: self.silence, ..Options::default() };
        Visit::begin(address, Some(&terminal.serial), options).await
    }
}
