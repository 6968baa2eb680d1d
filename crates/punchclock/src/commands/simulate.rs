//! `simulate terminal`.

use std::time::Duration;

use anyhow::Context as _;
use simulator::push::PushOptions;
use simulator::{Ends, Faults, LogFile, Pace, Profile, RunOptions, Terminal, ZkServer};

use crate::cli::{Simulate, SimulateTerminal};
use crate::commands::Context;
use crate::progress::Progress;
use crate::{show, signals};

pub(super) fn run(_: &Context, command: Simulate) -> anyhow::Result<()> {
    let Simulate::Terminal(args) = command;
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
        Some(address) => {
            let server = ZkServer::bind(terminal.clone(), address).await;
            let server = server.with_context(|| format!("can't listen on {address}; is another program using it?"))?;
            show::line(format!("terminal {} answers at {}", args.serial, server.local_addr()?))?;
            Some(server)
        }
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
    let faults = args.faults.iter().try_fold(Faults::default(), |faults, fault| faults.with(fault))?;
    let mut builder = Terminal::builder(&args.serial).comm_key(args.comm_key).faults(faults);
    if let Some(name) = &args.profile {
        builder = builder.profile(name.parse::<Profile>()?);
    }
    if let Some(path) = &args.log {
        let bytes = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        let log = LogFile::parse(&bytes);
        if log.unfit_lines > 0 {
            eprintln!("{} lines of {} are no punches and were left out", log.unfit_lines, path.display());
        }
        builder = builder.awaited(log.records);
    }
    Ok(builder.build())
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
