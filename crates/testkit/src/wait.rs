use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// The pause between two looks grows from the first to the last: a fast condition costs a millisecond, a slow one no CPU.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LAST_PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `condition` holds. For conditions without an event; where there is a channel, a line or
/// a socket to wait on, wait on that.
///
/// # Errors
/// When the condition does not hold `within` that time; the message names `what` was awaited.
pub fn wait_until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) -> Result<()> {
    wait_for(what, within, || condition().then_some(()))
}

/// Like [`wait_until`], for a condition that yields a value when it holds.
///
/// # Errors
/// When `look` yields nothing `within` that time; the message names `what` was awaited.
pub fn wait_for<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + within;
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(value) = look() {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("waited {within:?} in vain for {what}");
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LAST_PAUSE);
    }
}
