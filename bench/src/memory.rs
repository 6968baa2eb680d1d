//! Private memory (RssAnon) of idle servers: the executable as `edge run` and as `serve`, beside the bare skeleton.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use testkit::{Process, wait_until};

use crate::figure::{self, Aim, Contender, Figure, Plan};

const START_WITHIN: Duration = Duration::from_secs(30);
const IDLE_WITHIN: Duration = Duration::from_secs(30);
/// Memory that does not change for so long is that of an idle server.
const IDLE_FOR: Duration = Duration::from_secs(2);
const ANY_PORT: &str = "127.0.0.1:0";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let punchclock = executable()?;
    let edge = Contender::new("edge run", || idle_mebibytes(|folder| edge_run(&punchclock, folder)));
    let serve = Contender::new("serve", || idle_mebibytes(|folder| serve(&punchclock, folder)));
    Ok(vec![
        against_skeleton(plan, "memory of an idle edge", 12.0, edge)?,
        against_skeleton(plan, "memory of an idle serve", 40.0, serve)?,
    ])
}

fn against_skeleton(plan: &Plan, name: &str, most: f64, ours: Contender<'_>) -> Result<Figure> {
    let skeleton = Contender::new("skeleton", || idle_mebibytes(skeleton));
    figure::measure(plan, name.to_owned(), "MiB", Some(Aim::AtMost(most)), ours, vec![skeleton])
}

/// The executable under test: named, else the one built beside this program.
pub(crate) fn executable() -> Result<PathBuf> {
    let named = env::var_os("PUNCHCLOCK_BIN").map(PathBuf::from);
    let path = named.map_or_else(|| Ok(env::current_exe()?.with_file_name("punchclock")), Ok::<_, std::io::Error>)?;
    ensure!(path.is_file(), "there is no {}: build it with `cargo build --release`", path.display());
    Ok(path)
}

/// A command, and the beginning of the line that it prints when it serves.
type Server = (Command, &'static str);

fn edge_run(punchclock: &Path, folder: &Path) -> Result<Server> {
    let token = folder.join("token");
    fs::write(&token, "of no hub")?;
    let mut command = Command::new(punchclock);
    command.args(["edge", "run", "--hub", "http://127.0.0.1:9", "--token-file"]).arg(token);
    command.args(["--adms-listen", ANY_PORT, "--status-listen", ANY_PORT, "--data"]).arg(folder);
    Ok((command, "board and health"))
}

fn serve(punchclock: &Path, folder: &Path) -> Result<Server> {
    let mut command = Command::new(punchclock);
    command.args(["serve", "--listen", ANY_PORT, "--adms-listen", ANY_PORT, "--data"]).arg(folder);
    Ok((command, "pages:"))
}

fn skeleton(folder: &Path) -> Result<Server> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--skeleton").arg(folder);
    Ok((command, "skeleton:"))
}

fn idle_mebibytes(server: impl FnOnce(&Path) -> Result<Server>) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let (mut command, ready) = server(folder.path())?;
    let mut process = Process::spawn(&mut command)?;
    process.wait_for_line(ready, START_WITHIN)?;
    let (mut last, mut since) = (rss_anon_kibibytes(process.pid())?, Instant::now());
    wait_until("memory that stays the same", IDLE_WITHIN, || {
        let now = rss_anon_kibibytes(process.pid()).unwrap_or(0);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() >= IDLE_FOR
    })?;
    ensure!(last > 0, "{} ended while its memory was watched:\n{}", command.get_program().display(), process.printed());
    Ok(last as f64 / 1_024.0)
}

/// Private memory of a process.
pub(crate) fn rss_anon_kibibytes(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("the system tells no RssAnon")?;
    line.trim().trim_end_matches(" kB").parse().context("RssAnon is no number")
}
