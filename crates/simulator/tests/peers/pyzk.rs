//! pyzk against our terminals.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{LogFile, Profile, Terminal};
use zk::{AttendanceRecord, UserRef};

use crate::common::{company_log, serve};
use crate::peer::Peer;

/// A request to the terminal at `address`.
pub(crate) fn request(what: &str, address: &str, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("a request has fields") };
    let (host, port) = address.rsplit_once(':').unwrap();
    let mut request = json!({ "do": what, "host": host, "port": port.parse::<u16>().unwrap() });
    request.as_object_mut().unwrap().extend(more);
    request
}

fn of(profile: &str) -> Profile {
    profile.parse().unwrap()
}

fn as_pyzk_says(terminal: &Terminal, record: &AttendanceRecord) -> Value {
    let number = match record.user {
        UserRef::Number(number) => number.to_string(),
        UserRef::Slot(slot) => {
            let users = terminal.users();
            users.into_iter().find(|user| user.slot == slot).map_or_else(|| slot.to_string(), |user| user.number)
        }
    };
    let time = record.time.civil().expect("pyzk has no word for dates that do not exist").to_string();
    json!({ "user": number, "time": time, "state": record.state, "verify": record.verify })
}

async fn reads(terminal: Terminal, is_udp: bool) {
    let Some(pyzk) = Peer::pyzk() else { return };
    let address = serve(&terminal).await;
    let request = request("read", &address, json!({ "key": terminal.comm_key(), "udp": is_udp }));
    let read = pyzk.ask(request).await.unwrap();
    let held = terminal.log(0..usize::MAX);
    let punches = read["punches"].as_array().unwrap();
    assert_eq!(punches.len(), held.len());
    for (read, record) in punches.iter().zip(&held) {
        assert_eq!(read, &as_pyzk_says(&terminal, record));
    }
    let (read, known) = (read["users"].as_array().unwrap(), terminal.users());
    assert_eq!(read.len(), known.len());
    for (read, user) in read.iter().zip(&known) {
        // Short records cut names at 8 bytes.
        let cut = |name: &str| name.chars().take(8).collect::<String>().trim_end().to_owned();
        assert_eq!(read["user"], json!(user.number));
        assert_eq!(cut(read["name"].as_str().unwrap()), cut(&user.name()));
        assert_eq!((&read["slot"], &read["card"]), (&json!(user.slot), &json!(user.card)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_thirty_thousand_is_read_over_tcp() {
    reads(Terminal::builder("SIM0001").comm_key(12345).log(company_log(30_000)).build(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_thirty_thousand_is_read_over_udp() {
    reads(Terminal::builder("SIM0001").comm_key(999_999).log(company_log(30_000)).build(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_frames_are_read_when_they_are_paced() {
    reads(Terminal::builder("SIM0001").profile(of("k20")).log(company_log(3000)).build(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_records_of_older_makes_are_read() {
    for name in ["mb20-16", "mb20-8"] {
        for is_udp in [false, true] {
            let mut profile = of(name);
            // pyzk takes one read of a TCP socket for one frame (zk 15).
            profile.binary.data_frame_bytes = 0x1_0000;
            reads(Terminal::builder("SIM0001").profile(profile).log(company_log(5000)).build(), is_udp).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_log_is_read_whole() {
    let Some(path) = testkit::shared("data/attlog/site-a_attlog.dat") else { return };
    let bytes = std::fs::read(path).unwrap();
    let file = LogFile::parse(&bytes);
    assert_eq!((file.records.len(), file.unfit_lines), (24_162, 0));
    reads(Terminal::builder("A1").log(file.records).build(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_set_and_read() {
    let Some(pyzk) = Peer::pyzk() else { return };
    let terminal = Terminal::builder("SIM0001").build();
    let address = serve(&terminal).await;
    let said = pyzk.ask(request("time", &address, json!({ "set": "2026-02-28T23:59:10" }))).await.unwrap();
    assert!(said.as_str().unwrap().starts_with("2026-02-28 23:59:1"), "{said}");
    assert_eq!(terminal.now().date().to_string(), "2026-02-28");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_written_and_deleted() {
    let Some(pyzk) = Peer::pyzk() else { return };
    let terminal = Terminal::builder("SIM0001").log(company_log(10)).build();
    let address = serve(&terminal).await;
    let before = terminal.users().len();
    let ann = json!({ "slot": 4000, "user": "10577", "name": "Ann Reyes", "card": 3_000_000_000_u32 });
    pyzk.ask(request("write_user", &address, ann)).await.unwrap();
    let written = terminal.users().into_iter().find(|user| user.number == "10577").unwrap();
    assert_eq!((written.slot, written.name().as_ref(), written.card), (4000, "Ann Reyes", 3_000_000_000));
    pyzk.ask(request("delete_user", &address, json!({ "slot": 4000 }))).await.unwrap();
    assert_eq!(terminal.users().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_punch_is_told_as_it_happens() {
    let Some(pyzk) = Peer::pyzk() else { return };
    let terminal = Terminal::builder("SIM0001").log(company_log(10)).build();
    let number = terminal.users()[0].number.clone();
    let address = serve(&terminal).await;
    let mut told = tokio::spawn(async move { pyzk.ask(request("live", &address, json!({}))).await });
    // Nothing tells when pyzk has registered, so somebody punches until it hears.
    let event = loop {
        terminal.punch_now(&number, 0, 1);
        match tokio::time::timeout(Duration::from_millis(100), &mut told).await {
            Ok(event) => break event.unwrap().unwrap(),
            Err(_) => continue,
        }
    };
    assert_eq!(event["user"], json!(number));
}
