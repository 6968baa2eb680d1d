//! The line between edge and hub, as the edge sees it: a call goes out, and its answer comes when the world says so.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use edge::{Uplink, UplinkError};
use link::{Ack, Batch, Heartbeat, Orders};

/// What an edge asks.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Punches(Batch),
    Beat(Box<Heartbeat>),
}

/// What a hub answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Punches(Ack),
    Beat(Orders),
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    sent: Vec<(u64, Call)>,
    answers: HashMap<u64, Result<Answer, UplinkError>>,
    is_waiting: bool,
}

/// The edge's end of the line. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<Mutex<Inner>>);

impl Line {
    /// The calls that went out since the last time, each with its number.
    pub(crate) fn take_sent(&self) -> Vec<(u64, Call)> {
        std::mem::take(&mut self.lock().sent)
    }

    /// Gives the answer to a call; it is there when its caller is driven on.
    pub(crate) fn answer(&self, number: u64, answer: Result<Answer, UplinkError>) {
        self.lock().answers.insert(number, answer);
    }

    fn call(&self, call: Call) -> u64 {
        let mut inner = self.lock();
        inner.last += 1;
        let number = inner.last;
        inner.sent.push((number, call));
        number
    }

    async fn answered(&self, number: u64) -> Result<Answer, UplinkError> {
        poll_fn(|_| {
            let mut inner = self.lock();
            match inner.answers.remove(&number) {
                Some(answer) => Poll::Ready(answer),
                None => {
                    inner.is_waiting = true;
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Uplink for Line {
    async fn send(&self, batch: &Batch) -> Result<Ack, UplinkError> {
        let number = self.call(Call::Punches(batch.clone()));
        match self.answered(number).await? {
            Answer::Punches(ack) => Ok(ack),
            Answer::Beat(_) => Err(UplinkError::new("another answer came")),
        }
    }

    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Orders, UplinkError> {
        let number = self.call(Call::Beat(Box::new(heartbeat.clone())));
        match self.answered(number).await? {
            Answer::Beat(orders) => Ok(orders),
            Answer::Punches(_) => Err(UplinkError::new("another answer came")),
        }
    }
}

/// Something that an edge does, until its end.
pub(crate) type Doing<T> = Pin<Box<dyn Future<Output = T>>>;

/// Goes on with it: to its end, or until it waits for an answer on the line. What the disk does meanwhile is waited for.
pub(crate) fn drive<T>(runtime: &tokio::runtime::Runtime, line: &Line, doing: &mut Doing<T>) -> Option<T> {
    runtime.block_on(poll_fn(|context| {
        line.lock().is_waiting = false;
        match doing.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if line.lock().is_waiting => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }))
}
