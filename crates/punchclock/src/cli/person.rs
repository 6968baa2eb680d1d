//! Arguments of what is stored of a person: `person`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Person {
    /// Everything that is stored of a person, as one JSON file: what they may ask for
    Export {
        /// Employee code
        code: String,
        /// File to write (default: standard output)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Erase a person for good: punches, statements, names; days of locked periods stay as pay records under a code that says nothing
    ///
    /// Without --yes it says what would go. Take the person out of the terminals first: one that still has their records sends them
    /// again, as those of an unknown number.
    Erase {
        /// Employee code
        code: String,
        /// Why, without the name of the person: it stays in the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
}
