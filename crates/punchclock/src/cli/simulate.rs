//! Arguments of `simulate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
