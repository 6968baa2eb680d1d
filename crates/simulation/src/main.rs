//! `cargo xtask sim`: many seeds, one seed, or the broken variants.

// A developer command: it measures how long it takes.
#![allow(clippy::disallowed_methods)]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use simulation::{Bug, each, known_bad, play, story};

/// Seeds that a broken variant may take.
const MOST_SEEDS_FOR_A_BUG: u64 = 2000;

/// Play a branch and its hub through days of faults, from a seed each. Seeds that once failed are played first.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask sim")]
struct Arguments {
    /// How many seeds.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    from: u64,
    /// Play this one and tell its story.
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// With a deliberately broken part, named as the table does.
    #[arg(long, value_name = "NAME")]
    bug: Option<String>,
    /// Find how many seeds each deliberately broken variant takes to be caught.
    #[arg(long)]
    bugs: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let bug = arguments.bug.as_deref().map(named).transpose()?;
    if arguments.bugs {
        return table(arguments.seeds.min(MOST_SEEDS_FOR_A_BUG));
    }
    if let Some(seed) = arguments.seed {
        return one(seed, bug);
    }
    let began = Instant::now();
    let chosen = arguments.from..arguments.from.saturating_add(arguments.seeds);
    let seeds: Vec<u64> = known_bad().chain(chosen).collect();
    let played = AtomicUsize::new(0);
    let failures = each(&seeds, |seed| {
        let failure = play(*seed, bug).err();
        if let Some(failure) = &failure {
            println!("{failure}\n");
        }
        let played = played.fetch_add(1, Relaxed) + 1;
        if played.is_multiple_of(1000) {
            println!("{played} seeds in {:.0} s", began.elapsed().as_secs_f64());
        }
        failure
    });
    let failed = failures.len();
    println!("{} seeds in {:.1} s, {failed} failed", seeds.len(), began.elapsed().as_secs_f64());
    if failed > 0 {
        bail!(
            "{failed} seeds broke a promise; mend what was wrong, and add them to crates/simulation/seeds.txt with the reason"
        );
    }
    Ok(())
}

fn one(seed: u64, bug: Option<Bug>) -> Result<()> {
    match play(seed, bug) {
        Ok(()) => {
            let (lines, _) = story(seed, bug);
            println!("{}\nseed {seed} keeps every promise", lines.join("\n"));
            Ok(())
        }
        Err(failure) => bail!("{failure}"),
    }
}

fn named(name: &str) -> Result<Bug> {
    match Bug::ALL.iter().find(|bug| format!("{bug:?}").eq_ignore_ascii_case(name)) {
        Some(bug) => Ok(*bug),
        None => bail!("there is no broken variant `{name}`; `cargo xtask sim --bugs` lists them"),
    }
}

/// A row for each variant as soon as it is known, as docs/guarantees.md has them.
fn table(most: u64) -> Result<()> {
    println!("| variant | what is broken | seeds |\n|---|---|--:|");
    let mut missed = 0;
    for bug in Bug::ALL {
        let caught = (1..=most).find(|seed| story(*seed, Some(*bug)).1.is_err());
        missed += usize::from(caught.is_none());
        let seeds = caught.map_or_else(|| "not caught".to_owned(), |seed| seed.to_string());
        println!("| `{bug:?}` | {} | {seeds} |", bug.says());
    }
    if missed > 0 {
        bail!("{missed} broken variants are not caught by {most} seeds");
    }
    Ok(())
}
