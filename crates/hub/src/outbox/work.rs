//! The jobs of the outbox: at their times `send` and `retry` ask for a delivery to each sink, which is a job of the sink's lane.

use std::error::Error as StdError;
use std::sync::mpsc::Sender;

use roads::sink::Sink;

use super::{Delivered, Which};
use crate::jobs::{DELIVER, Finished, Kind, RETRY, Run, SEND, Work};
use crate::{Error, Hub, NewSink};

/// Makes the client of a sink from what opens it.
pub type OpenSink = fn(&NewSink) -> Result<Box<dyn Sink>, String>;

type Outcome = Result<Finished, Box<dyn StdError + std::marker::Send + Sync>>;

/// Asks for what is new to be sent.
#[derive(Debug)]
pub(crate) struct Send;

/// Asks for what failed to be tried again.
#[derive(Debug)]
pub(crate) struct Retry;

impl Work for Send {
    fn kind(&self) -> &'static Kind {
        &SEND
    }

    fn run(&self, run: Run<'_>) -> Outcome {
        ask(run, false)
    }
}

impl Work for Retry {
    fn kind(&self) -> &'static Kind {
        &RETRY
    }

    fn run(&self, run: Run<'_>) -> Outcome {
        ask(run, true)
    }
}

fn ask(run: Run<'_>, is_retry: bool) -> Outcome {
    let now = run.now();
    let finished =
        run.finish(|write| Ok(format!("asked for {} sinks", Hub::ask_for_deliveries(write, is_retry, now)?)))?;
    Ok(finished)
}

/// Delivers to one sink.
#[derive(Debug)]
pub struct Deliver {
    open: OpenSink,
    heard_by: Option<Sender<(i64, Delivered)>>,
}

impl Deliver {
    /// By a client that is made so.
    pub fn by(open: OpenSink) -> Self {
        Self { open, heard_by: None }
    }

    /// What each job did is told, with its number, once that is noted.
    #[must_use]
    pub fn heard_by(self, heard_by: Sender<(i64, Delivered)>) -> Self {
        Self { heard_by: Some(heard_by), ..self }
    }
}

impl Work for Deliver {
    fn kind(&self) -> &'static Kind {
        &DELIVER
    }

    fn run(&self, run: Run<'_>) -> Outcome {
        let mut words = run.body().split(' ');
        let which = words.next().and_then(Which::of).unwrap_or(Which::New);
        let name = words.next().unwrap_or_default().to_owned();
        let limit = words.next().and_then(|limit| limit.parse().ok()).unwrap_or(0);
        let done = loop {
            let access = match run.hub().sink_access(&name) {
                // It was removed since.
                Err(Error::NotFound(what)) => return Ok(run.done(format!("there is no {what} any more"))?),
                access => access?,
            };
            let sink = (self.open)(&access)?;
            let of = (which, limit);
            let done = run.hub().deliver_by(&access, sink.as_ref(), of, &|| run.now(), &|| run.is_over())?;
            // Where it was given anew meanwhile, the client has the key of before.
            if let Some(done) = done {
                break done;
            }
        };
        let (id, outcome) = (run.id(), format!("{name}: {}", done.words()));
        let finished = run.done(outcome)?;
        if let Some(heard_by) = &self.heard_by {
            // Nobody listens any more.
            drop(heard_by.send((id, done)));
        }
        Ok(finished)
    }
}
