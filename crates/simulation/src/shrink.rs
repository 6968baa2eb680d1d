//! A failure is told as shortly as it can be: faults, terminals' late registrations and punches that do not matter are taken
//! out of its plan.

use std::fmt;

use crate::bug::Bug;
use crate::plan::{Noise, Plan};
use crate::story::Violation;
use crate::world::World;

/// Attempts at a shorter story at most.
const MOST_ATTEMPTS: usize = 60;

/// A seed that failed.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was broken, in the shortest story.
    pub violation: Violation,
    /// That story, a line for each turn.
    pub story: Vec<String>,
    bug: Option<Bug>,
}

/// What happened, and the command that plays it again.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} breaks a promise: {}", self.seed, self.violation.says)?;
        if let Some(bug) = self.bug {
            writeln!(f, "  (the deliberately broken variant {bug:?}: {})", bug.says())?;
        }
        for line in &self.story {
            writeln!(f, "  {line}")?;
        }
        match self.bug {
            None => write!(f, "play it again: cargo xtask sim --seed {}", self.seed),
            Some(bug) => write!(f, "play it again: cargo xtask sim --seed {} --bug {bug:?}", self.seed),
        }
    }
}

/// Takes out of a failing plan what it fails without.
pub(crate) fn shortest(mut plan: Plan, mut violation: Violation, bug: Option<Bug>) -> Failure {
    let mut attempts = 0;
    let mut tries = |plan: &mut Plan, violation: &mut Violation, change: &dyn Fn(&mut Plan)| {
        let mut shorter = plan.clone();
        change(&mut shorter);
        attempts += 1;
        if attempts > MOST_ATTEMPTS {
            return false;
        }
        match crate::attempt(&shorter, bug) {
            Ok(()) => false,
            Err(found) => {
                (*plan, *violation) = (shorter, found);
                true
            }
        }
    };
    const CALM: Noise = Noise { lost: 0, repeated: 0, late: 0 };
    tries(&mut plan, &mut violation, &|plan| plan.to_edge = CALM);
    tries(&mut plan, &mut violation, &|plan| plan.to_hub = CALM);
    tries(&mut plan, &mut violation, &|plan| {
        plan.terminals.iter_mut().for_each(|terminal| terminal.wrong_zone = None);
    });
    let mut place = 0;
    while place < plan.faults.len() {
        if !tries(&mut plan, &mut violation, &|plan| {
            plan.faults.remove(place);
        }) {
            place += 1;
        }
    }
    // Halves of the punches, then quarters, and so on.
    let mut part = plan.punches.len() / 2;
    while part > 0 {
        let mut first = 0;
        while first < plan.punches.len() {
            let last = (first + part).min(plan.punches.len());
            if !tries(&mut plan, &mut violation, &|plan| drop(plan.punches.drain(first..last))) {
                first = last;
            }
        }
        part /= 2;
    }
    let story = World::new(&plan, bug).map_or_else(
        |_| Vec::new(),
        |mut world| {
            // It is known how it ends.
            let _ = world.run();
            world.story.told(&violation, &world.tz)
        },
    );
    Failure { seed: plan.seed, violation, story, bug }
}
