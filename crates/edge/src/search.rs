//! Looks for terminals that are no longer at their address, by their serial, on the subnets that the configuration names.
//!
//! Invariants: without subnets nothing is ever searched; one search at a time, and at most one per port in
//! [`SEARCH_EVERY`](crate::plan::SEARCH_EVERY), however many terminals are missing: whoever asks meanwhile gets what that one
//! found. Terminals that are known to be at work at their address are not disturbed.

use std::collections::HashMap;
use std::net::SocketAddr;

use attendance::punch::canonical_origin;
use tokio::sync::Mutex;
use zk::discover::{Discovery, Options, Subnet};

use crate::plan::is_search_due;
use crate::terminals::Terminals;

/// Looks for terminals by their serial.
pub(crate) struct Search {
    subnets: Vec<Subnet>,
    /// What the last search of each port found.
    searched: Mutex<HashMap<u16, Searched>>,
}

struct Searched {
    at_us: i64,
    found: HashMap<String, SocketAddr>,
}

impl Search {
    pub(crate) fn new(subnets: Vec<Subnet>) -> Self {
        Self { subnets, searched: Mutex::default() }
    }

    /// Whether there is anywhere to look.
    pub(crate) fn is_configured(&self) -> bool {
        !self.subnets.is_empty()
    }

    /// Where the terminal was found by the last search, after another one if it is time for that.
    pub(crate) async fn find(&self, serial: &str, port: u16, terminals: &Terminals, now_us: i64) -> Option<SocketAddr> {
        if !self.is_configured() {
            return None;
        }
        let mut searched = self.searched.lock().await;
        if is_search_due(searched.get(&port).map(|last| last.at_us), now_us) {
            tracing::info!(serial, port, "a terminal is not at its address; the network is searched for it");
            // Noted at once: a search that is given up half-way counts too.
            let found = HashMap::new();
            searched.insert(port, Searched { at_us: now_us, found });
            let found = self.search(port, terminals).await;
            searched.insert(port, Searched { at_us: now_us, found });
        }
        searched.get(&port)?.found.get(serial).copied()
    }

    async fn search(&self, port: u16, terminals: &Terminals) -> HashMap<String, SocketAddr> {
        let (comm_keys, except) = (terminals.keys_of_missing(), terminals.places_at_work());
        let options = Options { port, comm_keys, except, ..Options::default() };
        let mut discovery = match Discovery::new(&self.subnets, options) {
            Ok(discovery) => discovery,
            Err(too_many) => {
                tracing::error!("the network is not searched: {too_many}");
                return HashMap::new();
            }
        };
        let mut found = HashMap::new();
        while let Some(visit) = discovery.next().await {
            let Some(somebody) = visit.found else { continue };
            match somebody.answer.map(|identity| identity.serial) {
                Ok(Some(serial)) => {
                    found.insert(canonical_origin(&serial).to_owned(), somebody.address);
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(address = %somebody.address, "somebody else listens there: {error}"),
            }
        }
        found
    }
}
