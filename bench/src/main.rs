//! The bench suite: `cargo xtask bench`.
//!
//! Every figure is the median of five rounds and stands beside references measured in the same rounds, turn by turn, so
//! that a busy machine slows all of them alike. Nothing here asserts a time: aims are shown beside what was measured.

// A shell: it measures time, opens sockets and databases.
#![allow(clippy::disallowed_methods)]

mod bare_arrays;
mod bare_rows;
mod branch;
mod card;
mod crm;
mod days;
mod decode;
mod derivation;
mod edges;
mod fence;
mod figure;
mod http;
mod import;
mod ingest;
mod jobs;
mod lists;
mod load;
mod memory;
mod odoo;
mod parse_only;
mod push;
mod read_terminal;
mod report;
mod skeleton;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;

use crate::figure::{Figure, Plan};

/// Figures of Punchclock beside references measured in the same run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Write the figures to this file as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure only the groups whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Keep the large database of `lists` in this folder, and take the one that lies there already.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// One short round each: shows that the suite works, not how fast anything is.
    #[arg(long)]
    quick: bool,
    /// Be the bare skeleton on this folder, for its memory to be measured.
    #[arg(long, value_name = "FOLDER", hide = true)]
    skeleton: Option<PathBuf>,
}

/// A group of figures under the name that `--only` chooses by.
type Group = (&'static str, fn(&Plan) -> Result<Vec<Figure>>);

const GROUPS: &[Group] = &[
    ("push", push::measure),
    ("branch", branch::measure),
    ("card", card::measure),
    ("edges", edges::measure),
    ("ingest", ingest::measure),
    ("import", import::measure),
    ("fence", fence::measure),
    ("derive", derivation::measure),
    ("days", days::measure),
    ("year", days::measure_year),
    ("jobs", jobs::measure),
    ("crm", crm::measure),
    ("odoo", odoo::measure),
    ("lists", lists::measure),
    ("decode", decode::measure),
    ("read", read_terminal::measure),
    ("memory", memory::measure),
];

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(folder) = arguments.skeleton {
        return be_skeleton(&folder);
    }
    let plan = Plan::new(arguments.quick, arguments.keep);
    let mut figures = Vec::new();
    for (name, measure) in chosen(arguments.only.as_deref()) {
        eprintln!("measuring {name} ...");
        figures.extend(measure(&plan).with_context(|| format!("could not measure {name}"))?);
    }
    println!("{}", report::table(&figures));
    if let Some(path) = arguments.json {
        std::fs::write(&path, report::json(&figures, &plan)?)
            .with_context(|| format!("could not write the figures to {}", path.display()))?;
    }
    Ok(())
}

fn chosen(only: Option<&str>) -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().filter(move |(name, _)| only.is_none_or(|part| name.contains(part)))
}

fn be_skeleton(folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("skeleton: http://{}", skeleton::start(folder).await?);
        std::future::pending().await
    })
}
