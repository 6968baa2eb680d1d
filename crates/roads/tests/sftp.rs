//! A payroll file by SFTP to OpenSSH's own server on loopback.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use roads::delivery::{Parcel, SftpPlace, SftpSecret, fingerprint, host_key, to_sftp};

const SERVER: &str = "/usr/sbin/sshd";

/// A server with one account, whose key lies beside it.
struct Server {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn key(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().unwrap();
    assert!(made.success());
}

impl Server {
    /// `None` where there is no server to start.
    fn start() -> Option<Self> {
        if !Path::new(SERVER).exists() {
            eprintln!("skipped: there is no {SERVER}; apt install openssh-server");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("in")).unwrap();
        key(&at("host"));
        key(&at("account"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // As root it wants the folder that its service makes.
        let _ = fs::create_dir_all("/run/sshd");
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n",
            at("host").display(),
            at("account.pub").display()
        );
        fs::write(at("config"), config).unwrap();
        let log = fs::File::create(at("log")).unwrap();
        let process =
            Command::new(SERVER).arg("-De").arg("-f").arg(at("config")).stderr(Stdio::from(log)).spawn().unwrap();
        let server = Self { process, folder, port };
        testkit::wait_until("the server answers", Duration::from_secs(30), || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .unwrap();
        Some(server)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn place(&self) -> SftpPlace {
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let folder = self.at("in");
        SftpPlace::parse(&format!("sftp://{}@127.0.0.1:{}/{}", user.trim(), self.port, folder.display())).unwrap()
    }

    fn key(&self) -> String {
        fs::read_to_string(self.at("account")).unwrap()
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let read = fs::read_dir(self.at("in")).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<_> =
            read.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
        files.sort();
        files
    }
}

fn parcel(bytes: &[u8]) -> Parcel<'_> {
    Parcel { name: "pay.csv", bytes, digest: "d" }
}

#[test]
fn the_file_arrives_whole_once_and_another_one_of_its_name_gets_a_number() {
    let Some(server) = Server::start() else { return };
    let (place, account) = (server.place(), server.key());
    let trusted = host_key(&place, None).unwrap();
    let put = |bytes: &[u8]| to_sftp(&place, &trusted, SftpSecret::Key(&account), parcel(bytes)).unwrap();
    assert!(put(b"one").ends_with("in/pay.csv was written, 3 bytes"), "{:?}", server.files());
    assert!(put(b"one").ends_with("in/pay.csv is there, 3 bytes"), "a retry finds it");
    assert!(put(b"other").ends_with("in/pay_2.csv was written, 5 bytes"));
    assert!(put(b"one").ends_with("in/pay.csv is there, 3 bytes"));
    let named = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    assert_eq!(server.files(), [named("pay.csv", b"one"), named("pay_2.csv", b"other")], "and nothing half");
}

#[test]
fn what_a_broken_transfer_left_is_written_over_and_never_taken_for_the_file() {
    let Some(server) = Server::start() else { return };
    let place = server.place();
    fs::write(server.at("in/.pay.csv.part"), "on").unwrap();
    let trusted = host_key(&place, None).unwrap();
    to_sftp(&place, &trusted, SftpSecret::Key(&server.key()), parcel(b"one")).unwrap();
    assert_eq!(server.files(), [("pay.csv".to_owned(), b"one".to_vec())]);
}

#[test]
fn another_host_key_account_or_folder_gets_nothing_and_is_named() {
    let Some(server) = Server::start() else { return };
    let (place, account) = (server.place(), server.key());
    let shown = host_key(&place, None).unwrap();
    let print = fingerprint(&shown).unwrap();
    assert_eq!(host_key(&place, Some(&print)).unwrap(), shown);
    let other = host_key(&place, Some("SHA256:other")).unwrap_err();
    assert!(other.contains("does not have the host key SHA256:other") && other.contains(&print), "{other}");

    key(&server.at("stranger"));
    let public = fs::read_to_string(server.at("stranger.pub")).unwrap();
    let wrong_host = to_sftp(&place, public.trim(), SftpSecret::Key(&account), parcel(b"one")).unwrap_err();
    assert!(wrong_host.contains("shows another host key than the one that is trusted"), "{wrong_host}");
    let stranger = fs::read_to_string(server.at("stranger")).unwrap();
    let refused = to_sftp(&place, &shown, SftpSecret::Key(&stranger), parcel(b"one")).unwrap_err();
    assert!(refused.contains("Permission denied"), "{refused}");
    let nowhere = SftpPlace { folder: format!("{}/none", place.folder), ..place.clone() };
    let refused = to_sftp(&nowhere, &shown, SftpSecret::Key(&account), parcel(b"one")).unwrap_err();
    assert!(refused.contains("/none/") && refused.contains("No such file"), "{refused}");
    assert!(server.files().is_empty());
    let gone = SftpPlace { port: TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(), ..place };
    assert!(host_key(&gone, None).unwrap_err().contains("shows no host key"));
    assert!(to_sftp(&gone, &shown, SftpSecret::Key(&account), parcel(b"one")).unwrap_err().contains("refuse"));
}
