//! Before a terminal's log is erased: does the hub hold each of its punches?
//!
//! Invariant: this is the one place that makes a [`ClearProof`], and it does so only when every record of the whole log was
//! confirmed. What can't be asked for, or was not answered, is not confirmed.

use std::fmt::Display;

use attendance::punch::RawPunch;
use zk::{ClearProof, UserRef};

use crate::reading::punch;
use crate::{Trouble, Visit};

/// Punches that are asked for together.
const STEP_PUNCHES: usize = 1000;

/// Why there is no proof; nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum Unproven<E: Display> {
    /// The log could not be read.
    #[error(transparent)]
    Unread(#[from] Trouble),
    /// The hub could not be asked.
    #[error("{0}")]
    Unasked(E),
    /// The hub does not hold all of it.
    #[error(
        "{missing} of {total} records of the terminal are not stored here; read it with `punchclock terminal poll`, then clear its log"
    )]
    Missing {
        /// Records that it does not hold.
        missing: usize,
        /// Records of the log.
        total: usize,
    },
}

/// Reads the log of terminal `serial` and asks `are_held` for each of its punches, in steps, whether the hub holds it durably.
/// A punch whose user is empty is that of a record that names only a slot: it is to be known by its bytes.
///
/// # Errors
/// [`Unproven`].
pub async fn prove_held<E: Display>(
    visit: &mut Visit,
    serial: &str,
    mut are_held: impl FnMut(&[RawPunch]) -> Result<Vec<bool>, E>,
) -> Result<ClearProof, Unproven<E>> {
    let log = visit.client.attendance().await.map_err(|error| visit.trouble(error))?;
    if let (Some(told), Some(false)) = (log.told, log.is_complete()) {
        return Err(Trouble::Incomplete { read: log.records.len(), told, new: 0 }.into());
    }
    let punches: Vec<RawPunch> = log
        .iter()
        .map(|(record, raw)| match &record.user {
            UserRef::Number(number) => punch(serial, &number.text(), record, raw),
            UserRef::Slot(_) => punch(serial, "", record, raw),
        })
        .collect();
    let mut held = Vec::with_capacity(punches.len());
    for step in punches.chunks(STEP_PUNCHES) {
        let mut answers = are_held(step).map_err(Unproven::Unasked)?;
        answers.resize(step.len(), false);
        held.append(&mut answers);
    }
    let mut held = held.into_iter();
    let proof = log.prove_stored(serial, |_, _| held.next().unwrap_or(false));
    proof.map_err(|lacking| Unproven::Missing { missing: lacking.unconfirmed, total: lacking.total })
}
