//! The proof that a log may be erased. Erasing is the one thing that can't be made good again, so the types ask for it.
//!
//! Invariants: a proof exists only when each record of a whole log was confirmed; it can be neither copied nor put together, and
//! is used up by the attempt; it holds the bytes of the log and the serial, so that [`Client::clear_attendance`] can see that
//! the terminal still holds exactly what was confirmed.
//!
//! [`Client::clear_attendance`]: crate::client::Client::clear_attendance

use std::fmt;

use crate::error::Error;
use crate::record::attendance::AttendanceRecord;
use crate::record::log::AttendanceLog;

/// That every record of a terminal's log is stored elsewhere. Only [`AttendanceLog::prove_stored`] makes one.
#[must_use = "a proof does nothing until the log is cleared with it"]
pub struct ClearProof {
    serial: String,
    log: AttendanceLog,
}

/// Records of a log that nobody confirmed, so it can't be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{unconfirmed} of {total} records are not confirmed as stored; wait until they are, then read the log again")]
pub struct Unconfirmed {
    /// Records without a confirmation.
    pub unconfirmed: usize,
    /// Records of the log.
    pub total: usize,
}

impl AttendanceLog {
    /// The proof that this log may be erased from the terminal `serial`, which `is_stored` must confirm for each record and its
    /// bytes: that it is where it will be kept, for that terminal. Not that it was read or sent.
    ///
    /// # Errors
    /// How many records are not confirmed.
    pub fn prove_stored(
        self,
        serial: &str,
        mut is_stored: impl FnMut(&AttendanceRecord, &[u8]) -> bool,
    ) -> Result<ClearProof, Unconfirmed> {
        let total = self.records.len();
        let unconfirmed = self.iter().filter(|(record, raw)| !is_stored(record, raw)).count();
        if unconfirmed > 0 {
            return Err(Unconfirmed { unconfirmed, total });
        }
        Ok(ClearProof { serial: serial.trim().to_owned(), log: self })
    }
}

impl ClearProof {
    /// Records that it covers.
    pub fn records(&self) -> usize {
        self.log.records.len()
    }

    /// That the log may be erased now: the terminal is `serial`, says it has `count` records, and its log is `records`, read while
    /// nobody could punch. For programs that drive a [`Session`](crate::session::Session) themselves; a client does all that.
    ///
    /// # Errors
    /// [`Error::AnotherTerminal`] and [`Error::LogChanged`].
    pub fn permits(self, serial: &str, count: Option<u32>, records: &[u8]) -> Result<(), Error> {
        if serial.trim() != self.serial || self.serial.is_empty() {
            return Err(Error::AnotherTerminal { found: serial.to_owned(), wanted: self.serial.clone() });
        }
        let counted = count.map(|count| count as usize);
        if counted != Some(self.records()) || records != self.log.raw() {
            return Err(Error::LogChanged { proven: self.records(), found: count });
        }
        Ok(())
    }
}

impl fmt::Debug for ClearProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClearProof")
            .field("serial", &self.serial)
            .field("records", &self.records())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::attendance::AttendanceLayout;
    use crate::time::PackedTime;
    use crate::transfer;

    fn log(count: i32) -> AttendanceLog {
        let record = |n| AttendanceRecord::of_number("7".into(), PackedTime(800_000_000 + 61 * n));
        let records: Vec<u8> = (0..count).flat_map(|n| AttendanceLayout::Forty.encode(&record(n))).collect();
        AttendanceLog::decode(&transfer::dataset(&records), Some(count as u32)).unwrap()
    }

    #[test]
    fn one_unconfirmed_record_is_enough_to_have_no_proof() {
        let first = log(3).records[0];
        let refused = log(3).prove_stored("A1", |record, raw| *record != first && raw.len() == 40);
        assert_eq!(refused.unwrap_err(), Unconfirmed { unconfirmed: 1, total: 3 });
        assert_eq!(log(3).prove_stored("A1", |_, _| true).unwrap().records(), 3);
    }

    fn permits(proof_of: &str, serial: &str, count: Option<u32>, records: &[u8]) -> Result<(), Error> {
        log(3).prove_stored(proof_of, |_, _| true).unwrap().permits(serial, count, records)
    }

    #[test]
    fn a_proof_holds_for_its_terminal_and_its_log_only() {
        assert!(permits("A1 ", "A1", Some(3), log(3).raw()).is_ok());
        assert!(matches!(permits("A1", "B2", Some(3), log(3).raw()), Err(Error::AnotherTerminal { .. })));
        let longer = permits("A1", "A1", Some(4), log(4).raw());
        assert!(matches!(longer, Err(Error::LogChanged { proven: 3, found: Some(4) })));
        assert!(matches!(permits("A1", "A1", None, log(3).raw()), Err(Error::LogChanged { found: None, .. })));
        // A full log that drops its oldest record keeps its length.
        let longer = log(4);
        assert!(matches!(permits("A1", "A1", Some(3), &longer.raw()[40..]), Err(Error::LogChanged { .. })));
    }

    #[test]
    fn a_proof_without_a_serial_is_good_for_no_terminal() {
        assert!(permits(" ", "", Some(3), log(3).raw()).is_err());
    }
}
