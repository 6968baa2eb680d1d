use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::{Process, skipped, wait_until};

const SERVER: &str = "/usr/sbin/sshd";
/// The password of [`Sshd::with_password`].
const PASSWORD: &str = "s3cret";
/// As `crypt` hashes it.
const HASH: &str =
    "$6$punchclock$0CGtGXV.B.SMBaPJX.XdAtgKQuYOiBMil35uXJku6rymGBMCftvTJkM4BcUnua.tRkGBYVjfOu.JO6QVEgswV0";

/// OpenSSH's own server on loopback, with one account: that of whoever runs the test. It takes files by SFTP.
#[derive(Debug)]
pub struct Sshd {
    process: Process,
    folder: tempfile::TempDir,
    user: String,
    port: u16,
}

impl Sshd {
    /// A server that opens with [`Sshd::key`]; `None`, which is said, where there is no server to start.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Option<Self>> {
        if !Path::new(SERVER).exists() {
            skipped(&format!("there is no {SERVER}; apt install openssh-server"));
            return Ok(None);
        }
        Self::run(false).map(Some)
    }

    /// A server that opens with [`Sshd::password`] only; `None`, which is said, where none can be started. It sees a file of passwords
    /// of its own, which takes root.
    ///
    /// # Errors
    /// When it does not start.
    pub fn with_password() -> Result<Option<Self>> {
        let can_mount = Command::new("unshare").args(["--mount", "true"]).output();
        if !Path::new(SERVER).exists() || user()? != "root" || !can_mount.is_ok_and(|ran| ran.status.success()) {
            skipped(&format!("{SERVER} with a password of its own needs root and `unshare --mount`"));
            return Ok(None);
        }
        Self::run(true).map(Some)
    }

    fn run(has_password: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let user = user()?;
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("in"))?;
        new_key(&at("host"))?;
        new_key(&at("account"))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        // As root it wants the folder that its service makes.
        let _ = fs::create_dir_all("/run/sshd");
        let (host, account, word) = (at("host"), at("account.pub"), |yes| if yes { "yes" } else { "no" });
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
             PubkeyAuthentication {}\nPasswordAuthentication {}\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n",
            host.display(),
            account.display(),
            word(!has_password),
            word(has_password),
        );
        fs::write(at("config"), config)?;
        let mut command = if has_password {
            fs::write(at("shadow"), format!("{user}:{HASH}:20000:0:99999:7:::\n"))?;
            let mut command = Command::new("unshare");
            let script = "mount --bind \"$0\" /etc/shadow && exec \"$@\"";
            command.args(["--mount", "sh", "-c", script]).arg(at("shadow")).arg(SERVER);
            command
        } else {
            Command::new(SERVER)
        };
        command.args(["-D", "-E"]).arg(at("log")).arg("-f").arg(at("config"));
        let process = Process::spawn(&mut command)?;
        wait_until("the SSH server answers", Duration::from_secs(30), || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })?;
        Ok(Self { process, folder, user, port })
    }

    /// Where it takes files: `sftp://USER@127.0.0.1:PORT//FOLDER`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("sftp://{}@127.0.0.1:{}/{}", self.user, self.port, self.at("in").display())
    }

    /// A file beside the server's own.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The private key that opens the account.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.at("account"))?)
    }

    /// The password that opens the account, see [`Sshd::with_password`].
    #[must_use]
    pub const fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Another key pair, which nothing here knows: private and public.
    ///
    /// # Errors
    /// When none can be made.
    pub fn stranger(&self) -> Result<(String, String)> {
        new_key(&self.at("stranger"))?;
        let read = |name: &str| fs::read_to_string(self.at(name));
        Ok((read("stranger")?, read("stranger.pub")?.trim().to_owned()))
    }

    /// Name and bytes of each file that it has.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.at("in"))? {
            let entry = entry?;
            files.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
        }
        files.sort();
        Ok(files)
    }

    /// Ends it, as a power cut does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn stop(&mut self) -> Result<()> {
        self.process.kill_9().map(drop)
    }
}

fn user() -> Result<String> {
    Ok(String::from_utf8(Command::new("id").arg("-un").output()?.stdout)?.trim().to_owned())
}

fn new_key(path: &Path) -> Result<()> {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status()
        .context("ssh-keygen can't be run")?;
    ensure!(made.success(), "ssh-keygen makes no key");
    Ok(())
}
