//! The edge without sockets, timers and clock: what its tasks do, one step at a time. The tasks themselves only wait between
//! such steps. The simulation drives them through virtual time, so that it proves this code and no copy of it.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;

pub use crate::forwarder::Pause;
pub use crate::poller::BeganReading;

use crate::config::EdgeConfig;
use crate::counters::Counters;
use crate::days::Days;
use crate::forwarder::{Forwarder, Sending};
use crate::listener::Desk;
use crate::plan::Schedule;
use crate::poller::Poller;
use crate::spool::{Options, Spool, SpoolError};
use crate::terminals::Terminals;
use crate::time::Time;
use crate::timekeeper::Timekeeper;
use crate::uplink::Uplink;
use crate::{Tables, Trouble};

/// An edge that does one thing when it is told to, at the time that its clock shows. Dropping it is a kill: what was not
/// committed is gone. Where a random number is asked for, it is one from 0 to 1.
pub struct Steps<U> {
    desk: Desk,
    forwarder: Forwarder<U>,
    poller: Poller,
    schedule: Mutex<Schedule>,
    sending: tokio::sync::Mutex<Sending>,
    failed_beats: tokio::sync::Mutex<u32>,
    config: EdgeConfig,
}

impl<U: Uplink> Steps<U> {
    /// Opens the spool of the configuration, and remembers what an earlier edge left there.
    ///
    /// # Errors
    /// When the spool can't be used.
    pub async fn open(config: EdgeConfig, uplink: U, time: Time) -> Result<Self, SpoolError> {
        let options = Options { bounds: config.spool_bounds, ..Options::default() };
        let spool = Spool::open_with(Path::new(&config.spool), options)?;
        let (terminals, counters) = (Arc::new(Terminals::new(spool.memory().await?)), Arc::new(Counters::default()));
        let time = Arc::new(Timekeeper::new(time, spool.clone(), terminals.clone()));
        let days =
            Days { spool: spool.clone(), terminals: terminals.clone(), counters: counters.clone(), time: time.clone() };
        Ok(Self {
            desk: Desk::new(&config, Arc::new(days)),
            poller: Poller::new(&config, spool.clone(), terminals.clone(), counters.clone(), time.clone()),
            forwarder: Forwarder::new(&config, uplink, spool, terminals, counters, time),
            schedule: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
            failed_beats: tokio::sync::Mutex::default(),
            config,
        })
    }

    /// The spool.
    pub fn spool(&self) -> &Spool {
        &self.forwarder.spool
    }

    /// Answers a request of a terminal, given as `GET` or `POST`, path with query, and body. The answer's status and text.
    pub async fn answer(&self, from: IpAddr, method: &str, target: &str, body: Vec<u8>) -> (u16, String) {
        let request = Request::builder().method(method).uri(target).body(Full::new(Bytes::from(body)));
        let Ok(request) = request else { return (400, format!("`{target}` is no target of a request")) };
        let response = self.desk.serve(from, request).await;
        let status = response.status().as_u16();
        let Ok(text) = response.into_body().collect().await;
        (status, String::from_utf8_lossy(&text.to_bytes()).into_owned())
    }

    /// Sends one batch to the hub, if there is anything to send.
    pub async fn send_some(&self, chance: f64) -> Pause {
        let mut sending = self.sending.lock().await;
        self.forwarder.send_some(&mut sending, chance).await
    }

    /// Exchanges one heartbeat; how long to wait for the next.
    pub async fn beat(&self, chance: f64) -> Duration {
        let mut failures = self.failed_beats.lock().await;
        self.forwarder.beat_once(&mut failures, self.config.heartbeat_every, chance).await
    }

    /// The terminals that are to be read now; they count as being read until [`Steps::end_reading`].
    pub fn terminals_to_read(&self, chance: impl Fn() -> f64) -> Vec<link::Terminal> {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        self.poller.due(&mut schedule, self.config.poll_every, chance)
    }

    /// A terminal's tables are about to be read: what was punched before is in them.
    pub fn begin_reading(&self, serial: &str) -> BeganReading {
        self.poller.begin_reading(serial)
    }

    /// Stores what a reading brought, or notes why it brought nothing. The interval counts from `began_us` (microseconds of
    /// the steady clock). True when the log was read to its end and stored.
    pub async fn end_reading(
        &self,
        serial: &str,
        began_us: i64,
        read: Result<(BeganReading, Tables), Trouble>,
        chance: f64,
    ) -> bool {
        let outcome = match read {
            Ok((began, tables)) => self.poller.take(&began, &tables).await,
            Err(trouble) => Err(trouble),
        };
        let is_whole = outcome.is_ok();
        self.poller.note(serial, began_us, outcome);
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        schedule.done(serial, began_us, self.config.poll_every, chance);
        is_whole
    }

    /// Removes what the hub has held for as long as the configuration says.
    pub async fn trim(&self) {
        self.forwarder.trim_once(self.config.keep).await;
    }
}
