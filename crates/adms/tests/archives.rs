//! Bodies in gzip archives (adms 3).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write as _;

use adms::archive::{ArchiveError, unpack};
use adms::{OperLine, operlog};
use flate2::Compression;
use flate2::write::GzEncoder;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // As a hostile archive would: `set_path` refuses such names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

const LINES: &[u8] = b"OPLOG 0\t0\t2024-07-07 01:42:53\t0\t0\t0\t0\nUSER PIN=6\tName=Wmjt\n";

#[test]
fn the_lines_of_each_file_are_read_like_those_of_a_plain_body() {
    let body =
        gzip(&tar(&[("a.txt", LINES), ("../../etc/passwd", b"BIODATA Pin=6\tType=9\tTmp=AA\n"), ("empty", b"")]));
    let files = unpack(&body, 1 << 20).unwrap();
    assert_eq!(files.len(), 3);
    let lines: Vec<_> = files.iter().flat_map(|file| operlog::lines(file)).collect::<Result<_, _>>().unwrap();
    assert!(matches!(lines[..], [OperLine::Operation(_), OperLine::User(_), OperLine::Biometric(_)]), "{lines:?}");
}

#[test]
fn an_archive_that_unpacks_to_more_than_the_limit_is_refused() {
    let zeros = vec![b'x'; 8 << 20];
    let bomb = gzip(&tar(&[("zeros", &zeros)]));
    assert!(bomb.len() < 64 << 10, "{} bytes stand for 8 MiB", bomb.len());
    assert_eq!(unpack(&bomb, 1 << 20), Err(ArchiveError::TooLarge(1 << 20)));
    let many: Vec<(&str, &[u8])> = (0..100).map(|_| ("x", &zeros[..20_000])).collect();
    assert_eq!(unpack(&gzip(&tar(&many)), 1 << 20), Err(ArchiveError::TooLarge(1 << 20)));
    // Padding after the end of the tar counts too.
    assert_eq!(unpack(&gzip(&[tar(&[("a", LINES)]), zeros].concat()), 1 << 20), Err(ArchiveError::TooLarge(1 << 20)));
}

#[test]
fn a_damaged_archive_is_refused_whole() {
    let body = gzip(&tar(&[("a.txt", LINES), ("b.txt", &[b'y'; 3000])]));
    for cut in 0..body.len() {
        let refused = unpack(&body[..cut], 1 << 20);
        assert!(matches!(refused, Err(ArchiveError::Damaged(_))), "cut at {cut}: {refused:?}");
    }
    for at in [20, body.len() / 2, body.len() - 6] {
        let mut changed = body.clone();
        changed[at] ^= 0x55;
        assert!(matches!(unpack(&changed, 1 << 20), Err(ArchiveError::Damaged(_))), "changed at {at}");
    }
    for other in [&b"1\t2024-01-01 08:00:00\n"[..], &gzip(LINES)] {
        assert!(matches!(unpack(other, 1 << 20), Err(ArchiveError::Damaged(_))), "no archive");
    }
}

/// The header of an entry may claim any size; what is not there can't be given.
#[test]
fn an_entry_that_claims_more_than_there_is_is_damaged() {
    let mut archive = tar(&[("a", LINES)]);
    let mut header = tar::Header::new_ustar();
    header.set_size(1 << 40);
    header.set_cksum();
    archive.truncate(1024);
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(b"short");
    assert!(unpack(&gzip(&archive), 1 << 20).is_err());
}
