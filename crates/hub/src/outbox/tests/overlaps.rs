//! Two workers that have the same records on their way: one was thought dead.

use super::*;

#[test]
fn an_outage_that_two_workers_meet_at_once_counts_one_attempt() {
    for mode in Mode::ALL {
        let (place, receiver) = (Place::with_sink(), Receiver::new(true));
        place.turn(mode);
        place.becomes(place.people[0], date(0), Becomes::Worked(480));
        let both = [Stale::begin(&place, &receiver), Stale::begin(&place, &receiver)];
        for one in both {
            let failed = vec![Answer::NotNow("503".into()); one.taken.len()];
            place.hub.mark(CRM, &one.settings, &one.taken, &failed, now()).unwrap();
        }
        let waiting = place.hub.sink_entries(CRM, EntryState::Waiting, 9).unwrap();
        assert_eq!(waiting.iter().map(|entry| entry.attempts).collect::<Vec<_>>(), [1], "{mode:?}");
    }
}

#[test]
fn what_was_said_to_settings_that_are_others_now_pauses_nothing() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    place.becomes(place.people[0], date(0), Becomes::Worked(480));
    let late = Stale::begin(&place, &receiver);
    place.turn(Mode::Event);
    let closed = vec![Answer::Closed("401".into()); late.taken.len()];
    place.hub.mark(CRM, &late.settings, &late.taken, &closed, now()).unwrap();
    assert_eq!(place.hub.sink_to_send_to(CRM).unwrap().1, None);
    let soon = Stale::begin(&place, &receiver);
    let closed = vec![Answer::Closed("401".into()); soon.taken.len()];
    place.hub.mark(CRM, &soon.settings, &soon.taken, &closed, now()).unwrap();
    assert_eq!(place.hub.sink_to_send_to(CRM).unwrap().1.as_deref(), Some("401"));
}
