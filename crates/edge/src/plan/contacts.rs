//! Which contacts of terminals go with a heartbeat. Each costs the hub a write, and a terminal calls every few seconds.

use std::time::Duration;

use link::Contact;

use super::drift::is_same;

/// What is only a later contact is told no more often than this.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// A contact that was handed to the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was said.
    pub contact: Contact,
    /// When, microseconds since the epoch, UTC.
    pub at_us: i64,
}

/// Whether a contact goes with the heartbeat at `now_us`, given what was told of this terminal last: at once when
/// nothing was, or when a reading changed something; a mere later contact only after a minute.
pub fn is_contact_due(told: Option<&Told>, contact: &Contact, now_us: i64) -> bool {
    let Some(told) = told else { return true };
    let reading =
        |of: &Contact| (of.last_complete_read_us, of.records_on_terminal, of.trouble.clone(), of.moved.clone());
    let has_changed = reading(&told.contact) != reading(contact) || !is_same(told.contact.clock, contact.clock);
    // A clock that was set back must not silence anybody.
    let since_us = now_us.abs_diff(told.at_us);
    has_changed || u128::from(since_us) >= TELL_EVERY.as_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    fn met(at_us: i64) -> Contact {
        Contact { serial: "A1".to_owned(), last_contact_us: Some(at_us), ..Contact::default() }
    }

    #[test]
    fn a_terminal_that_calls_all_the_time_is_told_once_a_minute() {
        assert!(is_contact_due(None, &met(0), 0), "it is new");
        let told = Told { contact: met(0), at_us: 0 };
        assert!(!is_contact_due(Some(&told), &met(59 * SECOND_US), 59 * SECOND_US));
        assert!(is_contact_due(Some(&told), &met(60 * SECOND_US), 60 * SECOND_US));
        assert!(is_contact_due(Some(&told), &met(-3600 * SECOND_US), -3600 * SECOND_US), "the clock was set back");
    }

    #[test]
    fn a_clock_that_moved_is_told_at_once_and_one_that_trembles_is_not() {
        let clock = |offset_s| link::Clock { offset_s, how: link::ClockSource::Uploads, at_us: 0 };
        let showing = |offset_s| Contact { clock: Some(clock(offset_s)), ..met(1) };
        let told = Told { contact: showing(-2), at_us: 0 };
        assert!(!is_contact_due(Some(&told), &showing(-1), 1));
        assert!(is_contact_due(Some(&told), &showing(3600), 1));
        assert!(is_contact_due(Some(&Told { contact: met(0), at_us: 0 }), &showing(-2), 1), "seen for the first time");
    }

    #[test]
    fn what_a_reading_changed_is_told_at_once() {
        let told = Told { contact: met(0), at_us: 0 };
        let changed = [
            Contact { trouble: Some("no answer".to_owned()), ..met(1) },
            Contact { last_complete_read_us: Some(1), ..met(1) },
            Contact { records_on_terminal: Some(7), ..met(1) },
            Contact {
                moved: Some(link::Moved { from: "10.0.0.9".to_owned(), to: "10.0.0.10:4370".parse().unwrap() }),
                ..met(1)
            },
        ];
        for contact in changed {
            assert!(is_contact_due(Some(&told), &contact, 1), "{contact:?}");
            let told = Told { contact: contact.clone(), at_us: 1 };
            assert!(!is_contact_due(Some(&told), &contact, 2), "{contact:?} was told");
            assert!(is_contact_due(Some(&told), &met(2), 2), "back as it was");
        }
    }
}
