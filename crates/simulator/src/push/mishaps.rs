//! When the faults of push strike. Those of uploads meet new batches of punches only, so that every terminal gets through in the
//! end.

use crate::faults::{Every, Faults};

/// What is remembered between strikes; it outlives the power.
#[derive(Debug)]
pub(super) struct Mishaps {
    /// Batches of punches so far.
    batches: u32,
    /// Times that the whole log was replayed.
    replays: u32,
    /// Punches that were looked at for a power cut.
    looked_at: usize,
    /// Polls that brought commands.
    command_polls: u32,
}

/// What happens to one upload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) is_cut: bool,
    pub(super) loses_reply: bool,
    pub(super) comes_twice: bool,
}

impl Mishaps {
    /// Nothing happened yet; the power is cut behind punches after the first `punched` only.
    pub(super) fn new(punched: usize) -> Mishaps {
        Mishaps { batches: 0, replays: 0, looked_at: punched, command_polls: 0 }
    }

    /// The fate of the next batch of punches.
    pub(super) fn next_batch(&mut self, faults: &Faults) -> Fate {
        self.batches = self.batches.saturating_add(1);
        let strikes = |every: Every| every.strikes(self.batches);
        Fate {
            is_cut: strikes(faults.truncated_body),
            loses_reply: strikes(faults.lost_reply),
            comes_twice: strikes(faults.duplicate_batch),
        }
    }

    /// Whether the log, all of which is acknowledged, begins again.
    pub(super) fn replays(&mut self, faults: &Faults) -> bool {
        let replays = faults.replay_log.get().is_some_and(|times| self.replays < times);
        self.replays += u32::from(replays);
        replays
    }

    /// Whether the power fails before these punches are uploaded: once for each that is struck.
    pub(super) fn cuts_power(&mut self, faults: &Faults, punched: usize) -> bool {
        let struck = (self.looked_at + 1..=punched).find(|count| faults.power_cut.strikes_at(*count));
        self.looked_at = struck.unwrap_or(punched);
        struck.is_some()
    }

    /// Whether the terminal restarts before it answers to this poll.
    pub(super) fn restarts_before_result(&mut self, faults: &Faults) -> bool {
        self.command_polls = self.command_polls.saturating_add(1);
        faults.reboot_before_result.strikes(self.command_polls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_power_fails_once_for_each_punch_that_is_struck() {
        let faults: Faults = "power-cut=3".parse().unwrap();
        let mut mishaps = Mishaps::new(0);
        let cuts: Vec<bool> = [1, 2, 3, 3, 4, 7, 7].map(|punched| mishaps.cuts_power(&faults, punched)).to_vec();
        assert_eq!(cuts, [false, false, true, false, false, true, false]);
    }

    #[test]
    fn the_log_is_replayed_so_many_times() {
        let faults: Faults = "replay-log=2".parse().unwrap();
        let mut mishaps = Mishaps::new(0);
        assert_eq!([0; 4].map(|_| mishaps.replays(&faults)), [true, true, false, false]);
    }
}
