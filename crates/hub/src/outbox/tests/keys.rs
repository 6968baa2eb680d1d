//! Keys: none is that of two contents, whatever the hub forgets of what it told.

use store::backup::{Restore, Target, make, restore};

use super::*;

fn later(minutes: i64) -> Timestamp {
    now().checked_add(minutes.minutes()).unwrap()
}

#[test]
fn a_sink_that_is_removed_and_added_again_tells_the_days_under_keys_and_revisions_of_their_own() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, on) = (place.people[0], date(0));
    for minutes in 480..490 {
        place.becomes(ann, on, Becomes::Worked(minutes));
        assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    }
    let clerk = Actor::new("clerk");
    let new = place.hub.sink_access(CRM).unwrap();
    place.hub.remove_sink(&clerk, CRM, later(1)).unwrap();
    place.becomes_at(later(1), ann, on, Becomes::Worked(500));
    place.hub.add_sink(&clerk, &new, later(2)).unwrap();
    assert_eq!(place.hub.queue_days(&clerk, CRM, &Queued::default(), later(2)).unwrap(), 1);
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    assert_eq!(receiver.has(ann, on), Some(json!(500)));
}

#[test]
fn what_a_restored_hub_tells_is_new_for_a_receiver_that_has_more_than_the_hub_knows() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, [sent, back, waits]) = (place.people[0], [0, 1, 2].map(date));
    let worked = |on, minutes| place.becomes(ann, on, Becomes::Worked(minutes));
    [sent, back].into_iter().for_each(|on| worked(on, 480));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 2);
    worked(waits, 480);
    let folder = tempfile::tempdir().unwrap();
    let [backup, file] = ["hub.backup", "restored.sqlite"].map(|name| folder.path().join(name));
    make(&place.hub.store, &backup, now().as_microsecond(), "0", &|_| {}).unwrap();
    [sent, back, waits].into_iter().for_each(|on| worked(on, 490));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 3);

    let how = Restore { file: &backup, overwrites: false, at_us: later(1).as_microsecond(), actor: "ann" };
    restore(&how, &Target::File(file.clone()), &|_| {}).unwrap();
    let hub = Hub::new(Store::open(&file).unwrap());
    let place = Place { hub, people: place.people.clone(), _on: Box::new((place, folder)) };
    place.becomes_at(later(2), ann, sent, Becomes::Worked(500));
    // As the hub knows it, nothing has changed.
    [510, 480].into_iter().for_each(|minutes| place.becomes_at(later(2), ann, back, Becomes::Worked(minutes)));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 3);
    assert_eq!(
        [sent, back, waits].map(|on| receiver.has(ann, on)),
        [500, 480, 480].map(|minutes| Some(json!(minutes)))
    );
}

#[test]
fn what_was_on_its_way_and_has_another_body_now_goes_under_another_key_and_what_has_not_under_the_same() {
    let place = place();
    let template = json!({"who": "{employee_name}", "minutes": "{worked_minutes}", "gone": "{is_gone}"});
    let settings = SinkSettings { template: Some(template.clone()), ..SinkSettings::new("crm", "https://crm.example") };
    let new = NewSink { name: CRM.into(), settings, token: "t".into(), signing_secret: None };
    place.hub.add_sink(&Actor::new("clerk"), &new, now()).unwrap();
    let receiver = Receiver { template: Template::new(template).unwrap(), ..Receiver::new(true) };
    let (ann, bea) = (place.people[0], place.people[1]);
    [ann, bea].into_iter().for_each(|person| place.becomes(person, date(0), Becomes::Worked(480)));
    // It is taken, and the sender ends before it hears so.
    Stale::begin(&place, &receiver).goes_on(&place, &receiver);
    let renamed = Employee { name: "Ann".into(), ..place.hub.store.read(|read| read.employee(ann)).unwrap().unwrap() };
    place.hub.store.write(|write| write.change_employee(&renamed)).unwrap();
    assert_eq!(place.deliver(&receiver, Which::New).sent, 2);
    let taken = receiver.taken.lock().unwrap();
    assert_eq!((taken.effects.len(), taken.repeats), (3, 1));
    assert_eq!(taken.days[&format!("{CRM}/{ann}/{}", date(0))].1["who"], "Ann");
}
