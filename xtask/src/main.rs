//! Developer commands, the same for people and for `./check`.

mod guarded;
mod layers;
mod map;

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  layers              check that the rooms of the house depend on lower rooms only, and make guarded calls where allowed
  map                 check that the files and tests named in ARCHITECTURE.md exist
  bench [ARGUMENTS]   run the bench suite (cargo xtask bench --help)
  fuzz [ARGUMENTS]    fuzz every parser (cargo xtask fuzz --help)
  sim [ARGUMENTS]     play branches through days of faults, a seed each (cargo xtask sim --help)
  help                this text";

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Vec<String>) -> Result<()> {
    let command = if arguments.is_empty() { "help".into() } else { arguments.remove(0) };
    match command.as_str() {
        "layers" => check_layers(),
        "map" => check_map(),
        "bench" => bench(&arguments),
        "fuzz" => run_cargo(&["run", "--profile", "fuzz", "--package", "fuzz", "--"], &arguments),
        "sim" => run_cargo(&["run", "--profile", "fuzz", "--package", "simulation", "--"], &arguments),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("there is no command `{other}`\n\n{HELP}"),
    }
}

fn check_layers() -> Result<()> {
    let output =
        cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().context("could not start cargo")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let workspace: layers::Workspace =
        serde_json::from_slice(&output.stdout).context("cargo metadata is unreadable")?;
    let faults = layers::faults(&workspace);
    if !faults.is_empty() {
        bail!("the rooms of the house depend on each other in the wrong direction:\n  {}", faults.join("\n  "));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = guarded::sources(&root).context("the sources can't be read")?;
    let faults = guarded::faults(&sources);
    if !faults.is_empty() {
        bail!("a guarded function is called from the wrong place:\n  {}", faults.join("\n  "));
    }
    println!("{} rooms, every dependency points downwards", workspace.packages.len());
    Ok(())
}

fn check_map() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).context("ARCHITECTURE.md can't be read")?;
    let named = map::named_tests(&text);
    let faults = map::faults(&named, |file| fs::read_to_string(root.join(file)).ok());
    if !faults.is_empty() {
        bail!("ARCHITECTURE.md names what is not there:\n  {}", faults.join("\n  "));
    }
    println!("{} tests named in ARCHITECTURE.md are there", named.len());
    Ok(())
}

/// The suite also measures the executable, which lies beside it.
fn bench(arguments: &[String]) -> Result<()> {
    run_cargo(&["build", "--release", "--package", "punchclock"], &[])?;
    run_cargo(&["run", "--release", "--package", "bench", "--"], arguments)
}

fn run_cargo(command: &[&str], arguments: &[String]) -> Result<()> {
    let status = cargo().args(command).args(arguments).status().context("could not start cargo")?;
    if !status.success() {
        bail!("cargo {} ended with {status}", command.join(" "));
    }
    Ok(())
}

/// The cargo that runs us, else the one on the path.
fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
