//! The deterministic simulation: one seed is a branch of a few terminals and people, its edge, its hub, and some days in which
//! much goes wrong.
//!
//! Invariants:
//! * A seed gives the same story every time: time is a value, chance comes from the seed, and one thing happens after another.
//!   Nothing here reads a clock or draws random bytes.
//! * What is proven is the real thing: the edge's own steps ([`edge::Steps`]) over its spool on real files, the contract, the hub
//!   over its store. Models are only what lies outside: network, terminals, people, and what a power cut leaves on a disk.
//! * The oracle knows the truth from the terminals and computes what must be there in the end from that alone
//!   (`oracle` lists the promises).
//! * A broken promise is told as a short story with the command that plays it again. What did not matter is taken out before.
//! * Deliberately broken variants ([`Bug`]) are caught, or the simulation is worth nothing. They are made by the wiring around
//!   the real parts, which have no switches for them.
//!
//! ```text
//! plan      what a seed means: terminals, people, punches, faults
//! world     virtual time, the loop of events, the network
//! terminal  keeps every punch; pushes, and can be read          branch  the edge: starts, kills, its tasks
//! wire      the line as the edge sees it                        centre  the hub: starts, kills, restores, what people state
//! disk      files as a kill leaves them                         oracle  what must be true
//! ```

mod branch;
mod bug;
mod centre;
mod chance;
mod cores;
mod disk;
mod oracle;
mod plan;
mod shrink;
mod story;
mod terminal;
mod wire;
mod world;

use plan::Plan;
use world::World;

pub use bug::Bug;
pub use cores::each;
pub use shrink::Failure;
pub use story::Violation;

/// Seeds that once failed, which are played first.
pub fn known_bad() -> impl Iterator<Item = u64> {
    include_str!("../seeds.txt").lines().filter_map(|line| line.split_whitespace().next()?.parse().ok())
}

/// Plays a seed, with a deliberately broken part if one is given.
///
/// # Errors
/// The broken promise, with the shortest story that was found for it.
pub fn play(seed: u64, bug: Option<Bug>) -> Result<(), Box<Failure>> {
    let plan = Plan::of(seed);
    match attempt(&plan, bug) {
        Ok(()) => Ok(()),
        Err(violation) => Err(Box::new(shrink::shortest(plan, violation, bug))),
    }
}

/// As [`play`], without looking for the shortest story. The story is told whether or not a promise is broken.
///
/// # Errors
/// The broken promise.
pub fn story(seed: u64, bug: Option<Bug>) -> (Vec<String>, Result<(), Violation>) {
    let plan = Plan::of(seed);
    let mut world = match World::new(&plan, bug) {
        Ok(world) => world,
        Err(violation) => return (Vec::new(), Err(violation)),
    };
    let outcome = world.run();
    let about = outcome.clone().err().unwrap_or_else(|| Violation::new(""));
    (world.story.told(&about, &world.tz), outcome)
}

fn attempt(plan: &Plan, bug: Option<Bug>) -> Result<(), Violation> {
    World::new(plan, bug)?.run()
}
