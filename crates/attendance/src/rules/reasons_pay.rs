//! The sentences about pay: tiers, premiums, trimmed minutes, credit.

use super::reasons::Told;
use super::say::{Say, minutes};
use super::trace::{Facts, PaidStretch};
use super::tracer::Desk;
use crate::spans::{Span, Spans};
use crate::vocabulary::{Condition, DayRecord, HolidayCredit, REGULAR};

pub(crate) fn pay_reasons(facts: &Facts<'_>, record: &DayRecord, desk: &Desk, say: &Say<'_>, told: &mut Told) {
    let policy = facts.policy();
    let place = |wanted: &dyn Fn(&PaidStretch) -> bool| -> Spans {
        let stretches = desk.paid.iter().filter(|stretch| wanted(stretch));
        stretches.map(|stretch| Span::new(stretch.from / 60, stretch.to / 60)).collect()
    };
    told.figure("unpaid_extra_minutes", record.unpaid_extra_minutes, || {
        let trimmed = say.spans(&place(&|stretch| stretch.code.is_none()));
        let overtime = &policy.overtime;
        let mut knobs =
            vec![format!("overtime.min is {}", overtime.min), format!("overtime.unit is {}", overtime.unit)];
        knobs.extend(overtime.cap.map(|cap| format!("overtime.cap is {cap}")));
        if overtime.requires_approval {
            knobs.push("overtime.requires_approval is on".into());
        }
        format!("{} worked but not paid: {trimmed}; {}", minutes(record.unpaid_extra_minutes), knobs.join(", "))
    });
    told.figure("holiday_credit_minutes", record.holiday_credit_minutes, || {
        let how = match policy.holiday_credit {
            HolidayCredit::TopUp => {
                "pay is filled up to the timetable that the holiday dropped (holiday_credit is top_up)"
            }
            _ => "the timetable that the holiday dropped is paid whatever was worked (holiday_credit is always)",
        };
        format!("{} credited: {how}", minutes(record.holiday_credit_minutes))
    });
    told.figure("paid_minutes", record.paid_minutes, || {
        let parts = [
            (record.pay.sum(), "by pay code"),
            (record.paid_leave_minutes, "of paid leave"),
            (record.holiday_credit_minutes, "of holiday credit"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count != 0).map(|(count, what)| format!("{count} {what}"));
        format!("{} paid: {}", minutes(record.paid_minutes), parts.collect::<Vec<_>>().join(", "))
    });
    for (code, count) in record.pay.iter() {
        let mine = |stretch: &PaidStretch| stretch.code.as_ref() == Some(code);
        let spans = place(&mine);
        let rule = desk.paid.iter().find(|stretch| mine(stretch)).and_then(|stretch| stretch.rule);
        let because = match rule.and_then(|at| policy.pay_rules.get(at).map(|rule| (at, rule))) {
            Some((at, rule)) => {
                format!("pay_rules[{at}] pays {} percent when {}", rule.percent, conditions(&rule.when))
            }
            None if *code == *REGULAR => "no pay rule claims them, so they are regular".into(),
            None => "credited by a correction".into(),
        };
        let place = if spans.is_empty() { String::new() } else { format!(" {}:", say.spans(&spans)) };
        told.figure(&format!("pay.{code}"), count, || format!("{} as {code}:{place} {because}", minutes(count)));
    }
    for (key, count) in record.premiums.iter() {
        let spans = place(&|stretch| stretch.premiums.contains(key));
        let code = key.as_str().split('*').next().unwrap_or_default();
        let premium = policy.premiums.iter().find(|premium| premium.code == *code);
        let because = premium.map(|one| format!(" (adds {} percent when {})", one.percent, conditions(&one.when)));
        let because = because.unwrap_or_default();
        told.figure(&format!("premiums.{key}"), count, || {
            format!("{} with premium {key}: {}{because}", minutes(count), say.spans(&spans))
        });
    }
}

/// A condition in words.
fn conditions(when: &Condition) -> String {
    let list = |words: Vec<String>| words.join(" or ");
    let mut all = Vec::new();
    if let Some(kinds) = &when.day_kinds {
        all.push(format!("the date is {}", list(kinds.iter().map(ToString::to_string).collect())));
    }
    if let Some(days) = &when.weekdays {
        all.push(format!("the weekday is {}", list(days.iter().map(|day| day.as_str().to_owned()).collect())));
    }
    if let Some(in_plan) = when.in_plan {
        all.push(if in_plan {
            "the minute lies in the plan".into()
        } else {
            "the minute lies outside of the plan".to_owned()
        });
    }
    if let Some(from) = when.daily_from {
        all.push(format!("{} were worked on the date before it", minutes(from)));
    }
    if let Some(to) = when.daily_to {
        all.push(format!("fewer than {} were worked on the date before it", minutes(to)));
    }
    if let Some(run) = when.consecutive_day {
        all.push(format!("it is consecutive worked date {run} of the week"));
    }
    if let Some([from, to]) = when.window {
        all.push(format!("the clock shows {from} to {to}"));
    }
    if let Some(from) = when.week_from {
        all.push(format!("{} accumulated in the week before it", minutes(from)));
    }
    if all.is_empty() { "anything is worked".into() } else { all.join(" and ") }
}
