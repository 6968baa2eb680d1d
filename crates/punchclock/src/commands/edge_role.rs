//! `edge run`: the branch agent alone. How it joins a hub is in `enrolment`.

use std::time::Duration;

use edge::spool::room::Bounds;
use edge::{Edge, EdgeConfig, HttpUplink, TokenFile};

use crate::cli::edge::EdgeRun;
use crate::commands::Context;
use crate::settings::Settings;
use crate::{log, service, show};

/// What a person approves or registers on the hub reaches the edge within this time.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

pub(super) fn run(context: &mut Context, args: &EdgeRun) -> anyhow::Result<()> {
    let EdgeRun { hubs, token_file, adms_listen, status_listen } = args;
    let hubs = (!hubs.is_empty()).then(|| hubs.join(","));
    context.settings.flag("edge.hub", hubs.as_deref())?;
    context.settings.flag("edge.token_file", token_file.as_deref())?;
    context.settings.flag("terminals.listen", adms_listen.as_deref())?;
    context.settings.flag("edge.status_listen", status_listen.as_deref())?;
    log::start(&context.settings)?;
    let _claim = context.home.claim()?;
    let mut config = config(&context.settings, context.home.spool()?)?;
    config.status_listen = Some(context.settings.get("edge.status_listen")?);
    let uplink = uplink(context)?;
    // Terminals are slow and few: one thread serves them, the spool has its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let edge = Edge::start(config, uplink).await?;
        let spool = edge.spool().clone();
        let asked_to_end = service::until_asked_to_end(|| async { spool.pulse().await.is_ok() });
        show::line(format!("terminals push to http://{}", edge.terminals_addr()))?;
        if let Some(address) = edge.status_addr() {
            show::line(format!("board and health: http://{address}"))?;
        }
        asked_to_end.await;
        edge.shutdown().await;
        Ok(())
    })
}

/// The road to the hub, or the hubs, that the settings name.
fn uplink(context: &Context) -> anyhow::Result<HttpUplink> {
    let hubs = context.settings.hubs();
    if hubs.is_empty() {
        anyhow::bail!(
            "this edge belongs to no hub; enrol it with the code that `punchclock edge invite` prints at the hub \
             (`punchclock edge enroll CODE`), or name the hub with --hub, or as `hub` below [edge] in the settings file"
        );
    }
    Ok(HttpUplink::new(hubs, token_file(context), &context.settings.hub_pins()?)?)
}

/// The file of the edge's token, sealed with the key file that the settings name.
pub(super) fn token_file(context: &Context) -> TokenFile {
    let Context { settings, home, .. } = context;
    let token = settings.file("edge.token_file").unwrap_or_else(|| home.data.join("edge.token"));
    let key = settings.file("edge.key_file").unwrap_or_else(|| home.data.join(edge::spool::KEY_FILE));
    TokenFile::new(token, key)
}

/// The edge's settings, without a status page.
pub(super) fn config(settings: &Settings, spool: std::path::PathBuf) -> anyhow::Result<EdgeConfig> {
    let mut config = EdgeConfig::new(settings.text("edge.name"), spool);
    config.key_file = settings.file("edge.key_file");
    config.terminals_listen = settings.get("terminals.listen")?;
    config.allowed = settings.networks("terminals.networks")?;
    config.requests_per_second = Some(settings.get("terminals.requests_per_second")?);
    config.trusted_proxies = settings.networks("terminals.trusted_proxies")?;
    config.poll_every = Duration::from_secs(60 * settings.get::<u64>("terminals.poll_minutes")?);
    config.result_patience = Duration::from_secs(settings.get::<u64>("terminals.result_seconds")?);
    config.discover = settings.subnets()?;
    config.keep = Duration::from_secs(86_400 * settings.get::<u64>("edge.keep_days")?);
    config.spool_bounds = bounds(settings)?;
    // Four polls that bring nothing, and an hour at least.
    config.missing_after = config.missing_after.max(4 * config.poll_every);
    config.heartbeat_every = HEARTBEAT_EVERY;
    config.status_listen = None;
    Ok(config)
}

/// How much disk the settings give to the spool.
pub(super) fn bounds(settings: &Settings) -> anyhow::Result<Bounds> {
    Ok(Bounds {
        max_bytes: settings.get::<u64>("edge.spool_mib")? << 20,
        disk_reserve_bytes: settings.get::<u64>("edge.disk_reserve_mib")? << 20,
    })
}
