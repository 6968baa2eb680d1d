//! What punches cost the card of a small machine: the bytes that an edge hands to its disk.

use std::{fs, net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use testkit::Process;

use crate::{
    branch::{edge_run, pushing, remember},
    figure::{self, Aim, Contender, Figure, Plan},
    load,
};

const START_WITHIN: Duration = Duration::from_secs(30);
/// Terminals that push at the same time in a rush.
const AT_ONCE: usize = 64;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let punches = plan.pick(2_000, 100);
    let each = |terminals: usize| {
        Contender::new("edge run", move || {
            with_edge(terminals, |address, written| {
                let before = written()?;
                load::push(address, terminals, punches / terminals)?;
                Ok((written()? - before) as f64 / (punches / terminals * terminals) as f64 / 1_024.0)
            })
        })
    };
    let quiet = Contender::new("edge run", || {
        with_edge(1, |address, written| {
            load::push(address, 1, 1)?;
            let before = written()?;
            std::thread::sleep(Duration::from_secs(plan.pick(20, 1)));
            Ok((written()? - before) as f64 / 1_024.0)
        })
    });
    let kibibytes = |name: String, aim, ours| figure::measure(plan, name, "KiB", aim, ours, vec![]);
    Ok(vec![
        kibibytes("written for a punch that comes alone".to_owned(), Some(Aim::AtMost(48.0)), each(1))?,
        kibibytes(format!("written for a punch, {AT_ONCE} terminals at once"), Some(Aim::AtMost(8.0)), each(AT_ONCE))?,
        kibibytes("written in 20 s in which nobody punches, hub away".to_owned(), Some(Aim::AtMost(4.0)), quiet)?,
    ])
}

/// Starts an edge that knows these terminals, its hub away, and hands over where they push to and how many bytes it has written.
fn with_edge(
    terminals: usize,
    measured: impl FnOnce(SocketAddr, &dyn Fn() -> Result<u64>) -> Result<f64>,
) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    remember(folder.path(), (0..terminals).map(pushing).collect())?;
    let (mut command, address) = edge_run(folder.path())?;
    let mut process = Process::spawn(&mut command)?;
    process.wait_for_line("terminals push to", START_WITHIN)?;
    let pid = process.pid();
    measured(address, &|| written_bytes(pid))
}

/// Bytes that a process has handed to the disk.
fn written_bytes(pid: u32) -> Result<u64> {
    let told = fs::read_to_string(format!("/proc/{pid}/io"))?;
    let bytes =
        told.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("the system tells no bytes")?;
    bytes.parse().context("the bytes are no number")
}
