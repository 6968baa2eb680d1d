//! Every setting, declared once: its name, its default, its meaning, and what it may be.

use hub::jobs::{Kind, Schedule};
use hub::retention::KNOBS;
use link::enrol::Pin;
use link::{Network, NotANetwork};
use zk::discover::{MOST_HOSTS, Subnet};

/// A setting: its name, its default, what it means.
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
    pub(super) check: fn(&str) -> Result<(), String>,
}

pub(super) const DECLARED: &[Declared] = &[
    Declared {
        name: "hub.listen",
        default: "127.0.0.1:8080",
        meaning: "where pages, REST and edges are served",
        check: address,
    },
    Declared {
        name: "hub.database",
        default: "",
        meaning: "the hub's database: postgres://user@host/name, or sqlite:PATH; empty for hub.sqlite in the data folder",
        check: database,
    },
    Declared {
        name: "hub.database_password_file",
        default: "",
        meaning: "file with the password of a PostgreSQL database; empty for the environment's PGPASSWORD, or none",
        check: anything,
    },
    Declared {
        name: "hub.key_file",
        default: "",
        meaning: "file of the key that seals what the hub keeps secret in its database, made when missing; empty for hub.key in the data folder",
        check: anything,
    },
    Declared {
        name: "hub.tls_certificate",
        default: "",
        meaning: "PEM file of the hub's certificate with its chain; empty for plain HTTP, on this machine or behind a proxy with TLS",
        check: anything,
    },
    Declared {
        name: "hub.tls_key",
        default: "",
        meaning: "PEM file of the certificate's private key",
        check: anything,
    },
    Declared {
        name: "hub.secure_cookie",
        default: "false",
        meaning: "true behind TLS: browsers then send the session over TLS only",
        check: truth,
    },
    Declared {
        name: "hub.trusted_proxies",
        default: "loopback",
        meaning: "proxies that are believed whom they call for (X-Forwarded-For): `loopback`, or a list like 10.1.0.5,10.2.0.0/24",
        check: proxies,
    },
    Declared {
        name: "hub.silence_minutes",
        default: "10",
        meaning: "minutes after which an edge that was not heard of is silent",
        check: minutes_of_silence,
    },
    Declared {
        name: "hub.silence_webhook",
        default: "",
        meaning: "address to which it is posted, once, that an edge has fallen silent, and that it is back; empty for none",
        check: url,
    },
    Declared {
        name: "jobs.derive",
        default: ":05",
        meaning: "when yesterday and today are derived, by the company's clock: `02:00`, `:05` for every hour, `every 15 min`, `every 6 h`, `every 6 h at :30`, or `off`",
        check: schedule,
    },
    Declared {
        name: "jobs.clean_up",
        default: "02:00",
        meaning: "when what has been kept long enough is removed; written as jobs.derive",
        check: schedule,
    },
    Declared {
        name: "jobs.send",
        default: "every 30 min",
        meaning: "when new and changed days are sent to the sinks; written as jobs.derive",
        check: schedule,
    },
    Declared {
        name: "jobs.retry",
        default: "every 6 h at :30",
        meaning: "when days whose sending failed once or twice are sent again; written as jobs.derive",
        check: schedule,
    },
    Declared {
        name: "jobs.pull",
        default: "every 15 min",
        meaning: "when sources are looked at that are due to be read (a calendar of holidays is once a day); written as jobs.derive",
        check: schedule,
    },
    Declared {
        name: "jobs.backup",
        default: "03:00",
        meaning: "when a backup is written, where backup.folder is set; written as jobs.derive",
        check: schedule,
    },
    Declared {
        name: "jobs.seal",
        default: ":00",
        meaning: "when the head of the chain of evidence is noted in the list of jobs; what is new is sealed within seconds all the same",
        check: schedule,
    },
    Declared {
        name: "backup.folder",
        default: "",
        meaning: "folder that a backup is written into every day, on another disk than the database; empty for none. Of several hubs on one \
                  database, one writes it: set it where it is to be, or name a folder that all of them reach",
        check: anything,
    },
    Declared {
        name: "backup.keep",
        default: "14",
        meaning: "how many backups stay in that folder; an older one is removed once a new one was read back",
        check: positive,
    },
    Declared {
        name: "retention.punch_days",
        default: "ever",
        meaning: "days that punches are kept after the end of their month, 1095 at least, or `ever`; they go by whole months, on record, once all \
                  of a month is locked",
        check: |text| days_of("punch_days", text),
    },
    Declared {
        name: "retention.command_days",
        default: "90",
        meaning: "days that commands to terminals are kept with their results after they expired, or `ever`",
        check: |text| days_of("command_days", text),
    },
    Declared {
        name: "retention.reading_days",
        default: "400",
        meaning: "days that it is kept how readings of terminals ended, and how many punches a terminal told of a date, after it told it \
                  last, 90 at least, or `ever`; dates of which punches are missing stay",
        check: |text| days_of("reading_days", text),
    },
    Declared {
        name: "retention.plan_days",
        default: "400",
        meaning: "days that plans are kept after their date, or `ever`",
        check: |text| days_of("plan_days", text),
    },
    Declared {
        name: "retention.job_days",
        default: "30",
        meaning: "days that jobs which are done are listed, 7 at least, or `ever`",
        check: |text| days_of("job_days", text),
    },
    Declared {
        name: "retention.dead_job_days",
        default: "365",
        meaning: "days that jobs which have failed for good are listed, 7 at least, or `ever`",
        check: |text| days_of("dead_job_days", text),
    },
    Declared {
        name: "retention.envelope_days",
        default: "90",
        meaning: "days that an imported file is kept as it came, with what became of each row, after it came last, or `ever`; the note of the \
                  import stays",
        check: |text| days_of("envelope_days", text),
    },
    Declared { name: "terminals.listen", default: "0.0.0.0:8081", meaning: "where terminals push to", check: address },
    Declared {
        name: "terminals.networks",
        default: "private",
        meaning: "networks that terminals may come from: `private`, or a list like 10.1.0.0/16,192.168.7.0/24",
        check: networks,
    },
    Declared {
        name: "terminals.requests_per_second",
        default: "200",
        meaning: "requests a second that one address may make for long; a hundred seconds of it may come at once",
        check: positive,
    },
    Declared {
        name: "terminals.trusted_proxies",
        default: "loopback",
        meaning: "proxies that are believed whom they call for, when terminals push through one: `loopback`, or a list",
        check: proxies,
    },
    Declared {
        name: "terminals.poll_minutes",
        default: "15",
        meaning: "minutes between two readings of a terminal's log",
        check: positive,
    },
    Declared {
        name: "terminals.result_seconds",
        default: "300",
        meaning: "seconds that a terminal may take for the result of a command before it gets the command again",
        check: positive,
    },
    Declared {
        name: "terminals.discover",
        default: "",
        meaning: "subnets that are searched, by serial, for a polled terminal that is not at its address, like 192.168.1.0/24; empty for never",
        check: subnets,
    },
    Declared {
        name: "terminals.copy_templates",
        default: "false",
        meaning: "true allows `terminal copy-templates`: fingerprints are biometric data",
        check: truth,
    },
    Declared {
        name: "edge.hub",
        default: "",
        meaning: "the hub's address for an edge that runs alone, like https://hub.example; of several hubs on one database all, with commas: \
                  one that answers is called",
        check: urls,
    },
    Declared {
        name: "edge.hub_pin",
        default: "",
        meaning: "key of the hub's certificate, like sha256//...: only a hub that has it is talked to; of several hubs the key of each, with \
                  commas; empty for the authorities that this system trusts",
        check: pins,
    },
    Declared {
        name: "edge.token_file",
        default: "",
        meaning: "file with the token that the hub gave this edge; empty for edge.token in the data folder",
        check: anything,
    },
    Declared {
        name: "edge.key_file",
        default: "",
        meaning: "file of the key that seals what an edge keeps secret on its disk, made when missing; empty for edge.key in the data folder",
        check: anything,
    },
    Declared {
        name: "edge.status_listen",
        default: "127.0.0.1:8082",
        meaning: "health, metrics and local board of an edge that runs alone",
        check: address,
    },
    Declared { name: "edge.name", default: "edge", meaning: "the edge's name for the hub", check: not_empty },
    Declared {
        name: "edge.keep_days",
        default: "30",
        meaning: "days that an edge keeps what the hub has acknowledged",
        check: positive,
    },
    Declared {
        name: "edge.spool_mib",
        default: "2048",
        meaning: "MiB that an edge's spool may take; beyond, terminals keep their punches until the hub has taken some",
        check: positive,
    },
    Declared {
        name: "edge.disk_reserve_mib",
        default: "256",
        meaning: "MiB of the spool's disk that stay free: with less, terminals keep their punches",
        check: positive,
    },
    Declared {
        name: "log.level",
        default: "info",
        meaning: "error, warn, info, debug or trace; also per crate: edge=debug,info",
        check: not_empty,
    },
    Declared {
        name: "log.format",
        default: "text",
        meaning: "how the log is written: `text` for people, or `json`, an object per line",
        check: log_format,
    },
    Declared {
        name: "log.file",
        default: "",
        meaning: "file that the log is written to, beside standard error: one a day, with the date before its ending; empty for none",
        check: anything,
    },
    Declared { name: "log.keep_days", default: "14", meaning: "how many of these files are kept", check: positive },
];

fn address(text: &str) -> Result<(), String> {
    text.parse::<std::net::SocketAddr>().map(drop).map_err(|_| "an address with a port, like 127.0.0.1:8080".to_owned())
}

fn truth(text: &str) -> Result<(), String> {
    text.parse::<bool>().map(drop).map_err(|_| "true or false".to_owned())
}

/// The setting with the schedule of a kind of jobs.
pub(super) fn setting_of(kind: &Kind) -> String {
    format!("jobs.{}", kind.name.replace('-', "_"))
}

fn schedule(text: &str) -> Result<(), String> {
    Schedule::parse(text).map(drop).map_err(|wanted| wanted.to_string())
}

/// For how many days something is kept, by the name of its setting.
fn days_of(name: &str, text: &str) -> Result<(), String> {
    let knob = KNOBS.iter().find(|knob| knob.name == name);
    knob.map_or(Ok(()), |knob| knob.read(text).map(drop).map_err(|wanted| wanted.to_string()))
}

fn positive(text: &str) -> Result<(), String> {
    match text.parse::<u32>() {
        Ok(1..=100_000) => Ok(()),
        _ => Err("a whole number from 1 to 100000".to_owned()),
    }
}

/// A sign of life that tells nothing new is written down once a minute.
fn minutes_of_silence(text: &str) -> Result<(), String> {
    match text.parse::<u32>() {
        Ok(2..=100_000) => Ok(()),
        _ => Err("a whole number from 2 to 100000".to_owned()),
    }
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("some text".to_owned()) } else { Ok(()) }
}

/// The items of a list with commas.
pub(super) fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn subnets(text: &str) -> Result<(), String> {
    let subnets = listed(text).map(str::parse::<Subnet>).collect::<Result<Vec<_>, _>>();
    let hosts = subnets.map(|subnets| subnets.iter().map(|subnet| subnet.host_count()).fold(0, u64::saturating_add));
    match hosts {
        Ok(0..=MOST_HOSTS) => Ok(()),
        _ => Err(format!("IPv4 subnets like 192.168.1.0/24,10.1.2.0/24, of {MOST_HOSTS} addresses together at most")),
    }
}

pub(super) fn network_list(text: &str) -> Result<Vec<Network>, NotANetwork> {
    match text {
        "private" => Ok(Network::PRIVATE.to_vec()),
        "loopback" => Ok(Network::LOOPBACK.to_vec()),
        list => listed(list).map(str::parse).collect(),
    }
}

fn networks(text: &str) -> Result<(), String> {
    match network_list(text) {
        Ok(networks) if !networks.is_empty() => Ok(()),
        _ => Err("`private`, or networks like 10.1.0.0/16,192.168.7.0/24".to_owned()),
    }
}

fn proxies(text: &str) -> Result<(), String> {
    let wanted = "`loopback`, addresses or networks like 10.1.0.5,10.2.0.0/24, or empty for none";
    network_list(text).map(drop).map_err(|_| wanted.to_owned())
}

/// The address stands in settings and lists of processes, and is shown: it carries no password.
pub(crate) fn database(text: &str) -> Result<(), String> {
    let is_good = text.is_empty() || text.starts_with("sqlite:") || hub::Store::check_address(text).is_ok();
    let wanted = "postgres://user@host/name, behind it ?sslmode=disable, prefer, require or verify-full where wanted, its password in \
                  a file that hub.database_password_file names; sqlite:PATH; or empty";
    if is_good { Ok(()) } else { Err(wanted.to_owned()) }
}

fn url(text: &str) -> Result<(), String> {
    let is_good = text.is_empty() || text.starts_with("https://") || text.starts_with("http://");
    if is_good { Ok(()) } else { Err("an address like https://hub.example".to_owned()) }
}

fn urls(text: &str) -> Result<(), String> {
    listed(text).try_for_each(url).map_err(|_| "an address like https://hub.example, or several with commas".to_owned())
}

fn pins(text: &str) -> Result<(), String> {
    let is_good = listed(text).all(|pin| pin.parse::<Pin>().is_ok());
    if is_good { Ok(()) } else { Err("sha256// and 44 letters of base64, several with commas, or empty".to_owned()) }
}

fn log_format(text: &str) -> Result<(), String> {
    if matches!(text, "text" | "json") { Ok(()) } else { Err("`text` or `json`".to_owned()) }
}

fn anything(_: &str) -> Result<(), String> {
    Ok(())
}
