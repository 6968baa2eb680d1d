//! The derivation function: the eighteen steps in order (rules 6).

use super::attribute::{attribute, contested_zone};
use super::book::Rulebook;
use super::calendar::Roster;
use super::calendar_day::{day_number, weekday};
use super::clean::{Press, clean};
use super::day::{Day, Days};
use super::effective::{clip, effective_presence};
use super::exceptions::{Circumstances, findings};
use super::judge::{Judgement, excuse, judge_amount, judge_plan};
use super::known::Known;
use super::leave::{Owed, apply};
use super::paid::holiday_credit;
use super::pair::{Pairs, pair};
use super::pay::{PayDay, Week, sort_out};
use super::person::{DateRange, Moment, Person};
use super::plan::finish;
use super::settle::deferral;
use super::status::status;
use super::trace::{Facts, Silent, Sink};
use super::worked::{Worked, deductions, worked};
use super::zone::LocalClock;
use crate::spans::{Span, Spans};
use crate::vocabulary::{DayKind, DayRecord, DeferReason, Exception, JudgeOn, PremiumDayBasis, Status};
use smallvec::SmallVec;

/// The day records of a range, one per date, in order (rules 6). Pay looks at the whole workweek of every date and
/// attribution at the dates around, but only the range is reported; narrowing it never changes a record.
pub fn derive(book: &Rulebook, person: &Person<'_>, range: DateRange, moment: Moment) -> Vec<DayRecord> {
    run(book, person, range, moment, &mut Silent)
}

/// Derives and reports every step to a sink.
pub(crate) fn run<S: Sink>(
    book: &Rulebook,
    person: &Person<'_>,
    range: DateRange,
    moment: Moment,
    sink: &mut S,
) -> Vec<DayRecord> {
    let (first, last) = (day_number(range.from), day_number(range.to));
    if last < first {
        return Vec::new();
    }
    let known = Known::new(person, moment.as_of);
    let presses = clean(person.punches, &known, &book.policy, sink);
    let week_start = first - (weekday(first) as i64 - book.policy.week_start.from_monday() as i64).rem_euclid(7);
    let days = Days {
        book,
        roster: Roster::new(book, person),
        modifiers: person.modifiers,
        clock: LocalClock::new(person.zone, clock_start(week_start, &presses), clock_end(last, &presses)),
    };
    let board = Board::set(&days, &known, presses, week_start, last);
    let mut records = Vec::with_capacity((last - first + 1) as usize);
    let mut week = Week::default();
    for at in board.first..board.days.len().saturating_sub(1) {
        let Some(day) = board.days.get(at) else { break };
        if weekday(day.number) == book.policy.week_start.from_monday() {
            week = Week::default();
        }
        let Some(sheet) = Sheet::open(&days, &known, &board, at, moment) else { break };
        let record = sheet.fill(&mut week, sink);
        if day.number >= first {
            records.push(record);
        }
    }
    records
}

/// The clock must reach a week and a quiet boundary back, and all punches that may be looked at.
fn clock_start(week_start: i64, presses: &[Press<'_>]) -> i64 {
    let days = (week_start - 3) * 86_400;
    presses.first().map_or(days, |press| days.min(press.at - 3 * 86_400))
}

fn clock_end(last: i64, presses: &[Press<'_>]) -> i64 {
    let days = (last + 4) * 86_400;
    presses.last().map_or(days, |press| days.max(press.at + 86_400))
}

/// The dates with their punches, after step 5.
struct Board<'a> {
    /// From the quiet boundary before the range's workweeks to the date after the range.
    days: Vec<Day>,
    /// `zones[i]` lies between `days[i - 1]` and `days[i]`; the first one is empty.
    zones: Vec<Span>,
    /// Punches by date.
    presses: Vec<Press<'a>>,
    /// End of each date's punches; a date's start is the end of the date before.
    ends: Vec<usize>,
    /// Position of the first date of the range's workweeks.
    first: usize,
}

impl<'a> Board<'a> {
    /// Steps 3 to 5 for all dates that matter.
    fn set(days: &Days<'_>, known: &Known<'_>, mut presses: Vec<Press<'a>>, week_start: i64, last: i64) -> Self {
        let policy = &days.book.policy;
        let clock = &days.clock;
        let (opening, quiet) = quiet_boundary(days, known, &presses, week_start);
        let mut laid = Vec::with_capacity((last - opening + 3).max(0) as usize);
        let mut zones = Vec::with_capacity(laid.capacity());
        for number in opening - 1..=last + 1 {
            let day = days.day(number, known);
            let empty = Span::new(day.midnight, day.midnight);
            zones.push(laid.last().map_or(empty, |before| contested_zone(policy, before, &day, clock)));
            laid.push(day);
        }
        // Nothing before the quiet boundary and nothing after the last zone matters, forced punches apart.
        let until = zones.last().map_or(i64::MAX, |zone| zone.end);
        presses.retain(|press| press.forced.is_some() || (quiet..until).contains(&press.minute));
        let expected_end =
            |day: &Day| apply(policy, day, known.leaves.on(day.date), known.offsite.on(day.date), clock).expected_end();
        let dates = attribute(policy, &mut presses, &laid, &zones, expected_end);
        let (presses, ends) = sort_by_date(presses, &dates, laid.len());
        let first = (week_start - (opening - 1)).max(0) as usize;
        Self { days: laid, zones, presses, ends, first }
    }

    fn punches(&self, at: usize) -> std::ops::Range<usize> {
        let end = self.ends.get(at).copied().unwrap_or(0);
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        start..end
    }
}

/// The latest date up to `number` whose contested zone holds no punch, with the end of that zone: nothing before it can
/// influence later dates (rules 8).
fn quiet_boundary(days: &Days<'_>, known: &Known<'_>, presses: &[Press<'_>], number: i64) -> (i64, i64) {
    let mut number = number;
    let mut after = days.day(number, known);
    loop {
        let before = days.day(number - 1, known);
        let zone = contested_zone(&days.book.policy, &before, &after, &days.clock);
        let from = presses.partition_point(|press| press.minute < zone.start);
        if presses.get(from).is_none_or(|press| press.minute >= zone.end) {
            return (number, zone.end);
        }
        number -= 1;
        after = before;
    }
}

/// Punches by date, in order within each; those of no date are left out.
fn sort_by_date<'a>(presses: Vec<Press<'a>>, dates: &[Option<usize>], count: usize) -> (Vec<Press<'a>>, Vec<usize>) {
    let mut ends = vec![0; count];
    for date in dates.iter().flatten() {
        if let Some(end) = ends.get_mut(*date) {
            *end += 1;
        }
    }
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total;
    }
    if dates.iter().all(Option::is_some) && dates.is_sorted() {
        return (presses, ends);
    }
    let mut dated: Vec<_> = dates.iter().zip(presses).filter_map(|(date, press)| Some(((*date)?, press))).collect();
    dated.sort_by_key(|(date, _)| *date);
    (dated.into_iter().map(|(_, press)| press).collect(), ends)
}

/// One date on its way through steps 6 to 18.
struct Sheet<'d> {
    days: &'d Days<'d>,
    known: &'d Known<'d>,
    day: &'d Day,
    presses: &'d [Press<'d>],
    /// Position of its first punch.
    first: usize,
    owed: Owed,
    deferred: Option<DeferReason>,
}

impl<'d> Sheet<'d> {
    /// Steps 6 and 7.
    fn open(days: &'d Days<'d>, known: &'d Known<'d>, board: &'d Board<'d>, at: usize, moment: Moment) -> Option<Self> {
        let policy = &days.book.policy;
        let day = board.days.get(at)?;
        let range = board.punches(at);
        let owed = apply(policy, day, known.leaves.on(day.date), known.offsite.on(day.date), &days.clock);
        let (next, zone) = (board.days.get(at + 1)?, board.zones.get(at + 1)?);
        let deferred = deferral(moment, next.midnight, zone.end, policy.settle_delay);
        let first = range.start;
        Some(Self { days, known, day, presses: board.presses.get(range)?, first, owed, deferred })
    }

    fn fill<S: Sink>(mut self, week: &mut Week, sink: &mut S) -> DayRecord {
        let (pairs, record) = match self.deferred {
            Some(reason) => {
                week.note(false);
                (Pairs::default(), self.provisional(reason))
            }
            None => self.judged(week, sink),
        };
        if S::ON {
            let presses = self.first..self.first + self.presses.len();
            sink.finished(&Facts { day: self.day, owed: &self.owed, pairs: &pairs, presses }, &record);
        }
        record
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

    /// Steps 8 to 18.
    fn judged<S: Sink>(&mut self, week: &mut Week, sink: &mut S) -> (Pairs, DayRecord) {
        let policy = &self.days.book.policy;
        let corrections = self.known.corrections(self.day.date);
        let pairs = pair(policy, &self.owed, self.presses, self.first, sink);
        finish(&mut self.owed, &pairs, &policy.movable_break);
        let owed = &self.owed;

        let presence = effective_presence(policy, owed, &pairs, &self.days.clock);
        let worked = self.worked(&pairs, &presence, corrections.approved, corrections.waives_break);
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
        self.pay(&mut record, worked, &judged, corrections.approved, week, sink);
        name_figures(&mut record);
        (pairs, record)
    }

    /// Steps 10 (clipping) and 11.
    fn worked(&self, pairs: &Pairs, presence: &Spans, approved: i64, waives_break: bool) -> Worked {
        let policy = &self.days.book.policy;
        let owed = &self.owed;
        let (mut breaks, rules) = match &self.day.layout {
            _ if waives_break => (Spans::default(), &[][..]),
            Some(layout) => (deductions(owed, layout.gaps()), policy.break_rules.as_slice()),
            None => (Spans::default(), policy.break_rules.as_slice()),
        };
        breaks.add_all(&pairs.breaks);
        let clipped = if self.day.layout.is_some() {
            clip(policy, owed, self.day.bounds(), presence, approved, &breaks)
        } else {
            presence.clone()
        };
        worked(owed, presence, &clipped, &breaks, rules)
    }

    /// Steps 12 and 13.
    fn judge<S: Sink>(&self, pairs: &Pairs, presence: &Spans, attended: i64, sink: &mut S) -> Judgement {
        let owed = &self.owed;
        if owed.required == 0 {
            return Judgement::default();
        }
        if owed.is_amount {
            return judge_amount(owed, attended, !self.presses.is_empty(), pairs.has_unresolved() || pairs.open_break);
        }
        let policy = &self.days.book.policy;
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
        worked: Worked,
        judged: &Judgement,
        approved: i64,
        week: &mut Week,
        sink: &mut S,
    ) {
        let book = self.days.book;
        let owed = &self.owed;
        let mut in_plan = if owed.is_amount { worked.spans.first(owed.required) } else { owed.plan.clone() };
        let mut minutes = worked.spans;
        if !owed.credit.is_empty() {
            in_plan.add_all(&owed.credit);
            minutes.add_all(&owed.credit);
        }
        let has_plan = self.day.kind.template.is_some();
        let sorted = sort_out(&book.policy.overtime, minutes, &in_plan, judged.deficit, approved, has_plan);
        let civil_kind = |number: i64| self.days.roster.kind_of(number, self.known);
        let by_civil_date = book.policy.premium_day_basis == PremiumDayBasis::CalendarDate;
        let pay_day = PayDay {
            book: &book.pay,
            clock: &self.days.clock,
            number: self.day.number,
            kind: self.day.kind.kind,
            civil_kind: if by_civil_date { Some(&civil_kind as &dyn Fn(i64) -> DayKind) } else { None },
        };
        let mut ledger = pay_day.pay(&sorted, week, sink);
        if owed.floating_credit > 0 {
            ledger.add_regular(&book.pay, owed.floating_credit, week);
        }
        (record.pay, record.premiums) = ledger.post(&book.pay);
        for (code, minutes) in self.known.credits(self.day.date) {
            record.pay.add(code, minutes);
        }
        record.unpaid_extra_minutes = sorted.trimmed.total();
        if sorted.unapproved {
            record.exceptions.push(Exception::UnapprovedOvertime);
        }
        let paid = record.pay.sum();
        if let Some(dropped) = self.days.dropped_minutes(self.day) {
            record.holiday_credit_minutes = holiday_credit(book.policy.holiday_credit, dropped, paid);
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
