//! A disk that really fills: a small file system of the test's own, in a namespace that ends with it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use edge::spool::room::Bounds;
use edge::{Edge, EdgeConfig};

use crate::fake_hub::{FakeHub, Fault};
use crate::http::{get, post};
use crate::workplace::Workplace;

const MIB: u64 = 1 << 20;
const DISK_MIB: u64 = 24;
const RESERVE_MIB: u64 = 8;
/// The folder of the small disk, for the process that has it.
const SMALL_DISK: &str = "PUNCHCLOCK_SMALL_DISK";

/// The small disk, when this process has it. Otherwise runs the test `name` again in one that has, and `None`.
fn small_disk(name: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(SMALL_DISK) {
        return Some(folder.into());
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size={DISK_MIB}m none \"$0\"");
    let inside = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(folder.path());
        command
    };
    if !inside(&mount).output().is_ok_and(|tried| tried.status.success()) {
        eprintln!("skipped: this machine lets no test mount a small disk (`unshare` with user namespaces)");
        return None;
    }
    let test = std::env::current_exe().unwrap();
    let mut again = inside(&format!("{mount} && exec \"$@\""));
    again.arg(test).args(["--exact", name, "--nocapture"]).env(SMALL_DISK, folder.path());
    assert!(again.status().unwrap().success(), "the story on the small disk failed; its words are above");
    None
}

/// Writes until the disk has only this much left.
fn fill(file: &Path, leaving_bytes: u64) {
    let mut ballast = std::fs::File::options().create(true).append(true).open(file).unwrap();
    let free = || {
        let disk = rustix::fs::statvfs(file).unwrap();
        disk.f_bavail * disk.f_frsize
    };
    while free() > leaving_bytes {
        let step = (free() - leaving_bytes).min(MIB);
        if ballast.write_all(&vec![0; step as usize]).is_err() {
            return;
        }
    }
}

async fn push(edge: &edge::EdgeHandle, second: u32) -> u16 {
    let line = format!("7\t2024-01-01 08:{:02}:{:02}\t0\t1\n", second / 60, second % 60);
    post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", line.as_bytes()).await.status
}

#[tokio::test]
async fn on_a_full_disk_terminals_keep_their_punches_the_hub_gets_what_is_there_and_room_cures_it() {
    let name = "full_disk::on_a_full_disk_terminals_keep_their_punches_the_hub_gets_what_is_there_and_room_cures_it";
    let Some(disk) = small_disk(name) else { return };
    let ballast = disk.join("ballast");
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let config = EdgeConfig {
        spool: disk.join("spool.db"),
        spool_bounds: Bounds { max_bytes: 100 * MIB, disk_reserve_bytes: RESERVE_MIB * MIB },
        ..place.config()
    };
    let edge = Edge::start(config, hub.clone()).await.unwrap();
    let status = edge.status_addr().unwrap();
    hub.is_followed().await;
    // The hub does not answer yet, so that there is something to send.
    hub.with(|held| held.faults.extend([Fault::Away; 3]));
    for second in 0..20 {
        assert_eq!(push(&edge, second).await, 200);
    }
    assert_eq!(get(status, "/readyz").await.status, 200);

    fill(&ballast, (RESERVE_MIB - 1) * MIB);
    assert_eq!(push(&edge, 20).await, 503, "the reserve is touched, though SQLite could still write");
    let told = get(status, "/readyz").await;
    assert!(told.status == 503 && told.body.contains("remove something from the disk"), "{}", told.body);

    // Not even the acknowledgement can be sure of its place now.
    fill(&ballast, 0);
    hub.until("what was taken", |held| held.punches.len() == 20).await;
    assert_eq!(push(&edge, 21).await, 503);
    assert_eq!(edge.spool().depth().await.unwrap().last, 20, "nothing of the refused is there");
    assert!(edge.spool().pulse().await.is_ok(), "the writer is at work: a restart would cure nothing");

    std::fs::remove_file(&ballast).unwrap();
    for second in 20..30 {
        assert_eq!(push(&edge, second).await, 200);
    }
    hub.until("the rest", |held| held.punches.len() == 30).await;
    hub.until("an empty queue", |held| held.heartbeats.last().is_some_and(|beat| beat.queued == 0)).await;
    let metrics = get(status, "/metrics").await.body;
    for line in ["edge_terminal_refused_full_total 2", "edge_spool_refuses 0"] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
    edge.shutdown().await;
}
