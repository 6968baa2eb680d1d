//! The command line (`punchclock --help`).

pub(crate) mod access;
pub(crate) mod edge;
pub(crate) mod employee;
pub(crate) mod held;
pub(crate) mod import;
pub(crate) mod job;
pub(crate) mod payroll;
pub(crate) mod person;
pub(crate) mod place;
pub(crate) mod plan;
pub(crate) mod simulate;
pub(crate) mod sink;
pub(crate) mod source;
pub(crate) mod terminal;
pub(crate) mod terminal_command;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

/// Attendance from the terminal to the payroll file.
///
/// Takes the punches that people make on ZKTeco-family terminals and turns them into days and pay.
/// `punchclock demo` shows it with simulated people; `punchclock serve` runs it for real.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Folder with the database and the edge's queue
    #[arg(long, global = true, value_name = "DIR", env = "PUNCHCLOCK_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// The hub's database, when it is not in the data folder: sqlite:PATH or postgres://user@host/name
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Settings file (default: punchclock.toml in the data folder, then in this folder)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run edge and hub in one process: the normal way for one site
    Serve(Serve),
    /// Show a simulated company: terminals, people, months of history, live punches
    Demo(Demo),
    /// Run the hub alone; edges send to it
    Hub(HubArgs),
    /// The branch agent: run it, see how it is, write what it holds as a file
    #[command(subcommand)]
    Edge(edge::EdgeCommand),
    /// Run a simulated terminal
    #[command(subcommand)]
    Simulate(simulate::Simulate),
    /// Register, approve, test and read terminals
    #[command(subcommand)]
    Terminal(terminal::TerminalCommand),
    /// Take files: a terminal's exported log, employees, rosters, leave, holidays
    #[command(subcommand)]
    Import(import::Import),
    /// Derive days again; without dates, those whose facts have changed
    Derive(Derive),
    /// Write punches, days, payroll, employees, sites, departments or the completeness proof as a file
    Export(Export),
    /// Held punches: see why, and cure the cause
    #[command(subcommand)]
    Held(held::Held),
    /// Employees: match the users of terminals to them, merge those who are on the list twice
    #[command(subcommand)]
    Employee(employee::Employee),
    /// Sites: let a terminal leave one, remove one; `import csv --kind sites` adds and changes them
    #[command(subcommand)]
    Site(place::SiteCommand),
    /// Departments: remove one; `import csv --kind departments` adds and changes them
    #[command(subcommand)]
    Department(place::DepartmentCommand),
    /// Correct an input: add a forgotten punch, void one, excuse, credit, approve
    #[command(subcommand)]
    Correct(payroll::Correct),
    /// What was stated of working time (rosters, leave, offsite work, holidays): see it, take it back
    #[command(subcommand)]
    Fact(payroll::FactCommand),
    /// Lock dates for payroll, and see what came too late for them
    #[command(subcommand)]
    Period(payroll::Period),
    /// Layouts of payroll files: see them, compare one with a provider's sample
    #[command(subcommand)]
    Payroll(payroll::Payroll),
    /// The plan of dates to come: lay it out, print it
    #[command(subcommand)]
    Plan(plan::Plan),
    /// How plans were kept: planned against covered minutes, and the limits of working time that were not kept
    Compliance(plan::ComplianceArgs),
    /// An employee's time-off bank: what was earned, used, and is left
    Bank(payroll::BankArgs),
    /// The rules: check cases, explain a day, try another policy
    #[command(subcommand)]
    Rules(Rules),
    /// The company: its zone, rules, timetables and calendar
    #[command(subcommand)]
    Company(CompanyCommand),
    /// People who may sign in
    #[command(subcommand)]
    User(access::User),
    /// Tokens of programs: edges and REST clients
    #[command(subcommand)]
    Token(access::Token),
    /// What is stored of a person: hand it out, erase it
    #[command(subcommand)]
    Person(person::Person),
    /// The audit trail: what people changed
    #[command(subcommand)]
    Audit(access::Audit),
    /// Other systems that are told of days, like a CRM
    #[command(subcommand)]
    Sink(sink::SinkCommand),
    /// Send days to them now, and see what they have
    #[command(subcommand)]
    Sync(sink::SyncCommand),
    /// Other systems that are read by themselves, like a calendar of public holidays
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// The hub's background work: see it, ask for it, let what failed be tried again
    #[command(subcommand)]
    Job(job::JobCommand),
    /// What is kept for how long, and what the clean-up would remove now; nothing is changed
    Retention,
    /// Is everything reachable, authorised, in time, complete? In plain words, with the cure
    Doctor,
    /// Write a backup of the database, which may be in use
    Backup(Backup),
    /// Restore a backup into an empty database, of either engine
    Restore(Restore),
    /// Move everything from one database into another, empty one, of either engine
    Move(Move),
    /// Settings of this machine
    #[command(subcommand)]
    Config(Config),
}

/// Punches go on meanwhile. What is in the backup is verified, and it is one file for both engines. Key files are not in it: keep them
/// as well, elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The new file; or a folder, in which it is named by its time
    pub(crate) file: PathBuf,
    /// In a folder: how many backups to keep there, this one included; older ones are removed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: Option<u32>,
}

/// End the hub first, every hub where there are several. Edges send again what came since the backup was made.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// What `punchclock backup` has written
    pub(crate) file: PathBuf,
    /// Give up what the database holds now
    #[arg(long, conflicts_with = "check")]
    pub(crate) overwrite: bool,
    /// Restore nothing: only verify the file
    #[arg(long)]
    pub(crate) check: bool,
}

/// Nothing may write to the database meanwhile: end the hub first, and start it on the other one.
#[derive(Debug, Args)]
pub(crate) struct Move {
    /// The database that is read: sqlite:PATH or postgres://user@host/name
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// The database that is filled
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where pages and REST are served
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Where terminals push to
    #[arg(long, value_name = "ADDR")]
    pub(crate) adms_listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where pages are served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: std::net::SocketAddr,
    /// People of the simulated company
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(2..=500))]
    pub(crate) people: u16,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct HubArgs {
    /// Where pages, REST and edges are served
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<HubCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// Make a certificate for a hub that has none, signed by itself; edges that are invited afterwards know it by its key
    Certificate {
        /// A name or an address by which the hub is reached; may be given several times
        #[arg(long = "name", value_name = "HOST", required = true)]
        names: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Derive {
    /// First date
    #[arg(long)]
    pub(crate) from: Option<Date>,
    /// Last date
    #[arg(long)]
    pub(crate) to: Option<Date>,
    /// Only this employee
    #[arg(long, value_name = "CODE")]
    pub(crate) employee: Option<String>,
    /// Store nothing; print the days as they were judged at this instant, like 2026-01-31T06:05:00+08:00, as CSV: what was
    /// not known then is left out
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<jiff::Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// What to write
    #[arg(value_enum)]
    pub(crate) what: ExportKind,
    /// Of sheet: employee code
    #[arg(required_if_eq("what", "sheet"))]
    pub(crate) employee: Option<String>,
    /// Of sheet: year and month, like 2026-03
    #[arg(long, value_name = "MONTH", required_if_eq("what", "sheet"))]
    pub(crate) month: Option<hub::Month>,
    /// Of sheet: how it is laid out
    #[arg(long, value_enum)]
    pub(crate) layout: Option<Layout>,
    /// First date (default: the first there is)
    #[arg(long)]
    pub(crate) from: Option<Date>,
    /// Last date (default: the last there is)
    #[arg(long)]
    pub(crate) to: Option<Date>,
    /// Of payroll: what came too late for locked dates of the range, and which later date it was posted into
    #[arg(long)]
    pub(crate) deltas: bool,
    /// Format of the file (default: csv, or what the preset writes; html of a sheet)
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Of payroll: a layout that comes along or was saved (`payroll preset list`), or a file of one
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) preset: Option<String>,
    /// Of payroll: a value of the layout, like company=ABC; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", requires = "preset")]
    pub(crate) values: Vec<String>,
    /// File to write (default: standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExportKind {
    Punches,
    Days,
    Payroll,
    /// What terminals hold of each day beside what is stored here
    Completeness,
    /// The list that `import csv --kind employees` takes back
    Employees,
    /// The list that `import csv --kind sites` takes back
    Sites,
    /// The list that `import csv --kind departments` takes back
    Departments,
    /// The time sheet of an employee for a month, to be printed or as data
    Sheet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Csv,
    Xlsx,
    Json,
    /// A page that a browser prints; of sheets only
    Html,
}

/// How a time sheet is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// A line per date with every figure
    Plain,
    /// Civil Service Form No. 48 (Daily Time Record)
    Form48,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Run cases (input and expected output as data) through the rules
    Check {
        /// A file of cases
        file: PathBuf,
        /// Only these groups: the first letters of case ids, like A,B,C,D
        #[arg(long, value_delimiter = ',')]
        only: Vec<char>,
    },
    /// Why a day is what it is: punches used and ignored, and a reason for each figure
    Explain {
        /// Employee code
        employee: String,
        /// Work date
        date: Date,
    },
    /// Policies and time-off banks to start from, to be confirmed by payroll
    ///
    /// Which there are:                          rules preset
    /// A policy to copy, to change and to set:   rules preset PH_PRIVATE > policy.toml
    ///                                           company set policy.toml --from 2026-04-01
    /// A bank, as it is:                         company set --bank EU_TOIL
    #[command(verbatim_doc_comment)]
    Preset {
        /// Print this one
        name: Option<String>,
    },
    /// Print the JSON schema of policy files: every setting with its meaning, range and default
    Schema,
    /// Try another policy on past dates, in place of those that hold there: what would change, for whom. Nothing is stored
    Try {
        /// A policy in TOML or JSON; what it leaves out has its default
        policy: PathBuf,
        /// First date
        #[arg(long)]
        from: Date,
        /// Last date
        #[arg(long)]
        to: Date,
        /// Each day that would change, instead of sums per employee
        #[arg(long)]
        days: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CompanyCommand {
    /// Print it as JSON: what `company set` takes back
    Show,
    /// Change it; the days that depend on it are derived again
    ///
    /// The whole of it:       company set company.json
    /// A policy from a date:  company set policy.toml --from 2026-04-01
    #[command(verbatim_doc_comment)]
    Set {
        /// A file as `company show` prints it; what it leaves out gets its default. With --from a policy, in TOML or JSON
        file: Option<PathBuf>,
        /// Only the policy: the file's holds from this work date on, or from the `beginning`, until the next one does
        #[arg(long, value_name = "D", requires = "file")]
        from: Option<Since>,
        /// Only the zone, like Asia/Manila
        #[arg(long, conflicts_with = "file")]
        zone: Option<String>,
        /// Only the time-off bank: a preset; a wrong name lists what there is
        #[arg(long, value_name = "PRESET", conflicts_with = "file")]
        bank: Option<String>,
        /// Only how many days days wait for polled terminals that have not delivered; 0 never waits
        #[arg(long, value_name = "DAYS", conflicts_with = "file")]
        wait_for_terminals: Option<u16>,
    },
    /// Withdraw the policy that holds from a date; the one before it goes on
    WithdrawPolicy {
        /// The first date on which it holds
        from: Date,
    },
}

/// From when a policy holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Since {
    /// Before every other one.
    Beginning,
    /// From a work date on.
    Date(Date),
}

impl std::str::FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "beginning" => Ok(Self::Beginning),
            text => text.parse().map(Self::Date).map_err(|_| "write a date like 2026-04-01, or `beginning`".to_owned()),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Are the settings valid?
    Check,
    /// All settings with their values
    Show {
        /// Also where each value comes from
        #[arg(long)]
        origin: bool,
    },
}
