//! `plan`, `compliance`: what is planned, and how it was kept.

use clap::{Args, Subcommand};
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Lay out the dates to come, store what changed, and report it
    ///
    /// Made of timetables, rosters, single dates, leave, offsite work, holidays and employment dates, as they are stated now.
    /// Twice in a row changes nothing the second time. Days are judged by what is stated, never by a stored plan.
    ///
    ///   plan generate --from 2026-04-01 --to 2026-04-30 --group Packing
    #[command(verbatim_doc_comment)]
    Generate(Span),
    /// Print the plan as it was last generated
    Show {
        #[command(flatten)]
        whose: WhoseArgs,
        /// First date (default: the first there is)
        #[arg(long)]
        from: Option<Date>,
        /// Last date (default: the last there is)
        #[arg(long)]
        to: Option<Date>,
    },
}

/// Whose days, and which.
#[derive(Debug, Args)]
pub(crate) struct Span {
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// First date
    #[arg(long)]
    pub(crate) from: Date,
    /// Last date
    #[arg(long)]
    pub(crate) to: Date,
}

#[derive(Debug, Args)]
pub(crate) struct ComplianceArgs {
    #[command(flatten)]
    pub(crate) span: Span,
    /// A line per day instead of one per employee
    #[arg(long)]
    pub(crate) days: bool,
}

/// Whose days, and how they are printed.
#[derive(Debug, Args)]
pub(crate) struct WhoseArgs {
    /// Only this employee
    #[arg(long, value_name = "CODE")]
    pub(crate) employee: Option<String>,
    /// Only this group
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}
