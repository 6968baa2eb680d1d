//! How far a terminal is, for whoever watches.

/// What happened so far; [`crate::Terminal::progress`] tells each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Punches that entered the log, those that are gone from it included.
    pub punched: usize,
    /// Punches that will still enter the log, at the pace of the run.
    pub awaited: usize,
    /// Entries of the operation log, those that are gone from it included.
    pub operations: usize,
    /// Changes to the user table.
    pub user_changes: u64,
    /// Times that it was switched on again.
    pub restarts: usize,
    /// Lines sent by push, repetitions included.
    pub sent: usize,
    /// Punches from the start of the log that the server has acknowledged without a gap.
    pub acknowledged: usize,
    /// Requests to the server that failed; what they carried is kept.
    pub failures: usize,
    /// Polls for commands.
    pub command_polls: usize,
    /// Commands done.
    pub commands: usize,
    /// Complete reads of the log over port 4370.
    pub log_reads: usize,
}
