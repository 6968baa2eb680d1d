//! Arguments of `held`.

use clap::{Args, Subcommand};
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub(crate) enum Held {
    /// What is held, why, and the cure
    List {
        /// One line per punch, with its key
        #[arg(long)]
        each: bool,
    },
    /// State the fact that was missing; everything that waited for it is resolved
    ///
    /// Whose number it is:      held cure --user 5349 --employee 1001 [--from D] [--to D]
    ///                          held cure --all-numbers --create-employees
    /// That a terminal is ours: held cure --terminal SERIAL
    /// What one punch means:    held cure --punch KEY --time "2026-01-31 08:00:00" [--user 5349]
    /// That it is no punch:     held cure --punch KEY --dismiss "test finger of the installer"
    #[command(verbatim_doc_comment)]
    Cure(Cure),
}

#[derive(Debug, Args)]
pub(crate) struct Cure {
    /// User number; GROUP/NUMBER at a group of terminals that has a name
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// Code of the employee that the number belongs to
    #[arg(long, value_name = "CODE", requires = "user", conflicts_with = "punch")]
    pub(crate) employee: Option<String>,
    /// First date on which the number is theirs (default: always); who had it before keeps the dates before
    #[arg(long, requires = "employee")]
    pub(crate) from: Option<Date>,
    /// Last date on which the number is theirs (default: for good)
    #[arg(long, requires = "employee")]
    pub(crate) to: Option<Date>,
    /// Every unknown user number at once (with --create-employees: the code is the number)
    #[arg(long, requires = "create_employees", conflicts_with_all = ["user", "terminal", "punch"])]
    pub(crate) all_numbers: bool,
    /// Make a provisional employee when there is none of the code
    #[arg(long)]
    pub(crate) create_employees: bool,
    /// Serial of a terminal to approve
    #[arg(long, value_name = "SERIAL", conflicts_with_all = ["user", "punch"])]
    pub(crate) terminal: Option<String>,
    /// Key of one punch (`held list --each`)
    #[arg(long, value_name = "KEY")]
    pub(crate) punch: Option<String>,
    /// Its true time on the terminal's face
    #[arg(long, value_name = "TIME", requires = "punch")]
    pub(crate) time: Option<String>,
    /// It is no punch, because ...
    #[arg(long, value_name = "REASON", requires = "punch", conflicts_with_all = ["time", "user"])]
    pub(crate) dismiss: Option<String>,
}
