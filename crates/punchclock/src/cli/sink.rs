//! Arguments of `sink` and `sync`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hub::{EntryState, Mode, Queued};
use jiff::civil::Date;

/// The name of a sink that is given none.
pub(crate) const USUAL_NAME: &str = "crm";
/// The name of an Odoo that is given none.
pub(crate) const USUAL_ODOO: &str = "odoo";

#[derive(Debug, Subcommand)]
pub(crate) enum SinkCommand {
    /// Add a system that is told of days, or change the one of that name
    #[command(subcommand)]
    Add(AddSink),
    /// The sinks: how many days each has, is to get, and refused
    List,
    /// Ask whether the receiver is there and lets this hub in
    Test {
        /// The sink
        #[arg(default_value = USUAL_NAME)]
        name: String,
    },
    /// Send nothing to it until it is resumed
    Pause {
        /// The sink
        #[arg(default_value = USUAL_NAME)]
        name: String,
    },
    /// Let a paused one go on
    Resume {
        /// The sink
        #[arg(default_value = USUAL_NAME)]
        name: String,
    },
    /// Remove it with its token and its records
    Remove {
        /// The sink
        #[arg(default_value = USUAL_NAME)]
        name: String,
        /// Yes, do it
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AddSink {
    /// A CRM's webhook: one POST per day, JSON, with a token
    Crm(AddCrm),
    /// An Odoo's Attendances, 17 to 19: a row for each pair of punches
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
    /// Login of the user that attendances are entered as
    #[arg(long, value_name = "LOGIN")]
    pub(crate) user: String,
    /// File with the user's API key; the hub keeps it sealed
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,
    /// Its name, of letters, digits and -
    #[arg(long, default_value = USUAL_ODOO)]
    pub(crate) name: String,
    /// Field of an employee in Odoo that holds the employee's code
    #[arg(long, value_name = "FIELD", default_value = roads::odoo::USUAL_FIELD)]
    pub(crate) employee_field: String,
    /// Days a second at most; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) per_second: u32,
    /// Allow plain HTTP and addresses of the own network
    #[arg(long)]
    pub(crate) allow_private: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddCrm {
    /// Address of the webhook
    #[arg(long)]
    pub(crate) url: String,
    /// File with the token that the receiver wants; the hub keeps it sealed
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: PathBuf,
    /// Its name, of letters, digits and -
    #[arg(long, default_value = USUAL_NAME)]
    pub(crate) name: String,
    /// File with the secret that records are signed with, as Standard Webhooks says: base64
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_secret_file: Option<PathBuf>,
    /// File with the body of a record: JSON with fields like {user_id} (default: the eight usual fields)
    #[arg(long, value_name = "FILE")]
    pub(crate) template_file: Option<PathBuf>,
    /// Records a second at most; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) per_second: u32,
    /// Send up to so many records, of different employees, as an array in one POST; 0 sends each by itself
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=200))]
    pub(crate) batch: u32,
    /// What a record is: `state`, how a day is now; or `event`, what happened to it, each revision as it was
    #[arg(long, value_name = "MODE", default_value = "state", value_parser = mode)]
    pub(crate) mode: Mode,
    /// Tell of days without a punch as well
    #[arg(long)]
    pub(crate) all_days: bool,
    /// Allow plain HTTP and addresses of the own network
    #[arg(long)]
    pub(crate) allow_private: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Send now what waits for a CRM
    Crm(Sync),
    /// Send now what waits for an Odoo; with --dry-run look there and print what would be done
    Odoo(Sync),
    /// How it stands with each sink; with --state the records of one
    Status {
        /// The records in this state: waiting, sent, failed or withheld
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<EntryState>,
        /// Of this sink
        #[arg(long, value_name = "NAME", default_value = USUAL_NAME)]
        sink: String,
        /// Most records
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// First date of days that are sent too if the sink never heard of them
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Date>,
    /// Last date of those
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<Date>,
    /// Only those of this employee
    #[arg(long, value_name = "CODE")]
    pub(crate) employee: Option<String>,
    /// Most records; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) limit: u32,
    /// Also those that failed, as if they had not been tried
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Also those of the dates that were sent, as if they had changed
    #[arg(long)]
    pub(crate) force: bool,
    /// Send and change nothing: print what the same command would send. While it looks, whoever else writes waits
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The sink, if it has another name than its kind
    #[arg(long, value_name = "NAME")]
    pub(crate) sink: Option<String>,
}

impl Sync {
    /// The days that are put into the outbox before; `None` when there is no word of any.
    pub(crate) fn queued(&self) -> Option<Queued> {
        let is_said = self.from.is_some() || self.to.is_some() || self.employee.is_some() || self.force;
        let (from, to, employee) = (self.from, self.to, self.employee.clone());
        is_said.then_some(Queued { from, to, employee, force: self.force })
    }
}

fn state(word: &str) -> Result<EntryState, String> {
    EntryState::of(word).ok_or_else(|| "write waiting, sent, failed or withheld".to_owned())
}

fn mode(word: &str) -> Result<Mode, String> {
    Mode::ALL.into_iter().find(|mode| mode.word() == word).ok_or_else(|| "write state or event".to_owned())
}
