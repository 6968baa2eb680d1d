//! The sink that listens: collects what the steps report and makes a [`DayTrace`] of every date.

use jiff::civil::Date;

use super::book::Rulebook;
use super::calendar_day::{date_of, day_number};
use super::clean::{Press, Source};
use super::derivation::run;
use super::pair::{EVER, Pairs, Side};
use super::person::{DateRange, Moment, Person};
use super::reasons::reasons;
use super::say::Say;
use super::trace::{
    DayTrace, Dropped, Facts, Line, Orphan, PaidFinding, PaidStretch, Role, SegmentFinding, Shadow, Sink, Stretch,
    TracedPunch,
};
use super::zone::Clocks;
use crate::spans::{Span, Spans};
use crate::vocabulary::{Change, DayRecord, Punch};

/// The same records as [`derive`](super::derive), each with its reasons: which punches were used and how, plan,
/// sessions, worked minutes with the rule that pays them, and a sentence per figure (rules 3).
pub fn explain(book: &Rulebook, person: &Person<'_>, range: DateRange, moment: Moment) -> Vec<(DayRecord, DayTrace)> {
    let mut tracer = Tracer { person, book, dropped: Vec::new(), traces: Vec::new(), desk: Desk::default() };
    let records = run(book, person, range, moment, &mut tracer);
    tracer.file_dropped(moment);
    // Dates of the first workweek before the range were derived for pay only.
    let surplus = tracer.traces.len().saturating_sub(records.len());
    let traces = tracer.traces.into_iter().skip(surplus).map(|(_, trace)| trace);
    records.into_iter().zip(traces).collect()
}

/// A segment that was not fully attended.
#[derive(Debug, Clone)]
pub(crate) struct Missed {
    pub(crate) bounds: Span,
    pub(crate) seen: Option<Span>,
    pub(crate) missed: Spans,
}

/// What the steps reported of the date in work.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    roles: Vec<(usize, Role)>,
    pub(crate) missed: Vec<Missed>,
    pub(crate) paid: Vec<PaidStretch>,
}

struct Tracer<'a> {
    person: &'a Person<'a>,
    book: &'a Rulebook,
    dropped: Vec<(Dropped, Punch)>,
    traces: Vec<(Date, DayTrace)>,
    desk: Desk,
}

impl Sink for Tracer<'_> {
    const ON: bool = true;

    fn dropped(&mut self, why: Dropped, punch: &Punch) {
        self.dropped.push((why, *punch));
    }

    fn role(&mut self, index: usize, role: Role) {
        self.desk.roles.push((index, role));
    }

    fn segment(&mut self, finding: SegmentFinding<'_>) {
        let SegmentFinding { bounds, seen, missed } = finding;
        self.desk.missed.push(Missed { bounds, seen, missed: missed.clone() });
    }

    fn paid(&mut self, finding: PaidFinding<'_>) {
        let pay = finding.book;
        let rule = finding.rule.and_then(|at| pay.rules.get(at));
        let tier = pay.tiers.get(rule.map_or(pay.regular, |rule| rule.tier)).filter(|_| !finding.trimmed);
        let stretch = PaidStretch {
            from: finding.span.start * 60,
            to: finding.span.end * 60,
            in_plan: finding.in_plan,
            code: tier.cloned(),
            percent: if finding.trimmed { 0 } else { rule.map_or(100, |rule| rule.percent) },
            rule: finding.rule,
            premiums: finding.premiums.iter().filter_map(|at| pay.keys.get(*at).cloned()).collect(),
        };
        match self.desk.paid.last_mut() {
            Some(last) if last.to == stretch.from && same_pay(last, &stretch) => last.to = stretch.to,
            _ => self.desk.paid.push(stretch),
        }
    }

    fn finished(&mut self, facts: &Facts<'_>, record: &DayRecord) {
        let desk = std::mem::take(&mut self.desk);
        let say = Say { clock: facts.clocks.on(facts.day.number), day: facts.day.number };
        let zone = self.person.zones.on(facts.day.date).iana_name().unwrap_or("a fixed offset");
        let mut trace = DayTrace {
            zone: zone.to_owned(),
            contested: facts.zones.map(Stretch::from),
            plan_before: stretches(facts.day.layout.iter().flat_map(|layout| layout.net.iter())),
            plan_after: stretches(facts.owed.plan.iter()),
            ..DayTrace::default()
        };
        for (index, press) in facts.presses.iter().enumerate() {
            let role = desk.roles.iter().rev().find(|(at, _)| *at == facts.first + index);
            let role =
                role.map_or(if facts.outcome.is_some() { Role::Between } else { Role::Pending }, |(_, role)| *role);
            trace.punches.push(traced(press, role, facts, &say));
        }
        if let Some(outcome) = &facts.outcome {
            trace.sessions = stretches(outcome.pairs.sessions.iter().map(|session| &session.span));
            trace.punched_breaks = stretches(outcome.pairs.breaks.iter());
            trace.orphans = orphans(outcome.pairs);
            trace.shadows = outcome.pairs.shadows.iter().map(|shadow| open_ended(*shadow)).collect();
        }
        trace.reasons = reasons(facts, record, &desk, &say);
        trace.worked = desk.paid;
        self.traces.push((record.date, trace));
    }
}

impl Tracer<'_> {
    /// Puts each ignored punch on the date it would have belonged to: a repeat on the date of the press it repeats, others
    /// on their civil date.
    fn file_dropped(&mut self, moment: Moment) {
        let instants = self.dropped.iter().map(|(_, punch)| punch.at);
        let Some((first, last)) = instants.clone().min().zip(instants.max()) else { return };
        let clocks = Clocks::new(self.person.zones, first - 86_400, last + 86_400);
        let mut dropped = std::mem::take(&mut self.dropped);
        // Neither in the order of their delivery nor as often (rules 22, invariants 4 and 5).
        dropped.sort_by_key(|(_, punch)| (punch.at, punch.id, punch.recorded_at));
        dropped.dedup_by_key(|(_, punch)| (punch.at, punch.id));
        for (why, punch) in dropped {
            let civil = date_of(clocks.date(punch.at.div_euclid(60)));
            let home = self.traces.iter_mut().find(|(date, trace)| match why {
                Dropped::RepeatOf(at) => trace.punches.iter().any(|kept| kept.at == at),
                Dropped::Voided | Dropped::NotYetKnown => *date == civil,
            });
            let Some((date, trace)) = home else { continue };
            let day = day_number(*date);
            let say = Say { clock: clocks.on(day), day };
            let (role, why) = ignored(why, &punch, self.person, self.book, &say, moment);
            let (id, at, state, date) = (Some(punch.id), punch.at, punch.state, *date);
            let traced = TracedPunch { id, adjustment: None, at, state, date, role, why };
            let place = trace.punches.partition_point(|known| known.at <= at);
            trace.punches.insert(place, traced);
        }
    }
}

fn ignored(
    why: Dropped,
    punch: &Punch,
    person: &Person<'_>,
    book: &Rulebook,
    say: &Say<'_>,
    moment: Moment,
) -> (Role, String) {
    match why {
        Dropped::RepeatOf(at) => {
            let policy = book.turns(person.zones).at(punch.at);
            let window = policy.map_or(0, |policy| policy.punch.duplicate_window_seconds);
            let kept = say.second(at);
            (
                Role::Repeat,
                format!("ignored: the same press as {kept}, within {window} seconds (punch.duplicate_window_seconds)"),
            )
        }
        Dropped::Voided => {
            let voids = |change: &Change| matches!(change, Change::VoidPunch { target } if *target == punch.id);
            let adjustment = person.adjustments.iter().find(|one| voids(&one.change));
            let by = adjustment.and_then(|one| one.by.as_deref()).map(|by| format!(" by {by}")).unwrap_or_default();
            let reason = adjustment.and_then(|one| one.reason.as_deref());
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            (Role::Voided, format!("ignored: voided{by}{reason}"))
        }
        Dropped::NotYetKnown => {
            let recorded = punch.recorded_at.map(|at| say.second(at)).unwrap_or_default();
            let now = say.second(moment.as_of);
            (Role::NotYetKnown, format!("ignored: it arrived at {recorded}, this is the view of {now}"))
        }
    }
}

fn same_pay(a: &PaidStretch, b: &PaidStretch) -> bool {
    (a.in_plan, &a.code, a.rule, &a.premiums) == (b.in_plan, &b.code, b.rule, &b.premiums)
}

fn stretches<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<Stretch> {
    spans.map(|span| Stretch::from(*span)).collect()
}

fn open_ended(shadow: Span) -> Shadow {
    let seconds = |minute: i64| (minute != EVER.start && minute != EVER.end).then_some(minute * 60);
    Shadow { from: seconds(shadow.start), to: seconds(shadow.end) }
}

fn orphans(pairs: &Pairs) -> Vec<Orphan> {
    let role = |side| match side {
        Side::Arrival => Role::OrphanArrival,
        Side::Departure => Role::OrphanDeparture,
        Side::Undetermined => Role::Undetermined,
    };
    let all = pairs.orphans.iter();
    all.map(|one| Orphan { at: one.minute * 60, role: role(one.side), resolved: one.resolved }).collect()
}

fn traced(press: &Press<'_>, role: Role, facts: &Facts<'_>, say: &Say<'_>) -> TracedPunch {
    let (id, adjustment, state) = match press.source {
        Source::Punch(punch) => (Some(punch.id), None, punch.state),
        Source::Manual(adjustment) => (None, Some(adjustment.id.clone()), press.state),
    };
    let why = format!("{}; {}", used(role, facts), belongs(press.line, facts, say));
    TracedPunch { id, adjustment, at: press.at, state, date: facts.day.date, role, why }
}

fn used(role: Role, facts: &Facts<'_>) -> String {
    let punch = &facts.policy().punch;
    let lone = facts.outcome.as_ref().is_some_and(|outcome| outcome.pairs.sessions.is_empty());
    match role {
        Role::Arrival => "used as arrival".into(),
        Role::Departure => "used as departure".into(),
        Role::BreakStart => "used as start of a break".into(),
        Role::BreakEnd => "used as end of a break".into(),
        Role::OrphanArrival => "used as arrival; its departure is missing".into(),
        Role::OrphanDeparture => "used as departure; its arrival is missing".into(),
        Role::Undetermined => {
            "used as proof of presence only: alone in the middle of the plan it has no direction".into()
        }
        Role::Between if lone => format!("ignored: all presses lie within {} minutes (punch.min_span)", punch.min_span),
        Role::Between if punch.pairing == crate::vocabulary::Pairing::FirstLast => {
            "ignored: between the first and the last punch (punch.pairing is first_last)".into()
        }
        Role::Between => "ignored: in its place this direction changes nothing".into(),
        _ => "kept: the date is not judged yet".into(),
    }
}

fn belongs(line: Line, facts: &Facts<'_>, say: &Say<'_>) -> String {
    let date = facts.day.date;
    let zone = |zone: Span| format!("the contested time {}", say.span(zone));
    let [before, after] = facts.zones;
    match line {
        Line::Forced => format!("a correction puts it on {date}"),
        Line::Plain => format!("it lies on {date}, outside of contested times"),
        Line::LaterDateStarted => format!("in {} it belongs to {date}, which had a punch already", zone(before)),
        Line::DeclaredArrival => format!("in {} a declared arrival belongs to the later date", zone(before)),
        Line::DeclaredDeparture => format!("in {} a declared departure belongs to the earlier date", zone(after)),
        Line::NightDeparture => {
            format!("in {} it is the departure of a night shift whose arrival is missing", zone(after))
        }
        Line::Fold => format!("in {} it belongs to {date}, which lacked a departure", zone(after)),
        Line::TooLongForFold => format!(
            "in {} it is an arrival: too long after the first punch of the date before (attribution.max_fold_span)",
            zone(before)
        ),
        Line::Arrival => format!("in {} it is an arrival: the date before lacks no departure", zone(before)),
    }
}
