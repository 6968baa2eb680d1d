//! What happens next to a command that is not done. Times are microseconds since the epoch, UTC.

use std::time::Duration;

/// How often a terminal fetches a command whose result does not come, before it is given up.
const MAX_DELIVERIES: u32 = 5;

/// Why a command was never delivered. It may have waited for the terminal, or for a visit.
const NOT_FETCHED: &str = "the terminal did not fetch it in time, and no reading brought it there; check that it reports to this edge, or \
                           that this edge reaches it";

/// How far the delivery of a command has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Last delivery; `None` before the first.
    pub(crate) sent_us: Option<i64>,
    /// Deliveries so far.
    pub(crate) sent_times: u32,
    /// After this it is not delivered; `None` for errands, which wait for ever.
    pub(crate) expires_us: Option<i64>,
    /// A restart is asked for once: a terminal that restarted and could not tell would restart again and again.
    pub(crate) is_reboot: bool,
}

/// What is to be done with it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The terminal gets it at this poll.
    Deliver,
    /// Its result may still come.
    Wait,
    /// It is not delivered any more; why, and what to do.
    GiveUp(String),
}

/// The next step at `now_us`, when a result may take as long as `patience`.
pub(crate) fn next_step(delivery: Delivery, now_us: i64, patience: Duration) -> Next {
    let has_expired = delivery.expires_us.is_some_and(|expires_us| expires_us <= now_us);
    let Some(sent_us) = delivery.sent_us else {
        return match has_expired {
            true => Next::GiveUp(NOT_FETCHED.to_owned()),
            false => Next::Deliver,
        };
    };
    // A clock that was set back must not hold a command for ever.
    if u128::from(now_us.abs_diff(sent_us)) < patience.as_micros() {
        return Next::Wait;
    }
    let most = if delivery.is_reboot { 1 } else { MAX_DELIVERIES };
    if has_expired || delivery.sent_times >= most {
        let times = match delivery.sent_times {
            1 => "once".to_owned(),
            more => format!("{more} times"),
        };
        return Next::GiveUp(format!("the terminal fetched it {times} and sent no result; look whether it was done"));
    }
    Next::Deliver
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(300);
    const MINUTE_US: i64 = 60_000_000;

    fn sent(times: u32) -> Delivery {
        Delivery { sent_us: Some(0), sent_times: times, expires_us: Some(600 * MINUTE_US), is_reboot: false }
    }

    fn next(delivery: Delivery, minute: i64) -> Next {
        next_step(delivery, minute * MINUTE_US, PATIENCE)
    }

    #[test]
    fn a_command_is_delivered_until_it_has_expired() {
        let waiting = Delivery { sent_us: None, sent_times: 0, ..sent(0) };
        assert_eq!(next(waiting, 599), Next::Deliver);
        let why = "did not fetch it in time, and no reading brought it there";
        assert!(
            matches!(next(waiting, 600), Next::GiveUp(said) if said.contains(why) && said.contains("this edge reaches it"))
        );
        assert_eq!(next(Delivery { expires_us: None, ..waiting }, 100_000), Next::Deliver, "an errand");
    }

    #[test]
    fn without_a_result_it_is_delivered_again_but_not_for_ever() {
        assert_eq!((next(sent(1), 4), next(sent(1), 5)), (Next::Wait, Next::Deliver));
        assert_eq!((next(sent(1), -4), next(sent(1), -5)), (Next::Wait, Next::Deliver), "the clock was set back");
        assert!(matches!(next(sent(MAX_DELIVERIES), 5), Next::GiveUp(why) if why.contains("fetched it 5 times")));
        assert_eq!(next(sent(MAX_DELIVERIES), 4), Next::Wait, "the last one may still bring a result");
        assert!(matches!(next(sent(1), 600), Next::GiveUp(why) if why.contains("once")));
    }

    #[test]
    fn a_restart_is_asked_for_once() {
        let reboot = Delivery { is_reboot: true, ..sent(1) };
        assert_eq!(next(reboot, 4), Next::Wait);
        assert!(matches!(next(reboot, 5), Next::GiveUp(_)));
    }
}
