//! An independent client, pyzk 0.9 in its own process, reads from our terminal and agrees with what it holds.
//!
//! Needs a Python with pyzk, named by `PUNCHCLOCK_PYTHON`; without it the tests are skipped and say so.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{company_log, serve};
use serde_json::{Value, json};
use simulator::{LogFile, Terminal};
use zk::{AttendanceRecord, UserRef};

/// What pyzk printed, in order: users and punches. `None` when there is no pyzk.
async fn pyzk_reads(terminal: &Terminal) -> Option<(Vec<Value>, Vec<Value>)> {
    let Some(python) = std::env::var_os("PUNCHCLOCK_PYTHON") else {
        testkit::skipped("PUNCHCLOCK_PYTHON names no Python with pyzk 0.9; ./check sets it");
        return None;
    };
    let address = serve(terminal).await;
    let (host, port) = address.split_once(':').unwrap();
    let arguments =
        [concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pyzk/read_all.py"), host, port, &terminal.comm_key().to_string()]
            .map(str::to_owned);
    let run = move || std::process::Command::new(python).args(arguments).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().expect("PUNCHCLOCK_PYTHON can be run");
    assert!(output.status.success(), "pyzk failed: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .partition(|line: &Value| line["user"].is_string()),
    )
}

fn as_pyzk_prints(terminal: &Terminal, record: &AttendanceRecord) -> Value {
    let number = match record.user {
        UserRef::Number(number) => number.to_string(),
        UserRef::Slot(slot) => terminal.users()[usize::from(slot) - 1].number.clone(),
    };
    let time = record.time.civil().expect("pyzk has no word for dates that do not exist").to_string();
    json!({ "punch": number, "time": time, "state": record.state, "verify": record.verify })
}

async fn agrees_with_pyzk(terminal: Terminal) {
    let Some((users, punches)) = pyzk_reads(&terminal).await else { return };
    let held = terminal.log(0..usize::MAX);
    assert_eq!(punches.len(), held.len());
    for (read, record) in punches.iter().zip(&held) {
        assert_eq!(read, &as_pyzk_prints(&terminal, record));
    }
    let known: Vec<Value> =
        terminal.users().iter().map(|user| json!({ "user": user.number, "name": user.name() })).collect();
    // pyzk shows a name of its own for users without one; ours all have names, short records cut them at 8 bytes.
    let cut = |name: &Value| name.as_str().unwrap_or_default().chars().take(8).collect::<String>();
    assert_eq!(users.len(), known.len());
    for (read, user) in users.iter().zip(&known) {
        assert_eq!((&read["user"], cut(&read["name"]).trim_end()), (&user["user"], cut(&user["name"]).trim_end()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pyzk_reads_a_log_of_several_chunks() {
    agrees_with_pyzk(Terminal::builder("SIM0001").comm_key(12345).log(company_log(4001)).build()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pyzk_reads_small_frames_when_they_are_paced() {
    agrees_with_pyzk(Terminal::builder("SIM0001").profile("k20".parse().unwrap()).log(company_log(3000)).build()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pyzk_reads_the_records_of_older_makes() {
    for profile in ["mb20-16", "mb20-8"] {
        agrees_with_pyzk(Terminal::builder("SIM0001").profile(profile.parse().unwrap()).log(company_log(5000)).build())
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pyzk_reads_a_real_log_whole() {
    let Some(path) = testkit::shared("data/attlog/site-a_attlog.dat") else { return };
    let bytes = std::fs::read(path).unwrap();
    let file = LogFile::parse(&bytes);
    assert_eq!((file.records.len(), file.unfit_lines), (24_162, 0));
    agrees_with_pyzk(Terminal::builder("A1").log(file.records).build()).await;
}
