//! One work date through steps 6 to 18 (rules 6).

use smallvec::SmallVec;

use super::clean::Press;
use super::day::{Day, Days};
use super::derivation::Board;
use super::effective::{Presence, clip, effective_presence};
use super::exceptions::{Circumstances, findings};
use super::judge::{Judgement, excuse, judge_amount, judge_plan};
use super::known::{Corrections, Known};
use super::leave::{Owed, apply};
use super::paid::holiday_credit;
use super::pair::{Pairs, pair};
use super::pay::{PayDay, Week, sort_out};
use super::person::Moment;
use super::plan::finish;
use super::settle::deferral;
use super::status::status;
use super::trace::{Facts, Outcome, Sink};
use super::worked::{Worked, deductions, worked};
use super::zone::LocalClock;
use crate::spans::{Span, Spans};
use crate::vocabulary::{DayKind, DayRecord, DeferReason, Exception, JudgeOn, Policy, PremiumDayBasis, Status};

/// One date on its way through steps 6 to 18.
pub(crate) struct Sheet<'d> {
    days: &'d Days<'d>,
    known: &'d Known<'d>,
    day: &'d Day,
    presses: &'d [Press<'d>],
    /// Position of its first punch.
    first: usize,
    owed: Owed,
    /// The contested zones before and after the date.
    zones: [Span; 2],
    deferred: Option<DeferReason>,
}

impl<'d> Sheet<'d> {
    /// Steps 6 and 7.
    pub(crate) fn open(
        days: &'d Days<'d>,
        known: &'d Known<'d>,
        board: &'d Board<'d>,
        at: usize,
        moment: Moment,
    ) -> Option<Self> {
        let day = board.days.get(at)?;
        let policy = days.book.policy(day.number);
        let range = board.punches(at);
        let owed =
            apply(policy, day, known.leaves.on(day.date), known.offsite.on(day.date), days.clocks.on(day.number));
        let (next, zones) = (board.days.get(at + 1)?, [*board.zones.get(at)?, *board.zones.get(at + 1)?]);
        let deferred = deferral(moment, next.midnight, zones[1].end, policy.settle_delay);
        let first = range.start;
        Some(Self { days, known, day, presses: board.presses.get(range)?, first, owed, zones, deferred })
    }

    /// Steps 8 to 18, or what can be said of a date that is not judged yet; adds the date to its week.
    pub(crate) fn fill<S: Sink>(mut self, week: &mut Week, sink: &mut S) -> DayRecord {
        let Some(reason) = self.deferred else { return self.judged(week, sink) };
        week.note(false);
        let record = self.provisional(reason);
        if S::ON {
            sink.finished(&self.facts(None), &record);
        }
        record
    }

    /// The policy in force on the date.
    fn policy(&self) -> &'d Policy {
        self.days.book.policy(self.day.number)
    }

    /// The clock of the date.
    fn clock(&self) -> &'d LocalClock {
        self.days.clocks.on(self.day.number)
    }

    fn facts<'f>(&'f self, outcome: Option<Outcome<'f>>) -> Facts<'f> {
        let (day, owed, clocks) = (self.day, &self.owed, &self.days.clocks);
        Facts {
            book: self.days.book,
            clocks,
            day,
            zones: self.zones,
            owed,
            presses: self.presses,
            first: self.first,
            outcome,
        }
    }

    /// What every record says of the plan.
    fn outline(&self, status: Status) -> DayRecord {
        let mut record = DayRecord::new(self.day.date, status, self.day.kind.kind);
        let template = self.day.kind.template.and_then(|at| self.days.book.templates.get(at));
        record.shift = template.map(|template| template.code.clone());
        record.scheduled_minutes = self.owed.scheduled;
        record.leave_minutes = self.owed.leave;
        record.offsite_minutes = self.owed.offsite;
        record.required_minutes = self.owed.required;
        if let Some(plan) = self.owed.plan.bounds() {
            record.plan_start = Some(plan.start * 60);
            record.plan_end = Some(plan.end * 60);
        }
        record
    }

    fn provisional(&self, reason: DeferReason) -> DayRecord {
        let mut record = self.outline(Status::Deferred);
        record.defer_reason = Some(reason);
        record.first_in = self.presses.first().map(|press| press.minute * 60);
        record.last_out = self.presses.last().filter(|_| self.presses.len() > 1).map(|press| press.minute * 60);
        record
    }

    fn judged<S: Sink>(&mut self, week: &mut Week, sink: &mut S) -> DayRecord {
        let policy = self.policy();
        let corrections = self.known.corrections(self.day.date);
        let pairs = pair(policy, &self.owed, self.presses, self.first, sink);
        finish(&mut self.owed, &pairs, &policy.movable_break);
        let owed = &self.owed;

        let Presence { spans: presence, on_break } = effective_presence(policy, owed, &pairs, self.clock());
        let mut breaks = self.breaks(&pairs, corrections.waives_break);
        breaks.add_all(&on_break);
        let worked = self.worked(&presence, &breaks, &corrections);
        let attended = worked.spans.total();
        let mut judged = self.judge(&pairs, &presence, attended, sink);
        excuse(&mut judged, &corrections.excused);

        let credits: i64 = self.known.credits(self.day.date).map(|(_, minutes)| minutes).sum();
        let worked_minutes = attended + owed.offsite + credits;
        let any_punch = !self.presses.is_empty();
        let status = status(&policy.status, owed, &pairs, &judged, worked_minutes, any_punch);

        let mut record = self.outline(status);
        record.first_in = pairs.first_in.map(|minute| minute * 60);
        record.last_out = pairs.last_out.map(|minute| minute * 60);
        record.paid_leave_minutes = owed.paid_leave;
        record.presence_minutes = presence.total();
        record.break_minutes = worked.break_minutes;
        record.worked_minutes = worked_minutes;
        copy_judgement(&mut record, &judged);
        let around = Circumstances {
            kind: self.day.kind.kind,
            any_punch,
            holiday_data_missing: self.days.book.calendar.is_unavailable(self.day.date),
        };
        findings(policy, owed, &pairs, around, &mut record.exceptions);
        week.note(worked_minutes > 0);
        let traced = S::ON.then(|| worked.spans.clone());
        self.pay(&mut record, worked.spans, &judged, corrections.approved, week, sink);
        name_figures(&mut record);
        if let Some(worked) = &traced {
            let (pairs, presence, breaks) = (&pairs, &presence, &breaks);
            let outcome = Outcome { pairs, presence, breaks, worked, corrections: &corrections, credits };
            sink.finished(&self.facts(Some(outcome)), &record);
        }
        record
    }

    /// Unpaid windows, segment gaps and punched breaks of the date.
    fn breaks(&self, pairs: &Pairs, waived: bool) -> Spans {
        let mut breaks = match &self.day.layout {
            Some(layout) if !waived => deductions(&self.owed, layout.gaps()),
            _ => Spans::default(),
        };
        breaks.add_all(&pairs.breaks);
        breaks
    }

    /// Steps 10 (clipping) and 11.
    fn worked(&self, presence: &Spans, breaks: &Spans, corrections: &Corrections) -> Worked {
        let policy = self.policy();
        let rules = if corrections.waives_break { &[][..] } else { policy.break_rules.as_slice() };
        let clipped = match self.day.layout {
            Some(_) => clip(policy, &self.owed, self.day.bounds(), presence, corrections.approved, breaks),
            None => presence.clone(),
        };
        worked(&self.owed, presence, &clipped, breaks, rules)
    }

    /// Steps 12 and 13.
    fn judge<S: Sink>(&self, pairs: &Pairs, presence: &Spans, attended: i64, sink: &mut S) -> Judgement {
        let owed = &self.owed;
        if owed.required == 0 {
            return Judgement::default();
        }
        if owed.is_amount {
            return judge_amount(owed, attended, !self.presses.is_empty(), pairs.has_unresolved());
        }
        let policy = self.policy();
        let sessions = match policy.rounding.judge_on {
            JudgeOn::Actual => pairs.presence(),
            JudgeOn::Rounded => presence.clone(),
        };
        let whole: SmallVec<[Span; 2]>;
        let segments = match &self.day.layout {
            Some(layout) if self.day.is_fixed() => &layout.segments,
            _ => {
                whole = owed.plan.bounds().into_iter().collect();
                &whole
            }
        };
        judge_plan(&owed.plan, segments, &sessions, pairs, &policy.grace, sink)
    }

    /// Steps 17 and 18.
    fn pay<S: Sink>(
        &self,
        record: &mut DayRecord,
        mut minutes: Spans,
        judged: &Judgement,
        approved: i64,
        week: &mut Week,
        sink: &mut S,
    ) {
        let (policy, book) = (self.policy(), self.days.book.pay(self.day.number));
        let owed = &self.owed;
        let mut in_plan = if owed.is_amount { minutes.first(owed.required) } else { owed.plan.clone() };
        if !owed.credit.is_empty() {
            in_plan.add_all(&owed.credit);
            minutes.add_all(&owed.credit);
        }
        let has_plan = self.day.kind.template.is_some();
        let sorted = sort_out(&policy.overtime, minutes, &in_plan, judged.deficit, approved, has_plan);
        let civil_kind = |number: i64| self.days.roster.kind_of(number, self.known);
        let by_civil_date = policy.premium_day_basis == PremiumDayBasis::CalendarDate;
        let pay_day = PayDay {
            book,
            clock: self.clock(),
            number: self.day.number,
            kind: self.day.kind.kind,
            civil_kind: if by_civil_date { Some(&civil_kind as &dyn Fn(i64) -> DayKind) } else { None },
        };
        let mut ledger = pay_day.pay(&sorted, week, sink);
        if owed.floating_credit > 0 {
            ledger.add_regular(book, owed.floating_credit, week);
        }
        (record.pay, record.premiums) = ledger.post(book);
        for (code, minutes) in self.known.credits(self.day.date) {
            record.pay.add(code, minutes);
        }
        record.unpaid_extra_minutes = sorted.trimmed.total();
        if sorted.unapproved {
            record.exceptions.push(Exception::UnapprovedOvertime);
        }
        let paid = record.pay.sum();
        if let Some(dropped) = self.days.dropped_minutes(self.day) {
            record.holiday_credit_minutes = holiday_credit(policy.holiday_credit, dropped, paid);
        }
        record.paid_minutes = paid + record.paid_leave_minutes + record.holiday_credit_minutes;
    }
}

fn copy_judgement(record: &mut DayRecord, judged: &Judgement) {
    record.covered_minutes = judged.covered;
    record.tardy_minutes = judged.tardy;
    record.left_early_minutes = judged.left_early;
    record.away_minutes = judged.away;
    record.absent_minutes = judged.absent;
    record.unverified_minutes = judged.unverified;
    record.grace_minutes = judged.grace;
    record.excused_minutes = judged.excused;
}

/// Exceptions that repeat a figure or the status; sorts them all.
fn name_figures(record: &mut DayRecord) {
    let named = [
        (record.status == Status::Absent, Exception::Absent),
        (record.absent_minutes > 0 && record.status != Status::Absent, Exception::PartialAbsence),
        (record.tardy_minutes > 0, Exception::Tardy),
        (record.left_early_minutes > 0, Exception::LeftEarly),
        (record.away_minutes > 0, Exception::Away),
    ];
    record.exceptions.extend(named.iter().filter(|(holds, _)| *holds).map(|(_, exception)| *exception));
    record.exceptions.sort_unstable();
    record.is_outlier = record.exceptions.iter().any(|exception| exception.is_outlier());
}
