//! The bank of time off (invariant 12), on what a company's days earn.

use std::collections::BTreeMap;

use attendance::bank::{Bank, BankPolicy, Event, Expiry, Outcome, PRESETS, Preset, Rate, Statement, Unusable};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::company::{DATES, company, config};

/// A preset, or a bank so narrow that credit is capped and lapses within days.
fn bank() -> impl Strategy<Value = Bank> {
    let fate = || prop::sample::select(vec![Unusable::Forfeit, Unusable::Pay]);
    let expiry = prop_oneof![
        (0..4i64).prop_map(|days| Expiry::Days { days: days + 1 }),
        Just(Expiry::Months { months: 1 }),
        Just(Expiry::EndOfNextYear {}),
        Just(Expiry::None {}),
    ];
    let caps = (prop::option::of(1..1500i64), prop::option::of(1..900i64));
    let narrow = (fate(), fate(), expiry, caps, 1..40i64, prop::sample::select(vec![1i64, 30, 60]), 50..200i64)
        .prop_map(|(overflow, on_expiry, expiry, (monthly_cap, balance_cap), unit, use_block, percent)| {
            let codes = ["REG", "OT", "OT15", "RD", "HOL", "T0", "T2"].iter().map(|code| (*code).into()).collect();
            let rates = vec![Rate { codes, percent }];
            Bank::new(BankPolicy { rates, unit, monthly_cap, balance_cap, overflow, expiry, on_expiry, use_block })
                .unwrap()
        });
    let preset = prop::sample::select(PRESETS.to_vec()).prop_map(|name| Preset::named(name).unwrap().bank().unwrap());
    prop_oneof![3 => narrow, 1 => preset]
}

/// Uses and cancellations, by numbers of dates.
fn requests() -> impl Strategy<Value = Vec<(i64, u8, Option<i64>)>> {
    let minutes = prop_oneof![(1..9i64).prop_map(|blocks| blocks * 60), -10..500i64];
    prop::collection::vec((0..DATES + 4, 0..6u8, prop::option::weighted(0.7, minutes)), 0..10)
}

/// Minutes left in lots; lots of one date and expiry belong together.
fn lots(statement: &Statement) -> BTreeMap<(Date, Option<Date>), i64> {
    let mut all = BTreeMap::new();
    statement.lots.iter().for_each(|lot| *all.entry((lot.earned, lot.expires)).or_default() += lot.minutes);
    all
}

proptest! {
    #![proptest_config(config())]

    /// Invariant 12: "Bank: granted = balance + used - restored + expired (forfeited or paid out); balance never negative; no lot used
    /// after expiry."
    #[test]
    fn the_bank_accounts_for_what_it_granted(company in company(), bank in bank(), requests in requests()) {
        let mut events = bank.earnings(&company.all());
        events.extend(requests.iter().map(|(number, id, minutes)| {
            let (date, id) = (company.date(*number), format!("u{id}"));
            match minutes {
                Some(minutes) => Event::Use { date, id, minutes: *minutes },
                None => Event::CancelUse { date, id },
            }
        }));
        // As the bank takes them: by date, uses first, earnings last.
        let turn = |event: &Event| match event {
            Event::Use { .. } => 0,
            Event::CancelUse { .. } => 1,
            Event::Earn { .. } => 2,
        };
        events.sort_by_key(|event| (event.date(), turn(event)));
        for count in 1..=events.len() {
            let event = &events[count - 1];
            let (before, after) = (bank.statement(&events[..count - 1], event.date()), bank.statement(&events[..count], event.date()));
            let totals = after.totals;
            let gone = totals.used - totals.restored + totals.expired + totals.expired_paid;
            prop_assert_eq!(totals.credited, after.balance_minutes + gone, "{:?}", events);
            prop_assert!(after.balance_minutes >= 0 && after.lots.iter().all(|lot| lot.minutes > 0), "{:?}", after);
            prop_assert_eq!(after.balance_minutes, lots(&after).values().sum::<i64>());
            let Event::Use { date, minutes, .. } = event else { continue };
            let mut taken = 0;
            for ((earned, expires), had) in lots(&before) {
                let part = had - lots(&after).get(&(earned, expires)).copied().unwrap_or(0);
                taken += part;
                let usable = earned < *date && expires.is_none_or(|last| *date <= last);
                prop_assert!(part == 0 || usable, "{:?} of a lot of {} until {:?}", event, earned, expires);
            }
            let accepted = after.results.last() == Some(&Outcome::Accepted);
            prop_assert_eq!(taken, if accepted { *minutes } else { 0 }, "{:?}", event);
        }
    }
}
