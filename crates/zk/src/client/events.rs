//! Real-time events as a client takes them (zk 10).
//!
//! Invariants: [`Client::next_event`] can be dropped at any moment and called again, nothing is lost by that; a line that died is
//! noticed, because a terminal that was silent for the time-out is asked for its clock; events that come while something else is
//! done wait, up to [`WAITING`] of them, and those beyond are counted and told.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Client, unless_refused};
use crate::code::Code;
use crate::error::Error;
use crate::packet::Packet;
use crate::record::event::{EventMask, RealtimeEvent};

/// Events that wait at most. A terminal has a few a second; this bounds what a broken one can make us hold.
const WAITING: usize = 4096;

/// The events of one connection.
pub(super) struct Happened {
    /// Silence after which the terminal is asked for a sign of life.
    patience: Duration,
    is_registered: bool,
    waiting: VecDeque<RealtimeEvent>,
    lost: u64,
    /// What ended the connection, told after what came before it.
    failure: Option<Error>,
    /// When something was last heard.
    heard_at: Duration,
    /// Whether the clock was asked for, as a sign of life.
    is_asking: bool,
}

impl Happened {
    pub(super) fn new(patience: Duration) -> Happened {
        Happened {
            patience,
            is_registered: false,
            waiting: VecDeque::new(),
            lost: 0,
            failure: None,
            heard_at: Duration::ZERO,
            is_asking: false,
        }
    }

    /// Keeps an event, if events were asked for: some firmware tells them to everybody.
    pub(super) fn keep(&mut self, packet: &Packet) {
        if !self.is_registered {
            return;
        }
        if self.waiting.len() < WAITING {
            self.waiting.push_back(RealtimeEvent::decode(packet));
        } else {
            self.lost += 1;
        }
    }

    pub(super) fn note_heard(&mut self, now: Duration) {
        self.heard_at = now;
    }

    /// What there is to tell, in its order.
    fn take(&mut self) -> Option<Result<RealtimeEvent, Error>> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(Ok(event));
        }
        if self.lost > 0 {
            return Some(Err(Error::EventsLost { count: std::mem::take(&mut self.lost) }));
        }
        self.failure.take().map(Err)
    }
}

impl Client {
    /// Registers for real-time events; [`EventMask::NONE`] ends that. Then call [`Client::next_event`]. The terminal is enabled,
    /// because a disabled one has nothing to tell.
    ///
    /// An event is told once: what happens while no connection stands is in the log only. A program that must have every punch
    /// reads the log after it registered, at each connection, and knows the same punch when it comes by both ways.
    ///
    /// # Errors
    /// When the terminal refuses or the connection fails.
    pub async fn events(&mut self, mask: EventMask) -> Result<(), Error> {
        // From now on, as the first may come before the reply.
        self.happened.is_registered = mask != EventMask::NONE;
        unless_refused(self.command(Code::ENABLE_DEVICE, Vec::new()).await)?;
        self.command(Code::EVENT, mask.0.to_le_bytes().to_vec()).await?;
        Ok(())
    }

    /// Waits for the next event. Each was acknowledged when it came. A terminal that says nothing for
    /// [`Options::idle_timeout`](super::Options::idle_timeout) is asked for its clock, and must answer within the same time.
    ///
    /// May be dropped and called again, as in `select!`.
    ///
    /// # Errors
    /// [`Error::EventsLost`] when more came than were taken; else when the connection fails, and all that came before
    /// was taken.
    pub async fn next_event(&mut self) -> Result<RealtimeEvent, Error> {
        loop {
            let mut outcome = self.flush().await;
            if let Some(answer) = self.ended() {
                self.happened.is_asking = false;
                // The clock, or a refusal to tell it, is a sign of life.
                outcome = outcome.and(unless_refused(answer).map(|_| ()));
            }
            self.happened.failure = self.happened.failure.take().or(outcome.err());
            if let Some(told) = self.happened.take() {
                return told;
            }
            let outcome = self.listen_for_events().await;
            self.happened.failure = outcome.err();
        }
    }

    /// Waits for bytes, or asks for a sign of life when there were none for too long.
    async fn listen_for_events(&mut self) -> Result<(), Error> {
        if self.happened.is_asking {
            return self.listen(self.patience()).await;
        }
        let silent = self.now().saturating_sub(self.happened.heard_at);
        match self.happened.patience.checked_sub(silent) {
            Some(rest) if !rest.is_zero() && !self.session.is_broken() => self.listen(rest).await,
            _ => {
                self.happened.is_asking = true;
                self.session.command(Code::GET_TIME, Vec::new(), self.now());
                Ok(())
            }
        }
    }

    /// Takes the answer to a question for a sign of life that [`Client::next_event`] left behind, so that another request can begin.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        if !std::mem::take(&mut self.happened.is_asking) {
            return Ok(());
        }
        unless_refused(self.drive().await)?;
        Ok(())
    }
}
