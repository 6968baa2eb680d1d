//! Why rows from outside were held or refused, in sum.

use std::collections::BTreeMap;

use super::{Became, Told};

/// Reasons that are told apart; a report has each row's.
const MOST_REASONS: usize = 20;

/// How many rows were held or refused for which reason, and the first of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasons {
    found: BTreeMap<(&'static str, String), (u64, String)>,
    others: u64,
    refused: u64,
}

impl Reasons {
    /// Counts rows.
    pub fn add<'r>(&mut self, rows: impl IntoIterator<Item = &'r Told<'r>>) {
        for told in rows {
            self.refused += u64::from(matches!(&told.became, Became::Refused(refusal) if !refusal.is_filter()));
            let why = told.why();
            if why.is_empty() {
                continue;
            }
            let reason = (told.became.word(), why.into_owned());
            if self.found.len() < MOST_REASONS || self.found.contains_key(&reason) {
                self.found.entry(reason).or_insert_with(|| (0, told.row.key.to_string())).0 += 1;
            } else {
                self.others += 1;
            }
        }
    }

    /// Rows that were refused and nobody asked to be.
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// A line for each reason, so many at most.
    pub fn lines(&self, most: usize) -> Vec<String> {
        let line = |((word, why), (rows, first)): (&(&str, String), &(u64, String))| {
            format!("{word} {rows}, the first at {first}: {why}")
        };
        let others = self.others + self.found.values().skip(most).map(|(rows, _)| rows).sum::<u64>();
        let others = (others > 0).then(|| format!("{others} more, for other reasons"));
        self.found.iter().take(most).map(line).chain(others).collect()
    }
}
