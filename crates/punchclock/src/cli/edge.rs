//! `edge run|invite|enroll|status|list|forget|export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub(crate) enum EdgeCommand {
    /// Collect from terminals and forward to a hub
    Run(EdgeRun),
    /// At the hub: make a code with which an edge enrols
    ///
    /// The code says where the hub is, how to know its certificate, and a one-time token: hand it to whoever sets up the edge as you
    /// would a password. It is shown once.
    Invite(EdgeInvite),
    /// At the edge: join the hub that made this code; `edge run` then needs nothing more
    Enroll {
        /// What `punchclock edge invite` printed at the hub
        code: String,
    },
    /// The edge of this folder: what waits for the hub, its terminals, who was seen today; whether it runs or not
    Status(EdgeStatus),
    /// The edges of the hub on this folder: how each is, as its last heartbeat told
    List,
    /// At the hub: forget an edge that is gone for good
    ///
    /// Its token opens nothing any more, it is not listed any more, and other edges may answer for its terminals. Every punch that it
    /// brought stays.
    Forget {
        /// Its name
        name: String,
        /// Do it; otherwise it is only said what would go
        #[arg(long)]
        yes: bool,
    },
    /// Write every punch that this edge holds as a file, also those that the hub has: for pay day without a hub
    Export(EdgeExport),
}

#[derive(Debug, Args)]
pub(crate) struct EdgeRun {
    /// The hub's address, like https://hub.example; of several hubs on one database, given for each (setting edge.hub)
    #[arg(long = "hub", value_name = "URL")]
    pub(crate) hubs: Vec<String>,
    /// File with the edge's token, which `edge enroll` writes (setting edge.token_file)
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
pub(crate) struct EdgeInvite {
    /// The edge's name, like that of its branch
    pub(crate) name: String,
    /// The hub's address as the edge reaches it, like https://hub.example; of several hubs on one database, given for each (default: that
    /// of the setting hub.listen)
    #[arg(long = "hub", value_name = "URL")]
    pub(crate) hubs: Vec<String>,
    /// How long the code is good, like 90m or 24h; 30 days at most
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub(crate) valid: jiff::SignedDuration,
    /// The certificate that the edge sees, when a proxy or another hub has it; given for each hub that has one of its own (default: that
    /// of the setting hub.tls_certificate)
    #[arg(long = "certificate", value_name = "FILE")]
    pub(crate) certificates: Vec<PathBuf>,
    /// Pin nothing: a public authority signed the certificate, and the edge's system knows it
    #[arg(long, conflicts_with = "certificates")]
    pub(crate) no_pin: bool,
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
