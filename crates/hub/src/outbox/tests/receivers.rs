//! A sink that has another receiver behind its name: it is told of what the one before has.

use super::*;

impl Place {
    /// Gives the sink an address and a mode.
    fn moves_to(&self, url: &str, mode: Mode) {
        let settings = SinkSettings { mode, ..SinkSettings::new("crm", url) };
        let new = NewSink { name: CRM.into(), settings, token: "t".into(), signing_secret: None };
        self.hub.add_sink(&Actor::new("clerk"), &new, now()).unwrap();
    }

    fn asks_for_earlier_days(&self) -> u64 {
        self.hub.queue_days(&Actor::new("clerk"), CRM, &Queued::default(), now()).unwrap()
    }
}

const BEFORE: &str = "https://crm.example";
const NOW: &str = "https://crm.elsewhere.example";

#[test]
fn the_receiver_at_another_address_is_told_of_the_days_that_the_one_before_has_and_of_what_waited() {
    let (place, before, next) = (Place::with_sink(), Receiver::new(true), Receiver::new(true));
    let (ann, [sent, back, failed, gone]) = (place.people[0], [0, 1, 2, 3].map(date));
    for on in [sent, back, gone] {
        place.becomes(ann, on, Becomes::Worked(480));
    }
    assert_eq!(place.deliver(&before, Which::New).sent, 3);
    *before.refuses.lock().unwrap() = Some(failed.to_string());
    place.becomes(ann, failed, Becomes::Worked(480));
    for which in [Which::New, Which::Failed, Which::Failed] {
        place.deliver(&before, which);
    }
    assert_eq!(place.count(EntryState::Failed), 1);

    place.moves_to(NOW, Mode::State);
    assert_eq!(
        (place.count(EntryState::Sent), place.count(EntryState::Failed)),
        (0, 0),
        "it has none, and refused none"
    );
    // A day that is as the one before had it, too, once it has changed and changed back.
    [490, 480].into_iter().for_each(|minutes| place.becomes(ann, back, Becomes::Worked(minutes)));
    place.becomes(ann, gone, Becomes::Gone);
    let done = place.deliver(&next, Which::New);
    assert_eq!((done.sent, done.in_step), (3, 0));
    let worked = Some(json!(480));
    assert_eq!([sent, back, failed, gone].map(|on| next.has(ann, on)), [None, worked.clone(), worked.clone(), None]);
    assert_eq!((place.asks_for_earlier_days(), place.deliver(&next, Which::New).sent), (1, 1));
    assert_eq!(next.has(ann, sent), worked);
    assert_eq!((place.asks_for_earlier_days(), place.count(EntryState::Sent)), (0, 4));
}

#[test]
fn a_receiver_of_events_at_another_address_is_told_that_earlier_days_were_judged() {
    let (place, before, next) = (Place::with_sink(), Receiver::new(true), Receiver::new(true));
    let (ann, [sent, waits, late]) = (place.people[0], [0, 1, 2].map(date));
    place.moves_to(BEFORE, Mode::Event);
    place.becomes(ann, sent, Becomes::Worked(480));
    place.deliver(&before, Which::New);
    // One waits, and one is under way when the address is changed: whatever the one before says of it, the next has not heard it.
    place.becomes(ann, late, Becomes::Worked(300));
    let stale = Stale::begin(&place, &before).goes_on(&place, &before).unwrap();
    place.becomes(ann, waits, Becomes::Worked(490));
    place.moves_to(NOW, Mode::Event);
    assert!(stale.goes_on(&place, &before).is_none());
    assert_eq!(place.asks_for_earlier_days(), 1);
    assert_eq!(place.deliver(&next, Which::All).sent, 3);
    let taken = next.taken.lock().unwrap();
    let heard = |on: Date| taken.days.get(&format!("{CRM}/{ann}/{on}")).map(|(_, body)| body["event"].clone());
    assert_eq!([sent, waits, late].map(heard), [(); 3].map(|()| Some(json!("day.judged"))));
}

#[test]
fn an_address_that_differs_in_what_is_hidden_or_in_its_mode_alone_is_that_of_the_same_receiver() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    place.becomes(place.people[0], date(0), Becomes::Worked(480));
    place.deliver(&receiver, Which::New);
    for url in [
        "https://crm.example/",
        "https://crm.example?key=5ecret",
        "https://crm.example?token=0ther#a",
        "https://ann:5ecret@crm.example",
    ] {
        place.moves_to(url, Mode::State);
        assert_eq!((place.asks_for_earlier_days(), place.count(EntryState::Sent)), (0, 1), "{url}");
    }
    for mode in [Mode::Event, Mode::State] {
        place.moves_to(BEFORE, mode);
        assert_eq!((place.asks_for_earlier_days(), place.count(EntryState::Sent)), (0, 1), "{mode:?}");
    }
    for url in ["http://crm.example", "https://crm.example/in", "https://crm.example:8443/in", NOW] {
        place.moves_to(url, Mode::State);
        assert_eq!((place.asks_for_earlier_days(), place.deliver(&receiver, Which::New).sent), (1, 1), "{url}");
    }
}

#[test]
fn another_database_of_an_odoo_is_another_receiver() {
    let odoo = |database: &str| {
        let odoo = OdooSettings { database: database.into(), user: "u".into(), employee_field: "barcode".into() };
        SinkSettings { odoo: Some(odoo), ..SinkSettings::new(ODOO, "https://odoo.example") }
    };
    assert_ne!(odoo("prod").receiver(), odoo("test").receiver());
    let other_user = OdooSettings { user: "v".into(), ..odoo("prod").odoo.unwrap() };
    assert_eq!(odoo("prod").receiver(), SinkSettings { odoo: Some(other_user), ..odoo("prod") }.receiver());
}

#[test]
fn what_a_removal_left_that_was_stopped_is_nothing_that_the_next_sink_of_that_name_knows() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, on) = (place.people[0], date(0));
    place.becomes(ann, on, Becomes::Worked(480));
    place.deliver(&receiver, Which::New);
    // As far as its first transaction.
    assert!(place.hub.store.write(|write| write.drop_sink(CRM)).unwrap());
    place.moves_to(BEFORE, Mode::State);
    assert_eq!((place.asks_for_earlier_days(), place.deliver(&receiver, Which::New).sent), (1, 1));
}
