//! Arguments of `import`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

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
        /// Make each unknown user number a provisional employee; else the punches are held
        #[arg(long)]
        create_employees: bool,
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
    /// sites: code, name, terminals; departments: code, name, parent:
    ///   code,name,terminals            code,name,parent
    ///   CEBU,Cebu City,A1 B2@2026-03-01
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

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CsvKind {
    Employees,
    Sites,
    Departments,
    Roster,
    Leave,
    Offsite,
    Holidays,
}
