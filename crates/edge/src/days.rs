//! Closes the days of terminals that only push: asks them how many punches they have, compares, and tells the hub as a reading of
//! a log does. The decisions are in [`plan`](crate::plan); the questions wait in the spool like every command.

use std::sync::Arc;
use std::time::Duration;

use attendance::punch::{Channel, RawPunch};
use jiff::civil::Date;
use link::closeout::{Closeouts, Digest};
use link::{Closeout, DayReading, Reading};

use crate::Stop;
use crate::closing::Closing;
use crate::counters::Counters;
use crate::plan::{Answer, Ask, Settled};
use crate::reading::deliver;
use crate::spool::commands::Errand;
use crate::spool::{Spool, SpoolError};
use crate::terminals::Terminals;
use crate::timekeeper::Timekeeper;

/// Asks and compares.
pub(crate) struct Days {
    pub(crate) spool: Spool,
    pub(crate) terminals: Arc<Terminals>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) time: Arc<Timekeeper>,
}

impl Days {
    /// Asks for what is due, regularly and when the hub has doubts, until the stop.
    pub(crate) async fn run(self: Arc<Self>, every: Duration, mut stop: Stop) {
        let mut changes = self.terminals.watch_changes();
        let mut next = tokio::time::Instant::now() + every;
        loop {
            changes.mark_unchanged();
            let is_time = tokio::time::Instant::now() >= next;
            if is_time {
                next += every;
            }
            // Which dates are over is not known by a clock that is not believed.
            let asks = match self.time.is_believed() {
                true => self.terminals.days_to_ask(self.time.now(), self.time.steady_us(), is_time),
                false => Vec::new(),
            };
            for (serial, dates) in asks {
                let errands = dates.into_iter().map(Errand::CountDay).collect();
                if let Err(error) = self.ask(&serial, errands).await {
                    tracing::warn!(serial, %error, "a terminal could not be asked about its days; it is tried again later");
                }
            }
            tokio::select! {
                () = stop.wait() => return,
                // The channel lives as long as `self`.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Takes what a terminal said of its days.
    pub(crate) async fn answered(&self, serial: &str, answers: Vec<(Date, Answer)>) -> Result<(), SpoolError> {
        let mut next = Vec::new();
        let is_told = !answers.is_empty();
        for (date, answer) in answers {
            let here = set(&self.spool.punches_of(serial.to_owned(), date).await?);
            match self.terminals.answered(serial, date, answer, here) {
                Some(Ask::Count(date)) => next.push(Errand::CountDay(date)),
                Some(Ask::Send(date)) => {
                    tracing::info!(serial, %date, here = here.punches, ?answer, "a terminal has more punches than came; it is asked for them");
                    next.push(Errand::SendDay(date));
                }
                None => {}
            }
        }
        if is_told && next.is_empty() {
            self.tell(serial).await?;
        }
        self.ask(serial, next).await
    }

    async fn ask(&self, serial: &str, errands: Vec<Errand>) -> Result<(), SpoolError> {
        if !errands.is_empty() {
            self.spool.queue(serial.to_owned(), errands).await?;
            self.terminals.set_has_commands(serial, true);
        }
        Ok(())
    }

    /// The days that are settled, for the hub.
    async fn tell(&self, serial: &str) -> Result<(), SpoolError> {
        let Some((settled_days, read_us)) = self.terminals.settled_days(serial) else { return Ok(()) };
        let doubts = self.terminals.doubts(serial);
        let (mut days, mut again) = (Vec::new(), Vec::new());
        for (date, settled) in settled_days {
            let closeout = match settled {
                Settled::Complete(set) => set,
                // Nothing is known of what it did not send but the number.
                Settled::Short(punches) => Closeout { punches, digest: Digest::default() },
            };
            let mut listed = None;
            if let Some(&send_again) = doubts.get(&date) {
                let punches = self.spool.punches_of(serial.to_owned(), date).await?;
                let seconds = |said: &RawPunch| Some((said.user.clone(), said.time.seconds()?));
                listed = Some(punches.iter().filter_map(seconds).collect());
                again.extend(punches.into_iter().filter(|_| send_again));
            }
            days.push(DayReading { date, closeout, nameless: 0, in_spool: None, listed });
        }
        let Some(from) = days.first().map(|day| day.date) else { return Ok(()) };
        let reading = Reading { serial: serial.to_owned(), read_us, from: Some(from), days, only_days: true };
        let (closing, now_us) = (Closing { reading, again }, self.time.now_us());
        let delivered = deliver(&self.spool, &self.counters, closing, Channel::Push, now_us).await?;
        self.terminals.days_settled(serial, delivered);
        Ok(())
    }
}

fn set(punches: &[RawPunch]) -> Closeout {
    let mut closeouts = Closeouts::default();
    for said in punches {
        closeouts.add(said);
    }
    closeouts.days.into_values().reduce(Closeout::and).unwrap_or_default()
}
