//! Step 8: punches become sessions and orphans (rules 11.1).

use smallvec::SmallVec;

use super::clean::Press;
use super::leave::Owed;
use super::pair_by_state::by_state;
use super::trace::{Role, Sink};
use crate::spans::{Span, Spans};
use crate::vocabulary::{MissingIn, MissingOut, Pairing, Policy, PunchState};

/// "From ever" and "for ever" of an unbounded shadow, far from overflow.
pub(crate) const EVER: Span = Span::new(-(1 << 40), 1 << 40);

/// An arrival with its departure, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) span: Span,
    /// The start is the plan's, not a punch.
    pub(crate) assumed_start: bool,
    /// The end is the plan's, not a punch.
    pub(crate) assumed_end: bool,
}

/// A punch without partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(crate) minute: i64,
    pub(crate) side: Side,
    /// What it leaves unproven.
    pub(crate) shadow: Span,
    /// Whether an assumption may stand in for the partner.
    pub(crate) assumable: bool,
    pub(crate) resolved: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Arrival,
    Departure,
    Undetermined,
}

/// The punches of a date, paired.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs {
    /// In time order.
    pub(crate) sessions: SmallVec<[Session; 4]>,
    /// Breaks between declared break punches.
    pub(crate) breaks: Spans,
    pub(crate) orphans: SmallVec<[Orphan; 2]>,
    /// A break was started and not ended.
    pub(crate) open_break: bool,
    pub(crate) first_in: Option<i64>,
    pub(crate) last_in: Option<i64>,
    pub(crate) first_out: Option<i64>,
    pub(crate) last_out: Option<i64>,
    /// Union of the shadows of unresolved orphans.
    pub(crate) shadows: Spans,
}

impl Pairs {
    pub(crate) fn arrive(&mut self, minute: i64) {
        self.first_in = Some(self.first_in.map_or(minute, |first| first.min(minute)));
        self.last_in = Some(self.last_in.map_or(minute, |last| last.max(minute)));
    }

    pub(crate) fn depart(&mut self, minute: i64) {
        self.first_out = Some(self.first_out.map_or(minute, |first| first.min(minute)));
        self.last_out = Some(self.last_out.map_or(minute, |last| last.max(minute)));
    }

    /// Both ends are punches.
    pub(crate) fn session(&mut self, start: i64, end: i64) {
        self.arrive(start);
        self.depart(end);
        self.sessions.push(Session { span: Span::new(start, end), assumed_start: false, assumed_end: false });
    }

    pub(crate) fn orphan(&mut self, side: Side, minute: i64, shadow: Span, assumable: bool) {
        match side {
            Side::Arrival => self.arrive(minute),
            Side::Departure => self.depart(minute),
            Side::Undetermined => {}
        }
        self.orphans.push(Orphan { minute, side, shadow, assumable, resolved: false });
    }

    pub(crate) fn has_unresolved(&self) -> bool {
        self.orphans.iter().any(|orphan| !orphan.resolved)
    }

    /// Sessions as a set of minutes.
    pub(crate) fn presence(&self) -> Spans {
        self.sessions.iter().map(|session| session.span).collect()
    }

    /// Gaps between sessions, and punched breaks, in time order.
    pub(crate) fn gaps(&self) -> SmallVec<[Span; 4]> {
        let presence = self.presence();
        let between = presence.iter().zip(presence.iter().skip(1)).map(|(a, b)| Span::new(a.end, b.start));
        let mut gaps: SmallVec<[Span; 4]> = between.chain(self.breaks.iter().copied()).collect();
        gaps.sort_unstable();
        gaps
    }
}

/// Pairs the punches of a date. `first` is the position of the first one among all, for the trace.
pub(crate) fn pair<S: Sink>(policy: &Policy, owed: &Owed, presses: &[Press<'_>], first: usize, sink: &mut S) -> Pairs {
    let mut pairs = Pairs::default();
    let (Some(opening), Some(closing)) = (presses.first(), presses.last()) else { return pairs };
    let mut role = |index: usize, role: Role| sink.role(first + index, role);
    if presses.len() == 1 {
        let side = declared(opening.state).unwrap_or_else(|| direction(policy, owed, opening.minute));
        lone(&mut pairs, side, opening.minute, opening.minute, 1, &mut role);
    } else {
        match policy.punch.pairing {
            Pairing::FirstLast => match one_event(policy, owed, opening, closing) {
                Some(side) => lone(&mut pairs, side, opening.minute, closing.minute, presses.len(), &mut role),
                None => first_last(&mut pairs, presses, &mut role),
            },
            Pairing::Alternate => alternate(&mut pairs, presses, &mut role),
            Pairing::ByState => by_state(&mut pairs, presses, &mut role),
        }
    }
    assume(policy, owed, &mut pairs);
    pairs.shadows = pairs.orphans.iter().filter(|orphan| !orphan.resolved).map(|orphan| orphan.shadow).collect();
    pairs
}

fn declared(state: PunchState) -> Option<Side> {
    if state.is_arrival() {
        Some(Side::Arrival)
    } else if state.is_departure() {
        Some(Side::Departure)
    } else {
        None
    }
}

/// The direction of a lone punch without a declared one.
fn direction(policy: &Policy, owed: &Owed, minute: i64) -> Side {
    let Some((inner, outer)) = lone_bounds(owed) else { return Side::Arrival };
    if inner.start + policy.outlier.late_in < minute && minute < inner.end - policy.outlier.early_out {
        Side::Undetermined
    } else if 2 * minute <= outer.start + outer.end {
        Side::Arrival
    } else {
        Side::Departure
    }
}

/// The bounds that a lone punch is compared with: those that make it undetermined, and those whose middle decides.
pub(crate) fn lone_bounds(owed: &Owed) -> Option<(Span, Span)> {
    if !owed.has_judged_plan() {
        return None;
    }
    let Some(band) = &owed.band else { return owed.plan.bounds().map(|plan| (plan, plan)) };
    let end_from = |start| band.obstacles.walk_around(start, owed.required);
    let inner = Span::new(band.obstacles.step_out(band.latest), end_from(band.earliest));
    Some((inner, Span::new(band.earliest, end_from(band.latest))))
}

/// Presses of a `first_last` date that lie so near together that they are one event: its direction.
fn one_event(policy: &Policy, owed: &Owed, opening: &Press<'_>, closing: &Press<'_>) -> Option<Side> {
    let (arrived, departed) = (opening.state.is_arrival(), closing.state.is_departure());
    if closing.minute - opening.minute >= policy.punch.min_span || arrived && departed {
        return None;
    }
    Some(if arrived {
        Side::Arrival
    } else if departed {
        Side::Departure
    } else {
        direction(policy, owed, (opening.minute + closing.minute).div_euclid(2))
    })
}

/// One event; an arrival happened at the first press, a departure at the last.
fn lone(pairs: &mut Pairs, side: Side, first: i64, last: i64, presses: usize, role: &mut impl FnMut(usize, Role)) {
    for index in 0..presses {
        role(index, Role::Between);
    }
    match side {
        Side::Arrival => {
            pairs.orphan(side, first, Span::new(first, EVER.end), true);
            role(0, Role::OrphanArrival);
        }
        Side::Departure => {
            pairs.orphan(side, last, Span::new(EVER.start, last), true);
            role(presses - 1, Role::OrphanDeparture);
        }
        Side::Undetermined => {
            pairs.orphan(side, first, EVER, false);
            role(0, Role::Undetermined);
        }
    }
}

/// First in, last out; declared break punches between them open and close breaks.
fn first_last(pairs: &mut Pairs, presses: &[Press<'_>], role: &mut impl FnMut(usize, Role)) {
    let (Some(opening), Some(closing)) = (presses.first(), presses.last()) else { return };
    let last = presses.len() - 1;
    pairs.session(opening.minute, closing.minute);
    role(0, Role::Arrival);
    role(last, Role::Departure);
    let mut open: Option<i64> = None;
    for (index, press) in presses.iter().enumerate().skip(1) {
        let used = match (press.state, open) {
            (PunchState::BreakOut, None) if index < last => {
                open = Some(press.minute);
                Role::BreakStart
            }
            (PunchState::BreakIn, Some(start)) => {
                pairs.breaks.push(Span::new(start, press.minute));
                open = None;
                Role::BreakEnd
            }
            _ => Role::Between,
        };
        if index < last {
            role(index, used);
        }
    }
    if let Some(start) = open {
        pairs.breaks.push(Span::new(start, closing.minute));
        pairs.open_break = true;
    }
}

/// In, out, in, out. An odd last punch may be either; undeclared, its shadow begins at the punch before it, so that a
/// forgotten lunch punch never becomes an early departure.
fn alternate(pairs: &mut Pairs, presses: &[Press<'_>], role: &mut impl FnMut(usize, Role)) {
    for (index, two) in presses.chunks(2).enumerate() {
        match two {
            [arrival, departure] => {
                pairs.session(arrival.minute, departure.minute);
                role(index * 2, Role::Arrival);
                role(index * 2 + 1, Role::Departure);
            }
            [odd, ..] => {
                let before = presses.get((index * 2).wrapping_sub(1)).map(|press| press.minute);
                let from = before.filter(|_| odd.state == PunchState::Unknown).unwrap_or(odd.minute);
                pairs.orphan(Side::Arrival, odd.minute, Span::new(from, EVER.end), true);
                role(index * 2, Role::OrphanArrival);
            }
            [] => {}
        }
    }
}

/// Lets the plan's bounds stand in for missing partners, on fixed plans, if the policy says so.
fn assume(policy: &Policy, owed: &Owed, pairs: &mut Pairs) {
    if pairs.orphans.is_empty() || owed.band.is_some() || !owed.has_judged_plan() {
        return;
    }
    let Some(plan) = owed.plan.bounds() else { return };
    if policy.missing.departure == MissingOut::AssumePlanEnd {
        let open = |orphan: &&mut Orphan| orphan.side == Side::Arrival && orphan.assumable && orphan.minute < plan.end;
        if let Some(orphan) = pairs.orphans.iter_mut().rev().find(open) {
            orphan.resolved = true;
            let span = Span::new(orphan.minute, plan.end);
            pairs.sessions.push(Session { span, assumed_start: false, assumed_end: true });
        }
    }
    if policy.missing.arrival == MissingIn::AssumePlanStart {
        let leads =
            |orphan: &&mut Orphan| orphan.side == Side::Departure && orphan.assumable && orphan.minute > plan.start;
        if let Some(orphan) = pairs.orphans.iter_mut().find(leads) {
            orphan.resolved = true;
            let span = Span::new(plan.start, orphan.minute);
            pairs.sessions.insert(0, Session { span, assumed_start: true, assumed_end: false });
        }
    }
}
