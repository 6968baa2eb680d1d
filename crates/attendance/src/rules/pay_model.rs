//! Pay by the letter of section 14, minute by minute: the model that the arithmetic on stretches must agree with.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::calendar_day::{day_number, weekday};
use super::pay::{PayDay, Sorted, Week};
use super::pay_book::PayBook;
use super::trace::Silent;
use super::zone::LocalClock;
use crate::spans::{Span, Spans};
use crate::vocabulary::*;

#[derive(Default)]
struct Model {
    all: i64,
    straight: i64,
    run: i64,
}

/// A worked minute with its attributes.
struct Minute {
    number: i64,
    in_plan: bool,
    kind: DayKind,
    weekday: usize,
    clock: i64,
}

impl Model {
    /// All conditions but the one over the week.
    fn holds(&self, when: &Condition, minute: &Minute) -> bool {
        when.day_kinds.as_ref().is_none_or(|kinds| kinds.contains(&minute.kind))
            && when.weekdays.as_ref().is_none_or(|days| days.iter().any(|day| day.from_monday() == minute.weekday))
            && when.in_plan.is_none_or(|in_plan| in_plan == minute.in_plan)
            && when.daily_from.is_none_or(|from| minute.number >= from)
            && when.daily_to.is_none_or(|to| minute.number < to)
            && when.consecutive_day.is_none_or(|run| run == self.run)
            && when.window.is_none_or(|[from, to]| {
                let (from, to) = (from.minutes(), to.minutes());
                let length = if to <= from { to + 1440 - from } else { to - from };
                (minute.clock - from).rem_euclid(1440) < length
            })
    }

    fn reached(&self, when: &Condition, straight: bool) -> bool {
        match (when.week_from, when.week_basis.unwrap_or_default()) {
            (None, _) => true,
            (Some(from), WeekBasis::All) => self.all >= from,
            (Some(from), WeekBasis::Straight) => straight && self.straight >= from,
        }
    }

    fn pay(&mut self, policy: &Policy, minute: &Minute, pay: &mut CodeMinutes, premiums: &mut CodeMinutes) {
        let held: Vec<&PayRule> = policy.pay_rules.iter().filter(|rule| self.holds(&rule.when, minute)).collect();
        let straight = !held.iter().any(|rule| rule.when.week_from.is_none() && rule.percent > 100);
        let mut winner: Option<&PayRule> = None;
        for rule in held {
            if self.reached(&rule.when, straight) && winner.is_none_or(|best| rule.percent > best.percent) {
                winner = Some(rule);
            }
        }
        let tier: Code = winner.map_or(REGULAR.into(), |rule| rule.code.clone());
        pay.add(&tier, 1);
        let mut codes = Vec::new();
        for premium in &policy.premiums {
            let matches = self.holds(&premium.when, minute) && self.reached(&premium.when, straight);
            if matches && !codes.contains(&&premium.code) {
                codes.push(&premium.code);
                let key = match premium.of {
                    PremiumBasis::Base => premium.code.clone(),
                    PremiumBasis::Tier => format!("{}*{tier}", premium.code).as_str().into(),
                };
                premiums.add(&key, 1);
            }
        }
        self.all += 1;
        self.straight += i64::from(straight);
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let clock = (0..1440i32).prop_map(|minute| ClockTime::from_minutes(minute).unwrap());
    let kinds = proptest::sample::subsequence(vec![DayKind::Workday, DayKind::RestDay, DayKind::PublicHoliday], 1..3);
    let days = proptest::sample::subsequence(vec![Weekday::Sat, Weekday::Sun, Weekday::Mon], 1..3);
    let rare = proptest::option::weighted::<BoxedStrategy<i64>>;
    (
        proptest::option::weighted(0.3, kinds),
        proptest::option::weighted(0.2, days),
        proptest::option::weighted(0.4, any::<bool>()),
        rare(0.3, (0..700i64).boxed()),
        rare(0.2, (0..900i64).boxed()),
        rare(0.2, (1..4i64).boxed()),
        proptest::option::weighted(0.4, [clock.clone(), clock]),
        rare(0.4, (0..2500i64).boxed()),
        proptest::option::of(prop_oneof![Just(WeekBasis::All), Just(WeekBasis::Straight)]),
    )
        .prop_map(
            |(day_kinds, weekdays, in_plan, daily_from, daily_to, consecutive_day, window, week_from, week_basis)| {
                Condition {
                    day_kinds,
                    weekdays,
                    in_plan,
                    daily_from,
                    daily_to,
                    consecutive_day,
                    window,
                    week_from,
                    week_basis,
                }
            },
        )
}

fn policy() -> impl Strategy<Value = Policy> {
    let percents = [100, 125, 125, 90, 200];
    let rules = proptest::collection::vec(condition(), 0..5);
    let premiums = proptest::collection::vec((condition(), any::<bool>()), 0..3);
    (rules, premiums).prop_map(move |(rules, premiums)| {
        let rule = |(at, when): (usize, Condition)| PayRule {
            code: format!("T{at}").as_str().into(),
            percent: percents[at],
            when,
        };
        let premium = |(at, (when, of_tier)): (usize, (Condition, bool))| Premium {
            code: format!("P{}", at % 2).as_str().into(),
            percent: 10,
            of: if of_tier { PremiumBasis::Tier } else { PremiumBasis::Base },
            when,
        };
        Policy {
            pay_rules: rules.into_iter().enumerate().map(rule).collect(),
            premiums: premiums.into_iter().enumerate().map(premium).collect(),
            ..Policy::default()
        }
    })
}

fn spans(within: std::ops::Range<i64>) -> impl Strategy<Value = Spans> {
    let one = (within, 1..500i64).prop_map(|(start, length)| Span::new(start, start + length));
    proptest::collection::vec(one, 0..4).prop_map(|all| all.into_iter().collect())
}

fn kind_of(number: i64) -> DayKind {
    [DayKind::Workday, DayKind::PublicHoliday, DayKind::RestDay][number.rem_euclid(3) as usize]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Four dates around the night in which New York's clock skips an hour, each with its worked, extra and trimmed minutes.
    #[test]
    fn stretches_pay_what_minutes_pay(
        policy in policy(),
        dates in proptest::collection::vec((spans(0..2000), spans(0..2000), spans(0..2000)), 4),
        by_civil_date in any::<bool>(),
    ) {
        let first = day_number(jiff::civil::date(2025, 3, 7));
        let zone = TimeZone::get("America/New_York").unwrap();
        let clock = LocalClock::new(&zone, (first - 3) * 86_400, (first + 9) * 86_400);
        let book = PayBook::new(&policy);
        let (mut model, mut week) = (Model::default(), Week::default());
        for (number, (worked, extension, trimmed)) in (first..).zip(dates) {
            let shifted = |spans: &Spans| -> Spans {
                spans.iter().map(|span| Span::new(span.start + number * 1440 + 300, span.end + number * 1440 + 300)).collect()
            };
            let worked = shifted(&worked);
            let extension = shifted(&extension).and(&worked);
            let trimmed = shifted(&trimmed).and(&extension);
            week.note(!worked.is_empty());
            model.run = if worked.is_empty() { 0 } else { model.run + 1 };

            let (mut pay, mut premiums) = (CodeMinutes::default(), CodeMinutes::default());
            for (at, minute) in worked.iter().flat_map(|span| span.start..span.end).enumerate() {
                if trimmed.iter().any(|span| span.contains(minute)) {
                    continue;
                }
                let local = clock.local(minute);
                let civil = if by_civil_date { local.div_euclid(1440) } else { number };
                let in_plan = !extension.iter().any(|span| span.contains(minute));
                let (kind, weekday, clock) = (kind_of(civil), weekday(civil), local.rem_euclid(1440));
                model.pay(&policy, &Minute { number: at as i64, in_plan, kind, weekday, clock }, &mut pay, &mut premiums);
            }

            let civil_kind: Option<&dyn Fn(i64) -> DayKind> = if by_civil_date { Some(&kind_of) } else { None };
            let day = PayDay { book: &book, clock: &clock, number, kind: kind_of(number), civil_kind };
            let sorted = Sorted { worked, extension, trimmed, unapproved: false };
            let posted = day.pay(&sorted, &mut week, &mut Silent).post(&book);
            prop_assert_eq!(posted, (pay, premiums));
        }
    }
}
