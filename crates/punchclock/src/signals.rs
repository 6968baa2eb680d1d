//! The wish of the system or the person that the process ends.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Returns at Ctrl-C or SIGTERM; from the call on they are heard, whenever it is waited for. Needs the runtime.
pub(crate) fn asked_to_end() -> impl Future<Output = ()> {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        tokio::select! {
            () = heard(interrupt) => {}
            () = heard(terminate) => {}
        }
    }
}

async fn heard(signal: std::io::Result<Signal>) {
    match signal {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}
