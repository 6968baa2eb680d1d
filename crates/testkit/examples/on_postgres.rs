//! Runs a command whose tests find one PostgreSQL server for all of them: `on_postgres cargo nextest run ...`.

use std::{env, process::Command};

use anyhow::{Context, bail};
use testkit::{Database, Postgres};

fn main() -> anyhow::Result<()> {
    let mut words = env::args_os().skip(1);
    let program = words.next().context("name the command that is to run")?;
    let Some(server) = Postgres::start()? else { bail!("there is no PostgreSQL server; install one") };
    let mut command = Command::new(program);
    command.args(words).env(Database::ENGINE_VARIABLE, "postgres").env(Database::SERVER_VARIABLE, server.folder());
    let status = command.status()?;
    if !status.success() {
        bail!("the command ended with {status}");
    }
    Ok(())
}
