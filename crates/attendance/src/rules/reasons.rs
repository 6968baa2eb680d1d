//! One plain sentence for each figure of a record that is not zero: times, rule and knob.

use super::layout::Form;
use super::pair::Side;
use super::reasons_pay::pay_reasons;
use super::say::{Say, minutes};
use super::trace::{Facts, Outcome, Reason};
use super::tracer::{Desk, Missed};
use crate::spans::{Span, Spans};
use crate::vocabulary::{CountFrom, DayKind, DayRecord, DeferReason, Exception, Status};

/// The reasons of a date, in the order of the record's fields.
pub(crate) fn reasons(facts: &Facts<'_>, record: &DayRecord, desk: &Desk, say: &Say<'_>) -> Vec<Reason> {
    let mut told = Told { reasons: Vec::new() };
    status(facts, record, say, &mut told);
    plan(facts, record, say, &mut told);
    if let Some(outcome) = &facts.outcome {
        presence(outcome, record, say, &mut told);
        missed(facts, outcome, record, desk, say, &mut told);
        pay_reasons(facts, record, desk, say, &mut told);
        exceptions(facts, outcome, record, say, &mut told);
    }
    told.reasons
}

/// Collects sentences; a figure of 0 needs none.
pub(crate) struct Told {
    reasons: Vec<Reason>,
}

impl Told {
    pub(crate) fn figure(&mut self, figure: &str, count: i64, text: impl FnOnce() -> String) {
        if count != 0 {
            self.always(figure, count, text());
        }
    }

    pub(crate) fn always(&mut self, figure: &str, minutes: i64, text: String) {
        self.reasons.push(Reason { figure: figure.to_owned(), minutes, text });
    }
}

fn status(facts: &Facts<'_>, record: &DayRecord, say: &Say<'_>, told: &mut Told) {
    let limits = &facts.policy().status;
    let judged_absent = record.absent_minutes == record.required_minutes;
    let text = match record.status {
        Status::Deferred => {
            let zone = facts.zones[1];
            let wait = facts.policy().settle_delay;
            let settles = say.time(zone.end.max(facts.clocks.midnight(facts.day.number + 1)) + wait);
            match record.defer_reason {
                Some(DeferReason::AwaitingData) => {
                    format!("not judged yet: the terminals have not delivered everything up to {settles}")
                }
                _ => format!("not judged yet: the date is open until {settles} (settle_delay is {wait})"),
            }
        }
        Status::Present if record.required_minutes > 0 => "present: part of the plan was attended or excused".into(),
        Status::Present => "present: there are punches on a date that required nothing".into(),
        Status::Incomplete => "incomplete: a punch is missing, so part of the day is unproven".into(),
        Status::Absent if facts.presses.is_empty() => "absent: the plan required presence and there is no punch".into(),
        Status::Absent if judged_absent => "absent: no punch proves presence within the plan".into(),
        Status::Absent if record.worked_minutes < limits.absent_below => {
            format!("absent: less than {} worked (status.absent_below)", minutes(limits.absent_below))
        }
        Status::Absent => "absent: more tardy than status.absent_if_tardy_over allows".into(),
        Status::HalfDay if record.worked_minutes < limits.half_day_below => {
            format!("half day: less than {} worked (status.half_day_below)", minutes(limits.half_day_below))
        }
        Status::HalfDay => "half day: more tardy than status.half_day_if_tardy_over allows".into(),
        Status::Leave => "leave: nothing of the plan is left to be attended".into(),
        Status::Offsite => "offsite: the whole plan is worked elsewhere".into(),
        Status::Off => "off: nothing was required and nobody came".into(),
    };
    told.always("status", 0, text);
}

fn plan(facts: &Facts<'_>, record: &DayRecord, say: &Say<'_>, told: &mut Told) {
    let owed = facts.owed;
    if let Some(layout) = &facts.day.layout {
        let code = record.shift.as_ref().map(ToString::to_string).unwrap_or_default();
        let scheduled = record.scheduled_minutes;
        told.figure("scheduled_minutes", scheduled, || match layout.form {
            Form::Fixed => format!("{} planned by timetable {code}: {}", minutes(scheduled), say.spans(&layout.net)),
            Form::Flex { earliest, latest } => {
                let band = say.span(Span::new(earliest, latest));
                format!("{} planned by timetable {code}, starting from {band}", minutes(scheduled))
            }
            Form::Hours => format!("{} planned by timetable {code}, at any time", minutes(scheduled)),
        });
    }
    told.figure("leave_minutes", record.leave_minutes, || {
        let place =
            if owed.leave_spans.is_empty() { String::new() } else { format!(": {}", say.spans(&owed.leave_spans)) };
        format!("{} of the plan are leave{place}", minutes(record.leave_minutes))
    });
    told.figure("paid_leave_minutes", record.paid_leave_minutes, || {
        format!("{} of the leave are paid", minutes(record.paid_leave_minutes))
    });
    told.figure("offsite_minutes", record.offsite_minutes, || {
        let place = if owed.credit.is_empty() { String::new() } else { format!(": {}", say.spans(&owed.credit)) };
        format!("{} of the plan are worked offsite{place}", minutes(record.offsite_minutes))
    });
    told.figure("required_minutes", record.required_minutes, || {
        let place = if owed.plan.is_empty() { String::new() } else { format!(": {}", say.spans(&owed.plan)) };
        format!("{} are to be attended{place}", minutes(record.required_minutes))
    });
}

fn presence(outcome: &Outcome<'_>, record: &DayRecord, say: &Say<'_>, told: &mut Told) {
    told.figure("presence_minutes", record.presence_minutes, || {
        format!("{} between paired punches: {}", minutes(record.presence_minutes), say.spans(outcome.presence))
    });
    told.figure("break_minutes", record.break_minutes, || {
        let within = outcome.presence.bounds().map(|bounds| outcome.breaks.within(bounds)).unwrap_or_default();
        let by_rule = record.break_minutes - within.total();
        let planned = if within.is_empty() { String::new() } else { format!(": {}", say.spans(&within)) };
        let rule = if by_rule > 0 { format!(", {} of them by break_rules", minutes(by_rule)) } else { String::new() };
        format!("{} of unpaid break within the presence{planned}{rule}", minutes(record.break_minutes))
    });
    told.figure("worked_minutes", record.worked_minutes, || {
        let mut parts = vec![say.spans(outcome.worked)];
        if record.offsite_minutes > 0 {
            parts.push(format!("{} offsite", minutes(record.offsite_minutes)));
        }
        if outcome.credits != 0 {
            parts.push(format!("{} credited by a correction", minutes(outcome.credits)));
        }
        format!("{} worked: {}", minutes(record.worked_minutes), parts.join(", "))
    });
    told.figure("covered_minutes", record.covered_minutes, || {
        format!("{} of the plan were attended", minutes(record.covered_minutes))
    });
}

fn missed(facts: &Facts<'_>, outcome: &Outcome<'_>, record: &DayRecord, desk: &Desk, say: &Say<'_>, told: &mut Told) {
    let grace = &facts.policy().grace;
    let from_end = if grace.count_from == CountFrom::GraceEnd { ", counted from the end of grace" } else { "" };
    let parts = |part: fn(&Missed) -> Spans, sentence: &dyn Fn(&Missed, &Spans) -> String| {
        let all = desk.missed.iter().map(|missed| (missed, part(missed))).filter(|(_, spans)| !spans.is_empty());
        all.map(|(missed, spans)| sentence(missed, &spans)).collect::<Vec<_>>().join("; ")
    };
    let late = parts(Missed::late, &|missed, _| {
        let first = missed.seen.map_or(missed.bounds.end, |seen| seen.start);
        format!("first arrival {}, plan starts {}", say.time(first), say.time(missed.bounds.start))
    });
    let early = parts(Missed::early, &|missed, _| {
        let last = missed.seen.map_or(missed.bounds.start, |seen| seen.end);
        format!("last departure {}, plan ends {}", say.time(last), say.time(missed.bounds.end))
    });
    told.figure("tardy_minutes", record.tardy_minutes, || {
        format!("{} tardy: {late}, grace.in is {}{from_end}", minutes(record.tardy_minutes), grace.arrival)
    });
    told.figure("left_early_minutes", record.left_early_minutes, || {
        format!(
            "{} left early: {early}, grace.out is {}{from_end}",
            minutes(record.left_early_minutes),
            grace.departure
        )
    });
    let shadows = &outcome.pairs.shadows;
    told.figure("away_minutes", record.away_minutes, || {
        let mut gaps = Spans::default();
        desk.missed.iter().for_each(|missed| gaps.add_all(&missed.between()));
        gaps.remove_all(shadows);
        let place = if gaps.is_empty() { "less was worked than is required".into() } else { say.spans(&gaps) };
        format!("{} away: {place}", minutes(record.away_minutes))
    });
    told.figure("absent_minutes", record.absent_minutes, || {
        let empty = parts(
            |missed| if missed.seen.is_none() { missed.missed.clone() } else { Spans::default() },
            &|_, spans| say.spans(spans),
        );
        let place = if empty.is_empty() { String::new() } else { format!(" in {empty}") };
        format!("{} absent: there is no punch{place}", minutes(record.absent_minutes))
    });
    told.figure("unverified_minutes", record.unverified_minutes, || {
        format!(
            "{} unverified: an unpaired punch leaves {} unproven",
            minutes(record.unverified_minutes),
            say.spans(shadows)
        )
    });
    told.figure("grace_minutes", record.grace_minutes, || {
        let sentences = [late, early];
        let missed: Vec<_> = sentences.iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
        let (missed, arrival, departure) = (missed.join("; "), grace.arrival, grace.departure);
        let forgiven = minutes(record.grace_minutes);
        format!("{forgiven} forgiven: {missed}, grace.in is {arrival}, grace.out is {departure}")
    });
    told.figure("excused_minutes", record.excused_minutes, || {
        let what: Vec<_> = outcome.corrections.excused.iter().map(|what| what.as_str()).collect();
        format!("{} excused by a correction: {}", minutes(record.excused_minutes), what.join(", "))
    });
}

impl Missed {
    fn late(&self) -> Spans {
        self.seen.map(|seen| self.missed.within(Span::new(self.bounds.start, seen.start))).unwrap_or_default()
    }

    fn early(&self) -> Spans {
        self.seen.map(|seen| self.missed.within(Span::new(seen.end, self.bounds.end))).unwrap_or_default()
    }

    fn between(&self) -> Spans {
        self.seen.map(|seen| self.missed.within(seen)).unwrap_or_default()
    }
}

fn exceptions(facts: &Facts<'_>, outcome: &Outcome<'_>, record: &DayRecord, say: &Say<'_>, told: &mut Told) {
    let policy = facts.policy();
    let pairs = outcome.pairs;
    let time = |minute: Option<i64>| minute.map(|minute| say.time(minute)).unwrap_or_default();
    let plan = facts.owed.plan.bounds();
    let (start, end) = (time(plan.map(|plan| plan.start)), time(plan.map(|plan| plan.end)));
    let (first_in, last_out) = (time(pairs.first_in), time(pairs.last_out));
    let orphans = |not: Side| {
        let all = pairs.orphans.iter().filter(|orphan| orphan.side != not).map(|orphan| say.time(orphan.minute));
        all.collect::<Vec<_>>().join(", ")
    };
    let limits = &policy.outlier;
    for exception in &record.exceptions {
        let text = match exception {
            Exception::Absent => "the status is absent".into(),
            Exception::Away => format!("{} of the plan were missed in between", minutes(record.away_minutes)),
            Exception::ClockInTooEarly => {
                format!(
                    "the arrival {first_in} is more than {} before the plan's start {start} (outlier.early_in)",
                    minutes(limits.early_in)
                )
            }
            Exception::ClockInTooLate => {
                format!(
                    "the arrival {first_in} is more than {} after the plan's start {start} (outlier.late_in)",
                    minutes(limits.late_in)
                )
            }
            Exception::ClockOutTooEarly => {
                format!(
                    "the departure {last_out} is more than {} before the plan's end {end} (outlier.early_out)",
                    minutes(limits.early_out)
                )
            }
            Exception::ClockOutTooLate => {
                format!(
                    "the departure {last_out} is more than {} after the plan's end {end} (outlier.late_out)",
                    minutes(limits.late_out)
                )
            }
            Exception::HolidayDataMissing => {
                "holiday data of this date could not be obtained, so it counts as a workday".into()
            }
            Exception::LeftEarly => {
                format!("{} of the plan were missed at its end", minutes(record.left_early_minutes))
            }
            Exception::LongSession => {
                format!("{first_in} to {last_out} is longer than {} (max_session)", minutes(policy.max_session))
            }
            Exception::MissingBreakEnd => "a break was started and its end was not punched".into(),
            Exception::MissingIn => format!("no arrival was found for the punch at {}", orphans(Side::Arrival)),
            Exception::MissingOut => format!("no departure was found for the punch at {}", orphans(Side::Departure)),
            Exception::PartialAbsence => {
                format!("{} of the plan lie in segments without any punch", minutes(record.absent_minutes))
            }
            Exception::StrayPunch => {
                let all: Vec<_> = pairs.orphans.iter().map(|orphan| say.time(orphan.minute)).collect();
                format!("the punch at {} has no partner, but nothing was required", all.join(", "))
            }
            Exception::Tardy => format!("{} of the plan were missed at its start", minutes(record.tardy_minutes)),
            Exception::UnapprovedOvertime => {
                let approved = minutes(outcome.corrections.approved);
                format!(
                    "{} of extension are not paid; {approved} are approved (overtime.requires_approval)",
                    minutes(record.unpaid_extra_minutes)
                )
            }
            Exception::WorkedOnLeave => {
                format!(
                    "presence of at least {} lies within leave (leave_overlap_min)",
                    minutes(policy.leave_overlap_min)
                )
            }
            Exception::WorkedOnHoliday
            | Exception::WorkedOnOffDay
            | Exception::WorkedOnRestDay
            | Exception::WorkedUnassigned => {
                format!("there are punches on {}", in_words(record.day_kind))
            }
        };
        told.always(exception.as_str(), 0, text);
    }
}

fn in_words(kind: DayKind) -> &'static str {
    match kind {
        DayKind::Workday => "a workday",
        DayKind::RestDay => "a rest day",
        DayKind::OffDay => "a day off",
        DayKind::PublicHoliday => "a public holiday",
        DayKind::Unassigned => "a date without any plan",
    }
}
