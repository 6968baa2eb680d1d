//! `simulate terminal`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use serde_json::json;
use simulator::people::Company;
use simulator::push::PushOptions;
use simulator::{Ends, Faults, LogFile, Pace, Profile, RunOptions, Terminal, TerminalBuilder, Transports, ZkServer};

use crate::chance::now;
use crate::cli::simulate::{Simulate, SimulateTerminal};
use crate::commands::Context;
use crate::progress::Progress;
use crate::{show, signals};

/// Days through which made-up people have punched.
const PEOPLE_DAYS: i64 = 30;
/// In place of a name: show what there is.
const LIST: &str = "list";

pub(super) fn run(context: &Context, command: Simulate) -> anyhow::Result<()> {
    let Simulate::Terminal(args) = command;
    if args.profile == LIST {
        return Ok(list_profiles(context.is_json)?);
    }
    if args.faults.iter().any(|fault| fault == LIST) {
        return Ok(list_faults(context.is_json)?);
    }
    if args.zk_listen.is_none() && args.push.is_none() {
        anyhow::bail!("the terminal would speak to nobody; give --zk-listen ADDR, --push URL, or both");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(simulate(args))
}

async fn simulate(args: SimulateTerminal) -> anyhow::Result<()> {
    let terminal = terminal(&args)?;
    let pace = match &args.rate {
        Some(rate) => rate.parse::<Pace>()?,
        None => args.pace.parse::<Pace>()?,
    };
    let zk = match args.zk_listen {
        None => None,
        Some(address) => Some(listen(&terminal, address, args.zk_udp).await?),
    };
    let push = match &args.push {
        None => None,
        Some(url) => Some(PushOptions { batch_lines: args.batch, ..PushOptions::new(url.parse()?) }),
    };
    let ends = if args.until_acknowledged { Ends::WhenAcknowledged } else { Ends::AtShutdown };
    let watch = tokio::spawn(tell(terminal.clone()));
    let options = RunOptions { zk, push, pace, ends };
    let outcome = simulator::run(terminal.clone(), options, signals::asked_to_end()).await;
    watch.abort();
    outcome?;
    let progress = *terminal.progress().borrow();
    Ok(show::line(format!(
        "punched {}, acknowledged {}, log reads {}",
        progress.punched, progress.acknowledged, progress.log_reads
    ))?)
}

fn terminal(args: &SimulateTerminal) -> anyhow::Result<Terminal> {
    let profile: Profile = args.profile.parse()?;
    if args.push.is_some() && profile.push.is_none() {
        anyhow::bail!(
            "a {} does not push: it is read over port 4370; give --zk-listen ADDR instead of --push",
            profile.device_name
        );
    }
    let zone = match &args.zone {
        Some(name) => TimeZone::get(name).with_context(|| format!("{name} is no zone; write one like Asia/Manila"))?,
        None => TimeZone::system(),
    };
    let faults = args.faults.iter().try_fold(Faults::default(), |faults, fault| faults.with(fault))?;
    let builder = Terminal::builder(&args.serial)
        .profile(profile)
        .faults(faults)
        .comm_key(args.comm_key)
        .seed(args.seed)
        .zone(zone.clone());
    Ok(punching(builder, args, &zone)?.build())
}

/// The terminal with the people in front of it.
fn punching(builder: TerminalBuilder, args: &SimulateTerminal, zone: &TimeZone) -> anyhow::Result<TerminalBuilder> {
    if let Some(path) = &args.log {
        let bytes = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        let log = LogFile::parse(&bytes);
        if log.unfit_lines > 0 {
            eprintln!("{} lines of {} are no punches and were left out", log.unfit_lines, path.display());
        }
        return Ok(builder.awaited(log.records));
    }
    let Some(people) = args.people else { return Ok(builder) };
    let company = Company::generate(args.seed, people.into(), 1);
    let today = now().to_zoned(zone.clone()).date();
    let punches = company.punches(today.checked_sub(PEOPLE_DAYS.days())?, today.yesterday()?);
    let users = company.people().iter().map(|person| zk::User::new(&person.number, &person.name));
    Ok(builder.users(users).awaited(punches.iter().filter_map(|punch| punch.record())))
}

async fn listen(terminal: &Terminal, address: SocketAddr, over_udp_only: bool) -> anyhow::Result<ZkServer> {
    let make = terminal.profile().binary.transports;
    let transports = if over_udp_only { Transports::Udp } else { make };
    let server = ZkServer::bind_over(terminal.clone(), address, transports).await;
    let server = server.with_context(|| format!("can't listen on {address}; is another program using it?"))?;
    let over = match transports {
        Transports::Both => "TCP and UDP",
        Transports::Tcp => "TCP",
        Transports::Udp => "UDP",
    };
    show::line(format!("terminal {} answers at {} over {over}", terminal.serial(), server.local_addr()?))?;
    Ok(server)
}

fn list_profiles(is_json: bool) -> std::io::Result<()> {
    let row = |profile: &Profile| {
        let binary = match (profile.binary.locked, profile.binary.transports) {
            (Some(code), _) => format!("locked ({})", code.0),
            (None, Transports::Udp) => "UDP".to_owned(),
            (None, _) => "TCP, UDP".to_owned(),
        };
        let width = profile.binary.attendance.width();
        let push = profile.push.map(|push| format!("{:?} {}", push.dialect, push.version).to_lowercase());
        [
            profile.name.into(),
            profile.device_name.into(),
            profile.platform.into(),
            binary.into(),
            width.into(),
            json!(push),
        ]
    };
    let rows: Vec<Vec<_>> = Profile::all().iter().map(|profile| row(profile).into()).collect();
    show::rows(is_json, &["name", "model", "platform", "port 4370", "record bytes", "push"], &rows)
}

fn list_faults(is_json: bool) -> std::io::Result<()> {
    let rows: Vec<Vec<_>> = Faults::table()
        .iter()
        .map(|fault| vec![format!("{}{}", fault.name, fault.form).into(), fault.meaning.into()])
        .collect();
    show::rows(is_json, &["fault", "what happens"], &rows)
}

/// Says now and then how far it is.
async fn tell(terminal: Terminal) {
    let line = Progress::start("waiting");
    let mut progress = terminal.progress();
    loop {
        {
            let so_far = progress.borrow_and_update();
            line.say(format!(
                "punched {}, awaited {}, acknowledged {}, failed uploads {}, log reads {}",
                so_far.punched, so_far.awaited, so_far.acknowledged, so_far.failures, so_far.log_reads
            ));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        if progress.changed().await.is_err() {
            return;
        }
    }
}
