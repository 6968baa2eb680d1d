//! `serve` and `hub`: the server roles. `serve` joins edge and hub in one process over the same contract that joins them
//! over a network.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use edge::spool::Spool;
use edge::{Edge, Uplink, UplinkError};
use hub::jobs::{Backups, Works};
use hub::retention::CleanUp;
use hub::{Actor, Hub};
use jiff::Timestamp;
use link::{Ack, Batch, Heartbeat, Orders};
use web::{Tls, Web, WebConfig};

use crate::chance::{code, now};
use crate::cli::{HubArgs, HubCommand, Serve};
use crate::commands::{Context, edge_role};
use crate::home::Home;
use crate::runner::Runner;
use crate::sealing::{Sealing, Seals};
use crate::settings::Settings;
use crate::silence::Notices;
use crate::{log, service, show, signals, silence, sinks, tables};

/// How often the derivation looks for changed facts, of this process or another: well within the second that is promised.
const LOOK_EVERY: Duration = Duration::from_millis(300);
const BUSY_RETRY: Duration = Duration::from_secs(1);
const DATABASE_RETRY: Duration = Duration::from_secs(1);

pub(super) fn serve(context: &mut Context, args: &Serve) -> anyhow::Result<()> {
    context.settings.flag("hub.listen", args.listen.as_deref())?;
    context.settings.flag("terminals.listen", args.adms_listen.as_deref())?;
    log::start(&context.settings)?;
    let _claim = context.home.claim()?;
    let hub = context.home.hub()?;
    let config = edge_role::config(&context.settings, context.home.spool()?)?;
    runtime()?.block_on(async {
        let edge = Edge::start(config, InProcess(hub.clone())).await?;
        show::line(format!("terminals push to http://{}", edge.terminals_addr()))?;
        let outcome = run_hub(hub, &context.settings, Some(edge.spool().clone())).await;
        edge.shutdown().await;
        outcome
    })
}

pub(super) fn hub_alone(context: &mut Context, args: &HubArgs) -> anyhow::Result<()> {
    if let Some(HubCommand::Certificate { names }) = &args.command {
        return super::certificate::make(context, names);
    }
    context.settings.flag("hub.listen", args.listen.as_deref())?;
    log::start(&context.settings)?;
    runtime()?.block_on(async {
        match hub_once_there(&context.home).await? {
            Some(hub) => run_hub(hub, &context.settings, None).await,
            None => Ok(()),
        }
    })
}

/// The hub, as soon as its database answers: nobody has to start it again because the database was away when it started. `None` when
/// the process was asked to end before.
async fn hub_once_there(home: &Home) -> anyhow::Result<Option<Hub>> {
    let asked = signals::asked_to_end();
    tokio::pin!(asked);
    let mut told = false;
    loop {
        match home.hub() {
            Err(error) if error.downcast_ref().is_some_and(hub::Error::is_temporary) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!("the hub waits for its database, and looks every second: {error}");
                }
            }
            hub => return hub.map(Some),
        }
        tokio::select! {
            () = &mut asked => return Ok(None),
            () = tokio::time::sleep(DATABASE_RETRY) => {}
        }
    }
}

/// Seals the keys of terminals that an older version left in files. What fails is told, and cured while the hub runs.
fn seal_key_files(hub: &Hub) {
    match hub.seal_key_files(&Actor::new("hub"), now()) {
        Ok(sealed) => {
            for hub::KeyFile { name, key, file, .. } in sealed {
                tracing::info!("the {key} of terminal {name} is sealed now; the file {file} is not needed any more");
            }
        }
        Err(error) => tracing::error!("the keys of terminals stay in their files: {error}"),
    }
    for hub::KeyFile { name, key, file, cure, .. } in hub.key_files().unwrap_or_default() {
        tracing::warn!("the {key} of terminal {name} can't be sealed from the file {file}; {cure}");
    }
}

/// Seals what an older version left plain in addresses. What fails is told; they are used as they are.
fn seal_addresses(hub: &Hub) {
    match hub.seal_addresses(&Actor::new("hub"), now()) {
        Ok(sealed) => {
            for whose in sealed {
                tracing::info!("what is hidden of the address of {whose} is sealed now");
            }
        }
        Err(error) => tracing::error!("what is hidden of addresses stays plain in the database: {error}"),
    }
}

/// Serves pages and derives until the process is asked to end. `spool` is that of an edge in the same process.
async fn run_hub(hub: Hub, settings: &Settings, spool: Option<Spool>) -> anyhow::Result<()> {
    let setup_code = if hub.has_account()? { None } else { Some(code()?) };
    let tls = tls(settings)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let config = WebConfig {
        listen: settings.get("hub.listen")?,
        setup_code: setup_code.clone(),
        secure_cookie: tls.is_some() || settings.get("hub.secure_cookie")?,
        tls,
        trusted_proxies: settings.networks("hub.trusted_proxies")?,
        silent_after: settings.silent_after()?,
        demo_hint: None,
    };
    let web = bind(hub.clone(), config).await?;
    seal_key_files(&hub);
    seal_addresses(&hub);
    let at_work = hub.clone();
    let asked_to_end = service::until_asked_to_end(move || are_at_work(at_work.clone(), spool.clone()));
    show::line(format!("pages: {scheme}://{}", web.local_addr))?;
    if let Some(code) = setup_code {
        show::line(format!("first run: open {scheme}://{}/setup and give this code: {code}", web.local_addr))?;
    }
    let deriving = Deriving::start(hub.clone());
    let sealing = Sealing::start(hub.clone());
    let webhook = settings.text("hub.silence_webhook");
    let tells = !webhook.is_empty();
    let mut works = works(settings)?;
    if tells {
        works = works.with(Notices::to(webhook.to_owned())?);
    }
    let runner = Runner::start(hub.clone(), works, settings.schedules()?);
    let watching = tokio::spawn(silence::watch(hub, settings.silent_after()?, tells, silence::LOOK_EVERY));
    web.run(asked_to_end).await?;
    watching.abort();
    // Its threads may wait for this runtime.
    tokio::task::spawn_blocking(|| runner.end()).await?;
    deriving.end();
    sealing.end();
    Ok(())
}

/// What can be asked for, done as the settings say.
pub(super) fn works(settings: &Settings) -> anyhow::Result<Works> {
    let mut works = hub::jobs::built_in()
        .with(CleanUp::by(settings.keeps()?))
        .with(Seals)
        .with(hub::Deliver::by(sinks::open))
        .with(hub::ReadSource(tables::open));
    if let Some(folder) = settings.file("backup.folder") {
        works = works.with(Backups::into(folder, settings.get("backup.keep")?, super::backup::VERSION));
    }
    Ok(works)
}

/// The certificate that the settings name, if they name one.
fn tls(settings: &Settings) -> anyhow::Result<Option<Tls>> {
    match (settings.file("hub.tls_certificate"), settings.file("hub.tls_key")) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(Tls::from_files(certificate, key)?)),
        _ => anyhow::bail!("only one of hub.tls_certificate and hub.tls_key is set; TLS needs both files, or neither"),
    }
}

/// Whether the writers of database and queue take their turns. One that says what is in its way does.
async fn are_at_work(hub: Hub, spool: Option<Spool>) -> bool {
    if let Some(spool) = spool
        && spool.pulse().await.is_err()
    {
        return false;
    }
    tokio::task::spawn_blocking(move || hub.pulse()).await.is_ok()
}

pub(super) async fn bind(hub: Hub, config: WebConfig) -> anyhow::Result<Web> {
    let listen = config.listen;
    let bound = Web::bind(hub, config).await;
    bound.map_err(|error| anyhow::anyhow!("can't listen on {listen}: {error}; is another program using it?"))
}

pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(16).enable_all().build()
}

/// The road from edge to hub within one process.
pub(super) struct InProcess(pub(super) Hub);

impl InProcess {
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hub) -> Result<T, hub::Error> + Send + 'static,
    ) -> Result<T, UplinkError> {
        let hub = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&hub)).await;
        let done = done.map_err(|error| UplinkError::new(format!("the hub's work broke off: {error}")))?;
        done.map_err(|error| UplinkError {
            retry_after: error.is_temporary().then_some(BUSY_RETRY),
            message: format!("the hub did not take it: {error}"),
        })
    }
}

impl Uplink for InProcess {
    async fn send(&self, batch: &Batch) -> Result<Ack, UplinkError> {
        let batch = batch.clone();
        self.call(move |hub| hub.ingest(&batch, now())).await
    }

    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Orders, UplinkError> {
        let heartbeat = heartbeat.clone();
        self.call(move |hub| hub.heartbeat(&heartbeat, now())).await
    }
}

/// The thread that keeps days up with their facts, at once. What the time alone makes due is marked by a job.
pub(super) struct Deriving {
    stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Deriving {
    pub(super) fn start(hub: Hub) -> Self {
        let (stop, stopped) = mpsc::channel();
        Self { stop, thread: thread::spawn(move || keep_deriving(&hub, &stopped)) }
    }

    pub(super) fn end(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the derivation ended by a defect");
        }
    }
}

fn keep_deriving(hub: &Hub, stopped: &mpsc::Receiver<()>) {
    let mut seen = None;
    // The channel carries nothing: waiting on it is the pause, and its end is the stop.
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
        let now = now();
        let round = AssertUnwindSafe(|| derive_round(hub, now, &mut seen));
        match std::panic::catch_unwind(round) {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.is_temporary() => tracing::debug!("the derivation waits: {error}"),
            Ok(Err(error)) => {
                tracing::error!("days can't be derived: {error}; the next change tries again");
                seen = hub.data_version().ok();
            }
            Err(_) => {
                tracing::error!("the derivation broke off by a defect; the next change tries again");
                seen = hub.data_version().ok();
            }
        }
    }
}

fn derive_round(hub: &Hub, now: Timestamp, seen: &mut Option<i64>) -> Result<(), hub::Error> {
    let version = hub.data_version()?;
    if *seen == Some(version) {
        return Ok(());
    }
    // A round's own writes change the version too: the next look finds nothing marked, and then it is quiet.
    if hub.derive_marked(now)?.left == 0 {
        *seen = Some(version);
    }
    Ok(())
}
