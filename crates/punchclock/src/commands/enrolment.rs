//! `edge invite` at the hub, `edge enroll` at the edge: one code carries what joins them. `edge forget` parts them.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, bail};
use edge::{HttpUplink, Uplink as _};
use jiff::tz::TimeZone;
use link::enrol::{Invitation, MOST_PINS, Pin};
use link::{Batch, Network};

use crate::chance::{bytes, now};
use crate::cli::edge::EdgeInvite;
use crate::commands::certificate::pin_of_file;
use crate::commands::{Context, console, edge_role};
use crate::settings::{ENROLLED, Settings};
use crate::show;

pub(super) fn invite(context: &Context, invited: &EdgeInvite) -> anyhow::Result<()> {
    let settings = &context.settings;
    let own_certificate = settings.file("hub.tls_certificate");
    let hubs = match &invited.hubs[..] {
        [] => vec![own_address(settings, own_certificate.is_some())?],
        hubs => hubs.to_vec(),
    };
    let is_tls = are_tls(&hubs)?;
    let certificates = match &invited.certificates[..] {
        [] => own_certificate.into_iter().collect(),
        certificates => certificates.to_vec(),
    };
    let certificates = certificates.into_iter().filter(|_| is_tls && !invited.no_pin);
    let pins = certificates.map(|file| pin_of_file(&file)).collect::<anyhow::Result<Vec<_>>>()?;
    if pins.len() > usize::from(MOST_PINS) {
        bail!(
            "a code carries the keys of {MOST_PINS} certificates at most; give hubs behind one proxy one certificate"
        );
    }
    if !is_tls {
        hubs.iter().try_for_each(|hub| refuse_internet(hub))?;
    }
    let secret = bytes()?;
    let until = context.home.hub()?.edge_invite(&console(), &invited.name, secret, invited.valid, now())?;
    let code = Invitation { hubs, pins, secret };
    show::line(&code)?;
    eprintln!(
        "for the edge {}, at {}; good once, until {}",
        invited.name,
        code.hubs.join(" or "),
        show::instant(until, &TimeZone::UTC)
    );
    match (&code.pins[..], is_tls) {
        ([], true) => {
            eprintln!("no certificate is pinned: the edge's system must trust the one at this address");
        }
        ([], false) => eprintln!(
            "there is no TLS: whoever listens on the way from edge to hub can read the token and all punches; only within a network \
             of your own"
        ),
        (pins, _) => {
            eprintln!("the edge will talk only to a hub whose certificate has the key {}", joined(pins, " or "));
        }
    }
    eprintln!("there: punchclock edge enroll CODE");
    Ok(())
}

/// Whether hubs are reached by TLS. A token does not cross a network by it here and in plain text there.
fn are_tls(hubs: &[String]) -> anyhow::Result<bool> {
    let mut schemes = hubs.iter().map(|hub| match hub.split_once("://") {
        Some((scheme @ ("https" | "http"), host)) if !host.is_empty() && !host.contains(',') => Ok(scheme == "https"),
        _ => bail!("`{hub}` is no address of a hub; write it with --hub, like https://hub.example"),
    });
    let first = schemes.next().transpose()?.unwrap_or_default();
    for other in schemes {
        if other? != first {
            bail!("some hubs have TLS and others have none; name all with https://, or all with http://");
        }
    }
    Ok(first)
}

fn joined(pins: &[Pin], between: &str) -> String {
    pins.iter().map(Pin::to_string).collect::<Vec<_>>().join(between)
}

/// The address that the settings tell.
fn own_address(settings: &Settings, has_tls: bool) -> anyhow::Result<String> {
    let listen: SocketAddr = settings.get("hub.listen")?;
    if listen.ip().is_unspecified() {
        bail!("the hub listens on all addresses ({listen}); say with --hub by which one the edge reaches it");
    }
    Ok(format!("{}://{listen}", if has_tls { "https" } else { "http" }))
}

/// Without TLS a token does not cross the internet. What a name stands for is not looked up.
fn refuse_internet(hub: &str) -> anyhow::Result<()> {
    let host = hub.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let address = host.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| host.parse::<IpAddr>());
    if address.is_ok_and(|address| !Network::PRIVATE.iter().any(|network| network.contains(address))) {
        bail!(
            "{hub} is on the internet and has no TLS; serve the hub with a certificate (`punchclock hub certificate`)"
        );
    }
    Ok(())
}

pub(super) fn enroll(context: &Context, code: &str) -> anyhow::Result<()> {
    let invitation: Invitation = code.parse()?;
    let folder = context.home.folder()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let enrolled = HttpUplink::enroll(&invitation).await?;
        let token = edge_role::token_file(context);
        token.write(&enrolled.token)?;
        note(folder, &invitation, &enrolled.edge)?;
        // A first call, with nothing in it: the code is used up, and what was noted works.
        let uplink = HttpUplink::new(&invitation.hubs, token, &invitation.pins)?;
        uplink.send(&Batch { edge: enrolled.edge.clone(), ..Batch::default() }).await?;
        show::line(format!("this edge is {} of the hub at {}", enrolled.edge, invitation.hubs.join(" or ")))?;
        Ok::<_, anyhow::Error>(())
    })?;
    tell_what_wins(context, &invitation);
    show::line("start it with `punchclock edge run`; one that runs already needs a restart")?;
    Ok(())
}

pub(super) fn forget(context: &Context, name: &str, yes: bool) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let gone = if yes { hub.edge_forget(&console(), name, now())? } else { hub.edge_farewell(name)? };
    if gone.queued > 0 {
        eprintln!(
            "when it was heard of last it had {} entries that it had not sent; they are on its disk only, where `punchclock edge export` \
             writes them out",
            gone.queued
        );
    }
    if !gone.terminals.is_empty() {
        let terminals = gone.terminals.join(", ");
        eprintln!(
            "it answered for {terminals}; another edge does as soon as it hears of them, or reaches them at their address"
        );
    }
    let seen = gone.last_seen.map_or_else(
        || "it never called".to_owned(),
        |seen| format!("last heard of {}", show::instant(seen, &TimeZone::UTC)),
    );
    let told = match yes {
        true => format!("the edge {name} is forgotten ({seen}); what it brought stays"),
        false => format!("the edge {name} would be forgotten ({seen}); do it with --yes"),
    };
    Ok(show::line(told)?)
}

/// Writes what the code told into the data folder, where `edge run` finds it.
fn note(folder: &std::path::Path, invitation: &Invitation, edge: &str) -> anyhow::Result<()> {
    let mut told = toml::Table::new();
    told.insert("name".to_owned(), edge.into());
    told.insert("hub".to_owned(), invitation.hubs.join(",").into());
    told.insert("hub_pin".to_owned(), joined(&invitation.pins, ",").into());
    let table = toml::Table::from_iter([("edge".to_owned(), toml::Value::Table(told))]);
    let text = format!("# Written by `punchclock edge enroll`. The settings file wins over it.\n{table}");
    let file = folder.join(ENROLLED);
    let write = || {
        let mut draft = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut draft, text.as_bytes())?;
        draft.as_file().sync_all()?;
        draft.persist(&file).map(drop).map_err(std::io::Error::from)
    };
    write().with_context(|| format!("{} can't be written", file.display()))
}

/// A setting that stands elsewhere and says something else wins over what the code told.
fn tell_what_wins(context: &Context, invitation: &Invitation) {
    let (hubs, pins) = (invitation.hubs.join(","), joined(&invitation.pins, ","));
    for (name, told) in [("edge.hub", hubs), ("edge.hub_pin", pins)] {
        let (said, origin) = (context.settings.text(name), context.settings.origin(name));
        if !said.is_empty() && said != told && !origin.to_string().ends_with(ENROLLED) {
            eprintln!("setting {name} is `{said}` ({origin}) and wins over the code; take it out there");
        }
    }
}
