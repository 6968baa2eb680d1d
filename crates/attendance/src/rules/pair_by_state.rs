//! Pairing by declared directions (rules 11.1, `by_state`).

use super::clean::Press;
use super::pair::{EVER, Pairs, Side};
use super::trace::Role;
use crate::spans::Span;
use crate::vocabulary::PunchState;

/// The session that is open while the punches are run through.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// Position and minute of the arrival.
    arrival: (usize, i64),
    /// Position and start of the break that is open in it.
    on_break: Option<(usize, i64)>,
}

/// Runs through the punches with the current open arrival.
pub(crate) fn by_state(pairs: &mut Pairs, presses: &[Press<'_>], role: &mut impl FnMut(usize, Role)) {
    let mut open: Option<Open> = None;
    let minute_at = |index: usize| presses.get(index).map(|press| press.minute);
    for (index, press) in presses.iter().enumerate() {
        let minute = press.minute;
        let state = match (press.state, open) {
            (PunchState::Unknown, None) | (PunchState::OtIn, _) | (PunchState::BreakIn, None) => PunchState::In,
            (PunchState::Unknown, Some(_)) | (PunchState::OtOut, _) => PunchState::Out,
            (state, _) => state,
        };
        let used = match (state, &mut open) {
            (PunchState::In | PunchState::BreakIn, Some(Open { on_break: on_break @ Some(_), .. })) => {
                if let Some((_, start)) = on_break.take() {
                    pairs.breaks.push(Span::new(start, minute));
                }
                Role::BreakEnd
            }
            (PunchState::In, earlier) => {
                if let Some(Open { arrival: (at, arrived), .. }) = earlier.take() {
                    // The next punch of the date ends what the lost arrival leaves unproven.
                    let shadow = Span::new(arrived, minute_at(at + 1).unwrap_or(EVER.end));
                    pairs.orphan(Side::Arrival, arrived, shadow, false);
                    role(at, Role::OrphanArrival);
                }
                open = Some(Open { arrival: (index, minute), on_break: None });
                Role::Arrival
            }
            (PunchState::Out, Some(session)) => {
                if let Some((_, start)) = session.on_break {
                    pairs.breaks.push(Span::new(start, minute));
                    pairs.open_break = true;
                }
                pairs.session(session.arrival.1, minute);
                open = None;
                Role::Departure
            }
            (PunchState::Out | PunchState::BreakOut, None) => {
                let before = index.checked_sub(1).and_then(minute_at);
                let shadow = Span::new(before.unwrap_or(EVER.start), minute);
                // Only the first punch of the date may be completed by the plan's start.
                pairs.orphan(Side::Departure, minute, shadow, index == 0);
                Role::OrphanDeparture
            }
            (PunchState::BreakOut, Some(session)) if session.on_break.is_none() => {
                session.on_break = Some((index, minute));
                Role::BreakStart
            }
            _ => Role::Between,
        };
        role(index, used);
    }
    match open {
        Some(Open { arrival: (_, arrived), on_break: Some((_, start)) }) => {
            pairs.session(arrived, start);
            pairs.open_break = true;
            // Nobody knows when the break ended: its start acts as an arrival whose shadow covers the rest.
            pairs.orphan(Side::Arrival, start, Span::new(start, EVER.end), false);
        }
        Some(Open { arrival: (at, arrived), on_break: None }) => {
            let shadow = Span::new(arrived, minute_at(at + 1).unwrap_or(EVER.end));
            pairs.orphan(Side::Arrival, arrived, shadow, true);
            role(at, Role::OrphanArrival);
        }
        None => {}
    }
}
