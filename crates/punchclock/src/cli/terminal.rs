//! `terminal ...`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::{Date, DateTime};

use super::terminal_command;

#[derive(Debug, Subcommand)]
pub(crate) enum TerminalCommand {
    /// Register a terminal, or change it; that approves it
    Add(Add),
    /// All terminals, with what was last heard of each
    List,
    /// Approve a terminal that was heard of
    Approve {
        /// Its serial or name
        terminal: String,
        /// Zone of its clock, like Asia/Manila (default: the company's)
        #[arg(long)]
        zone: Option<String>,
    },
    /// Find terminals on these subnets, and only those
    ///
    /// Each is asked who it is, and told goodbye. One that asks for a key is tried with --comm-key-file, the keys of registered
    /// terminals, and 0; whoever listens there learns them, so name only subnets of your own.
    Discover(Discover),
    /// Can it be reached and read? By name, serial or address
    Test {
        /// Name, serial, or address (host or host:port)
        terminal: Option<String>,
        /// All registered terminals that have an address
        #[arg(long, conflicts_with = "terminal", required_unless_present = "terminal")]
        all: bool,
        #[command(flatten)]
        way: Way,
    },
    /// What it says of itself: serial, firmware, clock, how full it is
    Info(Reach),
    /// Its user table: list it, take it as matching material, or write who is missing
    Users(Users),
    /// Do terminals know those who should punch there? Employees' numbers beside the users that each listed last
    Sync(Sync),
    /// Its clock, beside this machine's
    Time {
        #[command(flatten)]
        reach: Reach,
        /// Set it to this machine's time in the terminal's zone; otherwise nothing is set
        #[arg(long)]
        set: bool,
    },
    /// Its clock was wrong for a while: shift what it printed then, also of what comes later
    ///
    /// What it printed stays as it is, and so does each punch's key; only the instants are computed again. `fact list clock-shift` shows
    /// the shifts, and `fact withdraw` takes one back, with all that came of it. A time that was stated of a single punch stays.
    Shift(Shift),
    /// Read its log now and store what is new
    Poll {
        /// Name or serial; all that are polled when it is left out
        terminal: Option<String>,
        /// Only punches of this last stretch, like 24h or 7d
        #[arg(long, value_name = "SPAN")]
        since: Option<jiff::Span>,
        #[command(flatten)]
        way: Way,
    },
    /// Is everything here that terminals hold of each day?
    Completeness(Completeness),
    /// Restart it
    Restart(Reach),
    /// Make it speak, to see which one on the wall it is
    Voice {
        #[command(flatten)]
        reach: Reach,
        /// Number of the message; what it says depends on the model
        #[arg(long, value_name = "N", default_value_t = 0)]
        message: u32,
    },
    /// Copy fingerprints to another terminal, where the setting terminals.copy_templates allows it
    ///
    /// People must be in the user tables of both; fingers that are there already are replaced. Nothing of it is stored here.
    CopyTemplates(CopyTemplates),
    /// Erase its log, when every record of it is stored here
    ClearLog {
        /// Name or serial
        terminal: String,
        /// Do it; otherwise it is only said whether it could be done
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        way: Way,
    },
    /// Ask one to do something, and see what became of it: on its next contact, or its next reading
    Command(terminal_command::TerminalAsk),
    /// What terminals were asked for and what became of it, newest first
    Commands(terminal_command::CommandList),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Name for people
    pub(crate) name: String,
    /// Serial on its label or in its menu
    #[arg(long)]
    pub(crate) serial: String,
    /// Address for reading its log: host or host:port; several, with commas between them, are tried in turn
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// File with its communication key, which is read once and kept sealed; "" takes the key away
    #[arg(long, value_name = "F")]
    pub(crate) comm_key_file: Option<OsString>,
    /// File with the key that it shows when it pushes (pushcommkey, ComKey, or what stands before /iclock in its path), likewise;
    /// without a key, it is known by its serial alone
    #[arg(long, value_name = "F")]
    pub(crate) push_key_file: Option<OsString>,
    /// Zone of its clock, like Asia/Manila (default: that of its site on the printed date, else the company's; `""` goes back to it)
    #[arg(long)]
    pub(crate) zone: Option<String>,
    /// How its punches come
    #[arg(long, value_enum)]
    pub(crate) via: Option<Via>,
    /// The edge that answers for it, until another one hears of it (default: the one that does)
    #[arg(long, value_name = "NAME")]
    pub(crate) edge: Option<String>,
    /// The group of terminals at which user numbers mean the same people, like cebu; "" for that of all others (the default)
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Minutes between two readings of its log, from 1 to 1440; 0 for as often as the edge's setting terminals.poll_minutes says
    #[arg(long, value_name = "N")]
    pub(crate) poll_minutes: Option<u32>,
    /// Whether its punches are heard as they happen, between readings, over a connection that stays; for terminals that are
    /// polled and offer it (default: false)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) live: Option<bool>,
    /// Whether its clock is set when it calls; otherwise nothing that is sent to it does (default: false)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) set_clock: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct Shift {
    /// Name or serial
    pub(crate) terminal: String,
    /// First printed time that was wrong, like "2000-01-01 00:00:00"
    #[arg(long, value_name = "PRINTED")]
    pub(crate) from: DateTime,
    /// Last printed time that was wrong
    #[arg(long, value_name = "PRINTED")]
    pub(crate) to: DateTime,
    /// What is to be added to get the true time, like 1h, -20m, or 26y 2mo 1d 8h; years and months count from --from
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(crate) by: jiff::Span,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Say how many punches and days it would move, move nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Via {
    Push,
    Poll,
    Both,
}

#[derive(Debug, Args)]
pub(crate) struct Completeness {
    /// First date (default: six days before the last)
    #[arg(long)]
    pub(crate) from: Option<Date>,
    /// Last date (default: today)
    #[arg(long)]
    pub(crate) to: Option<Date>,
    /// Name or serial (default: all)
    #[arg(long, value_name = "NAME")]
    pub(crate) terminal: Option<String>,
    /// Only days in this state
    #[arg(long, value_enum)]
    pub(crate) state: Option<DayState>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DayState {
    /// The terminal has records that are not here
    Broken,
    /// It was not heard since the day ended
    Deferred,
    /// Not over, or not compared since
    Open,
    /// Everything is here
    Closed,
}

/// A terminal, and how to reach it.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Name, serial, or address (host or host:port)
    pub(crate) terminal: String,
    #[command(flatten)]
    pub(crate) way: Way,
}

/// How to reach a terminal on port 4370.
#[derive(Clone, Debug, Args)]
pub(crate) struct Way {
    /// File with its communication key (default: the registered one)
    #[arg(long, value_name = "F")]
    pub(crate) comm_key_file: Option<PathBuf>,
    /// What carries the protocol
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) transport: Transport,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Transport {
    /// TCP, and UDP where nobody answers on TCP
    Auto,
    Tcp,
    Udp,
}

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// Subnets, like 192.168.1.0/24; 4096 addresses together at most (default: the setting terminals.discover)
    #[arg(long = "subnet", value_name = "CIDR", num_args = 1..)]
    pub(crate) subnets: Vec<zk::discover::Subnet>,
    /// Port that is asked
    #[arg(long, default_value_t = 4370)]
    pub(crate) port: u16,
    /// Register the new address of each terminal that has moved
    #[arg(long)]
    pub(crate) update: bool,
    #[command(flatten)]
    pub(crate) way: Way,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Name or serial (default: all)
    pub(crate) terminal: Option<String>,
    /// Show these: open, all, or one state (to_send, differs, to_remove, in_step)
    #[arg(long, default_value = "open", value_parser = ["open", "all", "to_send", "differs", "to_remove", "in_step"])]
    pub(crate) state: String,
    /// Ask terminals to take everybody whom they lack
    #[arg(long)]
    pub(crate) send: bool,
    /// Ask those that are polled to call these user numbers as the employees are called; card and rights stay
    #[arg(long, value_name = "NUMBER", num_args = 1..)]
    pub(crate) rename: Vec<String>,
    /// Ask them to delete these user numbers, with their fingerprints; only such as are nobody's
    #[arg(long, value_name = "NUMBER", num_args = 1..)]
    pub(crate) remove: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Users {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Take numbers and names as matching material for unknown numbers
    #[arg(long, conflicts_with = "push")]
    pub(crate) pull: bool,
    /// Write the numbers and names of employees that the terminal lacks; nobody is deleted
    #[arg(long)]
    pub(crate) push: bool,
    /// Delete these user numbers, with their fingerprints; no employee of today
    #[arg(long, value_name = "NUMBER", num_args = 1.., conflicts_with_all = ["push", "pull"])]
    pub(crate) remove: Vec<String>,
    /// Say what would be written, write nothing
    #[arg(long, requires = "push")]
    pub(crate) dry_run: bool,
    /// Also replace names that differ
    #[arg(long, requires = "push")]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CopyTemplates {
    /// Terminal to read from: name, serial or address
    pub(crate) from: String,
    /// Terminal to write to: name, serial or address
    pub(crate) to: String,
    /// User numbers (default: everybody whom both know)
    #[arg(long = "user", value_name = "N", num_args = 1..)]
    pub(crate) users: Vec<String>,
    #[command(flatten)]
    pub(crate) way: Way,
}
