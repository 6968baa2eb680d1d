//! Arguments of what payroll lives on: `correct`, `fact`, `period`, `bank`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

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
pub(crate) enum FactCommand {
    /// What is in force
    List {
        /// What kind of statement
        #[arg(value_enum)]
        kind: FactKind,
        /// First date that it may touch
        #[arg(long)]
        from: Option<Date>,
        /// Last date that it may touch
        #[arg(long)]
        to: Option<Date>,
        /// Only of this employee
        #[arg(long, value_name = "CODE")]
        employee: Option<String>,
    },
    /// Take one back; it stays on record
    Withdraw {
        /// Its number (`fact list`)
        number: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// The kinds that lists bring in; corrections have `correct`, uses of the bank `bank`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FactKind {
    Assignment,
    Override,
    Leave,
    Offsite,
    Holiday,
    Workday,
    /// Years and months whose holidays are not known (`source add holidays`)
    Unavailable,
    /// What a terminal printed while its clock was wrong (`terminal shift`)
    ClockShift,
    /// Who counts as another employee (`employee merge`)
    Merge,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Period {
    /// The locked periods
    List,
    /// What keeps a period from being locked, what locked days of it lack, and what of that was posted
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
    /// Post what locked days lack into an open date, once; it is paid with that date's period
    Post {
        /// A date of the open period
        #[arg(long, value_name = "D")]
        into: Date,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Payroll {
    /// Layouts to start from
    ///
    /// Which there are:                 payroll preset list
    /// One to copy and to change:       payroll preset show adp > adp.toml
    /// A file in it:                    export payroll --preset adp.toml --from D --to D
    #[command(subcommand, verbatim_doc_comment)]
    Preset(PresetCommand),
    /// Layouts of your own, kept by the hub; each is used by its name wherever a preset is
    #[command(subcommand)]
    Layout(LayoutCommand),
    /// Where the file of a period goes by itself when the period is locked
    #[command(subcommand)]
    Target(TargetCommand),
    /// Compare a provider's sample file with what a layout writes; exit code 1 when they differ
    Check {
        /// The sample
        sample: PathBuf,
        /// The layout: its name, or its file
        #[arg(long, value_name = "NAME|FILE")]
        preset: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TargetCommand {
    /// Add a folder, an SFTP server or an https address, or change the one of that name
    Add(Box<AddTarget>),
    /// The targets, and what each got last
    List,
    /// Send it nothing any more; what it got stays on record
    Remove {
        /// The target
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddTarget {
    /// Its name, of letters, digits and -
    pub(crate) name: String,
    /// A folder of the machine that the hub runs on, as a whole path
    #[arg(long, value_name = "DIR", required_unless_present_any = ["url", "sftp"], conflicts_with_all = ["url", "sftp"])]
    pub(crate) folder: Option<PathBuf>,
    /// A folder of an SFTP server, as sftp://USER@HOST:PORT/FOLDER; needs OpenSSH's `sftp` where the hub runs
    #[arg(long, value_name = "URL", conflicts_with = "url", requires = "sftp_secret")]
    pub(crate) sftp: Option<String>,
    /// File with the private key of the SFTP account, without a passphrase
    #[arg(long, value_name = "FILE", requires = "sftp", group = "sftp_secret")]
    pub(crate) key_file: Option<PathBuf>,
    /// File with the password of the SFTP account
    #[arg(long, value_name = "FILE", requires = "sftp", group = "sftp_secret")]
    pub(crate) password_file: Option<PathBuf>,
    /// Fingerprint of the server's host key, as `ssh-keygen -l` shows it; without it the key that the server shows now is taken
    #[arg(long, value_name = "SHA256:...", requires = "sftp")]
    pub(crate) host_key: Option<String>,
    /// An address; the file's name comes after it
    #[arg(long, value_name = "URL", requires = "token_file")]
    pub(crate) url: Option<String>,
    /// File with the token: sent as `Authorization: Bearer`
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) token_file: Option<PathBuf>,
    /// Send by POST to the address itself rather than by PUT
    #[arg(long, requires = "url")]
    pub(crate) post: bool,
    /// Allow plain HTTP, and addresses of the own network
    #[arg(long, requires = "url")]
    pub(crate) allow_private: bool,
    /// The layout: its name, or its file; the target keeps it as it is now
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) preset: String,
    /// A value of the layout, like company=ABC; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) values: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LayoutCommand {
    /// Save a layout, or another version of the one of that name
    Save {
        /// Its name, of letters, digits and -
        name: String,
        /// The layout, a TOML file
        #[arg(required_unless_present = "from_preset", conflicts_with = "from_preset")]
        file: Option<PathBuf>,
        /// Start from this one: a preset, or another saved layout
        #[arg(long, value_name = "NAME")]
        from_preset: Option<String>,
    },
    /// The saved ones: when, and by whom
    List,
    /// Print one as TOML
    Show {
        /// Its name
        name: String,
    },
    /// Forget one; targets keep the one that they were added with, and the audit trail each version
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PresetCommand {
    /// Which there are, and where the form of each was looked up
    List,
    /// Print one as TOML
    Show {
        /// Its name
        name: String,
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
