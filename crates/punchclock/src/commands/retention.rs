//! `retention`: what is kept for how long, and what would go now.

use serde_json::json;

use crate::chance::now;
use crate::commands::Context;
use crate::show;

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let rows = context.hub()?.retention(&context.settings.keeps()?, now())?;
    let header = ["what", "kept", "setting", "would go now", "says"];
    let rows = rows.into_iter().map(|row| {
        let more = if row.is_more { "more than " } else { "" };
        let goes = if context.is_json { json!(row.goes) } else { json!(format!("{more}{}", row.goes)) };
        vec![json!(row.what), json!(row.keeps), json!(row.setting), goes, json!(row.says)]
    });
    show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?;
    Ok(())
}
