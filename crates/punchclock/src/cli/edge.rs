//! `edge run|status|export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub(crate) enum EdgeCommand {
    /// Collect from terminals and forward to a hub
    Run(EdgeRun),
    /// The edge of this folder: what waits for the hub, its terminals, who was seen today; whether it runs or not
    Status(EdgeStatus),
    /// Write every punch that this edge holds as a file, also those that the hub has: for pay day without a hub
    Export(EdgeExport),
}

#[derive(Debug, Args)]
pub(crate) struct EdgeRun {
    /// The hub's address, like https://hub.example (setting edge.hub)
    #[arg(long, value_name = "URL")]
    pub(crate) hub: Option<String>,
    /// File with the edge's token, as `punchclock token create` on the hub prints it (setting edge.token_file)
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<String>,
    /// Where terminals push to
    #[arg(long, value_name = "ADDR")]
    pub(crate) adms_listen: Option<String>,
    /// Where health, metrics and the local board are served
    #[arg(long, value_name = "ADDR")]
    pub(crate) status_listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EdgeStatus {
    /// Where a running edge serves its status (setting edge.status_listen)
    #[arg(long, value_name = "ADDR")]
    pub(crate) status_listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EdgeExport {
    /// First date, as terminals printed it (default: the first there is)
    #[arg(long)]
    pub(crate) from: Option<Date>,
    /// Last date (default: the last there is)
    #[arg(long)]
    pub(crate) to: Option<Date>,
    /// Format of the file
    #[arg(long, value_enum, default_value = "csv")]
    pub(crate) format: EdgeFormat,
    /// File to write (default: standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EdgeFormat {
    Csv,
    Json,
}
