//! `backup`, `restore`.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::bail;
use hub::backup::{Description, Kept, Restore, Step, check, make, make_in, part_of, restore as put_back};
use jiff::Timestamp;
use serde_json::json;

use crate::chance::now;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::{cli, show};

/// Of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How often the bytes that were written are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) fn backup(context: &Context, args: &cli::Backup) -> anyhow::Result<()> {
    let is_folder = args.file.is_dir();
    let keep = match args.keep {
        Some(_) if !is_folder => bail!("--keep is for a folder, and {} is none: make it first", args.file.display()),
        keep => keep.map(usize::try_from).transpose()?,
    };
    let store = context.home.database().open_existing()?;
    let now = now();
    let kept = if is_folder {
        told(None, |say| make_in(&store, &args.file, keep, now, VERSION, say))?
    } else {
        let make = |say: &dyn Fn(Step<'_>)| make(&store, &args.file, now.as_microsecond(), VERSION, say);
        let description = told(Some(&part_of(&args.file)), make)?;
        Kept { file: args.file.clone(), description, removed: Vec::new() }
    };
    show_backup(context, "written and verified", &kept.file, &kept.description)?;
    for removed in &kept.removed {
        eprintln!("removed {}", removed.display());
    }
    Ok(())
}

pub(super) fn restore(context: &Context, args: &cli::Restore) -> anyhow::Result<()> {
    if args.check {
        let description = told(None, |say| check(&args.file, say))?;
        return show_backup(context, "verified", &args.file, &description);
    }
    // A server on this folder would go on writing to what was replaced.
    let _claim = context.home.claim()?;
    let target = context.home.database().target(context.home.folder()?)?;
    let actor = console();
    let how =
        Restore { file: &args.file, overwrites: args.overwrite, at_us: now().as_microsecond(), actor: &actor.name };
    let description = told(None, |say| put_back(&how, &target, say))?;
    show_backup(context, "verified and restored", &args.file, &description)?;
    eprintln!(
        "tokens and accounts are those of that time, what was revoked since included: see `punchclock token list` and `punchclock user list`"
    );
    Ok(())
}

/// Does something while its progress is shown, that of a file by its size.
fn told<T, E>(part: Option<&Path>, work: impl FnOnce(&dyn Fn(Step<'_>)) -> Result<T, E>) -> Result<T, E> {
    let progress = Progress::start("looking at the database").ticking();
    let (ends, ended) = mpsc::channel::<()>();
    let copying = std::sync::atomic::AtomicU64::new(0);
    let in_words = |step: Step<'_>| {
        let total = if let Step::Copying(total) = step { total } else { 0 };
        copying.store(total, std::sync::atomic::Ordering::Relaxed);
        progress.say(match step {
            Step::Copying(total) => format!("copying about {} MiB", total >> 20),
            Step::Checking => String::from("looking for damage"),
            Step::Reading(table) => format!("computing digests: {table}"),
            Step::Filling => String::from("filling PostgreSQL"),
        });
    };
    std::thread::scope(|scope| {
        if let Some(part) = part {
            let (copying, progress) = (&copying, &progress);
            scope.spawn(move || {
                while matches!(ended.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
                    let total = copying.load(std::sync::atomic::Ordering::Relaxed);
                    if let (1.., Ok(written)) = (total, part.metadata().map(|part| part.len())) {
                        progress.say(format!("copying: {} of about {} MiB", written >> 20, total >> 20));
                    }
                }
            });
        }
        let result = work(&in_words);
        drop(ends);
        result
    })
}

fn show_backup(context: &Context, what: &str, file: &Path, description: &Description) -> anyhow::Result<()> {
    let made = Timestamp::from_microsecond(description.made_us)?;
    let header = ["table", "rows", "digest"];
    let tables = description.tables.iter();
    if context.is_json {
        let tables = tables.map(|t| json!({"table": t.name, "rows": t.rows, "digest": format!("{:032x}", t.digest)}));
        return show::json(&json!({
            "file": file, "made": made, "version": description.version, "schema": description.schema,
            "tables": tables.collect::<Vec<_>>(),
        }));
    }
    let rows = tables.map(|t| vec![json!(t.name), json!(t.rows), json!(format!("{:032x}", t.digest))]);
    show::rows(false, &header, &rows.collect::<Vec<_>>())?;
    let (version, schema) = (&description.version, description.schema);
    show::line(format!("{}: {what}; made {made} by version {version}, schema {schema}", file.display()))?;
    Ok(())
}
