//! Step 2: the punches that count, in order, on whole minutes (rules 4, 5.3, 17.1).

use jiff::civil::Date;

use super::book::Turns;
use super::known::Known;
use super::trace::{Dropped, Line, Sink};
use crate::vocabulary::{Adjustment, Change, Fingerprint, Punch, PunchState};

/// A punch that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Press<'a> {
    /// Seconds since the epoch.
    pub(crate) at: i64,
    /// The same, floored to minutes.
    pub(crate) minute: i64,
    /// The state that the rules look at; unknown if states are not trusted.
    pub(crate) state: PunchState,
    /// The date it is forced onto.
    pub(crate) forced: Option<Date>,
    pub(crate) source: Source<'a>,
    /// Which line of section 8 attributed it (step 5).
    pub(crate) line: Line,
}

/// Where a press came from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    Punch(&'a Punch),
    Manual(&'a Adjustment),
}

impl Press<'_> {
    /// Order of the scan: by instant, then by identity; manual punches come after the terminal's of the same second.
    fn key(&self) -> (i64, bool, Fingerprint, &str, PunchState) {
        match self.source {
            Source::Punch(punch) => (self.at, false, punch.id, "", self.state),
            Source::Manual(adjustment) => (self.at, true, Fingerprint([0; 16]), adjustment.id.as_str(), self.state),
        }
    }

    /// Whether another press is the same punch, delivered twice.
    fn is_copy(&self, other: &Self) -> bool {
        match (self.source, other.source) {
            (Source::Punch(one), Source::Punch(two)) => one.id == two.id && one.at == two.at,
            _ => false,
        }
    }
}

/// Applies voids and manual punches, sorts, drops copies and repeats. Each punch by the policy of its civil date.
pub(crate) fn clean<'a, S: Sink>(
    punches: &'a [Punch],
    known: &Known<'a>,
    policies: &Turns<'_>,
    sink: &mut S,
) -> Vec<Press<'a>> {
    let voided = known.adjustments.iter().filter_map(|one| match one.change {
        Change::VoidPunch { target } => Some(target),
        _ => None,
    });
    let mut voided: Vec<Fingerprint> = voided.collect();
    voided.sort_unstable();
    let effective = |at, state| match policies.at(at) {
        Some(policy) if policy.punch.use_state => state,
        _ => PunchState::Unknown,
    };
    let mut presses = Vec::with_capacity(punches.len());
    for punch in punches {
        if !known.knows(punch.recorded_at) {
            sink.dropped(Dropped::NotYetKnown, punch);
        } else if voided.binary_search(&punch.id).is_ok() {
            sink.dropped(Dropped::Voided, punch);
        } else {
            let (at, state) = (punch.at, effective(punch.at, punch.state));
            presses.push(Press {
                at,
                minute: at.div_euclid(60),
                state,
                forced: None,
                source: Source::Punch(punch),
                line: Line::Plain,
            });
        }
    }
    for adjustment in &known.adjustments {
        if let Change::AddPunch { at, state, work_date } = adjustment.change {
            let (state, source) = (effective(at, state), Source::Manual(adjustment));
            presses.push(Press { at, minute: at.div_euclid(60), state, forced: work_date, source, line: Line::Plain });
        }
    }
    if !presses.is_sorted_by(|a, b| a.at < b.at) {
        presses.sort_by(|a, b| a.key().cmp(&b.key()));
        presses.dedup_by(|b, a| a.is_copy(b));
    }
    drop_repeats(&mut presses, policies, sink);
    presses
}

/// Drops a terminal punch that has the state of the last kept one and follows it within the window. Manual punches are
/// neither dropped nor do they become the last kept one.
fn drop_repeats<S: Sink>(presses: &mut Vec<Press<'_>>, policies: &Turns<'_>, sink: &mut S) {
    let mut last: Option<(i64, PunchState)> = None;
    presses.retain(|press| {
        let Source::Punch(punch) = press.source else { return true };
        let window = policies.at(press.at).map_or(0, |policy| policy.punch.duplicate_window_seconds);
        if let Some((at, state)) = last
            && state == press.state
            && press.at - at <= window
        {
            sink.dropped(Dropped::RepeatOf(at), punch);
            return false;
        }
        last = Some((press.at, press.state));
        true
    });
}
