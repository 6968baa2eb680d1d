//! Arguments of `import`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// A terminal's exported log (1_attlog.dat); approves the serial
    Attlog {
        /// The file
        file: PathBuf,
        /// Serial of the terminal that wrote it
        #[arg(long)]
        serial: String,
        /// Zone of its clock, like Asia/Manila
        #[arg(long)]
        zone: String,
        /// Only punches of employees of these groups
        #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
        groups: Vec<String>,
        /// Make each unknown user number a provisional employee; else the punches are held
        #[arg(long)]
        create_employees: bool,
        /// Say what would happen, change nothing
        #[arg(long)]
        dry_run: bool,
        /// What became of each line, as CSV
        #[arg(long, value_name = "FILE.csv")]
        report: Option<PathBuf>,
    },
    /// A CSV file
    ///
    /// The first line names the columns, in any order. The same file any number of times changes nothing more.
    /// employees: code, name, numbers, from, to, zone, group (only code is required); `export employees` writes such a list with all there is:
    ///   code,name,numbers,from,group
    ///   1001,Ann Reyes,12;0012,2026-01-05,Packing
    /// also confirmed (yes, no), employment in place of from and to, places as SITE:DEPARTMENT, and dates of numbers; lists in a cell
    /// have blanks between:
    ///   code,numbers,employment,places
    ///   1001,12 cebu/7@2026-03-01..,2020-01-05..2022-05-31 2024-02-01..,MNL:HR CEBU:HR@2026-03-01
    /// sites: code, name, zones, terminals, each zone from a date on, each terminal from when until when; departments: code, name, parent:
    ///   code,name,zones,terminals                                           code,name,parent
    ///   CEBU,Cebu City,Asia/Manila Asia/Tokyo@2026-03-16,A1 B2@2026-03-01 C3@2026-03-01..2026-05-31
    /// roster: code or group, then a week, a cycle, or one date; rest_day, off_day and unassigned are shifts too:
    ///   group,from,mon,tue,wed,thu,fri,sat,sun        code,date,shift        code,from,anchor,cycle
    ///   Packing,2026-03-02,DAY,DAY,DAY,DAY,DAY,off_day,rest_day
    /// leave, offsite: code, date, until, part (full, am, pm, hours), start, end, reason, key; leave also paid (yes, no). A key names
    /// a request: when it comes again, dates that it no longer has are given back:
    ///   code,date,until,part,paid
    ///   1001,2026-03-09,2026-03-13,full,yes
    /// holidays: date, name, substitute_for, worked_as (a weekday: a make-up day):
    ///   date,name
    ///   2026-03-01,Independence Movement Day
    /// punches: tables of other systems, as CSV or Excel; the columns are found by the names that are usual, or by a mapping:
    ///   user_id,event_time,door,in_out,type
    ///   12,2026-03-02 07:58:10,Gate 1,I,commute
    #[command(verbatim_doc_comment)]
    Csv {
        /// The file
        file: PathBuf,
        /// What it lists
        #[arg(long, value_enum)]
        kind: CsvKind,
        /// Say what would happen, change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        punches: PunchFlags,
    },
    /// Mappings of tables of punches, under names of their own
    #[command(subcommand)]
    Mapping(MappingCommand),
    /// What was brought in files of punches, the latest first
    List {
        /// Only of this source, or of the terminal of this serial
        #[arg(long)]
        source: Option<String>,
        /// Only what was tried on the page and not taken
        #[arg(long)]
        tried: bool,
        /// Most lines
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
    /// Holidays from an iCalendar file (.ics): each whole-day event
    Ical {
        /// The file
        file: PathBuf,
        /// Say what would happen, change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MappingCommand {
    /// Save a mapping, or another version of the one of that name
    Save {
        /// Its name, of letters, digits and -
        name: String,
        /// The mapping, a TOML file
        file: PathBuf,
    },
    /// Those that come along, and the saved ones: when, and by whom
    List,
    /// Print one as TOML
    Show {
        /// Its name
        name: String,
    },
    /// Forget a saved one; what was imported by it stays, and the audit trail has each version
    Remove {
        /// Its name
        name: String,
    },
}

/// How a table of punches is taken.
#[derive(Args, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "For punches")]
pub(crate) struct PunchFlags {
    /// Which column is what: a preset, a saved mapping, or a TOML file; else the header decides
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) mapping: Option<String>,
    /// Zone of the times, like Asia/Manila; that of the company where none is known
    #[arg(long)]
    pub(crate) zone: Option<String>,
    /// Name of the system that wrote it: the same punches under another name are other punches
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Order of day, month and year where no year of four digits comes first
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(crate) dates: Option<DateOrder>,
    /// Only rows of these types, where the table has a type
    #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
    pub(crate) types: Vec<String>,
    /// Only rows of employees of these groups
    #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
    pub(crate) groups: Vec<String>,
    /// Make each unknown user number or code a provisional employee; else the punches are held
    #[arg(long)]
    pub(crate) create_employees: bool,
    /// What became of each row, as CSV
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) report: Option<PathBuf>,
}

/// Which comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DateOrder {
    /// Day, month, year
    Dmy,
    /// Month, day, year
    Mdy,
    /// Year, month, day
    Ymd,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CsvKind {
    Punches,
    Employees,
    Sites,
    Departments,
    Roster,
    Leave,
    Offsite,
    Holidays,
}
