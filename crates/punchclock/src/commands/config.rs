//! `config check|show`.

use serde_json::json;

use crate::cli::Config;
use crate::commands::Context;
use crate::show;

pub(super) fn run(context: &Context, command: &Config) -> anyhow::Result<()> {
    match command {
        // Reading them has checked them.
        Config::Check => show::line("the settings are valid")?,
        Config::Show { origin } => {
            let mut header = vec!["setting", "value", "meaning"];
            if *origin {
                header.insert(2, "origin");
            }
            let rows = context.settings.all().map(|(declared, value, from)| {
                let mut row = vec![json!(declared.name), json!(value), json!(declared.meaning)];
                if *origin {
                    row.insert(2, json!(from.to_string()));
                }
                row
            });
            show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?;
        }
    }
    Ok(())
}
