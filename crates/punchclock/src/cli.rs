//! The command line (`punchclock --help`).

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
    /// The hub's database, when it is not in the data folder (sqlite:PATH)
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
    /// Run the branch agent
    #[command(subcommand)]
    Edge(EdgeCommand),
    /// Run a simulated terminal
    #[command(subcommand)]
    Simulate(Simulate),
    /// Register, approve, test and read terminals
    #[command(subcommand)]
    Terminal(terminal::TerminalCommand),
    /// Take files: a terminal's exported log, employees, rosters, leave, holidays
    #[command(subcommand)]
    Import(Import),
    /// Derive days again; without dates, those whose facts have changed
    Derive(Derive),
    /// Write punches, days or payroll as a file
    Export(Export),
    /// Held punches: see why, and cure the cause
    #[command(subcommand)]
    Held(Held),
    /// Correct an input: add a forgotten punch, void one, excuse, credit, approve
    #[command(subcommand)]
    Correct(Correct),
    /// Lock dates for payroll, and see what came too late for them
    #[command(subcommand)]
    Period(Period),
    /// An employee's time-off bank: what was earned, used, and is left
    Bank(BankArgs),
    /// The rules: check cases, explain a day, try another policy
    #[command(subcommand)]
    Rules(Rules),
    /// The company: its zone, rules, timetables and calendar
    #[command(subcommand)]
    Company(CompanyCommand),
    /// People who may sign in
    #[command(subcommand)]
    User(User),
    /// Tokens of programs: edges and REST clients
    #[command(subcommand)]
    Token(Token),
    /// The audit trail: what people changed
    #[command(subcommand)]
    Audit(Audit),
    /// Is everything reachable, authorised, in time, complete? In plain words, with the cure
    Doctor,
    /// Settings of this machine
    #[command(subcommand)]
    Config(Config),
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
pub(crate) struct HubArgs {
    /// Where pages, REST and edges are served
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EdgeCommand {
    /// Collect from terminals and forward to a hub
    Run {
        /// The hub's address, like https://hub.example
        #[arg(long, value_name = "URL")]
        hub: String,
        /// File with the edge's token (`punchclock token create` on the hub)
        #[arg(long, value_name = "FILE")]
        token_file: PathBuf,
        /// Where terminals push to
        #[arg(long, value_name = "ADDR")]
        adms_listen: Option<String>,
        /// Where health, metrics and the local board are served
        #[arg(long, value_name = "ADDR")]
        status_listen: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Simulate {
    /// A terminal that speaks both protocols
    ///
    /// It answers the protocol of port 4370 (--zk-listen), reports to a server (--push), or both; both show the same log.
    /// It has the habits of one make and any number of faults: --profile list and --fault list show what there is.
    ///
    ///   simulate terminal --push http://127.0.0.1:8081 --log 1_attlog.dat --fault lost-reply=3
    ///   simulate terminal --zk-listen 127.0.0.1:4370 --profile K40 --people 40 --fault clock-skew=-600
    #[command(verbatim_doc_comment)]
    Terminal(SimulateTerminal),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateTerminal {
    /// Serial of the terminal
    #[arg(long, default_value = "SIM0001")]
    pub(crate) serial: String,
    /// Make of the terminal, in any case; `list` shows all
    #[arg(long, value_name = "NAME", default_value = "uface800")]
    pub(crate) profile: String,
    /// A misfortune or oddity by name, any number of times; `list` shows all
    #[arg(long = "fault", value_name = "NAME[=VALUE]")]
    pub(crate) faults: Vec<String>,
    /// Decides every chance: what is lost on the way, who the people are
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Zone of its clock, like Asia/Manila (default: this machine's)
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,

    /// Answer the 4370 protocol at this address, over TCP and UDP as the make does
    #[arg(long, value_name = "ADDR", help_heading = "Port 4370")]
    pub(crate) zk_listen: Option<std::net::SocketAddr>,
    /// Over UDP only, whatever the make
    #[arg(long, requires = "zk_listen", help_heading = "Port 4370")]
    pub(crate) zk_udp: bool,
    /// Communication key
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Port 4370")]
    pub(crate) comm_key: u32,

    /// Push to this server, like http://127.0.0.1:8081
    #[arg(long, value_name = "URL", help_heading = "Push")]
    pub(crate) push: Option<String>,
    /// Most lines of one upload
    #[arg(long, value_name = "N", default_value_t = 200, help_heading = "Push")]
    pub(crate) batch: usize,
    /// End when the server has acknowledged the whole log
    #[arg(long, requires = "push", help_heading = "Push")]
    pub(crate) until_acknowledged: bool,

    /// Who punches: a log that a terminal exported (1_attlog.dat)
    #[arg(long, value_name = "FILE", help_heading = "Punches")]
    pub(crate) log: Option<PathBuf>,
    /// Who punches: a made-up company of so many people, through the last 30 days
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "log",
        value_parser = clap::value_parser!(u16).range(1..=5000),
        help_heading = "Punches"
    )]
    pub(crate) people: Option<u16>,
    /// When they punch: at-once, or real-time with the pauses that the log has
    #[arg(long, default_value = "at-once", conflicts_with = "rate", help_heading = "Punches")]
    pub(crate) pace: String,
    /// When they punch: so many a second, like 5/s
    #[arg(long, value_name = "N/s", help_heading = "Punches")]
    pub(crate) rate: Option<String>,
}

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
    /// employees: code, name, numbers, from, to, zone, group (only code is required):
    ///   code,name,numbers,from,group
    ///   1001,Ann Reyes,12;0012,2026-01-05,Packing
    /// roster: code or group, then a week, a cycle, or one date; rest_day, off_day and unassigned are shifts too:
    ///   group,from,mon,tue,wed,thu,fri,sat,sun        code,date,shift        code,from,anchor,cycle
    ///   Packing,2026-03-02,DAY,DAY,DAY,DAY,DAY,off_day,rest_day
    /// leave, offsite: code, date, until, part (full, am, pm, hours), start, end, reason, key; leave also paid (yes, no):
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
    Roster,
    Leave,
    Offsite,
    Holidays,
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
    /// First date (default: the first there is)
    #[arg(long)]
    pub(crate) from: Option<Date>,
    /// Last date (default: the last there is)
    #[arg(long)]
    pub(crate) to: Option<Date>,
    /// Format of the file
    #[arg(long, value_enum, default_value = "csv")]
    pub(crate) format: Format,
    /// File to write (default: standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExportKind {
    Punches,
    Days,
    Payroll,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Csv,
}

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
    /// User number
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

#[derive(Debug, Subcommand)]
pub(crate) enum Correct {
    /// A punch that no terminal recorded
    AddPunch {
        /// Employee code
        employee: String,
        /// When, with offset: 2026-01-31T08:00:00+08:00
        at: jiff::Timestamp,
        /// Its direction, when it is known
        #[arg(long, value_enum)]
        state: Option<PunchWord>,
        /// The work date that it belongs to, instead of what the rules find
        #[arg(long, value_name = "D")]
        work_date: Option<Date>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// A punch is ignored; it stays stored
    Void {
        /// Employee code
        employee: String,
        /// Its key (`export punches`, column fingerprint)
        punch: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Missed minutes of a date are excused
    Excuse {
        /// Employee code
        employee: String,
        /// Work date
        date: Date,
        /// Which minutes
        #[arg(long, value_enum, value_delimiter = ',', required = true)]
        what: Vec<ExcuseWord>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Paid minutes without a punch are added to a date
    Credit {
        /// Employee code
        employee: String,
        /// Work date
        date: Date,
        /// Minutes
        minutes: i64,
        /// Pay code
        #[arg(long, default_value = "REG")]
        code: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Overtime of a date is approved; several approvals add up
    Approve {
        /// Employee code
        employee: String,
        /// Work date
        date: Date,
        /// Minutes
        minutes: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// No break is deducted on a date
    WaiveBreak {
        /// Employee code
        employee: String,
        /// Work date
        date: Date,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// A correction is cancelled for good
    Revoke {
        /// Employee code
        employee: String,
        /// Its key (`correct list`)
        key: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// All corrections, with who made them and why
    List {
        /// Only this employee's
        #[arg(long, value_name = "CODE")]
        employee: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PunchWord {
    In,
    Out,
    BreakOut,
    BreakIn,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum ExcuseWord {
    Tardy,
    LeftEarly,
    Away,
    Absence,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Period {
    /// The locked periods
    List,
    /// What keeps a period from being locked, and what locked days of it lack
    Review {
        /// First date
        #[arg(long)]
        from: Date,
        /// Last date
        #[arg(long)]
        to: Date,
    },
    /// Freeze the days of a period; refused while a day is not judged or incomplete
    Lock {
        /// First date
        #[arg(long)]
        from: Date,
        /// Last date
        #[arg(long)]
        to: Date,
        /// Lock all the same, because ...
        #[arg(long, value_name = "REASON")]
        force: Option<String>,
    },
    /// Open a locked period again; its days are derived
    Unlock {
        /// First date, as it was locked
        #[arg(long)]
        from: Date,
        /// Last date, as it was locked
        #[arg(long)]
        to: Date,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Post what locked days lack into an open date, once
    Post {
        /// A date of the open period
        #[arg(long, value_name = "D")]
        into: Date,
    },
}

#[derive(Debug, Args)]
pub(crate) struct BankArgs {
    /// Employee code
    pub(crate) employee: String,
    /// The bank at the end of this date (default: today)
    #[arg(long, value_name = "D")]
    pub(crate) until: Option<Date>,
    /// State that this many minutes are used, from --on
    #[arg(long = "use", value_name = "MINUTES", requires_all = ["on", "reason"], conflicts_with = "cancel")]
    pub(crate) used: Option<i64>,
    /// State that a use does not take place: its key
    #[arg(long, value_name = "KEY", requires_all = ["on", "reason"])]
    pub(crate) cancel: Option<String>,
    /// First date of the time off, or of the cancellation
    #[arg(long, value_name = "D")]
    pub(crate) on: Option<Date>,
    /// Key of the use (default: its date); asking again under it changes nothing
    #[arg(long, value_name = "KEY", requires = "used")]
    pub(crate) key: Option<String>,
    /// Why
    #[arg(long)]
    pub(crate) reason: Option<String>,
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
    /// Try another policy on past dates: what would change, for whom. Nothing is stored
    Try {
        /// A policy in TOML; what it leaves out has its default
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
    /// Change it; all days are derived again
    Set {
        /// A file as `company show` prints it; what it leaves out gets its default
        file: Option<PathBuf>,
        /// Only the zone, like Asia/Manila
        #[arg(long, conflicts_with = "file")]
        zone: Option<String>,
        /// Only the time-off bank: a preset; a wrong name lists what there is
        #[arg(long, value_name = "PRESET", conflicts_with = "file")]
        bank: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person; the password is asked for
    Add {
        /// Sign-in name
        name: String,
        /// What they may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// Take the password from this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Who may sign in
    List,
    /// End a person's access now
    Disable {
        /// Sign-in name
        name: String,
    },
    /// Set a password; it is asked for
    Password {
        /// Sign-in name
        name: String,
        /// Take the password from this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    Viewer,
    Hr,
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token; it is printed once
    Create {
        /// Its name
        name: String,
        /// What it is for
        #[arg(long, value_enum)]
        kind: TokenKind,
    },
    /// All tokens
    List,
    /// End a token now
    Revoke {
        /// Its name
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TokenKind {
    Edge,
    Api,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// The newest entries
    List {
        /// Most entries
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
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
