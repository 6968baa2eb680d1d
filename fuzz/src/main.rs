//! `cargo xtask fuzz`: every parser, as many inputs as wanted.

#![allow(clippy::disallowed_methods)]

use anyhow::{Context, Result, bail};
use clap::Parser;
use fuzz::{Report, Target, corpus, targets};

/// Inputs that are kept of one target with `--keep`.
const MOST_KEPT: usize = 12;

/// Fuzz every parser. An input that breaks a promise is stored in fuzz/corpus, where the tests find it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask fuzz")]
struct Arguments {
    /// Inputs for each target.
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    inputs: u64,
    /// Only the targets whose name contains this, such as `adms/` or `zk/session`.
    #[arg(long, value_name = "NAME", default_value = "")]
    target: String,
    /// Another seed gives other inputs.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep inputs that give new kinds of answers, too.
    #[arg(long)]
    keep: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // A broken promise is told once, when its input is as short as it can be.
    std::panic::set_hook(Box::new(|_| {}));
    let chosen: Vec<&Target> = targets::all().filter(|target| target.name.contains(&arguments.target)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = targets::all().map(|target| target.name).collect();
        bail!("there is no target `{}`; the targets are {}", arguments.target, names.join(", "));
    }
    let mut failed = 0;
    for target in chosen {
        let kept = corpus::read(&corpus::folder(), target.name).context("the corpus can't be read")?;
        let most_found = if arguments.keep { MOST_KEPT } else { 0 };
        let report = fuzz::run(target, &kept, arguments.inputs, arguments.seed, most_found);
        println!("{}", line(target, &report));
        let keep = |why: &str, input: &[u8]| {
            corpus::keep(&corpus::folder(), target.name, why, input).context("the input can't be stored")
        };
        report.found.iter().try_for_each(|input| keep("found", input).map(drop))?;
        if let Some(failure) = report.failure {
            failed += 1;
            let file = keep("failed", &failure.input)?;
            println!("{}: {}\n  stored as {}", target.name, failure.message, file.display());
        }
    }
    if failed > 0 {
        bail!("{failed} targets broke a promise; mend the parser, and name the stored inputs after what was wrong");
    }
    Ok(())
}

fn line(target: &Target, report: &Report) -> String {
    let Report { inputs, kinds, took, slowest: (slowest, bytes), .. } = report;
    let rate = *inputs as f64 / took.as_secs_f64().max(1e-9);
    format!(
        "{:<28} {inputs:>9} inputs  {kinds:>5} kinds  {rate:>9.0}/s  slowest {slowest:.1?} ({bytes} bytes)",
        target.name
    )
}
