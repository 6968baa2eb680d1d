//! The terminal as a machine: disabled and enabled, restarted, made to speak.

use std::time::Duration;

use tokio::time::timeout;

use super::{Client, GOODBYE, unless_refused};
use crate::code::Code;
use crate::error::Error;

/// Longer than anything that is done to a disabled terminal: it must not enable itself half-way, nor stay disabled for ever when
/// this program dies half-way.
pub(super) const LONGEST_TASK: Duration = Duration::from_secs(60 * 60);

/// What a terminal is doing, as its firmware numbers it (zk 3, STATE_RRQ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State(pub u16);

/// What [`Client::hold`] did, so that [`Client::release`] can undo it.
pub(super) struct Hold {
    /// Whether it disabled the terminal; if not, somebody had before.
    pub(super) is_ours: bool,
    /// Whether the terminal obeyed; if not, people may punch meanwhile.
    pub(super) is_firm: bool,
}

impl Client {
    /// Disables the terminal: nobody can punch until [`Client::enable`], [`Client::close`] or the drop of the client. With `longest`,
    /// terminals that know this form enable themselves after that time (whole seconds, at least one), even when this program
    /// or the network dies; on others it is an ordinary disable.
    ///
    /// # Errors
    /// When the terminal refuses or the connection fails.
    pub async fn disable(&mut self, longest: Option<Duration>) -> Result<(), Error> {
        if let Some(longest) = longest {
            let seconds = longest.as_secs() + u64::from(longest.subsec_nanos() > 0);
            let seconds = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
            let answer = self.command(Code::DISABLE_DEVICE, seconds.to_le_bytes().to_vec()).await;
            if unless_refused(answer)?.is_some() {
                return Ok(());
            }
        }
        self.command(Code::DISABLE_DEVICE, Vec::new()).await?;
        Ok(())
    }

    /// Enables the terminal.
    ///
    /// # Errors
    /// When the terminal refuses or the connection fails.
    pub async fn enable(&mut self) -> Result<(), Error> {
        self.command(Code::ENABLE_DEVICE, Vec::new()).await?;
        Ok(())
    }

    /// Restarts the terminal. That ends the connection; wait a minute before connecting again. Most terminals say nothing or
    /// drop the line when they restart, so silence is success too.
    ///
    /// # Errors
    /// When the terminal refuses, or the connection had failed before.
    pub async fn restart(mut self) -> Result<(), Error> {
        match timeout(GOODBYE, self.command(Code::RESTART, Vec::new())).await {
            Err(_) | Ok(Ok(_) | Err(Error::Closed { .. } | Error::TimedOut { .. })) => Ok(()),
            Ok(Err(error)) => Err(error),
        }
    }

    /// Plays a voice message, for somebody who wants to know which terminal on the wall this is. The numbers depend on the model.
    ///
    /// # Errors
    /// When the terminal refuses or the connection fails.
    pub async fn test_voice(&mut self, index: u32) -> Result<(), Error> {
        self.command(Code::TEST_VOICE, index.to_le_bytes().to_vec()).await?;
        Ok(())
    }

    /// What the terminal is doing. It answers in the place of the session id (zk 4).
    ///
    /// # Errors
    /// When the terminal refuses or the connection fails.
    pub async fn state(&mut self) -> Result<State, Error> {
        Ok(State(self.command(Code::READ_STATE, Vec::new()).await?.session))
    }

    /// Disables the terminal for one task of at most `longest`. Some units do not know the command and work well without it (zk 6.1).
    pub(super) async fn hold(&mut self, longest: Duration) -> Result<Hold, Error> {
        if self.session.is_terminal_disabled() {
            return Ok(Hold { is_ours: false, is_firm: true });
        }
        let answer = unless_refused(self.disable(Some(longest)).await)?;
        Ok(Hold { is_ours: true, is_firm: answer.is_some() })
    }

    /// Ends what [`Client::hold`] began; a terminal that was disabled before stays so.
    pub(super) async fn release(&mut self, hold: Hold) {
        if hold.is_ours && !self.session.is_broken() {
            // What was done stays done if this fails; the farewell enables the terminal once more.
            let _ = self.enable().await;
        }
    }
}
