//! People who punch all the time, for a demonstration that somebody watches.

use std::time::Duration;

use super::Person;
use crate::random::Random;

/// Who punches next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivePunch<'a> {
    /// Pause since the punch before.
    pub after: Duration,
    /// Who.
    pub person: &'a Person,
    /// 0 in, 1 out: somebody who is in goes, and the other way round.
    pub state: u8,
    /// 1 finger, 0 password, 15 face.
    pub verify: u8,
}

/// An endless stream of punches; the pauses are short and uneven, as at a door.
#[derive(Debug)]
pub struct Live<'a> {
    people: &'a [Person],
    is_in: Vec<bool>,
    random: Random,
}

impl<'a> Live<'a> {
    pub(super) fn new(people: &'a [Person], seed: u64) -> Live<'a> {
        Live { people, is_in: vec![false; people.len()], random: Random::of(&[seed, people.len() as u64]) }
    }

    /// Takes this person, by index, as present from the start.
    pub fn is_present(mut self, index: usize) -> Live<'a> {
        if let Some(is_in) = self.is_in.get_mut(index) {
            *is_in = true;
        }
        self
    }
}

impl<'a> Iterator for Live<'a> {
    type Item = LivePunch<'a>;

    fn next(&mut self) -> Option<LivePunch<'a>> {
        let index = self.random.below(self.people.len() as u64) as usize;
        let person = self.people.get(index)?;
        let is_in = self.is_in.get_mut(index)?;
        let state = u8::from(*is_in);
        *is_in = !*is_in;
        // Mostly a queue at the door, sometimes a lull.
        let millis =
            if self.random.chance(700) { self.random.between(800, 3_000) } else { self.random.between(3_000, 12_000) };
        let verify = self.random.pick(&[1, 1, 15]).copied().unwrap_or(1);
        Some(LivePunch { after: Duration::from_millis(millis.unsigned_abs()), person, state, verify })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Company;

    #[test]
    fn everybody_comes_and_goes_in_turn() {
        let company = Company::generate(5, 10, 1);
        let mut is_in = std::collections::BTreeMap::new();
        for punch in company.live(1).take(500) {
            let was_in = is_in.insert(&punch.person.number, punch.state == 0).unwrap_or(false);
            assert_ne!(was_in, punch.state == 0, "{} punches out only when in", punch.person.number);
            assert!(punch.after.as_millis() > 0);
        }
        assert_eq!(is_in.len(), 10, "everybody is seen");
    }
}
