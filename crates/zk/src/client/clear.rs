//! Erasing the attendance log, with proof.

use super::Client;
use super::device::LONGEST_TASK;
use crate::code::Code;
use crate::error::Error;
use crate::option;
use crate::proof::ClearProof;
use crate::transfer::{self, Table};

impl Client {
    /// Erases the attendance log. The terminal is disabled, so that nobody punches, and its log read once more: only when it is
    /// byte by byte the one of the proof, in the terminal of the proof, it is erased. Then the terminal is enabled again.
    ///
    /// That costs a second full read. A count alone could not tell: a log that is full and drops its oldest record for each new
    /// one keeps its length.
    ///
    /// # Errors
    /// [`Error::LogChanged`], [`Error::AnotherTerminal`] and [`Error::Unfit`] (a terminal that can't be disabled): nothing was
    /// erased. When the connection fails, the log may be erased or not; it holds nothing that is not stored either way.
    pub async fn clear_attendance(&mut self, proof: ClearProof) -> Result<(), Error> {
        let hold = self.hold(LONGEST_TASK).await?;
        if !hold.is_ours {
            // Whoever disabled it may have given it a shorter time.
            self.disable(Some(LONGEST_TASK)).await?;
        }
        let outcome = if hold.is_firm {
            self.clear_held(proof).await
        } else {
            Err(Error::unfit(
                "this terminal can't be disabled, so a punch could be lost; clear its log at its own menu",
            ))
        };
        self.release(hold).await;
        outcome
    }

    async fn clear_held(&mut self, proof: ClearProof) -> Result<(), Error> {
        let serial = self.option(option::SERIAL).await?.unwrap_or_default();
        let (dataset, sizes) = self.read_held(Table::Attendance).await?;
        proof.permits(&serial, sizes.attendance, transfer::records(&dataset)?)?;
        self.command(Code::CLEAR_ATTENDANCE, Vec::new()).await?;
        self.refresh(Code::REFRESH_DATA).await
    }
}
