//! What a person punched: days with a beginning and an end, nights, departures after midnight, forgotten and stray presses,
//! repeats and copies.

use attendance::{Fingerprint, Punch, PunchState};
use proptest::prelude::*;

use crate::company::DATES;

/// A press, in seconds after the first midnight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Press {
    at: i64,
    state: PunchState,
    /// Part of its identity, so that identities are in another order than instants.
    salt: u32,
    /// The same press again, so many seconds later.
    again: Option<i64>,
    /// The same punch, delivered twice.
    copied: bool,
    /// When it became known, in minutes after the first midnight.
    known: Option<i64>,
}

/// How a company's people use the keys of their terminals.
#[derive(Debug, Clone, Copy)]
enum Habit {
    Never,
    AlwaysIn,
    InAndOut,
    WithBreaks,
    AtRandom,
}

/// The minutes of one date on which somebody presses.
fn minutes() -> impl Strategy<Value = Vec<i64>> {
    let day = (360..680i64, 900..1300i64, prop::option::of((690..740i64, 745..830i64)));
    let night = (
        1180..1410i64,
        1440 + 200..1440 + 620i64,
        prop::option::of((1440 + 60..1440 + 120i64, 1440 + 125..1440 + 190i64)),
    );
    let pair = |(come, go, pause): (i64, i64, Option<(i64, i64)>)| match pause {
        Some((from, to)) => vec![come, from, to, go],
        None => vec![come, go],
    };
    prop_oneof![
        3 => Just(Vec::new()),
        6 => day.prop_map(pair),
        3 => night.prop_map(pair),
        2 => (420..700i64, 1440..1440 + 420i64).prop_map(|(come, go)| vec![come, go]),
        2 => (0..1440i64).prop_map(|once| vec![once]),
        1 => (400..700i64, 0..40i64).prop_map(|(come, later)| vec![come, come + later]),
        1 => prop::collection::vec(0..1440i64, 3),
        1 => prop::collection::vec(0..1700i64, 0..5),
    ]
}

/// All presses, by date.
pub(crate) fn punches() -> impl Strategy<Value = Vec<Press>> {
    let habits = [Habit::Never, Habit::AlwaysIn, Habit::InAndOut, Habit::WithBreaks, Habit::AtRandom];
    let detail = (
        0..60i64,
        (0..9i32, any::<u32>()),
        prop::option::weighted(0.08, 0..90i64),
        prop::bool::weighted(0.05),
        prop::option::weighted(0.05, 0..(DATES + 2) * 1440),
    );
    let details = prop::collection::vec(detail, 5);
    let dates = prop::collection::vec((minutes(), details), DATES as usize);
    (prop::sample::select(habits.to_vec()), dates).prop_map(|(habit, dates)| {
        let mut presses = Vec::new();
        for (date, (minutes, details)) in (0..).zip(dates) {
            let count = minutes.len();
            for (place, (minute, (second, (code, salt), again, copied, known))) in
                minutes.into_iter().zip(details).enumerate()
            {
                let state = habit.state(place, count, code);
                presses.push(Press { at: (date * 1440 + minute) * 60 + second, state, salt, again, copied, known });
            }
        }
        presses
    })
}

impl Habit {
    fn state(self, place: usize, count: usize, code: i32) -> PunchState {
        // Now and then somebody presses another key.
        let slip = PunchState::from_code(code);
        match self {
            Self::Never => PunchState::Unknown,
            Self::AlwaysIn => PunchState::In,
            Self::AtRandom => slip,
            _ if code > 6 => PunchState::Unknown,
            _ if code == 6 => PunchState::In,
            Self::WithBreaks if count == 4 => {
                [PunchState::In, PunchState::BreakOut, PunchState::BreakIn, PunchState::Out][place]
            }
            Self::InAndOut | Self::WithBreaks if place.is_multiple_of(2) => PunchState::In,
            Self::InAndOut | Self::WithBreaks => PunchState::Out,
        }
    }
}

/// The punches as they are stored.
pub(crate) fn stored(presses: &[Press], midnight: i64) -> Vec<Punch> {
    let mut punches = Vec::new();
    for press in presses {
        let recorded_at = press.known.map(|minute| midnight + minute * 60);
        let mut store = |later: i64| {
            let id = Fingerprint((u128::from(press.salt) << 64 | punches.len() as u128).to_be_bytes());
            punches.push(Punch { id, at: midnight + press.at + later, state: press.state, recorded_at });
        };
        store(0);
        press.again.into_iter().for_each(&mut store);
        if press.copied {
            punches.extend(punches.last().copied());
        }
    }
    punches
}
