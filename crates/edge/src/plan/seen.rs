//! Who was seen on a day, as far as terminals tell: for the person in the branch while the hub is away. Nothing is judged here:
//! a number is not yet an employee, a state key is what somebody pressed, and a terminal's clock may be off.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// One user number with what terminals said of it on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The user number.
    pub user: String,
    /// The name of that number on a terminal; `None` when no terminal told one.
    pub name: Option<String>,
    /// The first punch, by the clock of the terminal that printed it.
    pub first: DateTime,
    /// The last punch, likewise.
    pub last: DateTime,
    /// The state code of the last punch.
    pub last_state: Option<i32>,
    /// Serial of the terminal of the last punch.
    pub terminal: String,
    /// Punches of the day.
    pub punches: usize,
}

/// One punch of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Serial of the terminal.
    pub terminal: String,
    /// User number.
    pub user: String,
    /// What the terminal printed.
    pub printed: DateTime,
    /// State code.
    pub state: Option<i32>,
}

/// The people of some sightings, whatever the order of these: who was seen last comes first, without names.
pub fn seen(sightings: impl IntoIterator<Item = Sighting>) -> Vec<Seen> {
    let mut people: BTreeMap<String, Seen> = BTreeMap::new();
    for Sighting { terminal, user, printed, state } in sightings {
        let one = people.entry(user.clone()).or_insert_with(|| Seen {
            user,
            name: None,
            first: printed,
            last: printed,
            last_state: state,
            terminal: terminal.clone(),
            punches: 0,
        });
        one.punches += 1;
        one.first = one.first.min(printed);
        if (one.last, &one.terminal) < (printed, &terminal) {
            (one.last, one.terminal, one.last_state) = (printed, terminal, state);
        }
    }
    let mut people: Vec<Seen> = people.into_values().collect();
    people.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.user.cmp(&b.user)));
    people
}

/// What a state code says (rules 5.1).
pub const fn state_word(code: Option<i32>) -> &'static str {
    match code {
        Some(0) => "check-in",
        Some(1) => "check-out",
        Some(2) => "break out",
        Some(3) => "break in",
        Some(4) => "overtime in",
        Some(5) => "overtime out",
        _ => "no state",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(terminal: &str, user: &str, printed: &str, state: i32) -> Sighting {
        Sighting {
            terminal: terminal.to_owned(),
            user: user.to_owned(),
            printed: printed.parse().unwrap(),
            state: Some(state),
        }
    }

    #[test]
    fn first_and_last_of_each_number_do_not_depend_on_the_order_of_arrival() {
        let mut day = vec![
            sighting("A1", "7", "2026-03-02T08:01:00", 0),
            sighting("A1", "8", "2026-03-02T08:30:00", 0),
            sighting("B2", "7", "2026-03-02T12:00:00", 2),
            sighting("A1", "7", "2026-03-02T17:00:00", 1),
        ];
        let people = seen(day.clone());
        let [seven, eight] = people.as_slice() else { panic!("{people:?}") };
        assert_eq!((seven.user.as_str(), seven.punches, seven.terminal.as_str()), ("7", 3, "A1"));
        assert_eq!((seven.first.hour(), seven.last.hour(), state_word(seven.last_state)), (8, 17, "check-out"));
        assert_eq!((eight.user.as_str(), eight.first, eight.punches), ("8", eight.last, 1));
        for _ in 0..day.len() {
            day.rotate_left(1);
            assert_eq!(seen(day.clone()), people);
        }
    }
}
