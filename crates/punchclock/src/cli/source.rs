//! Arguments of `source`.

use clap::{Args, Subcommand};

/// The name of a calendar that is given none.
pub(crate) const USUAL_CALENDAR: &str = "holidays";

#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Add a system that is read by itself, or change the one of that name
    #[command(subcommand)]
    Add(AddSource),
    /// The sources: what each is, when it was read, and since when it does not answer
    List,
    /// Ask whether a source is there and can be understood; nothing is stored
    Test {
        /// The source
        name: String,
    },
    /// Read a source now
    Pull {
        /// The source
        name: String,
    },
    /// Read nothing from it until it is resumed
    Pause {
        /// The source
        name: String,
    },
    /// Let a paused one go on
    Resume {
        /// The source
        name: String,
    },
    /// Remove it; what it brought stays
    Remove {
        /// The source
        name: String,
        /// Yes, do it
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AddSource {
    /// A calendar of public holidays over HTTP: JSON as date.nager.at gives it, or iCalendar
    Holidays(AddHolidays),
}

#[derive(Debug, Args)]
pub(crate) struct AddHolidays {
    /// Country, as the calendar wants it: PH, KR, DE
    #[arg(long, value_name = "CODE")]
    pub(crate) country: Option<String>,
    /// Part of the country whose own holidays count too, as the calendar names it: DE-BY
    #[arg(long, value_name = "CODE")]
    pub(crate) region: Option<String>,
    /// Address of the calendar; {year} and {country} are filled in
    #[arg(long, default_value = roads::holidays::USUAL_URL)]
    pub(crate) url: String,
    /// First year whose holidays are wanted (default: this year)
    #[arg(long, value_name = "YEAR")]
    pub(crate) from_year: Option<i16>,
    /// Its name, of letters, digits and -
    #[arg(long, default_value = USUAL_CALENDAR)]
    pub(crate) name: String,
    /// Allow plain HTTP and addresses of the own network
    #[arg(long)]
    pub(crate) allow_private: bool,
}
