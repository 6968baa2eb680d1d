//! The invariants of the bank over events that nobody planned (rules 22, 12), and stories of its subtle rules.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::ledger::Ledger;
use super::*;

const START: Date = date(2024, 1, 20);

fn earn(date: Date, minutes: i64) -> Event {
    Event::Earn { date, code: "OT".into(), minutes }
}

fn spend(date: Date, id: &str, minutes: i64) -> Event {
    Event::Use { date, id: id.into(), minutes }
}

fn cancel(date: Date, id: &str) -> Event {
    Event::CancelUse { date, id: id.into() }
}

/// A bank of 40 hours whose credit lasts 30 days.
fn bank() -> Bank {
    let policy = BankPolicy {
        rates: vec![Rate { codes: vec!["OT".into()], percent: 100 }],
        unit: 1,
        monthly_cap: None,
        balance_cap: Some(2400),
        overflow: Unusable::Forfeit,
        expiry: Expiry::Days { days: 30 },
        on_expiry: Unusable::Forfeit,
        use_block: 60,
    };
    Bank::new(policy).unwrap()
}

#[test]
fn on_one_date_uses_come_first_then_cancellations_then_earnings() {
    let day = |day| date(2025, 3, day);
    // Listed backwards.
    let events = [
        earn(day(10), 120),
        cancel(day(9), "a"),
        spend(day(9), "a", 60),
        earn(day(9), 60),
        spend(day(10), "b", 180),
        earn(day(8), 60),
    ];
    let statement = bank().statement(&events, day(10));
    let refused = Outcome::Refused(Refusal::AboveBalance { balance: 120 });
    let earned = |credited| Outcome::Earned { credited, overflow: 0 };
    assert_eq!(statement.results, [earned(120), Outcome::Accepted, Outcome::Accepted, earned(60), refused, earned(60)]);
    assert_eq!((statement.balance_minutes, statement.totals.rejected), (240, 180));
}

#[test]
fn a_smaller_earning_refuses_the_use_that_it_carried() {
    let day = |day| date(2025, 3, day);
    let with = |minutes| bank().statement(&[earn(day(3), minutes), spend(day(5), "a", 240)], day(31));
    assert_eq!(with(240).results[1], Outcome::Accepted);
    assert_eq!(with(239).results[1], Outcome::Refused(Refusal::AboveBalance { balance: 239 }));
}

#[test]
fn a_use_takes_place_once_under_its_id_and_is_cancelled_once() {
    let day = |day| date(2025, 3, day);
    let events = [
        earn(day(3), 600),
        cancel(day(4), "a"),
        spend(day(5), "a", 90),
        spend(day(6), "a", 0),
        spend(day(7), "a", 120),
        spend(day(8), "a", 120),
        cancel(day(9), "a"),
        cancel(day(10), "a"),
    ];
    let statement = bank().statement(&events, day(31));
    use Refusal::{AlreadyCancelled, KnownUse, NotInBlocks, NotPositive, UnknownUse};
    let expected = [
        Outcome::Refused(UnknownUse),
        Outcome::Refused(NotInBlocks { block: 60 }),
        Outcome::Refused(NotPositive),
        Outcome::Accepted,
        Outcome::Refused(KnownUse),
        Outcome::Accepted,
        Outcome::Refused(AlreadyCancelled),
    ];
    assert_eq!(statement.results[1..], expected);
    assert_eq!(statement.balance_minutes, 600);
}

#[test]
fn credit_can_be_used_through_its_last_date_and_makes_room_when_it_lapses() {
    let first = date(2025, 3, 1);
    let events = [earn(first, 2400), earn(date(2025, 3, 31), 60), earn(date(2025, 4, 1), 60)];
    let statement = bank().statement(&events, date(2025, 4, 1));
    // On 31 March the bank is still full.
    assert_eq!(statement.results[1], Outcome::Earned { credited: 0, overflow: 60 });
    assert_eq!(statement.results[2], Outcome::Earned { credited: 60, overflow: 0 });
    let last = [earn(first, 2400), spend(date(2025, 3, 31), "a", 2400)];
    assert_eq!(bank().statement(&last, date(2025, 5, 1)).results[1], Outcome::Accepted);
}

#[test]
fn events_after_the_date_of_a_statement_are_not_part_of_it() {
    let day = |day| date(2025, 3, day);
    let events = [earn(day(3), 240), spend(day(20), "a", 240)];
    let statement = bank().statement(&events, day(19));
    assert_eq!((statement.balance_minutes, statement.results[1]), (240, Outcome::Later));
}

#[test]
fn months_end_on_the_last_day_of_a_shorter_month_and_never_beyond_the_calendar() {
    let months = Expiry::Months { months: 1 };
    assert_eq!(months.of(date(2024, 1, 31)), Some(date(2024, 2, 29)));
    assert_eq!(months.of(date(2025, 1, 29)), Some(date(2025, 2, 28)));
    assert_eq!(Expiry::EndOfNextYear {}.of(date(9999, 5, 1)), Some(Date::MAX));
    assert_eq!(Expiry::Days { days: 36_600 }.of(Date::MAX), Some(Date::MAX));
}

#[test]
fn judged_dates_earn_for_the_codes_that_have_a_rate() {
    use crate::{DayKind, Status};
    let record = |day, status| {
        let mut record = DayRecord::new(date(2025, 3, day), status, DayKind::Workday);
        record.pay = [("OT", 90), ("REG", 480)].into_iter().collect();
        record
    };
    let records = [record(10, Status::Present), record(11, Status::Deferred)];
    assert_eq!(bank().earnings(&records), [earn(date(2025, 3, 10), 90)]);
}

fn policy() -> impl Strategy<Value = BankPolicy> {
    let expiry = prop_oneof![
        Just(Expiry::None {}),
        Just(Expiry::EndOfNextYear {}),
        (1..14i64).prop_map(|months| Expiry::Months { months }),
        (1..90i64).prop_map(|days| Expiry::Days { days }),
    ];
    let fate = || prop_oneof![Just(Unusable::Forfeit), Just(Unusable::Pay)];
    let caps = (proptest::option::of(1..900i64), proptest::option::of(1..2000i64));
    let steps = (1..40i64, prop_oneof![Just(1i64), Just(30), Just(60)], 50..200i64);
    (expiry, fate(), fate(), caps, steps).prop_map(|(expiry, overflow, on_expiry, caps, steps)| BankPolicy {
        rates: vec![Rate { codes: vec!["OT".into()], percent: steps.2 }],
        unit: steps.0,
        monthly_cap: caps.0,
        balance_cap: caps.1,
        overflow,
        expiry,
        on_expiry,
        use_block: steps.1,
    })
}

/// Some of the dates lie close together, some months apart; ids repeat and are sometimes unknown.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let day = prop_oneof![3 => 0..60i64, 1 => 0..900i64].prop_map(|days| START.checked_add(days.days()).unwrap());
    let id = (0..12u8).prop_map(|id| format!("u{id}"));
    let minutes = prop_oneof![4 => (0..10i64).prop_map(|n| n * 60), 1 => -100..1000i64];
    let event = (day, id, minutes, 0..5u8).prop_map(|(date, id, minutes, kind)| match kind {
        0 | 1 => earn(date, minutes),
        2 | 3 => Event::Use { date, id, minutes },
        _ => Event::CancelUse { date, id },
    });
    proptest::collection::vec(event, 0..60)
}

proptest! {
    #[test]
    fn what_was_granted_is_accounted_for(policy in policy(), events in events(), until in 0..1000i64) {
        let until = START.checked_add(until.days()).unwrap();
        let statement = Bank::new(policy.clone()).unwrap().statement(&events, until);
        let totals = statement.totals;
        let gone = totals.used - totals.restored + totals.expired + totals.expired_paid;
        prop_assert_eq!(totals.credited, statement.balance_minutes + gone);
        prop_assert!(statement.balance_minutes >= 0 && totals.restored <= totals.used);
        prop_assert_eq!(statement.balance_minutes, statement.lots.iter().map(|lot| lot.minutes).sum::<i64>());
        prop_assert!(statement.lots.iter().all(|lot| lot.minutes > 0 && lot.expires.is_none_or(|last| last >= until)));
        prop_assert!(statement.lots.is_sorted_by_key(|lot| (lot.expires.unwrap_or(Date::MAX), lot.earned)));
        prop_assert_eq!(statement.results.len(), events.len());
        prop_assert!(totals.expired == 0 || policy.on_expiry == Unusable::Forfeit);
        prop_assert!(totals.overflow_paid == 0 || policy.overflow == Unusable::Pay);
    }

    #[test]
    fn the_balance_keeps_its_cap_unless_a_cancelled_use_returns(policy in policy(), events in events()) {
        let events: Vec<_> = events.into_iter().filter(|event| !matches!(event, Event::CancelUse { .. })).collect();
        for days in (0..960).step_by(30) {
            let statement = Bank::new(policy.clone()).unwrap().statement(&events, START.checked_add(days.days()).unwrap());
            prop_assert!(policy.balance_cap.is_none_or(|cap| statement.balance_minutes <= cap));
        }
    }

    #[test]
    fn no_lot_is_used_after_its_expiry_or_before_it_was_earned(policy in policy(), events in events()) {
        // Without cancellations, which forget where minutes came from.
        let events: Vec<_> = events.into_iter().filter(|event| !matches!(event, Event::CancelUse { .. })).collect();
        let ledger = Ledger::fold(&policy, &events, Date::MAX);
        let results = Bank::new(policy.clone()).unwrap().statement(&events, Date::MAX).results;
        for (event, result) in events.iter().zip(results) {
            let Event::Use { date, id, minutes } = event else { continue };
            if result != Outcome::Accepted {
                continue;
            }
            let parts = &ledger.uses[id.as_str()].parts;
            prop_assert_eq!(parts.iter().map(|(_, minutes)| minutes).sum::<i64>(), *minutes);
            for (at, _) in parts {
                let lot = ledger.lots[*at];
                prop_assert!(lot.earned < *date && lot.expires.is_none_or(|last| last >= *date));
            }
        }
    }

    #[test]
    fn only_the_order_within_a_date_and_kind_matters(policy in policy(), events in events(), until in 0..1000i64) {
        let until = START.checked_add(until.days()).unwrap();
        let bank = Bank::new(policy).unwrap();
        let mut sorted = events.clone();
        sorted.sort_by_key(|event| (event.date(), event.turn()));
        let (given, sorted) = (bank.statement(&events, until), bank.statement(&sorted, until));
        prop_assert_eq!((given.balance_minutes, given.totals, given.lots), (sorted.balance_minutes, sorted.totals, sorted.lots));
    }
}
