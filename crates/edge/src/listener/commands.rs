//! Commands at the desk: handed out at a poll, settled by their results (adms 7, 8).

use adms::reply;

use super::body::Body;
use super::exchange::{Desk, Reply};
use crate::terminals::Standing;

impl Desk {
    /// What a terminal gets at its poll.
    pub(super) async fn commands(&self, serial: &str, standing: Standing) -> Reply {
        if !standing.has_commands || !standing.is_approved {
            return Reply::ok(reply::OK);
        }
        // The note is taken away first: an order that comes meanwhile makes it anew, and is not forgotten.
        self.terminals.set_has_commands(serial, false);
        let now_us = self.time.now_us();
        let Standing { dialect, via, .. } = standing;
        let handed_out = self.spool.hand_out(serial.to_owned(), dialect, via, now_us, self.result_patience).await;
        if handed_out.as_ref().map_or(true, |out| out.is_waiting) {
            self.terminals.set_has_commands(serial, true);
        }
        match handed_out {
            Ok(out) => Reply::ok(out.reply),
            Err(error) => self.not_stored(serial, &error),
        }
    }

    /// Takes results. Whatever they are, the terminal hears OK once they are on the disk.
    pub(super) async fn results(&self, serial: &str, standing: Standing, body: &Body) -> Reply {
        self.terminals.set_has_commands(serial, false);
        let now_us = self.time.now_us();
        let Standing { dialect, via, .. } = standing;
        let settled = self.spool.settle(serial.to_owned(), dialect, via, body.bytes.clone(), now_us).await;
        if settled.as_ref().map_or(true, |settled| settled.is_waiting) {
            self.terminals.set_has_commands(serial, true);
        }
        match settled {
            Ok(settled) => {
                if settled.finished > 0 {
                    // Somebody is waiting for it at the hub.
                    self.terminals.nudge();
                }
                if let Err(error) = self.days.answered(serial, settled.days).await {
                    // They are counted again in their time.
                    tracing::warn!(serial, %error, "what a terminal said of its days could not be compared");
                }
                Reply::ok(reply::OK)
            }
            Err(error) => self.not_stored(serial, &error),
        }
    }
}
