//! `payroll preset list|show`, `payroll check`.

use std::path::Path;

use anyhow::{Context as _, bail};
use hub::layouts::{Layout, PRESETS, differences, preset};
use serde_json::json;

use crate::cli::payroll::{Payroll, PresetCommand};
use crate::commands::Context;
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
        Payroll::Check { sample, preset } => {
            let layout = layout(&preset)?;
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
                some => bail!("{some} differences; change the layout (`payroll preset show`), or ask the provider"),
            }
        }
    }
}

/// The layout of a name, or of a file.
pub(super) fn layout(name: &str) -> anyhow::Result<Layout> {
    let path = Path::new(name);
    if path.extension().is_none_or(|end| end != "toml") {
        return Ok(preset(name)?);
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} can't be read"))?;
    Layout::from_toml(&text).with_context(|| format!("layout {name}"))
}
