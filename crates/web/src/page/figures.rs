//! The figures of a day, each with its reason in words.

use attendance::{DayRecord, DayTrace, Exception};

use crate::{show, words};

/// The figures that matter on a day, by subject.
pub(crate) struct Figures {
    pub(crate) groups: Vec<Group>,
}

/// Figures of one subject.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) figures: Vec<Figure>,
}

/// One figure.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Sentences of the trace; what the figure means, when the trace has none.
    pub(crate) reasons: Vec<String>,
}

/// An exception with its meaning and what the trace says of it.
pub(crate) struct Finding {
    pub(crate) name: &'static str,
    pub(crate) class: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) reasons: Vec<String>,
}

/// A field of the record: its name in JSON, its name on the page, what it means (rules 2).
type Field = (&'static str, &'static str, &'static str);

impl Figures {
    /// Every figure that is not zero, and those without which a day can't be read.
    pub(crate) fn of(record: &DayRecord, trace: &DayTrace) -> Self {
        let group = |name, fields: &[(Field, i64)]| {
            let shown = fields.iter().filter(|((key, ..), minutes)| *minutes != 0 || is_always_shown(key, record));
            let figures = shown.map(|((key, name, meaning), minutes)| Figure::new(key, name, *minutes, trace, meaning));
            Group { name, figures: figures.collect() }
        };
        let mut pay = group("Pay", &pay(record));
        pay.figures.extend(record.pay.iter().map(|(code, minutes)| {
            Figure::new(
                &format!("pay.{code}"),
                &format!("Pay code {code}"),
                minutes,
                trace,
                "Minutes paid under this code.",
            )
        }));
        pay.figures.extend(record.premiums.iter().map(|(code, minutes)| {
            Figure::new(
                &format!("premiums.{code}"),
                &format!("Premium {code}"),
                minutes,
                trace,
                "Minutes with this premium on top.",
            )
        }));
        let groups = vec![
            group("Plan", &plan(record)),
            group("Presence", &presence(record)),
            group("Missed", &missed(record)),
            pay,
        ];
        Self { groups: groups.into_iter().filter(|group| !group.figures.is_empty()).collect() }
    }
}

fn is_always_shown(key: &str, record: &DayRecord) -> bool {
    record.is_judged() && matches!(key, "required_minutes" | "worked_minutes" | "paid_minutes")
}

impl Figure {
    fn new(key: &str, name: &str, minutes: i64, trace: &DayTrace, meaning: &str) -> Self {
        let mut reasons = reasons(key, trace);
        if reasons.is_empty() {
            reasons.push(meaning.to_owned());
        }
        Self { name: name.to_owned(), value: show::hours(minutes), reasons }
    }
}

impl Finding {
    pub(crate) fn new(exception: Exception, trace: &DayTrace) -> Self {
        let mut reasons = reasons(exception.as_str(), trace);
        if reasons.is_empty() {
            reasons.push(words::exception_meaning(exception).to_owned());
        }
        Self {
            name: words::exception(exception),
            class: words::severity_tone(exception.severity()).class(),
            severity: words::severity(exception.severity()),
            reasons,
        }
    }
}

fn reasons(key: &str, trace: &DayTrace) -> Vec<String> {
    trace.reasons.iter().filter(|reason| reason.figure == key).map(|reason| words::sentence(&reason.text)).collect()
}

fn plan(r: &DayRecord) -> [(Field, i64); 4] {
    [
        (("scheduled_minutes", "Scheduled", "Planned minutes without unpaid breaks."), r.scheduled_minutes),
        (("leave_minutes", "Leave", "Scheduled minutes covered by leave."), r.leave_minutes),
        (("offsite_minutes", "Offsite", "Scheduled minutes covered by work elsewhere."), r.offsite_minutes),
        (("required_minutes", "Required", "Scheduled minutes without leave and offsite."), r.required_minutes),
    ]
}

fn presence(r: &DayRecord) -> [(Field, i64); 4] {
    [
        (("presence_minutes", "Presence", "Time between paired punches."), r.presence_minutes),
        (("break_minutes", "Breaks", "Unpaid breaks between first arrival and last departure."), r.break_minutes),
        (("worked_minutes", "Worked", "Presence without unpaid breaks and leave, with credits."), r.worked_minutes),
        (("covered_minutes", "Covered", "Required minutes that were attended."), r.covered_minutes),
    ]
}

fn missed(r: &DayRecord) -> [(Field, i64); 7] {
    [
        (("tardy_minutes", "Tardy", "Required minutes missed before the arrival, beyond grace."), r.tardy_minutes),
        (
            ("left_early_minutes", "Left early", "Required minutes missed after the departure, beyond grace."),
            r.left_early_minutes,
        ),
        (("away_minutes", "Away", "Required minutes missed in between."), r.away_minutes),
        (("absent_minutes", "Absent", "Required minutes of a part of the plan without any punch."), r.absent_minutes),
        (
            ("unverified_minutes", "Unverified", "Required minutes that a missing punch leaves unproven."),
            r.unverified_minutes,
        ),
        (("grace_minutes", "Grace", "Missed minutes that the policy forgives."), r.grace_minutes),
        (("excused_minutes", "Excused", "Missed minutes that a manager excused."), r.excused_minutes),
    ]
}

fn pay(r: &DayRecord) -> [(Field, i64); 4] {
    [
        (("paid_minutes", "Paid", "Minutes with a pay code, paid leave and holiday credit."), r.paid_minutes),
        (("paid_leave_minutes", "Paid leave", "Leave that is paid."), r.paid_leave_minutes),
        (
            ("holiday_credit_minutes", "Holiday credit", "Paid for a holiday on which work was planned."),
            r.holiday_credit_minutes,
        ),
        (
            ("unpaid_extra_minutes", "Unpaid extra", "Worked minutes that the overtime rules do not pay."),
            r.unpaid_extra_minutes,
        ),
    ]
}
