//! Events: each revision of a day is told as it was, in order, whatever is lost and whoever sends.

use super::*;

/// What happened to a day, and its minutes then.
type Happened = (&'static str, Option<i64>);

impl Place {
    fn of_events() -> Self {
        let place = Self::with_sink();
        assert_eq!(place.turn(Mode::Event), Some(0));
        place
    }

    /// Gives the sink a mode; how many days waited.
    pub(super) fn turn(&self, mode: Mode) -> Option<u64> {
        let template = json!({"event": "{event}", "minutes": "{worked_minutes}", "gone": "{is_gone}"});
        let settings =
            SinkSettings { template: Some(template), mode, ..SinkSettings::new("crm", "https://crm.example") };
        let new = NewSink { name: CRM.into(), settings, token: "t".into(), signing_secret: None };
        self.hub.add_sink(&Actor::new("clerk"), &new, now()).unwrap()
    }
}

impl Receiver {
    /// The keys that had an effect, in the order in which they came.
    fn keys(&self) -> Vec<String> {
        self.taken.lock().unwrap().order.clone()
    }

    /// What it heard, in the order in which it came.
    fn heard(&self, of: impl Fn(&str) -> bool) -> Vec<(String, Option<i64>)> {
        let keys = self.keys();
        let taken = self.taken.lock().unwrap();
        let bodies = keys.iter().filter(|key| of(key)).map(|key| &taken.effects[key]);
        let said = |body: &Value| {
            let minutes = (body["gone"] != json!(true)).then(|| body["minutes"].as_i64().unwrap());
            (body["event"].as_str().unwrap_or("state").to_owned(), minutes)
        };
        bodies.map(said).collect()
    }
}

fn told(heard: &[(String, Option<i64>)]) -> Vec<(&str, Option<i64>)> {
    heard.iter().map(|(event, minutes)| (event.as_str(), *minutes)).collect()
}

#[test]
fn each_revision_is_told_as_it_was_then_with_a_key_of_its_own_and_in_the_order_in_which_it_was_noted() {
    let (place, receiver) = (Place::of_events(), Receiver::new(false));
    let (ann, first, second) = (place.people[0], date(0), date(1));
    for (on, becomes) in [
        (first, Becomes::Deferred),
        (first, Becomes::Worked(480)),
        (second, Becomes::Worked(300)),
        (first, Becomes::Worked(490)),
        (first, Becomes::Gone),
        (second, Becomes::Absent),
        (first, Becomes::Worked(480)),
    ] {
        place.becomes(ann, on, becomes);
    }
    let dry = place.hub.would_deliver(CRM, &receiver, &DryRun::default(), now()).unwrap();
    assert_eq!((dry.len(), place.count(EntryState::Waiting)), (6, 2), "six events of two days");
    assert_eq!(place.deliver(&receiver, Which::New).sent, 6);
    let wanted: [Happened; 6] = [
        ("day.judged", Some(480)),
        ("day.judged", Some(300)),
        ("day.changed", Some(490)),
        ("day.withdrawn", None),
        ("day.withdrawn", None),
        ("day.judged", Some(480)),
    ];
    assert_eq!(told(&receiver.heard(|_| true)), wanted);
    let keys = [(first, 0), (second, 0), (first, 1), (first, 2), (second, 1), (first, 3)];
    let key = |(on, changes): (Date, i64)| format!("{CRM}/{ann}/{on}/{}", now().as_microsecond() + changes);
    assert_eq!(receiver.keys(), keys.map(key));
    // What was taken is not kept, and what changes nothing is no event.
    assert_eq!(place.hub.store.read(|read| read.event_left(CRM, (ann, first), 0)).unwrap(), None);
    place.becomes(ann, first, Becomes::Worked(480));
    assert_eq!(place.deliver(&receiver, Which::All), Delivered::default());
    // By force a day is told as it is, as another event.
    let force = Queued { force: true, from: Some(first), to: Some(first), ..Queued::default() };
    assert_eq!(place.hub.queue_days(&Actor::new("clerk"), CRM, &force, now()).unwrap(), 1);
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    assert_eq!(told(&receiver.heard(|one| one == key((first, 4)))), [("day.changed", Some(480))]);
}

#[test]
fn the_later_events_of_a_day_wait_for_one_that_is_refused_and_other_days_go_on() {
    let (place, receiver) = (Place::of_events(), Receiver::new(false));
    let (ann, bad, good) = (place.people[0], date(0), date(1));
    *receiver.refuses.lock().unwrap() = Some(bad.to_string());
    for minutes in [480, 490] {
        place.becomes(ann, bad, Becomes::Worked(minutes));
        place.becomes(ann, good, Becomes::Worked(minutes));
    }
    let done = place.deliver(&receiver, Which::New);
    assert_eq!((done.refused, done.sent), (1, 2), "one attempt, and the other day is there");
    for _ in 0..2 {
        assert_eq!(place.deliver(&receiver, Which::Failed).refused, 1);
    }
    assert_eq!((place.count(EntryState::Failed), place.deliver(&receiver, Which::All)), (1, Delivered::default()));
    *receiver.refuses.lock().unwrap() = None;
    place.hub.requeue_record(&Actor::new("clerk"), CRM, ("E1", bad), now()).unwrap();
    assert_eq!(place.deliver(&receiver, Which::New).sent, 2, "none was left out");
    let heard = receiver.heard(|key| key.contains(&bad.to_string()));
    assert_eq!(told(&heard), [("day.judged", Some(480)), ("day.changed", Some(490))]);
    assert_eq!(place.count(EntryState::Sent), 2);
}

#[test]
fn no_event_of_an_employee_overtakes_one_that_failed_for_a_time_in_a_run_before_and_those_of_others_go() {
    let (place, receiver) = (Place::of_events(), Receiver::new(false));
    let (ann, bea, monday, tuesday) = (place.people[0], place.people[1], date(0), date(1));
    *receiver.refuses.lock().unwrap() = Some(format!("{ann}/{monday}"));
    *receiver.refusal.lock().unwrap() = Answer::NotNow;
    place.becomes(ann, monday, Becomes::Worked(480));
    assert_eq!(place.deliver(&receiver, Which::New).failed, 1);
    [ann, bea].into_iter().for_each(|person| place.becomes(person, tuesday, Becomes::Worked(490)));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1, "that of another");
    // Also after another attempt; once it has gone, the next run takes what waited for it.
    assert_eq!(place.deliver(&receiver, Which::Failed).failed, 1);
    assert_eq!(place.deliver(&receiver, Which::New), Delivered::default());
    *receiver.refuses.lock().unwrap() = None;
    assert_eq!(place.deliver(&receiver, Which::Failed).sent, 1);
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    let heard = receiver.heard(|key| key.starts_with(&format!("{CRM}/{ann}/")));
    assert_eq!(told(&heard), [("day.judged", Some(480)), ("day.judged", Some(490))]);
    // One that is refused is no hindrance.
    *receiver.refuses.lock().unwrap() = Some(format!("{ann}/{monday}"));
    *receiver.refusal.lock().unwrap() = Answer::Refused;
    place.becomes(ann, monday, Becomes::Worked(500));
    assert_eq!(place.deliver(&receiver, Which::New).refused, 1);
    place.becomes(ann, tuesday, Becomes::Worked(500));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
}

#[test]
fn a_sink_that_gets_another_mode_is_told_what_waited_as_it_is_now() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, on) = (place.people[0], date(0));
    place.becomes(ann, on, Becomes::Worked(480));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    place.becomes(ann, on, Becomes::Worked(490));
    place.becomes(ann, date(1), Becomes::Worked(300));
    // To events: what the receiver may know has changed, the rest is judged.
    assert_eq!(place.turn(Mode::Event), Some(2));
    assert_eq!(place.turn(Mode::Event), None);
    assert_eq!(place.deliver(&receiver, Which::New).sent, 2);
    assert_eq!(
        told(&receiver.heard(|_| true)),
        [("state", Some(480)), ("day.changed", Some(490)), ("day.judged", Some(300))]
    );
    // And back: what waits of a day is one record, of how it is then, under a key that no event had.
    for minutes in [500, 510, 520] {
        place.becomes(ann, on, Becomes::Worked(minutes));
    }
    assert_eq!(place.turn(Mode::State), Some(1));
    place.becomes(ann, on, Becomes::Worked(530));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    assert_eq!(receiver.taken.lock().unwrap().days[&format!("{CRM}/{ann}/{on}")].1["minutes"], 530);
    // A removed sink leaves no event behind.
    place.turn(Mode::Event);
    place.becomes(ann, on, Becomes::Worked(540));
    place.hub.remove_sink(&Actor::new("clerk"), CRM, now()).unwrap();
    assert_eq!(place.hub.store.read(|read| read.event_left(CRM, (ann, on), 0)).unwrap(), None);
}

#[test]
fn days_that_had_failed_as_events_are_told_as_they_are_once_the_sink_hears_of_events_no_more() {
    let (place, receiver) = (Place::of_events(), Receiver::new(true));
    let (ann, failed, tried) = (place.people[0], date(0), date(1));
    *receiver.refuses.lock().unwrap() = Some(format!("{CRM}/{ann}/"));
    place.becomes(ann, failed, Becomes::Worked(480));
    place.deliver(&receiver, Which::New);
    place.deliver(&receiver, Which::Failed);
    place.becomes(ann, tried, Becomes::Worked(490));
    place.deliver(&receiver, Which::All);
    assert_eq!((place.count(EntryState::Failed), place.count(EntryState::Waiting)), (1, 1));
    *receiver.refuses.lock().unwrap() = None;
    assert_eq!(place.turn(Mode::State), Some(2));
    let waiting = place.hub.sink_entries(CRM, EntryState::Waiting, 9).unwrap();
    assert_eq!(waiting.iter().map(|entry| entry.attempts).collect::<Vec<_>>(), [0, 0]);
    // As new ones: nobody has to ask for what failed, nor to wait for the next time when it is tried.
    assert_eq!(place.deliver(&receiver, Which::New).sent, 2);
    assert_eq!([failed, tried].map(|on| receiver.has(ann, on)), [480, 490].map(|minutes| Some(json!(minutes))));
}

#[test]
fn a_day_that_is_gone_for_the_receiver_is_withdrawn_for_it_once_it_hears_of_events() {
    let (place, receiver) = (Place::with_sink(), Receiver::new(true));
    let (ann, gone, deferred, there) = (place.people[0], date(0), date(1), date(2));
    let all = [gone, deferred, there];
    all.into_iter().for_each(|on| place.becomes(ann, on, Becomes::Worked(480)));
    place.deliver(&receiver, Which::New);
    place.becomes(ann, gone, Becomes::Gone);
    place.becomes(ann, deferred, Becomes::Deferred);
    assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
    assert_eq!(place.turn(Mode::Event), Some(0));
    // It has another record, and is gone as before.
    place.becomes(ann, gone, Becomes::Absent);
    assert_eq!(place.deliver(&receiver, Which::New), Delivered::default());
    all.into_iter().for_each(|on| place.becomes(ann, on, Becomes::Worked(490)));
    assert_eq!(place.deliver(&receiver, Which::New).sent, 3);
    let heard = |on: Date| receiver.heard(|key| key.contains(&on.to_string())).pop().unwrap().0;
    assert_eq!(all.map(heard), ["day.judged", "day.changed", "day.changed"]);
}

/// Days change while events are sent, replies are lost, and senders die.
fn play_events(seed: u64) -> u32 {
    let (place, receiver) = (Place::of_events(), Receiver::new(false));
    let mut chance = Chance::new(seed);
    *receiver.chance.lock().unwrap() = Some(Chance::new(seed ^ 7));
    let mut wanted: BTreeMap<(i64, Date), Vec<Happened>> = BTreeMap::new();
    let mut known: BTreeMap<(i64, Date), Becomes> = BTreeMap::new();
    for _ in 0..60 {
        let key = (place.people[chance.below(PEOPLE as u64) as usize], date(chance.below(DAYS as u64) as i64));
        match chance.below(8) {
            0..=3 => {
                let becomes = match chance.below(5) {
                    0 => Becomes::Gone,
                    1 => Becomes::Deferred,
                    _ => Becomes::Worked(400 + chance.below(3) as i64),
                };
                place.becomes(key.0, key.1, becomes);
                if known.insert(key, becomes) == Some(becomes) {
                    continue;
                }
                let of_day = wanted.entry(key).or_default();
                let is_told = of_day.last().is_some_and(|(event, _)| *event != "day.withdrawn");
                match becomes {
                    Becomes::Worked(minutes) if is_told => of_day.push(("day.changed", Some(minutes))),
                    Becomes::Worked(minutes) => of_day.push(("day.judged", Some(minutes))),
                    Becomes::Gone if is_told => of_day.push(("day.withdrawn", None)),
                    _ => {}
                }
            }
            4 => drop(place.deliver(&receiver, Which::New)),
            5 => drop(place.deliver(&receiver, Which::Failed)),
            // It ends between taking, sending and marking.
            _ => {
                let one = Stale::begin(&place, &receiver);
                if chance.below(2) == 0 {
                    one.goes_on(&place, &receiver);
                }
            }
        }
    }
    *receiver.chance.lock().unwrap() = None;
    place.hub.requeue_failed(&Actor::new("clerk"), CRM, now()).unwrap();
    // What was tried before and what was not: a day that was refused goes on in another run.
    place.deliver(&receiver, Which::All);
    assert_eq!((place.count(EntryState::Waiting), place.count(EntryState::Failed)), (0, 0), "seed {seed}");
    for ((employee, on), events) in &wanted {
        let heard = receiver.heard(|key| key.starts_with(&format!("{CRM}/{employee}/{on}/")));
        assert_eq!(&told(&heard), events, "seed {seed}, employee {employee}, {on}");
    }
    let taken = receiver.taken.lock().unwrap();
    taken.lost_replies.min(taken.repeats)
}

/// `PUNCHCLOCK_OUTBOX_SEEDS=10000` plays that many.
#[test]
fn whatever_is_lost_and_whoever_dies_every_event_has_one_effect_and_none_overtakes_another() {
    let seeds = how_many("PUNCHCLOCK_OUTBOX_SEEDS", 25) as u64;
    let lost: u32 = (0..seeds).map(play_events).sum();
    assert!(lost > 0, "no reply was lost, or no record came twice");
}
