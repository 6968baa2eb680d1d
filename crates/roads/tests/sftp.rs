//! A payroll file by SFTP to OpenSSH's own server on loopback.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs;
use std::net::TcpListener;

use roads::delivery::{Parcel, SftpPlace, SftpSecret, fingerprint, host_key, to_sftp};
use testkit::Sshd;

fn parcel(bytes: &[u8]) -> Parcel<'_> {
    Parcel { name: "pay.csv", bytes, key: "k" }
}

fn place(server: &Sshd) -> SftpPlace {
    SftpPlace::parse(&server.url()).unwrap()
}

#[test]
fn the_file_arrives_whole_once_and_another_one_of_its_name_gets_a_number() {
    let Some(server) = Sshd::start().unwrap() else { return };
    let (place, account) = (place(&server), server.key().unwrap());
    let trusted = host_key(&place, None).unwrap();
    let put = |bytes: &[u8]| to_sftp(&place, &trusted, SftpSecret::Key(&account), parcel(bytes)).unwrap();
    assert!(put(b"one").ends_with("in/pay.csv was written, 3 bytes"), "{:?}", server.files());
    assert!(put(b"one").ends_with("in/pay.csv is there, 3 bytes"), "a retry finds it");
    assert!(put(b"other").ends_with("in/pay_2.csv was written, 5 bytes"));
    assert!(put(b"one").ends_with("in/pay_3.csv was written, 3 bytes"), "the last one is the one that was put last");
    assert!(put(b"one").ends_with("in/pay_3.csv is there, 3 bytes"));
    let named = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    let files = [named("pay.csv", b"one"), named("pay_2.csv", b"other"), named("pay_3.csv", b"one")];
    assert_eq!(server.files().unwrap(), files, "and nothing half");
    // Whoever takes files away leaves a gap.
    fs::remove_file(server.at("in/pay.csv")).unwrap();
    assert!(put(b"one").ends_with("in/pay_3.csv is there, 3 bytes"));
    assert!(put(b"other").ends_with("in/pay_4.csv was written, 5 bytes"));
}

#[test]
fn what_a_broken_transfer_left_is_written_over_and_never_taken_for_the_file() {
    let Some(server) = Sshd::start().unwrap() else { return };
    let place = place(&server);
    fs::write(server.at("in/.pay.csv.part"), "on").unwrap();
    let trusted = host_key(&place, None).unwrap();
    to_sftp(&place, &trusted, SftpSecret::Key(&server.key().unwrap()), parcel(b"one")).unwrap();
    assert_eq!(server.files().unwrap(), [("pay.csv".to_owned(), b"one".to_vec())]);
}

#[test]
fn a_password_opens_the_account_and_another_one_does_not() {
    let Some(server) = Sshd::with_password().unwrap() else { return };
    let place = place(&server);
    let trusted = host_key(&place, None).unwrap();
    let put = |word: &str| to_sftp(&place, &trusted, SftpSecret::Password(word), parcel(b"one"));
    let refused = put("another").unwrap_err();
    assert!(refused.contains("Permission denied") && !refused.contains("another"), "{refused}");
    assert!(server.files().unwrap().is_empty());
    assert!(put(server.password()).unwrap().ends_with("in/pay.csv was written, 3 bytes"));
    assert_eq!(server.files().unwrap(), [("pay.csv".to_owned(), b"one".to_vec())]);
    let by_key = to_sftp(&place, &trusted, SftpSecret::Key(&server.key().unwrap()), parcel(b"one")).unwrap_err();
    assert!(by_key.contains("Permission denied"), "it was the password that opened: {by_key}");
}

#[test]
fn another_host_key_account_or_folder_gets_nothing_and_is_named() {
    let Some(server) = Sshd::start().unwrap() else { return };
    let (place, account) = (place(&server), server.key().unwrap());
    let shown = host_key(&place, None).unwrap();
    let print = fingerprint(&shown).unwrap();
    assert_eq!(host_key(&place, Some(&print)).unwrap(), shown);
    let other = host_key(&place, Some("SHA256:other")).unwrap_err();
    assert!(other.contains("does not have the host key SHA256:other") && other.contains(&print), "{other}");

    let (stranger, public) = server.stranger().unwrap();
    let wrong_host = to_sftp(&place, &public, SftpSecret::Key(&account), parcel(b"one")).unwrap_err();
    assert!(wrong_host.contains("shows another host key than the one that is trusted"), "{wrong_host}");
    let refused = to_sftp(&place, &shown, SftpSecret::Key(&stranger), parcel(b"one")).unwrap_err();
    assert!(refused.contains("Permission denied"), "{refused}");
    let nowhere = SftpPlace { folder: format!("{}/none", place.folder), ..place.clone() };
    let refused = to_sftp(&nowhere, &shown, SftpSecret::Key(&account), parcel(b"one")).unwrap_err();
    assert!(refused.contains("/none/") && refused.contains("No such file"), "{refused}");
    assert!(server.files().unwrap().is_empty());
    let gone = SftpPlace { port: TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(), ..place };
    assert!(host_key(&gone, None).unwrap_err().contains("shows no host key"));
    assert!(to_sftp(&gone, &shown, SftpSecret::Key(&account), parcel(b"one")).unwrap_err().contains("refuse"));
}
