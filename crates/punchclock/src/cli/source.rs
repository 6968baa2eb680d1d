//! Arguments of `source`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hub::LeaveKind;
use jiff::civil::Date;

/// The name of a calendar that is given none.
pub(crate) const USUAL_CALENDAR: &str = "holidays";
/// The name of an Odoo that is given none.
pub(crate) const USUAL_ODOO: &str = "odoo";

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
    /// Read a source now; with --csv, write a table's punches into a file and store nothing
    Pull(Pull),
    /// Write the punches of a table into a file where no hub is, as on a machine of the branch
    Copy(Box<Copy>),
    /// Compare a table with the punches that are here, by employee and day; nothing is stored
    Compare {
        /// The source
        name: String,
        /// First date
        #[arg(long, value_name = "DATE")]
        from: Date,
        /// Last date
        #[arg(long, value_name = "DATE")]
        to: Date,
        /// Print CSV
        #[arg(long)]
        csv: bool,
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
    /// A table of punches in Microsoft SQL Server, which is only read: commute-log, day-per-row, checkinout, biotime, or a query
    Mssql(Box<AddMssql>),
    /// An Odoo, 17 to 19, which is only read: public holidays, approved leave, employees as proposals
    Odoo(AddOdoo),
}

#[derive(Debug, Args)]
pub(crate) struct AddOdoo {
    /// Address of the server
    #[arg(long)]
    pub(crate) url: String,
    /// Name of its database
    #[arg(long, value_name = "NAME")]
    pub(crate) db_name: String,
    /// Login of the user that Odoo is read as
    #[arg(long, value_name = "LOGIN")]
    pub(crate) user: String,
    /// File with the user's API key; the hub keeps it sealed
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,
    /// Read public holidays: time off of everybody
    #[arg(long)]
    pub(crate) holidays: bool,
    /// Read approved leave
    #[arg(long)]
    pub(crate) leave: bool,
    /// List its employees for matching, where a person decides whom each is
    #[arg(long)]
    pub(crate) employees: bool,
    /// What a type of leave is here, by its name in Odoo: "Sick Time Off=paid", or unpaid, offsite, ignored
    #[arg(long = "leave-type", value_name = "NAME=KIND", value_parser = leave_type, requires = "leave")]
    pub(crate) leave_types: Vec<(String, LeaveKind)>,
    /// First date whose holidays and leave are wanted (default: the first of this year)
    #[arg(long, value_name = "DATE")]
    pub(crate) first: Option<Date>,
    /// Its name, of letters, digits and -
    #[arg(long, default_value = USUAL_ODOO)]
    pub(crate) name: String,
    /// Field of an employee in Odoo that holds the employee's code
    #[arg(long, value_name = "FIELD", default_value = roads::odoo::USUAL_FIELD)]
    pub(crate) employee_field: String,
    /// Allow plain HTTP and addresses of the own network
    #[arg(long)]
    pub(crate) allow_private: bool,
}

/// A name may have the mark in it, a kind has none.
fn leave_type(text: &str) -> Result<(String, LeaveKind), String> {
    let told = text.rsplit_once('=').and_then(|(name, kind)| Some((name.trim(), LeaveKind::from_word(kind.trim())?)));
    match told {
        Some((name, kind)) if !name.is_empty() => Ok((name.to_owned(), kind)),
        _ => Err("write NAME=KIND, where the kind is paid, unpaid, offsite or ignored".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct AddMssql {
    #[command(flatten)]
    pub(crate) table: MssqlTable,
    /// Its name, of letters, digits and -
    #[arg(long, default_value = "mssql")]
    pub(crate) name: String,
    /// First date that is read; everything when it is left out
    #[arg(long, value_name = "DATE")]
    pub(crate) first: Option<Date>,
    /// Only rows of these types, where a column says the type
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub(crate) row_types: Vec<String>,
    /// Only rows of employees of these groups
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    pub(crate) groups: Vec<String>,
    /// Make each unknown number or code a provisional employee
    #[arg(long)]
    pub(crate) create_employees: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MssqlTable {
    /// Address of the server
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: String,
    /// The database
    #[arg(long, value_name = "NAME")]
    pub(crate) db_name: String,
    /// Login of the server itself, which needs SELECT only
    #[arg(long, value_name = "LOGIN")]
    pub(crate) user: String,
    /// File with its password
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
    /// Which table it is: commute-log, day-per-row, checkinout, biotime or custom
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: String,
    /// Another name of the table
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// File with a query of your own, for the preset custom: one SELECT
    #[arg(long, value_name = "FILE")]
    pub(crate) query_file: Option<PathBuf>,
    /// A column that is called otherwise: user=EMP_NO, time=, in=, out=, date=, state=, type=, key=ID (key=DATE+USER)
    #[arg(long = "column", value_name = "ROLE=NAME")]
    pub(crate) columns: Vec<String>,
    /// What the key begins with: number, time or text-date (default: as the preset says; number for a query)
    #[arg(long, value_name = "KIND")]
    pub(crate) key_kind: Option<String>,
    /// Users are codes of employees, not numbers of terminals
    #[arg(long)]
    pub(crate) codes: bool,
    /// Zone of the table's times (default: the company's)
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// How much is encrypted: required, login, or none, which shows the password to the line
    #[arg(long, value_name = "HOW", default_value = "required")]
    pub(crate) encryption: String,
    /// Certificates of who may have signed the server's, as PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Take any certificate: whoever is on the line may be the server
    #[arg(long, conflicts_with = "ca_file")]
    pub(crate) trust_any_certificate: bool,
    /// Allow addresses of the own network
    #[arg(long)]
    pub(crate) allow_private: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The source
    pub(crate) name: String,
    /// Write a table's punches into this file, which `import csv --kind punches` takes; nothing is stored
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// First date of the file (default: the source's first; else everything)
    #[arg(long, value_name = "DATE", requires = "csv")]
    pub(crate) from: Option<Date>,
    /// Last date of the file (default: whatever there is)
    #[arg(long, value_name = "DATE", requires = "csv")]
    pub(crate) to: Option<Date>,
    /// What became of each row of a table, as CSV
    #[arg(long, value_name = "FILE.csv", conflicts_with = "csv")]
    pub(crate) report: Option<PathBuf>,
    /// Say what would become of a table's rows, change nothing
    #[arg(long, conflicts_with = "csv")]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// The file
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: PathBuf,
    /// First date
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Date,
    /// Last date (default: whatever there is)
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<Date>,
    #[command(flatten)]
    pub(crate) table: MssqlTable,
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
