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
    // A new key alone, as before the old one is deleted there.
    let late = Stale::begin(&place, &receiver);
    let before = place.hub.sink_access(CRM).unwrap();
    place.turn(Mode::Event);
    place.hub.mark(CRM, &late.settings, &late.taken, &closed, now()).unwrap();
    assert_eq!(place.hub.sink_to_send_to(CRM).unwrap().1, None);
    // Nothing more is sent with the old one, also where its client was made just before.
    let wave = [(place.people[0], date(0))];
    assert!(place.hub.take(CRM, &late.settings, &wave, &receiver, now()).unwrap().is_none());
    let of = (Which::All, 0);
    assert_eq!(place.hub.deliver_by(&before, &receiver, of, &now, &|| false).unwrap(), None);
    assert_eq!(receiver.taken.lock().unwrap().calls, 0);
    let soon = Stale::begin(&place, &receiver);
    let closed = vec![Answer::Closed("401".into()); soon.taken.len()];
    place.hub.mark(CRM, &soon.settings, &soon.taken, &closed, now()).unwrap();
    assert_eq!(place.hub.sink_to_send_to(CRM).unwrap().1.as_deref(), Some("401"));
}

/// A receiver at which the key is changed while it answers, and which takes the one before no more.
struct Changing {
    hub: Hub,
    new: NewSink,
}

impl Sink for Changing {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        self.hub.add_sink(&Actor::new("clerk"), &self.new, now()).unwrap();
        letters.iter().map(|_| Answer::Closed("401".into())).collect()
    }

    fn render(&self, fields: &Fields) -> Value {
        json!(fields)
    }

    fn test(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

#[test]
fn a_run_that_still_has_the_key_before_ends_and_does_not_say_that_the_sink_is_paused() {
    let place = Place::with_sink();
    place.people.iter().for_each(|person| place.becomes(*person, date(0), Becomes::Worked(480)));
    let changing = Changing { hub: place.hub.clone(), new: place.hub.sink_access(CRM).unwrap() };
    let done = place.hub.deliver(CRM, &changing, Which::New, 0, &now, &|| false).unwrap();
    assert_eq!((done.paused, done.says.as_deref()), (None, Some("401")));
    assert!(place.hub.sinks().unwrap()[0].paused.is_none());
    assert_eq!(place.deliver(&Receiver::new(true), Which::New).sent, 3, "no attempt was lost");
}
