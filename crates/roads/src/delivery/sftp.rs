//! Hands a payroll file on by SFTP, through the system's own `sftp` and `ssh-keyscan` (OpenSSH). Calls block.
//!
//! A client within the program would be about seventy crates of cryptography beside the one that is here already; the one of the system is
//! kept up to date with it.
//!
//! Invariants:
//! * Nothing is said to a server whose host key is not the pinned one, and nothing of this machine's own configuration or keys is used.
//! * Nobody sees half a file, and no file there is written over: it is written under a name of its own and renamed, which fails where the
//!   name is taken; a file of that name with other bytes stays, and the new one gets a number.
//! * The same file handed on again is found: it is the last one of its name, by number, with the same bytes.
//! * Key, password and file are in a folder that only this user may read, for as long as the transfer takes. What a transfer left that was
//!   killed is removed when the next one begins.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{MOST_NUMBERED, Parcel, number_of, numbered_name, too_many};

/// Seconds until a server that does not answer is given up.
const PATIENCE_SECONDS: u32 = 20;
/// How the folders of transfers are called.
const FOLDER: &str = "punchclock-sftp";
/// The file in them that is locked for as long as the transfer takes: whoever is killed holds no lock.
const LOCK: &str = "lock";
/// Age from which a folder without such a file is one that a transfer left, and none that just begins.
const LEFT_AFTER: Duration = Duration::from_secs(3_600);
/// Kinds of host keys, the one that is taken first.
const KEY_KINDS: [&str; 3] = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"];

/// Where files go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SftpPlace {
    /// The account there.
    pub user: String,
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The folder; empty for the one that the account begins in.
    pub folder: String,
}

/// How the account is opened.
#[derive(Clone, Copy, Debug)]
pub enum SftpSecret<'a> {
    /// A private key, as OpenSSH writes it, without a passphrase.
    Key(&'a str),
    /// A password.
    Password(&'a str),
}

impl SftpPlace {
    /// Reads `sftp://user@host:port/folder`.
    ///
    /// # Errors
    /// What is wrong with it, with the cure.
    pub fn parse(text: &str) -> Result<Self, String> {
        let like = "write sftp://USER@HOST:PORT/FOLDER";
        let url = Url::parse(text).map_err(|error| format!("`{text}` is no address ({error}); {like}"))?;
        if url.scheme() != "sftp" {
            return Err(format!("{} is not SFTP; {like}", url.scheme()));
        }
        if url.password().is_some() {
            return Err("the address has a password in it, which lists would show; put it into a file".to_owned());
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let place = Self {
            user: url.username().to_owned(),
            port: url.port().unwrap_or(22),
            // `sftp://host/folder` is within the account's folder, `sftp://host//folder` from the root.
            folder: url.path().strip_prefix('/').unwrap_or_default().trim_end_matches('/').to_owned(),
            host,
        };
        let is_word = |text: &str, others: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
        };
        if !is_word(&place.user, "._-") {
            return Err(format!("`{}` is no account; {like}", place.user));
        }
        if !is_word(&place.host, ".-") && place.host.parse::<IpAddr>().is_err() {
            return Err(format!("`{}` is no server; {like}", place.host));
        }
        if !place.folder.is_empty() && !is_word(&place.folder, "._-/") {
            return Err(format!(
                "the folder `{}` has other characters than letters, digits, . _ - and /",
                place.folder
            ));
        }
        Ok(place)
    }

    /// As it is written.
    pub fn words(&self) -> String {
        let Self { user, host, port, folder } = self;
        format!("sftp://{user}@{host}:{port}/{folder}")
    }

    /// The place as a file of known hosts names it.
    fn known_as(&self) -> String {
        if self.port == 22 { self.host.clone() } else { format!("[{}]:{}", self.host, self.port) }
    }

    fn path(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }
}

/// The fingerprint of a host key, as `ssh-keygen -l` shows it.
///
/// # Errors
/// When it is no key.
pub fn fingerprint(key: &str) -> Result<String, String> {
    let blob = key.split(' ').nth(1).and_then(|blob| STANDARD.decode(blob).ok());
    let blob = blob.ok_or_else(|| format!("`{key}` is no host key"))?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &blob);
    Ok(format!("SHA256:{}", STANDARD_NO_PAD.encode(digest)))
}

/// Asks a server for its host key: the one of a fingerprint, or else the best one that it has. Whoever takes one without a fingerprint has to
/// compare it with what the server's keeper says.
///
/// # Errors
/// When it does not answer, or has no such key.
pub fn host_key(place: &SftpPlace, wanted: Option<&str>) -> Result<String, String> {
    let mut command = Command::new("ssh-keyscan");
    command.args(["-T", &PATIENCE_SECONDS.to_string(), "-p", &place.port.to_string(), "-t", "ed25519,ecdsa,rsa"]);
    let output = run(command.arg("--").arg(&place.host))?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let keys: Vec<&str> = told
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' ').map(|(_, key)| key))
        .collect();
    if keys.is_empty() {
        return Err(format!("{} shows no host key on port {}; check the address", place.host, place.port));
    }
    let Some(wanted) = wanted else {
        let best = KEY_KINDS.iter().find_map(|kind| keys.iter().find(|key| key.starts_with(kind)));
        return best
            .map(|key| (*key).to_owned())
            .ok_or_else(|| format!("{} has no host key of a known kind", place.host));
    };
    let found = keys.iter().find(|key| fingerprint(key).is_ok_and(|has| has == wanted));
    let others = || keys.iter().filter_map(|key| fingerprint(key).ok()).collect::<Vec<_>>().join(", ");
    found.map(|key| (*key).to_owned()).ok_or_else(|| {
        format!(
            "{} does not have the host key {wanted} but {}; ask who keeps it before you trust it",
            place.host,
            others()
        )
    })
}

/// Puts a file into a folder of a server; the receipt.
///
/// # Errors
/// What is in the way, in words.
pub fn to_sftp(
    place: &SftpPlace,
    host_key: &str,
    secret: SftpSecret<'_>,
    parcel: Parcel<'_>,
) -> Result<String, String> {
    let session = Session::new(place, host_key, secret).map_err(|error| format!("no transfer can be made: {error}"))?;
    let mut last = None;
    for number in session.last_listed(place, parcel.name)?.unwrap_or(1)..=MOST_NUMBERED {
        let path = place.path(&numbered_name(parcel.name, number));
        match session.read(&path)? {
            Some(there) => last = Some((path, there == parcel.bytes)),
            None if matches!(last, Some((_, true))) => break,
            None => return session.write(place, &path, parcel),
        }
    }
    match last {
        Some((path, true)) => Ok(format!("{path} is there, {} bytes", parcel.bytes.len())),
        _ => Err(too_many(parcel.name)),
    }
}

/// What a transfer needs, in a folder that goes with it.
struct Session<'a> {
    place: &'a SftpPlace,
    folder: TempDir,
    /// Holds the lock.
    _lock: File,
    has_password: bool,
}

impl<'a> Session<'a> {
    fn new(place: &'a SftpPlace, host_key: &str, secret: SftpSecret<'_>) -> io::Result<Self> {
        // Made with mode 0700.
        let root = std::env::temp_dir();
        let folder = tempfile::Builder::new().prefix(FOLDER).tempdir_in(&root)?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.try_lock()?;
        remove_left(&root, fs::metadata(folder.path())?.uid());
        let session = Self { place, has_password: matches!(secret, SftpSecret::Password(_)), folder, _lock: lock };
        session.keep("known", &format!("{} {host_key}\n", place.known_as()), 0o600)?;
        match secret {
            SftpSecret::Key(key) => session.keep("secret", &format!("{}\n", key.trim_end()), 0o600)?,
            SftpSecret::Password(password) => {
                session.keep("secret", &format!("{password}\n"), 0o600)?;
                // What ssh runs to be told the password.
                session.keep("ask", "#!/bin/sh\nexec cat \"$PUNCHCLOCK_SECRET\"\n", 0o700)?;
            }
        }
        Ok(session)
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn keep(&self, name: &str, text: &str, mode: u32) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(self.at(name))?;
        file.write_all(text.as_bytes())
    }

    /// Lets the server do a batch; what it printed.
    fn ask(&self, batch: &str) -> Result<String, String> {
        self.keep("batch", batch, 0o600).map_err(|error| format!("no transfer can be made: {error}"))?;
        let option = |name: &str, value: &str| format!("-o{name}={value}");
        let mut command = Command::new("sftp");
        command.args(["-F", "/dev/null"]);
        // The first word counts: a batch would forbid the password.
        let methods = if self.has_password { "password,keyboard-interactive" } else { "publickey" };
        command.args([option("BatchMode", if self.has_password { "no" } else { "yes" })]);
        command.args([
            option("PreferredAuthentications", methods),
            option("NumberOfPasswordPrompts", "1"),
            option("IdentitiesOnly", "yes"),
            option("IdentityAgent", "none"),
            option("StrictHostKeyChecking", "yes"),
            option("UserKnownHostsFile", &self.at("known").display().to_string()),
            option("GlobalKnownHostsFile", "/dev/null"),
            option("ConnectTimeout", &PATIENCE_SECONDS.to_string()),
            option("ServerAliveInterval", &PATIENCE_SECONDS.to_string()),
            option("LogLevel", "ERROR"),
        ]);
        if self.has_password {
            command.env("SSH_ASKPASS", self.at("ask")).env("SSH_ASKPASS_REQUIRE", "force");
            command.env("PUNCHCLOCK_SECRET", self.at("secret"));
        } else {
            command.arg("-i").arg(self.at("secret"));
        }
        command.arg("-b").arg(self.at("batch")).args(["-P", &self.place.port.to_string()]);
        let host =
            if self.place.host.contains(':') { format!("[{}]", self.place.host) } else { self.place.host.clone() };
        let output = run(command.arg(format!("{}@{host}", self.place.user)))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let says = String::from_utf8_lossy(&output.stderr);
        if says.contains("Host key verification failed") {
            let place = self.place.words();
            return Err(format!(
                "{place} shows another host key than the one that is trusted, and was told nothing; \
                 ask who keeps it, then add the target again"
            ));
        }
        let says: Vec<&str> = says.split_whitespace().collect();
        Err(format!("{} refuses it: {}", self.place.words(), self.without_paths(&says.join(" "))))
    }

    /// The folder of the transfer is nobody's business.
    fn without_paths(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }

    /// The highest number with which the server lists a file of a name; `None` where it lists none, as one that shows no folders to this
    /// account, or writes the letters of this name in its own way.
    fn last_listed(&self, place: &SftpPlace, name: &str) -> Result<Option<u32>, String> {
        let folder = if place.folder.is_empty() { String::new() } else { format!(" \"{}\"", place.folder) };
        let listed = self.ask(&format!("pwd\n-ls -1{folder}\n"))?;
        let names = listed.lines().filter_map(|line| line.trim_end().rsplit('/').next());
        Ok(names.filter_map(|there| number_of(name, there)).max())
    }

    /// The bytes of a file there; `None` where none can be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let there = self.at("there");
        self.ask(&format!("-get \"{path}\" \"{}\"\n", there.display()))?;
        match fs::read(&there) {
            Ok(bytes) => {
                let removed = fs::remove_file(&there);
                removed.map(|()| Some(bytes)).map_err(|error| format!("no transfer can be made: {error}"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("no transfer can be made: {error}")),
        }
    }

    /// Writes a file there under a name of its own, renames it, and looks how large it is.
    fn write(&self, place: &SftpPlace, path: &str, parcel: Parcel<'_>) -> Result<String, String> {
        let local = self.at("file");
        fs::write(&local, parcel.bytes).map_err(|error| format!("no transfer can be made: {error}"))?;
        let beside = place.path(&format!(".{}.part", parcel.name));
        let mut batch = String::new();
        let _ = writeln!(batch, "put \"{}\" \"{beside}\"", local.display());
        // As the first SFTP renamed: not over a file that is there.
        let _ = writeln!(batch, "rename -l \"{beside}\" \"{path}\"\nls -ln \"{path}\"");
        let listed = self.ask(&batch)?;
        let size = parcel.bytes.len();
        let has_size = |line: &str| line.split_whitespace().nth(4).is_some_and(|word| word == size.to_string());
        if !listed.lines().any(has_size) {
            return Err(format!(
                "{path} was written, and the server does not list it with {size} bytes: {}",
                listed.trim()
            ));
        }
        Ok(format!("{path} was written, {size} bytes"))
    }
}

/// Removes the folders of this user's transfers that ended without doing so themselves. What can't be removed stays for the next time.
fn remove_left(root: &Path, user: u32) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with(FOLDER)
            && fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir() && found.uid() == user);
        if is_ours && is_left(&path) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

fn is_left(folder: &Path) -> bool {
    let age = || fs::metadata(folder).and_then(|found| found.modified()).ok()?.elapsed().ok();
    match File::open(folder.join(LOCK)).map(|file| file.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock)) => false,
        // Of an older version, or of a transfer that is about to lock it.
        Err(_) | Ok(Err(TryLockError::Error(_))) => age().is_some_and(|age| age > LEFT_AFTER),
    }
}

/// Runs a program of OpenSSH, without a terminal.
fn run(command: &mut Command) -> Result<std::process::Output, String> {
    let name = Path::new(command.get_program()).display().to_string();
    let ran = command.env("LC_ALL", "C").env_remove("SSH_AUTH_SOCK").stdin(Stdio::null()).output();
    ran.map_err(|error| format!("`{name}` can't be run ({error}); install the SSH client: apt install openssh-client"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_account_server_port_and_folder() {
        let place = SftpPlace::parse("sftp://pay@files.example:2222/in/2026/").unwrap();
        assert_eq!((place.user.as_str(), place.port, place.folder.as_str()), ("pay", 2222, "in/2026"));
        assert_eq!(place.words(), "sftp://pay@files.example:2222/in/2026");
        assert_eq!(place.known_as(), "[files.example]:2222");
        assert_eq!(SftpPlace::parse("sftp://pay@files.example//srv/in").unwrap().path("a.csv"), "/srv/in/a.csv");
        assert_eq!(SftpPlace::parse("sftp://pay@files.example").unwrap().path("a.csv"), "a.csv");
    }

    #[test]
    fn what_would_be_read_as_something_else_is_refused() {
        for (text, says) in [
            ("https://pay@files.example/", "is not SFTP"),
            ("sftp://files.example/in", "no account"),
            ("sftp://-oProxyCommand@files.example/in", "no account"),
            ("sftp://pay@-oProxyCommand/in", "no server"),
            ("sftp://pay:word@files.example/in", "has a password in it"),
            ("sftp://pay@files.example/a%22b", "other characters"),
            ("sftp://pay@files.example/a*", "other characters"),
        ] {
            let error = SftpPlace::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn what_a_killed_transfer_left_is_removed_when_the_next_one_begins_and_one_under_way_is_not() {
        let root = std::env::temp_dir();
        let left = |name: &str, has_lock: bool| {
            let folder = root.join(format!("{name}-left-{}", std::process::id()));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("secret"), "s3cret").unwrap();
            if has_lock {
                fs::write(folder.join(LOCK), "").unwrap();
            }
            folder
        };
        let place = SftpPlace::parse("sftp://pay@files.example/in").unwrap();
        let begin = || Session::new(&place, "ssh-ed25519 AAAA", SftpSecret::Password("s3cret")).unwrap();
        let (killed, older, young) = (
            left("punchclock-sftp-killed", true),
            left("punchclock-sftp-old", false),
            left("punchclock-sftp-new", false),
        );
        let other = left("punchclock-other", true);
        let two_hours_ago = std::time::SystemTime::now() - 2 * LEFT_AFTER;
        File::open(&older).unwrap().set_modified(two_hours_ago).unwrap();
        let under_way = begin();
        let ended = begin().folder.path().to_owned();
        let are_there = [&killed, &older, &young, &other].map(|folder| folder.exists());
        for folder in [&killed, &older, &young, &other] {
            let _ = fs::remove_dir_all(folder);
        }
        assert_eq!(are_there, [false, false, true, true]);
        assert!(under_way.at("secret").exists() && !ended.exists());
    }

    #[test]
    fn a_fingerprint_is_the_one_that_openssh_shows() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
        assert_eq!(fingerprint(key).unwrap(), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
        assert!(fingerprint("nothing").is_err());
    }
}
