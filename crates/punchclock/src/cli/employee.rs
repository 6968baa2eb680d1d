//! Arguments of `employee`.

use clap::{Args, Subcommand};
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub(crate) enum Employee {
    /// Users that terminals list, and the employees whom they could be; nothing changes until somebody decides
    ///
    /// What is to be decided:    employee match
    /// It is who is proposed:    employee match --accept 5349 [--from D]
    /// It is another one:        employee match --accept 5349=1001 [--from D]
    /// Somebody new:             employee match --add 5349[=CODE] [--from D]
    /// None of the employees:    employee match --dismiss 5349 --reason "test finger"
    /// Ask again:                employee match --recall 5349
    #[command(verbatim_doc_comment)]
    Match(Match),
    /// One person is on the list twice: FROM counts as INTO from now on, with every punch and statement, of the past too
    ///
    /// Nothing that was said or stated changes; `employee unmerge FROM` takes it back, and all is as before.
    Merge {
        /// Code of the employee who counts as the other one
        from: String,
        /// Code of the employee who stays
        into: String,
        /// How you know that they are one
        #[arg(long)]
        reason: String,
    },
    /// Make the address at which calendar programs poll an employee's plans, leave, holidays and days; it is printed once
    ///
    /// Whoever has the address reads them. Another one closes the one before.
    Calendar {
        /// Employee code
        code: String,
        /// Close it: the address opens nothing any more
        #[arg(long)]
        close: bool,
    },
    /// Take a merge back
    Unmerge {
        /// Code of the employee who counts as another one
        from: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Match {
    /// Show these: open, all, or one state (proposed, ambiguous, unknown, differs, dismissed, matched)
    #[arg(long, default_value = "open", value_parser = ["open", "all", "proposed", "ambiguous", "unknown", "differs", "dismissed", "matched"])]
    pub(crate) state: String,
    /// It is the proposed employee's, or CODE's; may be given several times
    #[arg(long, value_name = "NUMBER[=CODE]")]
    pub(crate) accept: Vec<String>,
    /// Make an employee of it, called as terminals call it; without CODE the number is the code
    #[arg(long, value_name = "NUMBER[=CODE]")]
    pub(crate) add: Vec<String>,
    /// It is none of the employees
    #[arg(long, value_name = "NUMBER", requires = "reason")]
    pub(crate) dismiss: Vec<String>,
    /// Take a dismissal back
    #[arg(long, value_name = "NUMBER")]
    pub(crate) recall: Vec<String>,
    /// First date on which accepted and added numbers are theirs (default: always)
    #[arg(long, value_name = "D")]
    pub(crate) from: Option<Date>,
    /// Why it is dismissed
    #[arg(long, requires = "dismiss")]
    pub(crate) reason: Option<String>,
}
