//! Commands of the hub that the edge does by itself when it reads a terminal over port 4370 ([`TerminalCommand::is_done_on_visit`]).
//!
//! Invariants:
//! * They are rows as all others ([`commands`](super::commands)): what was not done waits on the disk for the next visit, until it expires.
//! * One that was done and could not be noted is done again, so what is done on visits does no harm twice.
//! * What was in the way of a try is told at once, and becomes the reason when it expires.

use std::time::Duration;

use link::{CommandState, TerminalCommand, Via};

use super::commands::{finish, open};
use super::{Spool, SpoolError};
use crate::plan::{Next, next_step};

/// A command for a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VisitOrder {
    /// The spool's number of it.
    pub(crate) id: i64,
    pub(crate) command: TerminalCommand,
}

/// What became of one on a visit, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Done(&'static str),
    /// The terminal can't do it; why.
    Failed(String),
    /// It was not come to; why. The next visit tries again.
    PutOff(String),
}

impl Spool {
    /// What is to be done on a visit to a terminal that is collected from in this way, the oldest first. What has expired is not.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) async fn visit_orders(
        &self,
        serial: String,
        via: Via,
        now_us: i64,
    ) -> Result<Vec<VisitOrder>, SpoolError> {
        let ahead_us = self.inner.believed.ahead_us();
        let open = self.read(move |connection| open(connection, &serial)).await?.into_iter();
        let open = open.filter(|open| open.command.is_done_on_visit(via));
        // Nobody else does them, so no result is waited for.
        let open = open.filter_map(|open| open.by_clock_ahead(ahead_us));
        let due = open.filter(|open| next_step(open.delivery, now_us, Duration::ZERO) == Next::Deliver);
        Ok(due.map(|open| VisitOrder { id: open.id, command: open.command }).collect())
    }

    /// A visit has ended so for these commands. What has its result already keeps that.
    ///
    /// # Errors
    /// When the write fails; they are tried again by the next visit then.
    pub(crate) async fn visited(&self, fates: Vec<(i64, Fate)>, now_us: i64) -> Result<(), SpoolError> {
        self.change(move |connection| {
            let mut tried = connection.prepare_cached(
                "UPDATE command SET sent_times = sent_times + 1 WHERE id = ?1 AND state IN ('handed_over', 'sent', 'expired')",
            )?;
            let mut put_off = connection.prepare_cached(
                "UPDATE command SET text = ?2, changed_us = ?3, is_told = 0 WHERE id = ?1 AND state = 'handed_over'",
            )?;
            for (id, fate) in &fates {
                if tried.execute([id])? == 0 {
                    continue;
                }
                match fate {
                    Fate::Done(says) => finish(connection, *id, CommandState::Done, None, says, now_us)?,
                    Fate::Failed(why) => finish(connection, *id, CommandState::Failed, None, why, now_us)?,
                    Fate::PutOff(why) => put_off.execute((id, why, now_us)).map(drop)?,
                }
            }
            Ok(())
        })
        .await
    }
}
