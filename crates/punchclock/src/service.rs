//! The service manager (systemd): it is told when the process serves, that it lives, and when it ends. Where there is none,
//! nobody is told anything.
//!
//! Invariants:
//! * `READY=1` comes once every listener is bound.
//! * A sign of life (`WATCHDOG=1`) comes only after the writers of queue and database have taken a turn. A process whose disk or
//!   lock hangs falls silent and is restarted; one whose disk is full goes on refusing, because a restart cures nothing there.

use std::convert::Infallible;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::signals;

/// Says that the process serves, gives signs of life while `pulse` finds the writers at work, and returns when the process is
/// asked to end. From the call on that wish is heard; the rest begins when it is waited for.
pub(crate) fn until_asked_to_end<P, F>(pulse: P) -> impl Future<Output = ()>
where
    P: Fn() -> F,
    F: Future<Output = bool>,
{
    let asked = signals::asked_to_end();
    async {
        tell(&NotifyState::Ready);
        match sd_notify::watchdog_enabled() {
            None => asked.await,
            // Thrice in the time, so that one late sign does no harm.
            Some(patience) => tokio::select! {
                () = asked => {}
                never = give_signs_of_life(patience / 3, pulse) => match never {},
            },
        }
        tell(&NotifyState::Stopping);
    }
}

async fn give_signs_of_life<P, F>(every: Duration, pulse: P) -> Infallible
where
    P: Fn() -> F,
    F: Future<Output = bool>,
{
    loop {
        if pulse().await {
            tell(&NotifyState::Watchdog);
        } else {
            tracing::error!(
                "a writer has ended; the service manager gets no sign of life and will restart this process"
            );
        }
        tokio::time::sleep(every).await;
    }
}

fn tell(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "the service manager could not be told `{state}`");
    }
}
