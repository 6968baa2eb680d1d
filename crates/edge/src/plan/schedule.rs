//! When each terminal is polled. Times are microseconds since the epoch, UTC.

use std::collections::HashMap;
use std::time::Duration;

use link::Terminal;

/// Terminals that are read at the same time; each log in memory takes a few megabytes.
pub const AT_ONCE: usize = 8;
/// The first poll of a terminal comes within this time: somebody who adds one is waiting for it.
const FIRST_WITHIN: Duration = Duration::from_secs(2);
/// A schedule that asks for more is not followed: a reading takes a terminal's attention.
const SHORTEST: Duration = Duration::from_secs(60);
/// Longest wait without looking again.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How often a terminal is polled; `usual` where the hub does not say. Never more often than every [`SHORTEST`].
pub fn poll_every(terminal: &Terminal, usual: Duration) -> Duration {
    terminal.poll_every_s.map_or(usual, |seconds| Duration::from_secs(seconds.into()).max(SHORTEST))
}

/// When a terminal is polled first. `chance` (0 to 1) spreads those that are added together.
pub fn first_poll_us(now_us: i64, every: Duration, chance: f64) -> i64 {
    now_us.saturating_add(part_us(every.min(FIRST_WITHIN), chance))
}

/// When a terminal is polled next, given when its last poll began. `chance` (0 to 1) shortens the interval by up to a
/// tenth, so that terminals spread.
pub fn next_poll_us(last_began_us: i64, every: Duration, chance: f64) -> i64 {
    last_began_us.saturating_add(part_us(every, 1.0)).saturating_sub(part_us(every / 10, chance))
}

fn part_us(whole: Duration, part: f64) -> i64 {
    i64::try_from(whole.mul_f64(part.clamp(0.0, 1.0)).as_micros()).unwrap_or(i64::MAX)
}

/// When each terminal is read next, and which are being read. At most [`AT_ONCE`] are, and each only once at a time.
#[derive(Debug, Default)]
pub struct Schedule {
    due: HashMap<String, Due>,
    /// As they were when their poll began.
    running: HashMap<String, Terminal>,
}

#[derive(Debug)]
struct Due {
    terminal: Terminal,
    at_us: i64,
    /// When its last poll began.
    began_us: Option<i64>,
    /// It was wanted again while it was being read.
    is_hurried: bool,
}

impl Schedule {
    /// The terminals to be read now; they count as running until [`Schedule::done`]. What is not `wanted` any more is
    /// forgotten; what is new among it or was changed (a corrected address or schedule, say) gets its first time by `chance`.
    /// `usual` is how often those are polled that have no schedule of their own.
    pub fn due(
        &mut self,
        wanted: &[Terminal],
        now_us: i64,
        usual: Duration,
        chance: impl Fn() -> f64,
    ) -> Vec<Terminal> {
        self.due.retain(|serial, _| wanted.iter().any(|terminal| terminal.serial == *serial));
        let mut due = Vec::new();
        for terminal in wanted {
            let serial = &terminal.serial;
            if let Some(known) = self.due.get_mut(serial)
                && known.terminal.live
            {
                // One that is only not to be heard any more needs no reading for that; somebody else may want to talk to it.
                known.terminal.live = terminal.live;
            }
            if self.due.get(serial).is_none_or(|known| known.terminal != *terminal) {
                let at_us = first_poll_us(now_us, poll_every(terminal, usual), chance());
                self.due.insert(
                    serial.clone(),
                    Due { terminal: terminal.clone(), at_us, began_us: None, is_hurried: false },
                );
            }
            let is_due = self.due.get(serial).is_some_and(|known| known.at_us <= now_us);
            if is_due && self.running.len() < AT_ONCE && !self.running.contains_key(serial) {
                self.running.insert(serial.clone(), terminal.clone());
                due.push(terminal.clone());
            }
        }
        due
    }

    /// A terminal was read, or could not be, from `began_us` on; it is due again after its time, or earlier if it was changed
    /// meanwhile.
    pub fn done(&mut self, serial: &str, began_us: i64, usual: Duration, chance: f64) {
        let began_as = self.running.remove(serial);
        let Some(due) = self.due.get_mut(serial) else { return };
        due.began_us = Some(began_us);
        if began_as.as_ref() == Some(&due.terminal) && !std::mem::take(&mut due.is_hurried) {
            due.at_us = next_poll_us(began_us, poll_every(&due.terminal, usual), chance);
        }
    }

    /// A terminal is due again soon: `rest` after its last poll began.
    pub fn again(&mut self, serial: &str, now_us: i64, rest: Duration) {
        if let Some(due) = self.due.get_mut(serial) {
            let soon_us = due.began_us.map_or(now_us, |began_us| began_us.saturating_add(part_us(rest, 1.0)));
            due.at_us = due.at_us.min(soon_us.max(now_us));
        }
    }

    /// A terminal is due at once, or as soon as its running poll has ended.
    pub fn hurry(&mut self, serial: &str, now_us: i64) {
        if let Some(due) = self.due.get_mut(serial) {
            due.at_us = due.at_us.min(now_us);
            due.is_hurried = self.running.contains_key(serial);
        }
    }

    /// How long nothing will be due. With all places taken, that is until the next [`Schedule::done`].
    pub fn pause(&self, now_us: i64) -> Duration {
        if self.running.len() >= AT_ONCE {
            return LONGEST_PAUSE;
        }
        let waiting = self.due.iter().filter(|(serial, _)| !self.running.contains_key(*serial));
        let next_us = waiting.map(|(_, due)| due.at_us).min();
        let pause = |due_us: i64| Duration::from_micros(due_us.saturating_sub(now_us).max(0).unsigned_abs());
        next_us.map_or(LONGEST_PAUSE, pause).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(900);
    const SECOND_US: i64 = 1_000_000;

    fn terminal(serial: &str) -> Terminal {
        Terminal {
            serial: serial.to_owned(),
            approved: true,
            address: Some("10.0.0.9".to_owned()),
            via: link::Via::Poll,
            ..Terminal::default()
        }
    }

    fn serials(terminals: &[Terminal]) -> Vec<&str> {
        terminals.iter().map(|one| one.serial.as_str()).collect()
    }

    #[test]
    fn polls_spread_over_a_tenth_of_the_interval() {
        assert_eq!(next_poll_us(0, EVERY, 0.0), 900 * SECOND_US);
        assert_eq!(next_poll_us(0, EVERY, 1.0), 810 * SECOND_US);
        assert_eq!(first_poll_us(5 * SECOND_US, EVERY, 0.5), 6 * SECOND_US);
    }

    #[test]
    fn a_terminal_is_read_again_only_after_its_poll_has_ended() {
        let mut schedule = Schedule::default();
        let wanted = [terminal("A1")];
        let mut due_at = |now_s: i64| serials(&schedule.due(&wanted, now_s * SECOND_US, EVERY, || 0.5)).len();
        assert_eq!(due_at(0), 0);
        assert_eq!(due_at(1), 1);
        assert_eq!(due_at(2000), 0, "it is still being read");
        schedule.done("A1", 2000 * SECOND_US, EVERY, 0.0);
        assert_eq!(schedule.pause(2000 * SECOND_US), EVERY);
        assert_eq!(serials(&schedule.due(&wanted, 2900 * SECOND_US, EVERY, || 0.5)), ["A1"]);
    }

    #[test]
    fn slow_terminals_leave_places_to_others_one_by_one() {
        let mut schedule = Schedule::default();
        let wanted: Vec<_> = (0..AT_ONCE + 2).map(|n| terminal(&format!("T{n:02}"))).collect();
        assert_eq!(schedule.due(&wanted, 0, EVERY, || 0.0).len(), AT_ONCE);
        assert_eq!(schedule.pause(0), LONGEST_PAUSE);
        schedule.done("T01", 90 * SECOND_US, EVERY, 0.0);
        assert_eq!(schedule.pause(0), Duration::ZERO);
        assert_eq!(serials(&schedule.due(&wanted, 1, EVERY, || 0.0)), ["T08"]);
    }

    #[test]
    fn a_terminal_that_is_taken_off_the_list_is_forgotten() {
        let mut schedule = Schedule::default();
        schedule.due(&[terminal("A1")], 0, EVERY, || 0.0);
        schedule.done("A1", 0, EVERY, 0.0);
        assert_eq!(schedule.due(&[], SECOND_US, EVERY, || 0.0).len(), 0);
        assert_eq!(schedule.pause(SECOND_US), LONGEST_PAUSE);
        assert_eq!(serials(&schedule.due(&[terminal("A1")], SECOND_US, EVERY, || 0.0)), ["A1"], "added again");
    }

    #[test]
    fn a_corrected_terminal_is_read_at_once_also_when_it_was_being_read() {
        let mut schedule = Schedule::default();
        schedule.due(&[terminal("A1")], 0, EVERY, || 0.0);
        let corrected = Terminal { address: Some("10.0.0.10".to_owned()), ..terminal("A1") };
        assert_eq!(schedule.due(std::slice::from_ref(&corrected), SECOND_US, EVERY, || 0.0).len(), 0);
        schedule.done("A1", 0, EVERY, 0.0);
        assert_eq!(schedule.due(std::slice::from_ref(&corrected), 2 * SECOND_US, EVERY, || 0.0), [corrected]);
    }

    #[test]
    fn a_terminal_that_is_wanted_again_is_read_as_soon_as_it_can_be() {
        let mut schedule = Schedule::default();
        let wanted = [terminal("A1")];
        schedule.due(&wanted, 0, EVERY, || 0.0);
        schedule.hurry("A1", SECOND_US);
        assert!(schedule.due(&wanted, SECOND_US, EVERY, || 0.0).is_empty(), "it is being read");
        schedule.done("A1", 0, EVERY, 0.0);
        assert_eq!(serials(&schedule.due(&wanted, 2 * SECOND_US, EVERY, || 0.0)), ["A1"]);
        schedule.done("A1", 0, EVERY, 0.0);
        assert!(schedule.due(&wanted, 3 * SECOND_US, EVERY, || 0.0).is_empty(), "once");
        schedule.hurry("A1", 4 * SECOND_US);
        schedule.hurry("NOBODY", 4 * SECOND_US);
        assert_eq!(serials(&schedule.due(&wanted, 4 * SECOND_US, EVERY, || 0.0)), ["A1"]);
    }

    #[test]
    fn a_terminal_with_a_schedule_of_its_own_is_read_by_that() {
        let mut schedule = Schedule::default();
        let often = Terminal { poll_every_s: Some(120), ..terminal("OFTEN") };
        let wanted = [terminal("USUAL"), often];
        assert_eq!(schedule.due(&wanted, 0, EVERY, || 0.0).len(), 2);
        for serial in ["USUAL", "OFTEN"] {
            schedule.done(serial, 0, EVERY, 0.0);
        }
        assert_eq!(schedule.pause(0), Duration::from_secs(120));
        assert_eq!(serials(&schedule.due(&wanted, 120 * SECOND_US, EVERY, || 0.0)), ["OFTEN"]);
        schedule.done("OFTEN", 120 * SECOND_US, EVERY, 1.0);
        assert_eq!(schedule.pause(120 * SECOND_US), Duration::from_secs(108), "spread, too");
        let hasty = Terminal { poll_every_s: Some(0), ..terminal("A1") };
        assert_eq!(poll_every(&hasty, EVERY), SHORTEST);
        // A schedule that was changed begins anew.
        let rarely = [Terminal { poll_every_s: Some(86_400), ..terminal("USUAL") }];
        assert_eq!(serials(&schedule.due(&rarely, 121 * SECOND_US, EVERY, || 0.0)), ["USUAL"]);
    }

    #[test]
    fn what_is_wanted_again_soon_has_its_rest() {
        let mut schedule = Schedule::default();
        let (wanted, rest) = ([terminal("A1")], Duration::from_secs(60));
        schedule.due(&wanted, 0, EVERY, || 0.0);
        schedule.done("A1", 0, EVERY, 0.0);
        schedule.again("A1", 5 * SECOND_US, rest);
        assert_eq!(schedule.pause(5 * SECOND_US), Duration::from_secs(55));
        schedule.again("A1", 70 * SECOND_US, rest);
        assert_eq!(schedule.pause(60 * SECOND_US), Duration::ZERO, "no later than it was");
        assert_eq!(serials(&schedule.due(&wanted, 70 * SECOND_US, EVERY, || 0.0)), ["A1"]);
        schedule.done("A1", 70 * SECOND_US, EVERY, 0.0);
        schedule.again("A1", 200 * SECOND_US, rest);
        schedule.again("NOBODY", 200 * SECOND_US, rest);
        assert_eq!(schedule.pause(200 * SECOND_US), Duration::ZERO, "it has rested");
    }

    #[test]
    fn a_terminal_that_is_to_be_heard_is_read_for_that_and_not_when_that_ends() {
        let mut schedule = Schedule::default();
        let heard = [Terminal { live: true, ..terminal("A1") }];
        schedule.due(&[terminal("A1")], 0, EVERY, || 0.0);
        schedule.done("A1", 0, EVERY, 0.0);
        assert_eq!(schedule.due(&heard, SECOND_US, EVERY, || 0.0), heard);
        schedule.done("A1", SECOND_US, EVERY, 0.0);
        assert!(schedule.due(&[terminal("A1")], 2 * SECOND_US, EVERY, || 0.0).is_empty());
        assert_eq!(schedule.due(&heard, 3 * SECOND_US, EVERY, || 0.0), heard, "what happened meanwhile is in its log");
    }
}
