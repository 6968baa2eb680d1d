//! Which of several hubs is called. They share one database, so any of them may take any call, and what one has taken every other one
//! knows: a call whose answer was lost may go to another.
//!
//! Invariants:
//! * An edge stays with the hub that answers, and goes on to the next when one does not: each hub once, then the edge waits.
//! * Edges have their hubs in different orders, so that those of a hub that ended are spread over all others.

/// Why a hub did not take a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubTrouble {
    /// It can't be reached, or it refused.
    Away,
    /// It said nothing for too long. The line may be at fault as well: then a smaller batch passes, and the same one at the next hub
    /// would only take as long again.
    Silent,
}

/// One call, on its way round the hubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    hubs: usize,
    at: usize,
    tried: usize,
}

/// What follows a hub that did not take a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterTrouble {
    /// The next hub is called at once.
    Call(Round),
    /// Nobody is called before the usual wait; then the round begins at this hub.
    Wait(usize),
}

impl Round {
    /// Begins at one of so many hubs.
    pub const fn new(hubs: usize, at: usize) -> Self {
        Self { hubs, at, tried: 1 }
    }

    /// The hub that is called now.
    pub const fn at(self) -> usize {
        self.at
    }

    /// Goes on.
    pub const fn after(self, trouble: HubTrouble) -> AfterTrouble {
        let next = if self.at + 1 < self.hubs { self.at + 1 } else { 0 };
        match trouble {
            HubTrouble::Away if self.tried < self.hubs => {
                AfterTrouble::Call(Self { hubs: self.hubs, at: next, tried: self.tried + 1 })
            }
            HubTrouble::Away | HubTrouble::Silent => AfterTrouble::Wait(next),
        }
    }
}

/// Puts hubs into the order of an edge. `chance` gives random numbers from 0 to 1.
pub fn shuffle<T>(hubs: &mut [T], mut chance: impl FnMut() -> f64) {
    for last in (1..hubs.len()).rev() {
        let place = ((last + 1) as f64 * chance()) as usize;
        hubs.swap(place.min(last), last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hubs that a call is made to, when each is in such trouble, and where the next round begins.
    fn round(at: usize, troubles: &[HubTrouble]) -> (Vec<usize>, usize) {
        let mut round = Round::new(troubles.len(), at);
        let mut called = Vec::new();
        loop {
            called.push(round.at());
            match round.after(troubles[round.at()]) {
                AfterTrouble::Call(next) => round = next,
                AfterTrouble::Wait(next) => return (called, next),
            }
        }
    }

    #[test]
    fn each_hub_is_called_once_before_the_wait() {
        assert_eq!(round(1, &[HubTrouble::Away; 3]), (vec![1, 2, 0], 1));
        assert_eq!(round(0, &[HubTrouble::Away]), (vec![0], 0), "the only one is called after each wait");
    }

    #[test]
    fn a_call_that_took_too_long_is_made_to_another_hub_after_the_wait() {
        assert_eq!(round(1, &[HubTrouble::Away, HubTrouble::Away, HubTrouble::Silent]), (vec![1, 2], 0));
        assert_eq!(round(0, &[HubTrouble::Silent]), (vec![0], 0));
    }

    #[test]
    fn edges_begin_at_different_hubs_and_those_of_one_go_on_to_all_others() {
        let mut followers = std::collections::BTreeMap::new();
        for step in 0..60 {
            let mut hubs = ["a", "b", "c"];
            // Sixty edges, each with two random numbers.
            let mut chances = [f64::from(step % 10) / 9.0, f64::from(step / 10) / 5.0].into_iter();
            shuffle(&mut hubs, || chances.next().unwrap());
            *followers.entry((hubs[0], hubs[1])).or_insert(0) += 1;
        }
        assert_eq!(followers.len(), 6, "{followers:?}");
        assert!(followers.values().all(|edges| (5..=20).contains(edges)), "{followers:?}");
    }
}
