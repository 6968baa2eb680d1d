//! Faults of the line: checksums, joined and cut frames, pauses, datagrams that get lost.

use std::time::{Duration, Instant};

use zk::Code;
use zk::client::Transport;
use zk::transfer::{ChunkRequest, Table};

use crate::common::wire::{Datagrams, Wire, connect, connect_over, faulty, our_client_copes};
use crate::common::{assert_same_log, serve};

#[tokio::test]
async fn strict_checksum_drops_a_frame_with_a_wrong_sum_and_a_tolerant_unit_answers_it() {
    for (faults, is_answered) in [("", true), ("strict-checksum", false)] {
        let terminal = faulty(faults).build();
        let mut wire = Wire::connect(&serve(&terminal).await).await;
        let mut frame = wire.packet(Code::GET_TIME, []).to_frame();
        frame[10] ^= 0x55;
        wire.write(&frame).await;
        // The next answer is that of the bad frame or that of the good one behind it.
        let good = wire.packet(Code::GET_VERSION, []);
        wire.write(&good.to_frame()).await;
        let answered = wire.hear().await.unwrap().number;
        assert_eq!(answered == good.number, !is_answered, "{faults}");
    }
    our_client_copes(&faulty("strict-checksum").build()).await;
}

#[tokio::test]
async fn our_client_reads_frames_that_are_joined_and_frames_that_come_byte_by_byte() {
    our_client_copes(&faulty("coalesce frame-bytes=100").build()).await;
    our_client_copes(&faulty("trickle frame-bytes=1008").build()).await;
    our_client_copes(&faulty("trickle=7 coalesce event-in-read").build()).await;
}

#[tokio::test]
async fn frames_have_the_size_and_the_distance_that_are_asked_for() {
    let terminal = faulty("frame-bytes frame-pause=3").build();
    let mut wire = Wire::connect(&serve(&terminal).await).await;
    let begun = Instant::now();
    let packets = wire.read_chunk(Table::Attendance, 8000).await;
    let sizes: Vec<_> = packets.iter().filter(|p| p.code == Code::DATA).map(|p| p.data.len()).collect();
    assert_eq!(sizes, [1008, 1008, 1008, 1008, 1008, 1008, 1008, 944]);
    assert_eq!(packets[0].data[4..8], 1008_u32.to_le_bytes(), "PREPARE_DATA announces it");
    assert!(begun.elapsed() >= Duration::from_millis(9 * 3));
    our_client_copes(&terminal).await;
}

#[tokio::test]
async fn answers_come_late_and_are_waited_for() {
    let terminal = faulty("slow-answers=60").build();
    let address = serve(&terminal).await;
    let mut client = connect(&address).await;
    let begun = Instant::now();
    client.time().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(60));
    client.close().await;
}

/// The frames of one chunk as they arrive over UDP.
async fn chunk_over_udp(faults: &str) -> Vec<u16> {
    let terminal = faulty(faults).build();
    let mut peer = Datagrams::to(&serve(&terminal).await).await;
    peer.insist(Code::CONNECT, []).await;
    peer.insist(Code::PREPARE_BUFFER, Table::Attendance.request()).await;
    peer.say(Code::READ_BUFFER, ChunkRequest { offset: 0, length: 12_000 }.encode()).await;
    peer.hear_all().await.into_iter().filter(|packet| packet.code == Code::DATA).map(|packet| packet.session).collect()
}

#[tokio::test]
async fn datagrams_are_lost_doubled_and_overtaken_as_the_seed_has_it() {
    let whole: Vec<u16> = (0..12).collect();
    assert_eq!(chunk_over_udp("").await, whole);

    let lost = chunk_over_udp("udp-loss=40").await;
    assert!(lost.len() < 12 && !lost.is_empty() && lost.is_sorted(), "{lost:?}");
    assert_eq!(chunk_over_udp("udp-loss=40").await, lost, "the same seed loses the same");

    let doubled = chunk_over_udp("udp-duplicate=50").await;
    assert!(doubled.len() > 12 && doubled.is_sorted(), "{doubled:?}");

    let mut overtaken = chunk_over_udp("udp-reorder=30").await;
    assert!(!overtaken.is_sorted(), "{overtaken:?}");
    overtaken.sort_unstable();
    assert_eq!(overtaken, whole);
}

#[tokio::test]
async fn our_client_reads_over_a_network_that_loses_doubles_and_reorders() {
    for faults in ["udp-loss=3", "udp-duplicate=10", "udp-reorder=10"] {
        let terminal = faulty(faults).seed(7).build();
        let address = serve(&terminal).await;
        let mut client = connect_over(&address, Transport::Udp).await.unwrap();
        let log = client.attendance().await.unwrap_or_else(|error| panic!("{faults}: {error}"));
        assert_same_log(&terminal, &log.records, faults);
        client.close().await;
    }
}
