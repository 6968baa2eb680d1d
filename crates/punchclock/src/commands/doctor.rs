//! `doctor`: is everything reachable, authorised, in time, complete? Plain words, with the cure.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use hub::jobs::{BACKUP, JobFilter, JobState};
use hub::view::TerminalRow;
use hub::{EdgeRow, EdgeState, Hub, SourceState};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use crate::chance::now;
use crate::commands::Context;
use crate::show;

/// A terminal that said nothing for this long is worth a look.
const SILENT_HOURS: i64 = 24;

/// The look for twins and the backup are daily.
const DAILY_HOURS: i64 = 49;

/// What waits for longer than this for its seal is late; microseconds.
const SEALED_WITHIN_US: i64 = 60_000_000;

/// How a finding weighs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Good,
    Look,
    Bad,
}

impl Weight {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Look => "look",
            Self::Bad => "bad",
        }
    }
}

/// One thing that was looked at.
struct Finding {
    weight: Weight,
    subject: String,
    says: String,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, weight: Weight, subject: impl Into<String>, says: impl Into<String>) {
        self.0.push(Finding { weight, subject: subject.into(), says: says.into() });
    }
}

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    findings.add(Weight::Good, "settings", "valid");
    match context.hub() {
        Ok(hub) => {
            let folder = context.settings.file("backup.folder");
            look_at_hub(&hub, context.settings.silent_after()?, folder.as_deref(), &mut findings)?;
        }
        Err(error) => findings.add(Weight::Bad, "database", format!("{error:#}")),
    }
    let listen: SocketAddr = context.settings.get("hub.listen")?;
    match is_healthy(listen) {
        true => findings.add(Weight::Good, "server", format!("answers at http://{listen}")),
        false => findings.add(
            Weight::Look,
            "server",
            format!("nothing answers at http://{listen}; start `punchclock serve`, or set hub.listen"),
        ),
    }
    let rows: Vec<_> =
        findings.0.iter().map(|f| vec![json!(f.weight.word()), json!(f.subject), json!(f.says)]).collect();
    show::rows(context.is_json, &["result", "what", "says"], &rows)?;
    match findings.0.iter().filter(|finding| finding.weight == Weight::Bad).count() {
        0 => Ok(()),
        bad => bail!("{bad} things are bad; the table says the cure"),
    }
}

fn look_at_hub(
    hub: &Hub,
    silent_after: Duration,
    folder: Option<&Path>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    hub.is_ready()?;
    findings.add(Weight::Good, "database", format!("opens; {} punches", hub.punch_count()?));
    match hub.is_fenced()? {
        None => {}
        Some(true) => findings.add(Weight::Good, "tenants", "row-level security keeps them apart, too"),
        Some(false) => findings.add(
            Weight::Look,
            "tenants",
            "row-level security does not hold for this user of PostgreSQL, who is a superuser or may bypass it; let the hub connect as a user who owns the database and is nothing else",
        ),
    }
    let company = hub.company()?;
    match &company.zone {
        Some(zone) => findings.add(Weight::Good, "zone", zone),
        None => findings.add(
            Weight::Look,
            "zone",
            "the company has no zone yet, UTC is used; `punchclock company set --zone ZONE`, or the first terminal's --zone",
        ),
    }
    if hub.has_account()? {
        findings.add(Weight::Good, "sign-in", "somebody may sign in");
    } else {
        findings.add(Weight::Look, "sign-in", "nobody may sign in yet; `punchclock user add NAME --role admin`, or open /setup with the code that `serve` prints");
    }
    let (now, zone) = (now(), company.time_zone()?);
    look_at_chain(hub, now, findings)?;
    look_for_twins(hub, now, &zone, findings)?;
    match hub.job_kinds(now)?.iter().map(|row| row.dead).sum::<u64>() {
        0 => findings.add(Weight::Good, "jobs", "none has failed for good"),
        some => findings.add(
            Weight::Bad,
            "jobs",
            format!("{some} have failed for good; `punchclock job list --state dead` says why, `punchclock job retry --all` tries them again"),
        ),
    }
    look_at_backups(hub, folder, now, findings)?;
    match hub.check_secrets() {
        Ok(0) => findings.add(Weight::Good, "secrets", "none is stored"),
        Ok(some) => {
            findings.add(Weight::Good, "secrets", format!("{some} are sealed, and open with the hub's key file"));
        }
        Err(error) => findings.add(Weight::Bad, "secrets", error.to_string()),
    }
    for left in hub.key_files()? {
        look_at_key_file(&left, findings);
    }
    for sink in hub.sinks()? {
        look_at_sink(&sink, now, findings);
    }
    for source in hub.sources()? {
        look_at_source(&source, now, &zone, findings);
    }
    for terminal in hub.terminals()? {
        look_at_terminal(&terminal, now, &zone, findings);
    }
    for edge in hub.edges(now, silent_after)? {
        look_at_edge(&edge, &zone, findings);
    }
    let held: u64 = hub.held()?.iter().map(|group| group.count).sum();
    match held {
        0 => findings.add(Weight::Good, "held punches", "none"),
        some => findings.add(Weight::Look, "held punches", format!("{some} wait for a cure; `punchclock held list`")),
    }
    Ok(())
}

fn look_at_chain(hub: &Hub, now: Timestamp, findings: &mut Findings) -> anyhow::Result<()> {
    let hub::Sealing { waiting, head } = hub.sealing()?;
    let is_late = head.is_none_or(|head| now.as_microsecond() - head.sealed_us > SEALED_WITHIN_US);
    match (waiting, head) {
        (0, None) => findings.add(Weight::Good, "chain", "nothing to seal yet"),
        (0, Some(head)) => findings.add(Weight::Good, "chain", format!("all rows of evidence and audit are sealed; seal {}", head.number)),
        (some, _) if is_late => findings.add(
            Weight::Look,
            "chain",
            format!("{some} rows of evidence and audit wait for their seal; `punchclock serve` or `hub` seals them within seconds: if one runs, its log says what is in the way"),
        ),
        (some, _) => findings.add(Weight::Good, "chain", format!("{some} rows are about to be sealed")),
    }
    Ok(())
}

/// What the last look for twins found, and whether it was lately.
fn look_for_twins(hub: &Hub, now: Timestamp, zone: &TimeZone, findings: &mut Findings) -> anyhow::Result<()> {
    let cure = "`punchclock job run clean-up` looks at once, where a server runs";
    match hub.census()? {
        None if hub.punch_count()? == 0 => findings.add(Weight::Good, "twins", "no punches yet"),
        None => findings.add(Weight::Look, "twins", format!("nobody has looked yet; {cure}")),
        Some(census) if !census.is_good() => {
            let told = format!("{census}, on {}: {}", show::instant(census.at, zone), census.faults.join("; "));
            findings.add(
                Weight::Bad,
                "twins",
                format!("{told}. Somebody wrote to the database past this program: `punchclock audit verify` says since when, and a backup has it as it was"),
            );
        }
        Some(census) if census.at < now.saturating_sub(DAILY_HOURS.hours()).unwrap_or(now) => {
            let at = show::instant(census.at, zone);
            findings.add(Weight::Look, "twins", format!("{census}, but the last look was on {at}; {cure}"));
        }
        Some(census) => {
            findings.add(Weight::Good, "twins", format!("{census}, on {}", show::instant(census.at, zone)));
        }
    }
    Ok(())
}

/// Whether there was a backup lately, where one is to be made.
fn look_at_backups(hub: &Hub, folder: Option<&Path>, now: Timestamp, findings: &mut Findings) -> anyhow::Result<()> {
    let last = hub.job_kinds(now)?.into_iter().find(|row| row.kind == BACKUP.name).and_then(|row| row.last);
    let late = now.saturating_sub(DAILY_HOURS.hours()).unwrap_or(now);
    let waits =
        JobFilter { kind: Some(BACKUP.name.to_owned()), state: Some(JobState::Waiting), ..JobFilter::default() };
    if let Some(failing) = hub.jobs(&waits)?.rows.into_iter().find(|job| job.attempts > 0) {
        findings.add(Weight::Bad, "backup", format!("it fails, and is tried again: {}", failing.outcome));
        return Ok(());
    }
    let (weight, says) = match (folder, last) {
        (None, None) => (
            Weight::Look,
            String::from("none is made by itself; set backup.folder, or let a timer run `punchclock backup`"),
        ),
        (Some(folder), None) => {
            (Weight::Look, format!("none yet in {}; `punchclock job run backup` asks for one", folder.display()))
        }
        (_, Some(job)) if job.state == JobState::Dead => (
            Weight::Bad,
            format!("the last one failed: {}; `punchclock job retry {}` tries again", job.outcome, job.id),
        ),
        (Some(_), Some(job)) if job.ended.is_none_or(|ended| ended < late) => {
            (Weight::Bad, format!("the last one is old: {}; `punchclock job list --kind backup`", job.outcome))
        }
        (_, Some(job)) => (Weight::Good, job.outcome),
    };
    findings.add(weight, "backup", says);
    Ok(())
}

/// A file in which an older version left the key of a terminal.
fn look_at_key_file(left: &hub::KeyFile, findings: &mut Findings) {
    let hub::KeyFile { name, key, file, cure, .. } = left;
    let subject = format!("{key} of terminal {name}");
    match left.is_readable {
        true => findings.add(
            Weight::Look,
            subject,
            format!("lies in {file}, which other hubs may not have; a hub that can read it seals it when it starts"),
        ),
        false => findings.add(Weight::Bad, subject, format!("can't be read here from {file}; {cure}")),
    }
}

fn look_at_sink(sink: &hub::SinkRow, now: Timestamp, findings: &mut Findings) {
    let (subject, name) = (format!("sink {}", sink.name), &sink.name);
    if let Some(ends) = sink.key_warning(now) {
        findings.add(Weight::Look, &subject, ends);
    }
    match (&sink.paused, sink.failed) {
        (Some(why), _) => {
            findings.add(
                Weight::Bad,
                subject,
                format!("paused: {why}; cure that, then `punchclock sink resume {name}`"),
            );
        }
        (None, 0) => findings.add(Weight::Good, subject, format!("{} days sent, {} wait", sink.sent, sink.waiting)),
        (None, some) => findings.add(
            Weight::Look,
            subject,
            format!(
                "{some} days failed for good; `punchclock sync status --sink {name} --state failed` says why, \
                 `punchclock sync crm --sink {name} --retry-failed` tries them again"
            ),
        ),
    }
}

fn look_at_source(source: &hub::SourceRow, now: Timestamp, zone: &TimeZone, findings: &mut Findings) {
    let (subject, name) = (format!("source {}", source.name), &source.name);
    if let Some(warning) = &source.notes.warning {
        findings.add(Weight::Look, subject.as_str(), warning);
    }
    if let Some(ends) = source.key_warning(now) {
        findings.add(Weight::Look, &subject, ends);
    }
    match (source.state, source.down) {
        (SourceState::Down, Some(since)) => findings.add(
            Weight::Bad,
            subject,
            format!(
                "down since {}: {}; `punchclock source test {name}` asks again",
                show::instant(since, zone),
                source.says
            ),
        ),
        (SourceState::Paused, _) => {
            findings.add(Weight::Look, subject, format!("paused; `punchclock source resume {name}` lets it go on"));
        }
        (SourceState::New, _) => {
            findings.add(Weight::Look, subject, format!("not read yet; `punchclock source pull {name}` reads it"));
        }
        (SourceState::Well | SourceState::Down, _) => findings.add(Weight::Good, subject, &source.says),
    }
}

fn look_at_edge(edge: &EdgeRow, zone: &TimeZone, findings: &mut Findings) {
    let subject = format!("edge {}", edge.name);
    match edge.state {
        EdgeState::Silent => {
            let since = show::instant(edge.last_seen, zone);
            findings.add(Weight::Look, subject, format!("silent since {since}; {}", edge.says));
        }
        EdgeState::Trouble => findings.add(Weight::Bad, subject, &edge.says),
        EdgeState::InOrder => findings.add(Weight::Good, subject, format!("{} items wait there", edge.queued)),
    }
}

fn look_at_terminal(terminal: &TerminalRow, now: Timestamp, zone: &TimeZone, findings: &mut Findings) {
    let subject = format!("terminal {}", terminal.name);
    if let Some((clock, cure)) = terminal.clock.and_then(|clock| Some((clock, clock.cure()?))) {
        findings.add(Weight::Bad, format!("clock of {subject}"), format!("{clock}; {cure}"));
    }
    // One that is read rarely is silent for long between two readings.
    let silent_hours = SILENT_HOURS.max(i64::from(terminal.poll_minutes.unwrap_or(0)) / 60 * 2);
    let silent_since = now.saturating_sub(silent_hours.hours()).unwrap_or(now);
    if !terminal.approved {
        findings.add(
            Weight::Look,
            subject,
            format!("waits for approval; `punchclock terminal approve {}`", terminal.serial),
        );
    } else if let Some(trouble) = &terminal.trouble {
        findings.add(Weight::Bad, subject, trouble);
    } else {
        match terminal.last_contact {
            Some(contact) if contact >= silent_since => {
                findings.add(Weight::Good, subject, format!("last contact {}", show::instant(contact, zone)));
            }
            Some(contact) => findings.add(
                Weight::Look,
                subject,
                format!("silent since {}; check its network and its server address", show::instant(contact, zone)),
            ),
            None => findings.add(Weight::Look, subject, "never heard of; check its server address, or poll it"),
        }
    }
}

/// Whether a hub answers at an address.
fn is_healthy(address: SocketAddr) -> bool {
    let wait = Duration::from_secs(2);
    let Ok(mut stream) = TcpStream::connect_timeout(&address, wait) else { return false };
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let asked = stream.set_read_timeout(Some(wait)).and_then(|()| stream.write_all(request.as_bytes()));
    let mut answer = [0; 12];
    asked.is_ok() && stream.read_exact(&mut answer).is_ok() && answer.ends_with(b"200")
}
