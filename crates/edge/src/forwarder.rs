//! Sends what the spool holds to the hub, in order, one request in flight; and the heartbeat, which brings back the
//! list of terminals. Decisions are in [`plan`](crate::plan); here are waiting and sending.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use link::{Batch, CommandReport, Health, Heartbeat, Orders, TerminalCommand};

use crate::config::EdgeConfig;
use crate::counters::Counters;
use crate::plan::{BatchSize, backoff, position_after};
use crate::spool::{Spool, SpoolError, Stretch};
use crate::terminals::Terminals;
use crate::timekeeper::Timekeeper;
use crate::uplink::{Uplink, UplinkError};
use crate::{Stop, chance};

/// How often old entries are looked for.
const TRIM_EVERY: Duration = Duration::from_secs(3600);

/// However many edges a hub has, it hears of this one as often as this.
const SLOWEST_BEAT: Duration = Duration::from_secs(120);

/// Rest between two tries to get a new token.
const RENEW_AGAIN_AFTER: Duration = Duration::from_secs(3600);

/// What the sending tasks share.
pub(crate) struct Forwarder<U> {
    pub(crate) name: String,
    pub(crate) uplink: Arc<U>,
    pub(crate) spool: Spool,
    pub(crate) terminals: Arc<Terminals>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) time: Arc<Timekeeper>,
    /// After how long an approved terminal is told to be silent.
    pub(crate) missing_after: Duration,
    /// How long the result of a command may take.
    pub(crate) result_patience: Duration,
    /// When a new token was last asked for.
    pub(crate) renewal_tried: Mutex<Option<Instant>>,
}

impl<U> Forwarder<U> {
    pub(crate) fn new(
        config: &EdgeConfig,
        uplink: U,
        spool: Spool,
        terminals: Arc<Terminals>,
        counters: Arc<Counters>,
        time: Arc<Timekeeper>,
    ) -> Self {
        Self {
            name: config.name.clone(),
            uplink: Arc::new(uplink),
            spool,
            terminals,
            counters,
            time,
            missing_after: config.missing_after,
            result_patience: config.result_patience,
            renewal_tried: Mutex::default(),
        }
    }
}

/// How far sending has come, between its steps.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    /// Steps in a row that failed.
    failures: u32,
    /// A position that a full disk could not take is kept here, so that sending goes on: it must not stop what would make room.
    unnoted: Option<i64>,
    size: BatchSize,
}

/// When a task goes on after one of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// At once.
    No,
    /// When the spool has grown.
    UntilGrown,
    /// After this time.
    For(Duration),
}

/// How one step of sending ended.
enum Step {
    /// Everything is acknowledged.
    Empty,
    /// The position moved on: a batch was acknowledged, or unreadable entries were passed over. There may be more.
    Advanced,
}

/// Why a step of sending did not succeed.
enum Trouble {
    Hub(UplinkError),
    Spool(SpoolError),
}

impl Trouble {
    /// In words, and the hub's wish for the next try.
    fn told(&self) -> (String, Option<Duration>) {
        match self {
            Self::Hub(error) => (error.to_string(), error.retry_after),
            Self::Spool(error) => (error.to_string(), None),
        }
    }
}

impl<U: Uplink> Forwarder<U> {
    /// Sends until the stop. A batch in flight at the stop may arrive; it is sent again at the next start.
    pub(crate) async fn send(self: Arc<Self>, mut stop: Stop) {
        let mut grown = self.spool.watch_last_seq();
        let mut sending = Sending::default();
        loop {
            grown.mark_unchanged();
            let pause = tokio::select! {
                () = stop.wait() => return,
                pause = self.send_some(&mut sending, chance()) => pause,
            };
            match pause {
                Pause::No => {}
                Pause::UntilGrown => tokio::select! {
                    () = stop.wait() => return,
                    changed = grown.changed() => if changed.is_err() { return },
                },
                Pause::For(pause) => tokio::select! {
                    () = stop.wait() => return,
                    () = tokio::time::sleep(pause) => {}
                },
            }
        }
    }

    /// Sends one batch, if there is any. `chance`: a random number from 0 to 1.
    pub(crate) async fn send_some(&self, sending: &mut Sending, chance: f64) -> Pause {
        match self.step(sending.size, &mut sending.unnoted).await {
            Ok(Step::Advanced) => {
                sending.failures = 0;
                sending.size = sending.size.after_success();
                Pause::No
            }
            Ok(Step::Empty) => Pause::UntilGrown,
            Err(trouble) => {
                sending.failures += 1;
                sending.size = sending.size.after_failure();
                Pause::For(self.report(&trouble, sending.failures, chance))
            }
        }
    }

    async fn step(&self, size: BatchSize, unnoted: &mut Option<i64>) -> Result<Step, Trouble> {
        let acked = match *unnoted {
            Some(position) => position,
            None => self.spool.depth().await.map_err(Trouble::Spool)?.acked,
        };
        let Stretch { items, up_to } =
            self.spool.after(acked, size.items(), size.bytes()).await.map_err(Trouble::Spool)?;
        if up_to == acked {
            if unnoted.is_some() {
                self.spool.acknowledge(acked).await.map_err(Trouble::Spool)?;
                *unnoted = None;
            }
            return Ok(Step::Empty);
        }
        // What can't be read must not stop what comes after it: then a batch is empty and still moves on.
        let (edge, spool) = (self.name.clone(), self.spool.id().to_owned());
        let batch = Batch { edge, spool, follows: acked, up_to, items };
        let ack = self.uplink.send(&batch).await.map_err(Trouble::Hub)?;
        let position = position_after(up_to, ack.high_seq);
        let noted = self.spool.acknowledge(position).await;
        if let Err(error) = &noted {
            tracing::warn!(position, %error, "what the hub has acknowledged could not be noted; sending goes on");
        }
        *unnoted = noted.is_err().then_some(position);
        if position <= acked {
            let message = format!("the hub holds entries up to {position} although {acked} were acknowledged");
            return Err(Trouble::Hub(UplinkError::new(message)));
        }
        self.counters.batches_sent.add(1);
        self.counters.entries_held.add(ack.held.len());
        for (says, count) in by_reason(&ack.held) {
            tracing::info!(count, "entries are held by the hub until their cause is cured there: {says}");
        }
        Ok(Step::Advanced)
    }

    fn report(&self, trouble: &Trouble, failures: u32, chance: f64) -> Duration {
        self.counters.batches_failed.add(1);
        let (message, hint) = trouble.told();
        let pause = backoff(failures, hint, chance);
        tracing::warn!(failures, pause_ms = pause.as_millis() as u64, "entries could not be sent: {message}");
        pause
    }

    /// Exchanges heartbeats until the stop: regularly, and at once when an unknown terminal shows up or a command has its
    /// result.
    pub(crate) async fn beat(self: Arc<Self>, every: Duration, mut stop: Stop) {
        let mut urgent = self.terminals.watch_urgent();
        let mut failures = 0;
        loop {
            urgent.mark_unchanged();
            let pause = tokio::select! {
                () = stop.wait() => return,
                pause = self.beat_once(&mut failures, every, chance()) => pause,
            };
            tokio::select! {
                () = stop.wait() => return,
                () = tokio::time::sleep(pause) => {}
                // The channel lives as long as `self`.
                _ = urgent.changed(), if failures == 0 => {}
            }
        }
    }

    /// Exchanges one heartbeat; how long to wait for the next. `failures` counts those in a row, `chance` is a random number
    /// from 0 to 1.
    pub(crate) async fn beat_once(&self, failures: &mut u32, every: Duration, chance: f64) -> Duration {
        match self.exchange_heartbeat().await {
            Ok(wanted) => {
                *failures = 0;
                every.max(wanted)
            }
            Err(trouble) => {
                *failures += 1;
                let (message, hint) = trouble.told();
                match failures {
                    1 => tracing::warn!("no heartbeat: {message}"),
                    _ => tracing::debug!(failures, "no heartbeat: {message}"),
                }
                backoff(*failures, hint, chance).max(every)
            }
        }
    }

    /// How long the hub wants to hear nothing more.
    async fn exchange_heartbeat(&self) -> Result<Duration, Trouble> {
        let depth = self.spool.depth().await.map_err(Trouble::Spool)?;
        let asked = self.time.look().await;
        let now_us = asked.now_us;
        let (told, polls) = self.terminals.polls(link::poll::MAX_POLLS).into_iter().unzip::<u64, _, Vec<_>, _>();
        let heartbeat = Heartbeat {
            edge: self.name.clone(),
            spool: self.spool.id().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now_us,
            queued: depth.unsent,
            oldest_unsent_us: depth.oldest_unsent_us,
            commands: self.command_reports(now_us).await,
            terminals: self.terminals.take_news(now_us),
            readings: self.terminals.readings(depth.acked, link::closeout::MAX_READINGS, asked),
            users: self.terminals.user_lists(depth.acked, link::users::MAX_TABLES, asked),
            polls,
            health: self.health().await,
        };
        match self.uplink.heartbeat(&heartbeat).await {
            Ok(orders) => {
                self.time.compared(asked, orders.now_us).await;
                self.terminals.polls_told(&told);
                self.terminals.reading_told(&heartbeat.readings, &orders.doubts, asked);
                self.terminals.user_lists_told(&heartbeat.users, &orders.wants_users, asked);
                self.go_back(depth.acked, orders.high_seq).await.map_err(Trouble::Spool)?;
                if orders.renew_token {
                    self.renew_token().await;
                }
                let wanted = Duration::from_secs(orders.beat_every_s.unwrap_or_default().into()).min(SLOWEST_BEAT);
                self.follow(orders, heartbeat.commands).await.map_err(Trouble::Spool)?;
                Ok(wanted)
            }
            Err(error) => {
                self.terminals.still_news(&heartbeat.terminals);
                self.terminals.user_lists_lost(&heartbeat.users);
                Err(Trouble::Hub(error))
            }
        }
    }

    /// Fetches a new token. What fails is asked for again by a later heartbeat, and harms nothing until then; it is said once an
    /// hour.
    async fn renew_token(&self) {
        {
            let mut tried = self.renewal_tried.lock().unwrap_or_else(PoisonError::into_inner);
            if tried.is_some_and(|last| last.elapsed() < RENEW_AGAIN_AFTER) {
                return;
            }
            *tried = Some(Instant::now());
        }
        match self.uplink.renew_token().await {
            Ok(()) => tracing::info!("the hub gave this edge a new token"),
            Err(error) => {
                tracing::warn!("no new token: {error}; the old one still holds, and an hour later it is tried again");
            }
        }
    }

    /// A hub that holds less than it had acknowledged before it was asked has lost the rest: it is sent again, also when there is
    /// nothing new.
    async fn go_back(&self, acked: i64, hub_holds: Option<i64>) -> Result<(), SpoolError> {
        let position = hub_holds.map_or(acked, |holds| position_after(acked, holds));
        if position < acked {
            tracing::warn!(position, acked, "the hub holds less than it had acknowledged; it gets the rest again");
            self.spool.acknowledge(position).await?;
            self.spool.look_again();
        }
        Ok(())
    }

    /// How this edge is, as far as its disk tells.
    async fn health(&self) -> Option<Health> {
        let room = self.spool.room().await.ok()?;
        Some(Health {
            silent_terminals: self.terminals.silent(self.missing_after, link::health::MAX_SILENT),
            spool_used_bytes: room.used_bytes,
            spool_limit_bytes: room.bounds.max_bytes,
            disk_free_bytes: room.free_disk_bytes,
            refuses: room.lacks(0).map(|lack| room.words(lack)),
            clock: Some(self.time.told()),
        })
    }

    /// What is to be told of commands. Trouble with them must not silence the edge.
    async fn command_reports(&self, now_us: i64) -> Vec<CommandReport> {
        let reports = async {
            self.spool.expire_commands(now_us, self.result_patience).await?;
            self.spool.command_reports(link::command::MAX_REPORTS).await
        };
        reports.await.unwrap_or_else(|error| {
            tracing::warn!("what became of commands can't be told: {error}");
            Vec::new()
        })
    }

    /// Does what the hub's answer asks for; with it the hub has taken the reports.
    async fn follow(&self, orders: Orders, reports: Vec<CommandReport>) -> Result<(), SpoolError> {
        if !reports.is_empty() {
            self.spool.commands_told(reports).await?;
        }
        self.follow_list(orders.terminals).await?;
        if orders.commands.is_empty() {
            return Ok(());
        }
        let now_us = self.time.now_us();
        let expires_from_us = orders.now_us.or_else(|| self.time.is_believed().then_some(now_us));
        for order in self.spool.take_orders(orders.commands, now_us, expires_from_us).await? {
            tracing::info!(serial = order.serial, id = order.id, command = %order.command, "the hub has a command");
            if order.command == TerminalCommand::UploadAgain {
                self.terminals.owes_upload(&order.serial);
            }
            self.terminals.is_ordered(&order);
        }
        Ok(())
    }

    /// Takes over the hub's list. Terminals that were approved just now are asked to upload everything. The spool comes
    /// first: when it can't take the list, nothing has changed, and the next heartbeat tries again.
    async fn follow_list(&self, list: Vec<link::Terminal>) -> Result<(), SpoolError> {
        let Some(approved) = self.terminals.newly_approved(&list) else { return Ok(()) };
        self.spool.remember_terminals(list.clone(), approved.clone()).await?;
        self.terminals.take_over(&list);
        for serial in approved {
            tracing::info!(serial, "the terminal is approved and will be asked to upload everything");
        }
        Ok(())
    }

    /// Removes entries that the hub has held for `keep`, now and then.
    pub(crate) async fn trim(self: Arc<Self>, keep: Duration, mut stop: Stop) {
        loop {
            self.trim_once(keep).await;
            tokio::select! {
                () = stop.wait() => return,
                () = tokio::time::sleep(TRIM_EVERY) => {}
            }
        }
    }

    /// Removes what the hub has held for `keep` now.
    pub(crate) async fn trim_once(&self, keep: Duration) {
        let now_us = self.time.look().await.now_us;
        let before_us = now_us.saturating_sub(crate::spool::micros(keep));
        match self.spool.trim(now_us, keep).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "entries that the hub has held for long were removed"),
            Err(error) => tracing::warn!(%error, "old entries could not be removed"),
        }
        if self.time.is_believed()
            && let Err(error) = self.spool.trim_commands(before_us).await
        {
            tracing::warn!(%error, "old commands could not be removed");
        }
    }
}

/// How many entries are held for each reason.
fn by_reason(held: &[link::Held]) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    for one in held {
        *reasons.entry(one.says.as_str()).or_default() += 1;
    }
    reasons
}
