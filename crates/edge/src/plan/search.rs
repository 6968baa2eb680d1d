//! When the network is searched for terminals that are not at their address.

use std::time::Duration;

/// Searches are this far apart: each asks every address of the subnets.
pub const SEARCH_EVERY: Duration = Duration::from_secs(15 * 60);

/// Whether the network may be searched at `now_us`, given when that was done last (microseconds since the epoch, UTC).
pub fn is_search_due(last_us: Option<i64>, now_us: i64) -> bool {
    // A clock that was set back must not stop the search.
    last_us.is_none_or(|last_us| u128::from(now_us.abs_diff(last_us)) >= SEARCH_EVERY.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_searched_once_in_a_quarter_of_an_hour() {
        const MINUTE_US: i64 = 60_000_000;
        assert!(is_search_due(None, 0), "never before");
        assert!(!is_search_due(Some(0), 15 * MINUTE_US - 1));
        assert!(is_search_due(Some(0), 15 * MINUTE_US));
        assert!(is_search_due(Some(60 * MINUTE_US), 0), "the clock was set back");
    }
}
