//! The jobs of the outbox: at their times `send` and `retry` ask for a delivery to each sink, which is a job of the sink's lane.

use std::error::Error as StdError;

use roads::sink::Sink;

use super::Which;
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
pub struct Deliver(pub OpenSink);

impl Work for Deliver {
    fn kind(&self) -> &'static Kind {
        &DELIVER
    }

    fn run(&self, run: Run<'_>) -> Outcome {
        let (word, name) = run.body().split_once(' ').unwrap_or(("send", ""));
        let (which, name) = (if word == "retry" { Which::Failed } else { Which::New }, name.to_owned());
        let access = match run.hub().sink_access(&name) {
            // It was removed since.
            Err(Error::NotFound(what)) => return Ok(run.done(format!("there is no {what} any more"))?),
            access => access?,
        };
        let sink = (self.0)(&access)?;
        let done = run.hub().deliver(&name, sink.as_ref(), which, 0, &|| run.now(), &|| run.is_over())?;
        Ok(run.done(format!("{name}: {}", done.words()))?)
    }
}
