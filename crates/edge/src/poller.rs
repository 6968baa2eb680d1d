//! Reads the logs of terminals on port 4370, several at a time, each in its own task: one that fails or is slow delays
//! no other.
//!
//! A poll reads the whole log, as the protocol has no filter; every record goes the same way as a pushed line, so that
//! a punch which came by push already is known.
//!
//! On the same visit users are written that the hub wants written ([`carry_out`]): after the punches are stored, as a record of an old
//! unit tells who made it only while that user is there.
//!
//! So a poll is a reconciliation: what is missing here comes with it, and it tells the hub the closeout of each day, so that what
//! is missing there is seen and sent once more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use link::{Moved, Poll, PollOutcome};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use zk::client::Options;

use crate::closing::Doubts;
use crate::counters::Counters;
use crate::live::Live;
use crate::plan::Schedule;
use crate::reading::Intake;
use crate::search::Search;
use crate::spool::Spool;
use crate::spool::visits::{Fate, VisitOrder};
use crate::terminals::{Terminals, WholeLog};
use crate::timekeeper::Timekeeper;
use crate::users::carry_out;
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
    spool: Spool,
    counters: Arc<Counters>,
    time: Arc<Timekeeper>,
    /// Longest silence of a terminal while it owes an answer.
    silence: Duration,
    /// Rest between two readings when something is amiss with a live session.
    live_rest: Duration,
    search: Search,
    intake: Intake,
    live: Live,
    /// Terminals whose log should be read soon, as live sessions have found.
    wished: tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>,
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
        let (live, wished) = Live::new(spool.clone(), terminals.clone(), counters.clone(), time.clone());
        let (intake, live_rest) = (Intake::new(spool.clone(), counters.clone(), time.clone()), config.live_rest);
        Self { terminals, spool, counters, time, silence, live_rest, search, intake, live, wished: wished.into() }
    }

    /// Polls until the stop, `usual`ly so often; polls in work are given up then.
    pub(crate) async fn run(self: Arc<Self>, usual: Duration, mut stop: Stop) {
        let mut changes = self.terminals.watch_changes();
        let mut schedule = Schedule::default();
        let mut polls = JoinSet::new();
        let mut begun = HashMap::new();
        let mut failures = HashMap::new();
        let mut wished = self.wished.lock().await;
        loop {
            changes.mark_unchanged();
            self.live.retain(&self.terminals.to_poll());
            for terminal in self.due(&mut schedule, usual, chance) {
                let (poller, serial, is_live) = (self.clone(), terminal.serial.clone(), terminal.live);
                let task = polls.spawn(async move { poller.poll(&terminal).await });
                begun.insert(task.id(), (serial, is_live, self.time.steady_us()));
            }
            let pause = schedule.pause(self.time.steady_us());
            let ended = tokio::select! {
                () = stop.wait() => {
                    polls.shutdown().await;
                    return self.live.end().await;
                }
                Some(serial) = wished.recv() => {
                    schedule.again(&serial, self.time.steady_us(), self.live_rest);
                    continue;
                }
                Some(ended) = polls.join_next_with_id() => ended,
                // The channel lives as long as `self`.
                _ = changes.changed() => continue,
                () = tokio::time::sleep(pause) => continue,
            };
            let (task, is_read) = ended.unwrap_or_else(|error| {
                tracing::error!(%error, "a poll ended by a defect; the next one comes in its time");
                (error.id(), false)
            });
            let Some((serial, is_live, began_us)) = begun.remove(&task) else { continue };
            schedule.done(&serial, began_us, usual, chance());
            if is_read {
                failures.remove(&serial);
            } else if is_live {
                // Somebody wants to see its punches at once, so it is not left alone for as long as others.
                let failed = failures.entry(serial.clone()).or_insert(0_u32);
                let rest = self.live_rest.saturating_mul(1 << (*failed).min(8));
                *failed = failed.saturating_add(1);
                schedule.again(&serial, self.time.steady_us(), rest);
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

    /// True when its whole log was read.
    async fn poll(&self, terminal: &link::Terminal) -> bool {
        let began_us = self.time.steady_us();
        let outcome = tokio::time::timeout(POLL_TIMEOUT, self.read(terminal)).await.unwrap_or_else(|_| {
            let address = dialable(terminal.address.as_deref().unwrap_or_default());
            Err(Trouble::TimedOut { address })
        });
        if let Err(trouble) = &outcome {
            self.put_off(terminal, trouble).await;
        }
        let is_read = outcome.is_ok();
        self.note(&terminal.serial, began_us, outcome);
        is_read
    }

    /// Notes how a poll ended that began at `began_us`, microseconds of the steady clock.
    pub(crate) fn note(&self, serial: &str, began_us: i64, outcome: Result<WholeLog, Trouble>) {
        let took_us = self.time.steady_us().saturating_sub(began_us).max(0);
        self.terminals.poll_ended(Poll {
            serial: serial.to_owned(),
            began_us: self.time.now_us().saturating_sub(took_us),
            took_ms: took_us.unsigned_abs() / 1000,
            ..ended(&outcome)
        });
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
        if let Some(visit) = self.live.take(terminal).await {
            match self.read_on(visit, terminal).await {
                Ok(log) => return Ok(log),
                Err(trouble) => {
                    tracing::info!(terminal.serial, %trouble, "a live session was lost; the terminal is called again");
                }
            }
        }
        let visit = self.reach(terminal).await?;
        self.read_on(visit, terminal).await
    }

    /// Reads the tables on a visit. One to a live terminal stays; of any other it is the end.
    async fn read_on(&self, mut visit: Visit, terminal: &link::Terminal) -> Result<WholeLog, Trouble> {
        let began = self.begin_reading(&terminal.serial);
        // A clock that is not believed shows nothing of another.
        let zone = terminal.zone.as_deref().filter(|_| self.time.is_believed());
        let zone = zone.and_then(|zone| TimeZone::get(zone).ok());
        let read = async {
            let is_heard = terminal.live && visit.listen().await?;
            Ok::<_, Trouble>((is_heard, visit.read_tables(zone.as_ref()).await?))
        };
        let (is_heard, tables) = match read.await {
            Ok(read) => read,
            Err(trouble) => {
                visit.end().await;
                return Err(trouble);
            }
        };
        let orders = self.visit_orders(terminal).await;
        let taken = if orders.is_empty() {
            self.leave(visit, terminal, is_heard).await;
            self.take(&began, &tables).await
        } else {
            let taken = self.take(&began, &tables).await;
            if taken.is_ok() {
                self.carry_out(&mut visit, terminal, orders).await;
            }
            self.leave(visit, terminal, is_heard).await;
            taken
        };
        let mut log = taken?;
        if terminal.live && !is_heard {
            let refusal = not_offered(terminal);
            log.remark = Some(log.remark.map_or(refusal.clone(), |remark| format!("{remark}; {refusal}")));
        }
        Ok(log)
    }

    /// Ends a visit, or listens on it from now on.
    async fn leave(&self, visit: Visit, terminal: &link::Terminal, is_heard: bool) {
        if is_heard {
            self.live.keep(terminal, visit);
        } else {
            visit.end().await;
        }
    }

    /// What the hub wants done on a visit to this terminal.
    async fn visit_orders(&self, terminal: &link::Terminal) -> Vec<VisitOrder> {
        let orders = self.spool.visit_orders(terminal.serial.clone(), terminal.via, self.time.now_us()).await;
        orders.unwrap_or_else(|error| {
            tracing::warn!(terminal.serial, %error, "commands for a terminal can't be looked up; the next visit tries again");
            Vec::new()
        })
    }

    /// Does orders on a visit, and notes what became of them. What a lost line left undone is for the next visit.
    async fn carry_out(&self, visit: &mut Visit, terminal: &link::Terminal, orders: Vec<VisitOrder>) {
        let mut fates = Vec::new();
        let lost = carry_out(&mut visit.client, &orders, &mut fates).await.err();
        if let Some(error) = lost {
            let trouble = visit.trouble(error).to_string();
            let rest = orders.iter().filter(|order| fates.iter().all(|(id, _)| *id != order.id)).map(|order| order.id);
            let rest: Vec<_> = rest.map(|id| (id, Fate::PutOff(trouble.clone()))).collect();
            tracing::warn!(
                terminal.serial,
                put_off = rest.len(),
                "users of a terminal could not be written: {trouble}"
            );
            fates.extend(rest);
        }
        self.note_fates(terminal, fates).await;
    }

    /// A terminal could not be read: what was to be done there waits, and says why.
    async fn put_off(&self, terminal: &link::Terminal, trouble: &Trouble) {
        let orders = self.visit_orders(terminal).await;
        self.note_fates(terminal, orders.iter().map(|order| (order.id, Fate::PutOff(trouble.to_string()))).collect())
            .await;
    }

    async fn note_fates(&self, terminal: &link::Terminal, fates: Vec<(i64, Fate)>) {
        if fates.is_empty() {
            return;
        }
        for (id, fate) in &fates {
            tracing::info!(terminal.serial, id, ?fate, "a command for a terminal was tried on a visit");
        }
        match self.spool.visited(fates, self.time.now_us()).await {
            // Somebody is waiting for it at the hub.
            Ok(()) => self.terminals.nudge(),
            Err(error) => {
                tracing::warn!(terminal.serial, %error, "what became of commands could not be noted; the next visit does them again");
            }
        }
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

/// How a poll ended, and what it brought.
fn ended(outcome: &Result<WholeLog, Trouble>) -> Poll {
    let (outcome, says, counts) = match outcome {
        Ok(log) => {
            let says = log.remark.clone().unwrap_or_default();
            (PollOutcome::Whole, says, Some((log.records.unsigned_abs(), log.new)))
        }
        Err(trouble @ (Trouble::Incomplete { read, new, .. } | Trouble::NoRoom { read, new, .. })) => {
            (PollOutcome::Partial, trouble.to_string(), Some((*read as u64, *new)))
        }
        Err(trouble) => (PollOutcome::Failed, trouble.to_string(), None),
    };
    let (records, new) = counts.map(|(records, new)| (records, new as u64)).unzip();
    Poll { serial: String::new(), began_us: 0, took_ms: 0, outcome, says, records, new }
}

/// What is said of a terminal that refuses to tell its punches.
fn not_offered(terminal: &link::Terminal) -> String {
    let link::Terminal { serial, name, .. } = terminal;
    format!(
        "the terminal refused to tell its punches as they happen, so they come when its log is read; take it back with `punchclock \
         terminal add {name} --serial {serial} --live=false`"
    )
}
