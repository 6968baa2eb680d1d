//! A hub in memory that counts each punch once, as the real one does, and fails as it is told to.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use attendance::punch::Fingerprint;
use edge::{Uplink, UplinkError};
use link::closeout::Closeouts;
use link::{
    Ack, Batch, CommandOrder, CommandReport, Doubt, Heartbeat, Orders, Outcome, Reading, Terminal, TerminalUser, Via,
    What,
};
use tokio::sync::watch;

/// What happens to the next batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The hub stores it, but its answer is lost.
    LostAck,
    /// The hub is away.
    Away,
}

#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Each punch, and how often it arrived.
    pub(crate) punches: HashMap<Fingerprint, (link::Punch, usize)>,
    pub(crate) users: HashMap<String, TerminalUser>,
    /// Whom each terminal lists, by its serial: numbers and names.
    pub(crate) listed: HashMap<String, Vec<(String, String)>>,
    /// The next heartbeats with a list of users do not arrive.
    pub(crate) loses_lists: usize,
    /// It is of a version that knows nothing of lists of users.
    pub(crate) wants_no_users: bool,
    pub(crate) high_seq: i64,
    /// Of the last batch.
    pub(crate) spool: String,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) heartbeats: Vec<Heartbeat>,
    /// Ordered until an edge has reported of them.
    pub(crate) commands: Vec<CommandOrder>,
    pub(crate) reports: Vec<CommandReport>,
    /// The next answers to heartbeats are lost, though the hub has taken them.
    pub(crate) lost_answers: usize,
    /// What its clock shows, when that is not the right time.
    pub(crate) clock_us: Option<i64>,
    /// Seconds between two heartbeats that it asks for.
    pub(crate) beat_every_s: Option<u32>,
    /// It is of a version that does not tell its time.
    pub(crate) tells_no_time: bool,
    /// Each item that came, as it was told.
    pub(crate) items: Vec<link::Item>,
}

impl Held {
    /// User numbers and printed times, sorted.
    pub(crate) fn said(&self) -> Vec<(String, String)> {
        let said = |punch: &link::Punch| (punch.user.clone(), punch.raw().unwrap().time.to_string());
        let mut all: Vec<_> = self.punches.values().map(|(punch, _)| said(punch)).collect();
        all.sort();
        all
    }

    /// As the real hub: what is not as many punches as told is in doubt, and what a list shows to be missing is wanted again.
    pub(crate) fn doubts_about(&self, heartbeat: &Heartbeat) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        for reading in &heartbeat.readings {
            for day in &reading.days {
                let (date, serial) = (day.date, reading.serial.clone());
                let mut here = Closeouts::default();
                for (punch, _) in self.punches.values().filter(|(punch, _)| punch.origin == serial) {
                    here.add(&punch.raw().unwrap());
                }
                if here.days.get(&date).copied().unwrap_or_default() != day.closeout {
                    doubts.push(Doubt { serial, date, send_again: day.listed.is_some() });
                }
            }
        }
        doubts
    }

    /// As the real hub: a list is taken, and wanted where its digest is of others than those here.
    fn wants_users(&mut self, heartbeat: &Heartbeat) -> Vec<String> {
        let mut wanted = Vec::new();
        for told in heartbeat.users.iter().filter(|_| !self.wants_no_users) {
            let here = self.listed.entry(told.serial.clone()).or_default();
            match &told.users {
                Some(users) => here.clone_from(users),
                None => {
                    let pairs = here.iter().map(|(number, name)| (number.as_str(), name.as_str()));
                    wanted.extend((link::users::digest(pairs) != told.digest).then(|| told.serial.clone()));
                }
            }
        }
        wanted
    }

    /// The newest reading of a terminal.
    pub(crate) fn reading(&self, serial: &str) -> Option<&Reading> {
        let readings = self.heartbeats.iter().rev().flat_map(|beat| beat.readings.iter());
        readings.into_iter().find(|reading| reading.serial == serial)
    }

    /// The time that it tells, if it does.
    fn now_us(&self) -> Option<i64> {
        let right = || jiff::Timestamp::now().as_microsecond();
        (!self.tells_no_time).then(|| self.clock_us.unwrap_or_else(right))
    }

    /// The newest word about a command.
    pub(crate) fn command(&self, id: i64) -> Option<&CommandReport> {
        self.reports.iter().rev().find(|report| report.id == id)
    }

    /// The newest word about a terminal.
    pub(crate) fn contact(&self, serial: &str) -> Option<&link::Contact> {
        let contacts = self.heartbeats.iter().rev().flat_map(|beat| beat.terminals.iter());
        contacts.into_iter().find(|contact| contact.serial == serial)
    }
}

#[derive(Clone, Default)]
pub(crate) struct FakeHub {
    held: Arc<Mutex<Held>>,
    changed: Arc<watch::Sender<()>>,
}

impl FakeHub {
    /// A hub that has approved this terminal for push.
    pub(crate) fn with_approved(serial: &str) -> Self {
        let hub = Self::default();
        hub.with(|held| held.terminals.push(terminal(serial)));
        hub
    }

    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut Held) -> R) -> R {
        let result = change(&mut self.held.lock().unwrap());
        self.changed.send_replace(());
        result
    }

    /// Waits until the hub holds what is awaited.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&Held) -> bool) {
        let mut changed = self.changed.subscribe();
        let wait = async {
            loop {
                changed.mark_unchanged();
                if condition(&self.held.lock().unwrap()) {
                    return;
                }
                changed.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), wait).await.is_err() {
            panic!("waited in vain for {what}; the hub holds {:?}", self.held.lock().unwrap());
        }
    }

    /// Waits until the edge has taken over the list as it is now: the next heartbeat fetches it, and the one after that
    /// comes when it is taken over.
    pub(crate) async fn is_followed(&self) {
        let before = self.with(|held| held.heartbeats.len());
        self.until("heartbeats", |held| held.heartbeats.len() >= before + 2).await;
    }

    fn store(&self, batch: &Batch) -> Ack {
        self.with(|held| {
            if batch.follows > held.high_seq {
                return Ack { high_seq: held.high_seq, ..Ack::default() };
            }
            held.spool.clone_from(&batch.spool);
            held.items.extend(batch.items.iter().cloned());
            let outcomes = batch.items.iter().map(|item| take(held, &item.what)).collect();
            held.high_seq = held.high_seq.max(batch.up_to);
            Ack { high_seq: held.high_seq, outcomes, ..Ack::default() }
        })
    }
}

fn take(held: &mut Held, what: &What) -> Outcome {
    match what {
        What::Punch(punch) => {
            let fingerprint = punch.raw().unwrap().fingerprint();
            let (_, arrivals) = held.punches.entry(fingerprint).or_insert_with(|| (punch.clone(), 0));
            *arrivals += 1;
            if *arrivals == 1 { Outcome::Stored } else { Outcome::Known }
        }
        What::User(user) => {
            held.users.insert(user.user.clone(), user.clone());
            Outcome::Stored
        }
    }
}

impl Uplink for FakeHub {
    async fn send(&self, batch: &Batch) -> Result<Ack, UplinkError> {
        match self.with(|held| held.faults.pop_front()) {
            Some(Fault::Away) => Err(UplinkError::new("the hub is away")),
            Some(Fault::LostAck) => {
                self.store(batch);
                Err(UplinkError::new("the answer was lost"))
            }
            None => Ok(self.store(batch)),
        }
    }

    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Orders, UplinkError> {
        self.with(|held| {
            held.heartbeats.push(heartbeat.clone());
            if held.loses_lists > 0 && heartbeat.users.iter().any(|told| told.users.is_some()) {
                held.loses_lists -= 1;
                return Err(UplinkError::new("the line is too narrow"));
            }
            held.reports.extend(heartbeat.commands.iter().cloned());
            let is_new = |order: &CommandOrder| held.reports.iter().all(|report| report.id != order.id);
            let commands = held.commands.iter().filter(|order| is_new(order)).cloned().collect();
            if held.lost_answers > 0 {
                held.lost_answers -= 1;
                return Err(UplinkError::new("the answer was lost"));
            }
            let (doubts, wants_users) = (held.doubts_about(heartbeat), held.wants_users(heartbeat));
            let (high_seq, now_us) = (Some(held.high_seq), held.now_us());
            let (terminals, beat_every_s) = (held.terminals.clone(), held.beat_every_s);
            Ok(Orders { terminals, commands, doubts, wants_users, high_seq, now_us, beat_every_s, ..Orders::default() })
        })
    }
}

/// An approved terminal that pushes.
pub(crate) fn terminal(serial: &str) -> Terminal {
    Terminal {
        serial: serial.to_owned(),
        name: format!("Terminal {serial}"),
        approved: true,
        via: Via::Push,
        ..Terminal::default()
    }
}
