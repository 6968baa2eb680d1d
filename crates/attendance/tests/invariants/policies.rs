//! Policies: every preset, changed by random values that the table of knobs allows.

use std::sync::LazyLock;

use attendance::{Allowed, CONDITIONS, KNOBS, Knob, POLICY_PRESETS, Policy, PolicyFile};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The presets as JSON, read once.
static PRESETS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let policies = POLICY_PRESETS.iter().map(|name| PolicyFile::preset(name).unwrap().policy);
    policies.map(|policy| serde_json::to_value(policy).unwrap()).collect()
});

/// A knob that is turned: its path and its value.
type Turn = (&'static str, Value);

/// A valid policy.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let plain = KNOBS
        .iter()
        .filter(|knob| !knob.path.contains('[') && !matches!(knob.allowed, Allowed::Items | Allowed::Table));
    let turns: Vec<BoxedStrategy<Option<Turn>>> = plain
        .map(|knob| prop::option::weighted(0.1, value(knob).prop_map(|value| (knob.path, value))).boxed())
        .collect();
    let pairing = prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({"use_state": true})),
        1 => Just(json!({"pairing": "alternate"})),
        1 => Just(json!({"pairing": "alternate", "use_state": true})),
        2 => Just(json!({"pairing": "by_state", "use_state": true})),
    ];
    (
        prop::sample::select((0..POLICY_PRESETS.len()).collect::<Vec<_>>()),
        pairing,
        turns,
        break_rules(),
        tiers(),
        premiums(),
    )
        .prop_map(|(preset, pairing, turns, break_rules, tiers, premiums)| {
            let mut policy = PRESETS[preset].clone();
            policy["punch"].as_object_mut().unwrap().extend(pairing.as_object().unwrap().clone());
            turns.into_iter().flatten().for_each(|(path, value)| turn(&mut policy, path, value));
            for (list, items) in [("break_rules", break_rules), ("pay_rules", tiers), ("premiums", premiums)] {
                if let Some(items) = items {
                    policy[list] = json!(items);
                }
            }
            reconcile(&mut policy);
            let policy: Policy = serde_json::from_value(policy).unwrap();
            policy.validate().unwrap();
            policy
        })
}

fn turn(policy: &mut Value, path: &str, value: Value) {
    let leaf = path.split('.').fold(policy, |table, name| {
        if table.is_null() {
            *table = json!({});
        }
        &mut table[name]
    });
    *leaf = value;
}

/// What two knobs must not say together.
fn reconcile(policy: &mut Value) {
    if policy["punch"]["pairing"] == "by_state" {
        policy["punch"]["use_state"] = json!(true);
    }
    if policy["attribution"]["handover_min"].as_i64() > policy["attribution"]["overnight_tail"].as_i64() {
        policy["attribution"]["handover_min"] = policy["attribution"]["overnight_tail"].clone();
    }
    for (point, clock) in [("am_end", "12:00"), ("pm_start", "13:00")] {
        if policy["half_day"]["mode"] == "points" && policy["half_day"][point].is_null() {
            policy["half_day"][point] = json!(clock);
        }
    }
}

/// Small values mostly: the interesting ones. Now and then all that is allowed.
fn whole(least: i64, most: i64) -> BoxedStrategy<i64> {
    prop_oneof![4 => least..=(least + 60).min(most), 3 => least..=(least + 600).min(most), 1 => least..=most].boxed()
}

fn clock(day: i64) -> impl Strategy<Value = String> {
    (0..24i64, 0..60i64)
        .prop_map(move |(hour, minute)| format!("{hour:02}:{minute:02}{}", if day > 0 { "+1" } else { "" }))
}

fn value(knob: &'static Knob) -> BoxedStrategy<Value> {
    let value: BoxedStrategy<Value> = match knob.allowed {
        Allowed::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Allowed::Whole { least, most } => whole(least, most).prop_map(Value::from).boxed(),
        Allowed::DivisorOfHour => prop::sample::select((1..=60i64).filter(|unit| 60 % unit == 0).collect::<Vec<_>>())
            .prop_map(Value::from)
            .boxed(),
        Allowed::OneOf(words) => prop::sample::select(words).prop_map(Value::from).boxed(),
        Allowed::SomeOf(words) => prop::sample::subsequence(words, 1..=words.len()).prop_map(Value::from).boxed(),
        Allowed::Clock => clock(0).prop_map(Value::from).boxed(),
        Allowed::PlanClock => prop_oneof![clock(0), clock(1)].prop_map(Value::from).boxed(),
        Allowed::Window => [clock(0), clock(0)].prop_map(|window| json!(window)).boxed(),
        Allowed::Code | Allowed::Items | Allowed::Table | Allowed::Conditions => {
            unreachable!("{} is no plain knob", knob.path)
        }
    };
    if knob.nullable { prop_oneof![3 => value, 1 => Just(Value::Null)].boxed() } else { value }
}

/// Conditions on a minute: a few of those that there are.
fn when() -> impl Strategy<Value = Value> {
    let each: Vec<_> = CONDITIONS
        .iter()
        .map(|knob| prop::option::weighted(0.22, value(knob).prop_map(|value| (knob.path.to_owned(), value))))
        .collect();
    each.prop_map(|all| Value::Object(all.into_iter().flatten().collect::<Map<_, _>>()))
}

fn break_rules() -> impl Strategy<Value = Option<Vec<Value>>> {
    let rule = (whole(0, 600), whole(0, 120), any::<bool>())
        .prop_map(|(after, deduct, cap)| json!({"after": after, "deduct": deduct, "cap": cap}));
    prop::option::weighted(0.3, prop::collection::vec(rule, 0..4))
}

/// One code has one percent throughout a policy.
fn tiers() -> impl Strategy<Value = Option<Vec<Value>>> {
    const PERCENTS: [i64; 5] = [150, 100, 125, 200, 90];
    let rule = (0..PERCENTS.len(), when())
        .prop_map(|(at, when)| json!({"code": format!("T{at}"), "percent": PERCENTS[at], "when": when}));
    prop::option::weighted(0.4, prop::collection::vec(rule, 0..5))
}

fn premiums() -> impl Strategy<Value = Option<Vec<Value>>> {
    const PERCENTS: [i64; 3] = [10, 25, 50];
    let premium = (0..PERCENTS.len(), any::<bool>(), when()).prop_map(|(at, of_tier, when)| {
        let of = if of_tier { "tier" } else { "base" };
        json!({"code": format!("P{at}"), "percent": PERCENTS[at], "of": of, "when": when})
    });
    prop::option::weighted(0.4, prop::collection::vec(premium, 0..4))
}
