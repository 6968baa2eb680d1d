//! Arguments of `site` and `department`.

use clap::Subcommand;
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub(crate) enum SiteCommand {
    /// A terminal leaves its site, and is at none until it comes to one
    Leave {
        /// Its serial or name
        terminal: String,
        /// The first date on which it is not there any more
        #[arg(long, value_name = "DATE")]
        from: Date,
    },
    /// Remove a site where nobody belongs from today on, and no terminal is; what was before stays on record
    Remove {
        /// Its code
        code: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DepartmentCommand {
    /// Remove a department where nobody belongs from today on, and of which no other one is a part
    Remove {
        /// Its code
        code: String,
    },
}
