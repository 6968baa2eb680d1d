//! A record of which the receiver says 403, 404 or 410, and nothing of any other.

use jiff::SignedDuration;

use super::*;

const SAYS: &str = "404 Not Found: no such employee";

#[test]
fn what_is_barred_alone_tells_what_was_said_and_is_failed_within_a_day() {
    for mode in Mode::ALL {
        let (place, receiver) = (Place::with_sink(), Receiver::new(true));
        place.turn(mode);
        let (ann, bea) = (place.people[0], place.people[1]);
        place.becomes(bea, date(0), Becomes::Worked(480));
        assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
        *receiver.refusal.lock().unwrap() = |_| Answer::Barred(SAYS.into());
        *receiver.refuses.lock().unwrap() = Some(format!("{CRM}/{ann}/"));
        place.becomes(ann, date(0), Becomes::Worked(480));
        receiver.taken.lock().unwrap().calls = 0;
        // At the default times: what is new each half hour, what failed each sixth hour.
        let mut counted = Vec::new();
        for half_hours in 0..48 {
            let at = || now().saturating_add(SignedDuration::from_mins(30 * half_hours)).unwrap();
            let deliver = |which| place.hub.deliver(CRM, &receiver, which, 0, &at, &|| false).unwrap();
            let mut done = vec![deliver(Which::New)];
            if half_hours % 12 == 11 {
                done.push(deliver(Which::Failed));
            }
            assert!(done.iter().all(|done| done.paused.is_none() && done.sent == 0), "{done:?}");
            if done.iter().any(|done| done.refused > 0) {
                counted.push(half_hours / 2);
            }
            let entries =
                [EntryState::Waiting, EntryState::Failed].map(|state| place.hub.sink_entries(CRM, state, 9).unwrap());
            let entry = entries.iter().flatten().next().unwrap();
            assert!(entry.receipt.contains(SAYS) && entry.tried.is_some(), "{entry:?}");
            assert_eq!(entry.attempts as usize, counted.len());
        }
        assert_eq!((counted, place.count(EntryState::Failed)), (vec![6, 11, 17], 1), "{mode:?}");
        assert_eq!(receiver.taken.lock().unwrap().calls, 12 + 3, "it is not told of it for ever");
    }
}

#[test]
fn a_time_out_among_records_that_are_barred_does_not_make_them_count() {
    for mode in Mode::ALL {
        let (place, receiver) = (Place::with_sink(), Receiver::new(true));
        place.turn(mode);
        let bea = place.people[1];
        place.becomes(bea, date(0), Becomes::Worked(480));
        assert_eq!(place.deliver(&receiver, Which::New).sent, 1);
        // Of the first it is said that nobody answered in time, of all others that they are not there.
        *receiver.refusal.lock().unwrap() = |_| Answer::Barred(SAYS.into());
        *receiver.refuses.lock().unwrap() = Some(format!("{CRM}/"));
        *receiver.is_slow.lock().unwrap() = Some(format!("{CRM}/{bea}/"));
        for (person, day) in place.people.iter().flat_map(|person| (1..400).map(move |day| (*person, day))) {
            place.becomes(person, date(day), Becomes::Worked(480));
        }
        receiver.taken.lock().unwrap().calls = 0;
        let done = place.deliver(&receiver, Which::New);
        assert_eq!((done.failed, done.refused, done.paused.is_some()), (1, 0, true), "{mode:?}: {done:?}");
        assert!(receiver.taken.lock().unwrap().calls <= 600, "{mode:?}: it is not told of all");
        let waiting = place.hub.store.read(|read| read.outbox_in_state(CRM, "waiting", 10_000)).unwrap();
        assert_eq!(waiting.iter().map(|entry| entry.attempts).sum::<u32>(), 1, "{mode:?}");
    }
}

#[test]
fn a_sink_that_is_paused_tells_of_each_record_what_was_said_and_counts_no_attempt() {
    for refusal in [Answer::Barred as fn(String) -> Answer, Answer::Closed] {
        let (place, receiver) = (Place::with_sink(), Receiver::new(true));
        *receiver.refusal.lock().unwrap() = refusal;
        *receiver.refuses.lock().unwrap() = Some(format!("{CRM}/"));
        place.people.iter().for_each(|person| place.becomes(*person, date(0), Becomes::Worked(480)));
        assert!(place.deliver(&receiver, Which::New).paused.is_some());
        let waiting = place.hub.sink_entries(CRM, EntryState::Waiting, 9).unwrap();
        assert_eq!(waiting.len(), place.people.len());
        assert!(waiting.iter().all(|entry| entry.receipt == "422" && entry.attempts == 0), "{waiting:?}");
    }
}
