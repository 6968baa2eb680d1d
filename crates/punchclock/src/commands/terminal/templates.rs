//! `terminal copy-templates`: fingerprints from one terminal to another, for sites where people enrol once. They are biometric
//! data: it is off by default, nothing of them is stored or shown here, and that it happened is written down without whose.

use anyhow::{Context as _, bail};
use serde_json::json;
use zk::client::{Client, Copied, copy_templates};

use super::visit::{Target, note, runtime};
use crate::cli::terminal::CopyTemplates;
use crate::commands::Context;
use crate::show;

const SETTING: &str = "terminals.copy_templates";

pub(super) fn copy(context: &Context, args: &CopyTemplates) -> anyhow::Result<()> {
    if !context.settings.get::<bool>(SETTING)? {
        bail!(
            "copying fingerprints is switched off; they are biometric data: where the law and the people concerned allow it, set {SETTING} = true"
        );
    }
    let from = Target::called(context, &args.from, &args.way)?;
    let to = Target::called(context, &args.to, &args.way)?;
    if from.address == to.address {
        bail!("{} and {} are the same terminal; name two", args.from, args.to);
    }
    let (serials, copied) = runtime()?.block_on(async {
        let mut source = from.begin().await?;
        let target = to.begin().await;
        let mut target = match target {
            Ok(target) => target,
            Err(error) => {
                source.end().await;
                return Err(error);
            }
        };
        let copied = between(&mut source.client, &mut target.client, &args.users).await;
        let serials = [source.serial.clone(), target.serial.clone()];
        source.end().await;
        target.end().await;
        let named = format!("from {} to {}", from.label, to.label);
        Ok::<_, anyhow::Error>((serials, copied.context(named)?))
    })?;
    let [source, target] = serials.each_ref().map(Option::as_deref);
    let number = copied.templates;
    let (to_whom, from_whom) = (target.unwrap_or("unknown"), source.unwrap_or("unknown"));
    note(context, source, "terminal.copy_templates", &format!("{number} fingers to terminal {to_whom}"))?;
    note(context, target, "terminal.copy_templates", &format!("{number} fingers from terminal {from_whom}"))?;
    tell(context, &copied, !args.users.is_empty())
}

/// Copies the fingers of these numbers, or of everybody whom the source knows.
async fn between(source: &mut Client, target: &mut Client, users: &[String]) -> anyhow::Result<Copied> {
    let users = match users {
        [] => source.users().await?.into_iter().map(|user| user.number).collect(),
        some => some.to_vec(),
    };
    Ok(copy_templates(source, target, &users).await?)
}

fn tell(context: &Context, copied: &Copied, were_named: bool) -> anyhow::Result<()> {
    if context.is_json {
        return show::json(&json!({
            "templates": copied.templates,
            "unknown_at_source": copied.unknown_at_source,
            "unknown_at_target": copied.unknown_at_target,
            "without_template": copied.without_template,
        }));
    }
    show::line(format!("{} fingers were copied", copied.templates))?;
    for (numbers, why) in [
        (&copied.unknown_at_source, "are not on the terminal to read from"),
        (
            &copied.unknown_at_target,
            "are not on the terminal to write to; `punchclock terminal users --push` writes employees there",
        ),
        (&copied.without_template, "have no finger to copy"),
    ] {
        match numbers.len() {
            0 => {}
            _ if were_named => show::line(format!("{} {why}", numbers.join(", ")))?,
            some => show::line(format!("{some} people {why}"))?,
        }
    }
    Ok(())
}
