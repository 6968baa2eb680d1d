//! `move`.

use anyhow::bail;
use hub::moving::{Moved, copy};
use serde_json::json;

use crate::cli::Move;
use crate::commands::Context;
use crate::home::Database;
use crate::{settings, show};

pub(super) fn run(context: &Context, args: &Move) -> anyhow::Result<()> {
    // A server on this folder would go on writing to what was moved.
    let _claim = context.home.claim()?;
    let [from, to] = [("--from", &args.from), ("--to", &args.to)].map(|(flag, url)| named(context, flag, url));
    let moved = copy(&from?.open_existing()?, &to?.open()?)?;
    let row = |Moved { table, rows, digest }: &Moved| vec![json!(table), json!(rows), json!(format!("{digest:032x}"))];
    let rows: Vec<_> = moved.iter().map(row).collect();
    show::rows(context.is_json, &["table", "rows", "digest"], &rows)?;
    Ok(())
}

fn named(context: &Context, flag: &str, url: &str) -> anyhow::Result<Database> {
    match settings::database(url) {
        Ok(()) if !url.is_empty() => Ok(Database::named(url, &context.settings)),
        _ => bail!("{flag} names no database; write sqlite:PATH or postgres://user@host/name, without the password"),
    }
}
