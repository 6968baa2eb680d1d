//! Uploads in gzip archives (adms 3).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::fake_hub::FakeHub;
use crate::http::{get, post};
use crate::workplace::Workplace;

/// A gzip tar of these files.
fn archive(files: &[&[u8]]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (n, content) in files.iter().enumerate() {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{n}.txt"), *content).unwrap();
    }
    let mut gzip = builder.into_inner().unwrap();
    gzip.flush().unwrap();
    gzip.finish().unwrap()
}

const OPERLOG: &str = "/iclock/cdata?SN=X1&table=OPERLOG&ContentType=tgz";
const ATTLOG: &str = "/iclock/cdata?SN=X1&table=ATTLOG&ContentType=tgz";

#[tokio::test]
async fn lines_in_an_archive_are_taken_as_if_they_had_come_plain() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    // The first file's last line has no end, and a file may be empty.
    let people: [&[u8]; 4] = [
        b"OPLOG 0\t0\t2024-07-07 01:42:53\t0\t0\t0\t0\nUSER PIN=6\tName=Ann",
        b"",
        b"USER PIN=7\tName=Ben\nBIODATA Pin=6\tType=9\tTmp=AA\n",
        b"SOMETHING new\n",
    ];
    assert_eq!(post(edge.terminals_addr(), OPERLOG, &archive(&people)).await.body, "OK:5");
    let punches: [&[u8]; 2] = [b"6\t2024-07-07 08:00:00\t0\t1", b"7\t2024-07-07 08:00:01\t0\t1\ngarbage\n"];
    assert_eq!(post(edge.terminals_addr(), ATTLOG, &archive(&punches)).await.body, "OK:3");
    hub.until("everything", |held| held.users.len() == 2 && held.punches.len() == 3).await;
    assert_eq!(hub.with(|held| held.users["6"].name.clone()), "Ann");
    edge.shutdown().await;
}

#[tokio::test]
async fn an_archive_that_cant_be_unpacked_is_refused_and_the_terminal_keeps_it() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let config = edge::EdgeConfig { max_body_bytes: 64 << 10, ..place.config() };
    let edge = edge::Edge::start(config, hub.clone()).await.unwrap();
    hub.is_followed().await;
    let good = archive(&[b"6\t2024-07-07 08:00:00\t0\t1\n"]);
    let cut = &good[..good.len() - 5];
    let mut changed = good.clone();
    changed[20] ^= 0x55;
    let bomb = archive(&[&vec![b'1'; 8 << 20]]);
    assert!(bomb.len() < 64 << 10, "8 MiB in {} bytes", bomb.len());
    for refused in [cut, &changed, b"6\t2024-07-07 08:00:00\t0\t1\n", &bomb] {
        assert_eq!(post(edge.terminals_addr(), ATTLOG, refused).await.status, 400);
    }
    assert_eq!(edge.spool().depth().await.unwrap().last, 0, "nothing of it is taken");
    let metrics = get(edge.status_addr().unwrap(), "/metrics").await.body;
    assert!(metrics.contains("\nedge_terminal_refused_archives_total 4\n"), "{metrics}");
    assert_eq!(post(edge.terminals_addr(), ATTLOG, &good).await.body, "OK:1", "and its next one is taken");
    edge.shutdown().await;
}

#[tokio::test]
async fn an_archive_of_a_stranger_is_neither_unpacked_nor_sampled() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let edge = place.start(hub.clone()).await;
    let body = archive(&[b"6\t2024-07-07 08:00:00\t0\t1\n"]);
    assert_eq!(post(edge.terminals_addr(), ATTLOG, &body).await.status, 503);
    assert_eq!(edge.spool().depth().await.unwrap().last, 0);
    edge.shutdown().await;
}
