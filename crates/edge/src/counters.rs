//! What the edge counts since its start, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident = $metric:literal, $help:literal;)*) => {
        /// Counters since the start; they only grow.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $($(#[$doc])* pub(crate) $name: Counter,)*
        }

        impl Counters {
            /// Metric name, help text and value of each.
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$(($metric, $help, self.$name.value()),)*]
            }
        }
    };
}

counters! {
    requests = "edge_terminal_requests_total", "Requests of terminals.";
    refused_network = "edge_terminal_refused_network_total", "Requests from networks that are not allowed.";
    refused_rate = "edge_terminal_refused_rate_total", "Requests answered 503 because their address made too many.";
    refused_key = "edge_terminal_refused_key_total", "Requests that do not show the key to which their terminal is pinned.";
    refused_busy = "edge_terminal_refused_busy_total", "Uploads answered 503 because too much was waiting.";
    refused_full = "edge_terminal_refused_full_total", "Uploads answered 503 because the spool or its disk was full.";
    refused_unapproved = "edge_terminal_refused_unapproved_total", "Uploads of terminals that wait for approval.";
    refused_archives = "edge_terminal_refused_archives_total", "Uploads whose archive could not be unpacked.";
    punches_new = "edge_punches_stored_total", "Punches stored for the first time.";
    punches_heard = "edge_punches_heard_total", "Punches that terminals told at once in a live session.";
    punches_known = "edge_punches_known_total", "Copies of punches that were stored already.";
    punches_sent_again = "edge_punches_sent_again_total", "Punches sent once more because the hub lacks some of their day.";
    punches_differing = "edge_punches_differing_total", "Copies that say something else than the first one.";
    lines_unreadable = "edge_lines_unreadable_total", "Lines that could not be read; those of punches are kept.";
    records_not_kept = "edge_records_not_kept_total", "Templates, photos and other personal records that were dropped.";
    records_unknown = "edge_records_unknown_total", "Records of unknown kinds that were skipped.";
    events = "edge_terminal_events_total", "Events and door states of access terminals that are no punches.";
    operations = "edge_terminal_operations_total", "Operations that terminals logged.";
    polls_failed = "edge_polls_failed_total", "Polls of terminals that failed.";
    polls_done = "edge_polls_done_total", "Polls of terminals that read the whole log.";
    batches_sent = "edge_batches_sent_total", "Batches that the hub acknowledged.";
    entries_held = "edge_entries_held_total", "Entries that the hub keeps until a cause is cured there.";
    batches_failed = "edge_batches_failed_total", "Batches that the hub did not take.";
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
