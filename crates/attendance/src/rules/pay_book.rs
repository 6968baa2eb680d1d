//! Pay rules and premiums, compiled: conditions as bits and bounds, codes as numbers (rules 14.3, 14.4).

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::vocabulary::{Code, Condition, DayKind, Policy, PremiumBasis, REGULAR, WeekBasis};

/// Compiled pay rules and premiums.
#[derive(Debug, Clone)]
pub(crate) struct PayBook {
    /// Tier codes, sorted; rules name them by position.
    pub(crate) tiers: Vec<Code>,
    /// Position of `REG` among the tiers.
    pub(crate) regular: usize,
    pub(crate) rules: Vec<Rule>,
    /// Premium keys, sorted: `CODE` or `CODE*TIER`.
    pub(crate) keys: Vec<Code>,
    pub(crate) premiums: Vec<CompiledPremium>,
    /// Where `daily_from` and `daily_to` change something, sorted.
    pub(crate) daily_cuts: Vec<i64>,
    /// Minutes of the day where a window starts or ends, sorted.
    pub(crate) clock_cuts: SmallVec<[i64; 4]>,
    percents: BTreeMap<Code, i64>,
    tier_premiums: BTreeMap<Code, i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) tier: usize,
    pub(crate) percent: i64,
    pub(crate) test: Test,
}

#[derive(Debug, Clone)]
pub(crate) struct CompiledPremium {
    /// Position of the first premium with its code.
    pub(crate) code: usize,
    pub(crate) test: Test,
    /// Position of its key, per tier.
    pub(crate) key_by_tier: Vec<usize>,
}

/// A compiled condition.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    day_kinds: u8,
    weekdays: u8,
    consecutive: Option<i64>,
    in_plan: Option<bool>,
    daily: (i64, i64),
    window: Option<(i64, i64)>,
    /// Threshold over the week.
    pub(crate) week: Option<(i64, WeekBasis)>,
}

/// What is the same for all minutes of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayFacts {
    pub(crate) kind: DayKind,
    /// 0 for Monday.
    pub(crate) weekday: usize,
    /// Consecutive worked dates that end here.
    pub(crate) run: i64,
}

impl Test {
    fn new(when: &Condition) -> Self {
        let bits = |positions: Option<Vec<usize>>| {
            positions.map_or(u8::MAX, |all| all.iter().fold(0, |bits, at| bits | 1 << at))
        };
        Self {
            day_kinds: bits(when.day_kinds.as_ref().map(|kinds| kinds.iter().map(|kind| *kind as usize).collect())),
            weekdays: bits(when.weekdays.as_ref().map(|days| days.iter().map(|day| day.from_monday()).collect())),
            consecutive: when.consecutive_day,
            in_plan: when.in_plan,
            daily: (when.daily_from.unwrap_or(0), when.daily_to.unwrap_or(i64::MAX)),
            window: when.window.map(|[from, to]| (from.minutes(), to.minutes())),
            week: when.week_from.map(|minutes| (minutes, when.week_basis.unwrap_or_default())),
        }
    }

    /// Whether it can hold on a date.
    pub(crate) fn holds_on(&self, day: DayFacts) -> bool {
        self.day_kinds >> (day.kind as usize) & 1 == 1
            && self.weekdays >> day.weekday & 1 == 1
            && self.consecutive.is_none_or(|run| run == day.run)
    }

    /// Whether it holds for a minute, week thresholds apart: `number` counts the date's worked minutes from 0, `clock` is
    /// the minute of the local day.
    pub(crate) fn holds_at(&self, in_plan: bool, number: i64, clock: i64) -> bool {
        self.in_plan.is_none_or(|wanted| wanted == in_plan)
            && self.daily.0 <= number
            && number < self.daily.1
            && self.window.is_none_or(
                |(from, to)| {
                    if from < to { from <= clock && clock < to } else { clock >= from || clock < to }
                },
            )
    }
}

impl PayBook {
    pub(crate) fn new(policy: &Policy) -> Self {
        let mut tiers: Vec<Code> = policy.pay_rules.iter().map(|rule| rule.code.clone()).collect();
        tiers.push(REGULAR.into());
        tiers.sort();
        tiers.dedup();
        let at = |all: &[Code], code: &Code| all.binary_search(code).unwrap_or(0);
        let rules = policy.pay_rules.iter();
        let rules: Vec<_> = rules
            .map(|rule| Rule { tier: at(&tiers, &rule.code), percent: rule.percent, test: Test::new(&rule.when) })
            .collect();
        let key = |code: &Code, of: PremiumBasis, tier: &Code| match of {
            PremiumBasis::Base => code.clone(),
            PremiumBasis::Tier => format!("{code}*{tier}").as_str().into(),
        };
        let pairs = policy.premiums.iter().flat_map(|one| tiers.iter().map(move |tier| key(&one.code, one.of, tier)));
        let mut keys: Vec<Code> = pairs.collect();
        keys.sort();
        keys.dedup();
        let premiums = policy.premiums.iter();
        let premiums: Vec<_> = premiums
            .map(|one| CompiledPremium {
                code: policy.premiums.iter().position(|first| first.code == one.code).unwrap_or(0),
                test: Test::new(&one.when),
                key_by_tier: tiers.iter().map(|tier| at(&keys, &key(&one.code, one.of, tier))).collect(),
            })
            .collect();
        let tests: Vec<&Test> =
            rules.iter().map(|rule| &rule.test).chain(premiums.iter().map(|premium| &premium.test)).collect();
        let mut percents: BTreeMap<Code, i64> =
            policy.pay_rules.iter().map(|rule| (rule.code.clone(), rule.percent)).collect();
        let of = |basis| {
            policy.premiums.iter().filter(move |one| one.of == basis).map(|one| (one.code.clone(), one.percent))
        };
        percents.extend(of(PremiumBasis::Base));
        Self {
            regular: at(&tiers, &REGULAR.into()),
            daily_cuts: sorted(tests.iter().flat_map(|test| [test.daily.0, test.daily.1])).collect(),
            clock_cuts: sorted(tests.iter().filter_map(|test| test.window).flat_map(|(from, to)| [from, to])).collect(),
            percents,
            tier_premiums: of(PremiumBasis::Tier).collect(),
            tiers,
            rules,
            keys,
            premiums,
        }
    }

    /// The percent of a tier or a base premium. A code that no rule names (a manual credit's) counts as regular: 100.
    pub(crate) fn percent(&self, code: &str) -> i64 {
        self.percents.get(code).copied().unwrap_or(100)
    }

    /// The percents of a premium and its tier, from a key `CODE*TIER`.
    pub(crate) fn tier_premium(&self, key: &str) -> Option<(i64, i64)> {
        let (code, tier) = key.split_once('*')?;
        Some((*self.tier_premiums.get(code)?, self.percent(tier)))
    }
}

fn sorted(values: impl Iterator<Item = i64>) -> impl Iterator<Item = i64> {
    let mut all: Vec<i64> = values.filter(|value| *value != i64::MAX).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}
