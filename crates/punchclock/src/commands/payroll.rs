//! `payroll preset list|show`, `payroll layout save|list|show|remove`, `payroll check`, `payroll target add|list|remove`.

use std::path::Path;

use anyhow::{Context as _, bail};
use hub::delivery::{self, SftpPlace, Verb};
use hub::layouts::{Layout, PRESETS, differences, preset};
use hub::{Hub, PayTarget, PayWay};
use serde_json::json;

use crate::chance::now;
use crate::cli::payroll::{AddTarget, LayoutCommand, Payroll, PresetCommand, TargetCommand};
use crate::commands::sink::word_of;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: Payroll) -> anyhow::Result<()> {
    match command {
        Payroll::Preset(PresetCommand::List) => {
            let row = |(name, _): (&str, &str)| {
                let layout = preset(name)?;
                Ok(vec![json!(name), json!(layout.title), json!(layout.source)])
            };
            let rows = PRESETS.into_iter().map(row).collect::<anyhow::Result<Vec<_>>>()?;
            Ok(show::rows(context.is_json, &["name", "title", "source"], &rows)?)
        }
        Payroll::Preset(PresetCommand::Show { name }) => {
            // As it was written, with its remarks.
            let text = PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
            match text {
                Some(text) => Ok(show::line(text.trim_end())?),
                None => {
                    Err(preset(&name).err().map_or_else(|| anyhow::anyhow!("there is no preset {name}"), Into::into))
                }
            }
        }
        Payroll::Layout(command) => saved(context, command),
        Payroll::Target(TargetCommand::Add(args)) => add(context, &args),
        Payroll::Target(TargetCommand::List) => list(context),
        Payroll::Target(TargetCommand::Remove { name }) => {
            context.hub()?.remove_pay_target(&console(), &name, now())?;
            Ok(show::line(format!("target {name} gets nothing any more"))?)
        }
        Payroll::Check { sample, preset } => {
            // What comes along or is a file needs no hub.
            let layout = match of_file(&preset)? {
                Some(layout) => layout,
                None => match hub::layouts::preset(&preset) {
                    Ok(layout) => layout,
                    Err(_) => context.hub()?.pay_layout(&preset)?,
                },
            };
            let bytes = std::fs::read(&sample).with_context(|| format!("{} can't be read", sample.display()))?;
            let found = differences(&bytes, &layout);
            if context.is_json {
                show::json(&json!({"preset": preset, "differences": found}))?;
            } else {
                found.iter().try_for_each(show::line)?;
            }
            match found.len() {
                0 if context.is_json => Ok(()),
                0 => Ok(show::line(format!("{} is as `{preset}` writes it", sample.display()))?),
                some => bail!("{some} differences; change the layout (docs/payroll.md), or ask the provider"),
            }
        }
    }
}

fn saved(context: &Context, command: LayoutCommand) -> anyhow::Result<()> {
    let hub = context.hub()?;
    match command {
        LayoutCommand::Save { name, file, from_preset } => {
            let text = match (file, from_preset) {
                (Some(file), _) => text_of(&file)?,
                (None, Some(other)) => hub.layout_text(&other)?,
                (None, None) => bail!("a layout is saved from a file or from another one: FILE, or --from-preset NAME"),
            };
            hub.save_layout(&console(), &name, &text, now())?;
            Ok(show::line(format!("layout {name} is saved; `--preset {name}` uses it"))?)
        }
        LayoutCommand::List => {
            let zone = hub.company()?.time_zone()?;
            let row = |saved: hub::SavedText| {
                let title = hub::layouts::Layout::from_toml(&saved.text)
                    .map_or_else(|error| error.to_string(), |layout| layout.title);
                vec![json!(saved.name), json!(title), json!(show::instant(saved.at(), &zone)), json!(saved.by)]
            };
            let rows: Vec<_> = hub.saved_layouts()?.into_iter().map(row).collect();
            if rows.is_empty() && !context.is_json {
                return Ok(show::line("no layout is saved; `punchclock payroll layout save` saves one")?);
            }
            Ok(show::rows(context.is_json, &["name", "title", "saved", "by"], &rows)?)
        }
        LayoutCommand::Show { name } => Ok(show::line(hub.layout_text(&name)?.trim_end())?),
        LayoutCommand::Remove { name } => {
            hub.remove_layout(&console(), &name, now())?;
            Ok(show::line(format!("layout {name} is removed; targets keep the one that they were added with"))?)
        }
    }
}

fn add(context: &Context, args: &AddTarget) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let layout = with_values(layout(&hub, &args.preset)?, &args.values)?;
    let (way, secret) = way_of(args)?;
    let target = PayTarget { name: args.name.clone(), way, layout, since_us: 0 };
    hub.add_pay_target(&console(), &target, secret.as_deref(), now())?;
    Ok(show::line(format!("target {} gets the file of each period that is locked from now on", args.name))?)
}

/// How a target is reached, and the secret that opens it.
fn way_of(args: &AddTarget) -> anyhow::Result<(PayWay, Option<String>)> {
    if let Some(folder) = &args.folder {
        return Ok((PayWay::Folder(folder.clone()), None));
    }
    if let Some(url) = &args.url {
        let verb = if args.post { Verb::Post } else { Verb::Put };
        let token = args.token_file.as_deref().map(word_of).transpose()?;
        return Ok((PayWay::Address { url: url.clone(), verb, allow_private: args.allow_private }, token));
    }
    let Some(sftp) = &args.sftp else {
        bail!("a target is a folder, a server or an address: --folder DIR, --sftp URL or --url URL");
    };
    let place = SftpPlace::parse(sftp).map_err(anyhow::Error::msg)?;
    let secret = match (&args.key_file, &args.password_file) {
        (Some(file), _) => Some(text_of(file)?),
        (None, Some(file)) => Some(word_of(file)?),
        (None, None) => None,
    };
    let host_key = delivery::host_key(&place, args.host_key.as_deref()).map_err(anyhow::Error::msg)?;
    if args.host_key.is_none() {
        let print = delivery::fingerprint(&host_key).map_err(anyhow::Error::msg)?;
        show::line(format!(
            "the server shows the host key {print}, which is trusted from now on; compare it with what its keeper says"
        ))?;
    }
    Ok((PayWay::Sftp { place, host_key, has_password: args.password_file.is_some() }, secret))
}

fn list(context: &Context) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let (receipts, zone) = (hub.pay_receipts()?, hub.company()?.time_zone()?);
    let rows = hub.pay_targets()?.into_iter().map(|target| {
        let last = receipts.iter().rev().find(|receipt| receipt.target == target.name);
        vec![
            json!(target.name),
            json!(target.way.words()),
            json!(target.layout.title),
            json!(last.map(|receipt| format!("{} to {}", receipt.dates.0, receipt.dates.1))),
            json!(last.map(|receipt| receipt.file.clone())),
            json!(last.map(|receipt| show::instant(receipt.at(), &zone))),
            json!(last.map(|receipt| receipt.says.clone())),
            json!(last.map(|receipt| receipt.digest.clone())),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() && !context.is_json {
        return Ok(show::line("there is no target; `punchclock payroll target add` adds one")?);
    }
    let header = ["name", "where", "layout", "last period", "file", "at", "receipt", "blake3"];
    Ok(show::rows(context.is_json, &header, &rows)?)
}

/// A layout with values that were said beside it, each as NAME=VALUE.
pub(super) fn with_values(mut layout: Layout, values: &[String]) -> anyhow::Result<Layout> {
    for value in values {
        let (name, value) = value.split_once('=').with_context(|| format!("--set {value}: write NAME=VALUE"))?;
        layout.set(name, value)?;
    }
    Ok(layout)
}

/// The layout of a name, or of a file.
pub(super) fn layout(hub: &Hub, name: &str) -> anyhow::Result<Layout> {
    match of_file(name)? {
        Some(layout) => Ok(layout),
        None => Ok(hub.pay_layout(name)?),
    }
}

/// The layout of a file; `None` for what is a name.
fn of_file(name: &str) -> anyhow::Result<Option<Layout>> {
    let path = Path::new(name);
    if path.extension().is_none_or(|end| end != "toml") {
        return Ok(None);
    }
    Ok(Some(Layout::from_toml(&text_of(path)?).with_context(|| format!("layout {name}"))?))
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
}
