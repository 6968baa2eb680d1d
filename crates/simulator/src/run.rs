//! One terminal at work: people punch at a pace, clients read, a server is told.

use std::future::Future;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use zk::AttendanceRecord;

use crate::push::{self, PushOptions};
use crate::terminal::Terminal;
use crate::zk_server::ZkServer;

/// When awaited punches enter the log.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Pace {
    /// All at the start.
    #[default]
    AtOnce,
    /// With the gaps that their times have.
    RealTime,
    /// So many each second.
    PerSecond(f64),
}

/// That is no pace.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no pace; write at-once, real-time, or a rate like 5/s")]
pub struct BadPace(String);

/// When a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ends {
    /// Only by the shutdown.
    #[default]
    AtShutdown,
    /// When the server has acknowledged the whole log and nobody is awaited; never without a server.
    WhenAcknowledged,
}

/// What the terminal does.
#[derive(Debug, Default)]
pub struct RunOptions {
    /// Answers 4370 clients.
    pub zk: Option<ZkServer>,
    /// Reports to a server.
    pub push: Option<PushOptions>,
    /// How the awaited punches come.
    pub pace: Pace,
    /// When it is over.
    pub ends: Ends,
}

/// Why a run broke off.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The 4370 listener failed.
    #[error("the terminal's port failed: {0}; choose another address")]
    Listener(#[from] io::Error),
}

/// Plays the terminal until `shutdown`, or until the end that the options set. Watch [`Terminal::progress`] meanwhile.
///
/// # Errors
/// When the 4370 listener fails. A server that can't be reached is no error: terminals wait.
pub async fn run(terminal: Terminal, options: RunOptions, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    let serve = async {
        match options.zk {
            Some(server) => server.serve().await,
            None => std::future::pending().await,
        }
    };
    let report = async {
        match options.push {
            Some(push) => push::report(terminal.clone(), push).await,
            None => std::future::pending().await,
        }
    };
    let play = async {
        people_punch(&terminal, options.pace).await;
        match options.ends {
            Ends::WhenAcknowledged => everything_acknowledged(&terminal).await,
            Ends::AtShutdown => std::future::pending().await,
        }
    };
    tokio::select! {
        served = serve => Ok(served?),
        () = report => Ok(()),
        () = play => Ok(()),
        () = shutdown => Ok(()),
    }
}

/// Moves the awaited punches into the log.
async fn people_punch(terminal: &Terminal, pace: Pace) {
    let start = Instant::now();
    let mut due = start;
    let mut previous: Option<AttendanceRecord> = None;
    let mut count = 0_u32;
    while let Some(record) = terminal.first_awaited() {
        match pace {
            Pace::AtOnce => {}
            Pace::PerSecond(rate) => due = start + Duration::from_secs_f64(f64::from(count) / rate),
            Pace::RealTime => due += previous.map_or(Duration::ZERO, |previous| gap(&previous, &record)),
        }
        if pace != Pace::AtOnce {
            sleep_until(due).await;
        }
        terminal.admit_awaited();
        previous = Some(record);
        count += 1;
    }
}

/// The time between two punches; a step backwards in the log is no pause.
fn gap(earlier: &AttendanceRecord, later: &AttendanceRecord) -> Duration {
    let seconds = i64::from(later.time.0) - i64::from(earlier.time.0);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

async fn everything_acknowledged(terminal: &Terminal) {
    let mut progress = terminal.progress();
    // The sender lives in the terminal, so waiting ends by the condition.
    let _ = progress.wait_for(|now| now.awaited == 0 && now.acknowledged == now.punched).await;
}

impl FromStr for Pace {
    type Err = BadPace;

    fn from_str(text: &str) -> Result<Pace, BadPace> {
        match text {
            "at-once" => Ok(Pace::AtOnce),
            "real-time" => Ok(Pace::RealTime),
            _ => {
                let rate = text.strip_suffix("/s").and_then(|rate| rate.trim().parse().ok());
                let rate = rate.filter(|rate: &f64| (0.001..=100_000.0).contains(rate));
                rate.map(Pace::PerSecond).ok_or_else(|| BadPace(text.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_word_or_a_rate() {
        assert_eq!("at-once".parse::<Pace>().unwrap(), Pace::AtOnce);
        assert_eq!("real-time".parse::<Pace>().unwrap(), Pace::RealTime);
        assert_eq!("2.5/s".parse::<Pace>().unwrap(), Pace::PerSecond(2.5));
        for bad in ["fast", "0/s", "-1/s", "NaN/s", "5"] {
            assert!(bad.parse::<Pace>().is_err(), "{bad}");
        }
    }
}
