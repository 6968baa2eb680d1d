//! Seeds on all cores: none knows of another.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Works on each item, on all cores; what it found, in the order of the items.
pub fn each<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> Option<T> + Sync) -> Vec<T> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let (place, Some(item)) = take(&next, items) {
                    if let Some(what) = work(item) {
                        found.lock().unwrap_or_else(PoisonError::into_inner).push((place, what));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, what)| what).collect()
}

fn take<'a, I>(next: &AtomicUsize, items: &'a [I]) -> (usize, Option<&'a I>) {
    let place = next.fetch_add(1, Relaxed);
    (place, items.get(place))
}
