//! What is measured: a figure of ours and its references, round by round.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::report::load_average;

/// How much is measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plan {
    /// Rounds per figure; the median counts.
    pub(crate) rounds: usize,
    /// One short round: shows that the suite works.
    pub(crate) is_quick: bool,
    /// Where a database that takes long to make is kept from run to run.
    #[serde(skip)]
    pub(crate) kept: Option<PathBuf>,
}

impl Plan {
    pub(crate) fn new(is_quick: bool, kept: Option<PathBuf>) -> Self {
        Self { rounds: if is_quick { 1 } else { 5 }, is_quick, kept }
    }

    /// `full`, or `quick` in a quick run.
    pub(crate) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }
}

/// One who is measured, and how: each call makes one round and yields the figure.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    pub(crate) round: Box<dyn FnMut() -> Result<f64> + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, round: impl FnMut() -> Result<f64> + 'a) -> Self {
        Self { name, round: Box::new(round) }
    }
}

/// What we would like to see; nothing fails when it is missed.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aim {
    /// Our figure divided by that of the first reference.
    RatioAtLeast(f64),
    /// In the figure's unit.
    AtLeast(f64),
    /// In the figure's unit.
    AtMost(f64),
}

/// A figure of ours beside its references.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) aim: Option<Aim>,
    /// `None` without an aim.
    pub(crate) is_aim_met: Option<bool>,
    pub(crate) ours: Measured,
    pub(crate) references: Vec<Measured>,
    /// Of the last minute, when the figure was done.
    pub(crate) load_average: f64,
}

/// The rounds of one contender.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// For a reference: the median over the rounds of our figure divided by this one.
    pub(crate) ours_to_this: Option<f64>,
    pub(crate) rounds: Vec<f64>,
}

/// Measures `ours` and the `references` in turn, round by round.
pub(crate) fn measure(
    plan: &Plan,
    name: String,
    unit: &'static str,
    aim: Option<Aim>,
    mut ours: Contender<'_>,
    mut references: Vec<Contender<'_>>,
) -> Result<Figure> {
    let mut our_rounds = Vec::new();
    let mut their_rounds = vec![Vec::new(); references.len()];
    for _ in 0..plan.rounds {
        our_rounds.push((ours.round)()?);
        for (reference, rounds) in references.iter_mut().zip(&mut their_rounds) {
            rounds.push((reference.round)()?);
        }
    }
    let references: Vec<Measured> = references
        .iter()
        .zip(their_rounds)
        .map(|(reference, rounds)| {
            let ratios = our_rounds.iter().zip(&rounds).map(|(ours, theirs)| ours / theirs).collect();
            Measured { ours_to_this: Some(median(ratios)), ..Measured::new(reference.name, rounds) }
        })
        .collect();
    let ours = Measured::new(ours.name, our_rounds);
    let is_aim_met = aim.map(|aim| is_met(aim, &ours, &references));
    Ok(Figure { name, unit, aim, is_aim_met, ours, references, load_average: load_average() })
}

fn is_met(aim: Aim, ours: &Measured, references: &[Measured]) -> bool {
    match aim {
        Aim::RatioAtLeast(least) => {
            references.first().and_then(|first| first.ours_to_this).is_some_and(|ratio| ratio >= least)
        }
        Aim::AtLeast(least) => ours.median >= least,
        Aim::AtMost(most) => ours.median <= most,
    }
}

impl Measured {
    fn new(name: &'static str, rounds: Vec<f64>) -> Self {
        let min = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let max = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { name, median: median(rounds.clone()), min, max, ours_to_this: None, rounds }
    }
}

/// The middle value; of an even number the higher one of the two in the middle; not a number without values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{Aim, Contender, Plan, measure, median};

    #[test]
    fn the_median_is_untouched_by_one_wild_round() {
        assert!((median(vec![3.0, 1.0, 900.0, 2.0, 4.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The machine slows down by half in the third round, for both.
        let mut ours = [8.0, 9.0, 4.0].into_iter();
        let mut theirs = [10.0, 10.0, 5.0].into_iter();
        let figure = measure(
            &Plan { rounds: 3, is_quick: false, kept: None },
            "punches".to_owned(),
            "1/s",
            Some(Aim::RatioAtLeast(0.8)),
            Contender::new("ours", || Ok(ours.next().unwrap())),
            vec![Contender::new("bare", || Ok(theirs.next().unwrap()))],
        )
        .unwrap();
        let reference = &figure.references[0];
        assert!((reference.ours_to_this.unwrap() - 0.8).abs() < 1e-9);
        assert_eq!(figure.is_aim_met, Some(true));
        assert!((reference.min - 5.0).abs() < 1e-9 && (reference.max - 10.0).abs() < 1e-9);
    }
}
