//! What every handler shares, and the way to call the hub.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use hub::Hub;
use tokio::sync::{Semaphore, watch};

use crate::WebConfig;
use crate::failure::Failure;
use crate::governor::Governor;
use crate::live::Live;
use crate::metrics::Counters;

/// Passwords hashed at the same time; each takes a core and 19 MiB for a moment.
const SIGN_INS_AT_ONCE: usize = 2;

/// The state behind the routes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// See [`App`].
pub(crate) struct Shared {
    hub: Hub,
    pub(crate) config: WebConfig,
    pub(crate) live: Live,
    pub(crate) counters: Counters,
    pub(crate) sign_ins: Semaphore,
    pub(crate) is_closing: watch::Sender<bool>,
    governor: Mutex<Governor>,
}

impl Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(hub: Hub, config: WebConfig) -> Self {
        Self(Arc::new(Shared {
            hub,
            config,
            live: Live::default(),
            counters: Counters::default(),
            sign_ins: Semaphore::new(SIGN_INS_AT_ONCE),
            is_closing: watch::Sender::new(false),
            governor: Mutex::new(Governor::default()),
        }))
    }

    /// Calls the hub on a thread that may block.
    ///
    /// # Errors
    /// Of the hub, and of a call that broke down.
    pub(crate) async fn ask<T, F>(&self, call: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Hub) -> Result<T, hub::Error> + Send + 'static,
    {
        let hub = self.hub.clone();
        match tokio::task::spawn_blocking(move || call(&hub)).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(broken) => Err(Failure::internal(&broken)),
        }
    }

    /// The brake on guessing passwords.
    pub(crate) fn governor(&self) -> std::sync::MutexGuard<'_, Governor> {
        self.governor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
