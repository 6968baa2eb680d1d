use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::wait_for;

/// A program that a test has started. Its standard output and error are read line by line, so it never blocks on a full
/// pipe; it is killed when this value is dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    /// Starts `command` with both outputs piped and no standard input.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        let (sender, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            forward_lines(output, sender.clone());
        }
        if let Some(errors) = child.stderr.take() {
            forward_lines(errors, sender);
        }
        Ok(Self { name, child, lines, seen: Vec::new() })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads on until a line contains `pattern`, and returns that line. Lines read earlier are not looked at again.
    ///
    /// # Errors
    /// When no such line comes `within` that time, or the outputs end first; the message carries what was printed.
    pub fn wait_for_line(&mut self, pattern: &str, within: Duration) -> Result<String> {
        let deadline = Instant::now() + within;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(pattern) {
                        return Ok(line);
                    }
                }
                Err(end) => bail!("{}", self.complaint(pattern, within, end)),
            }
        }
    }

    fn complaint(&mut self, pattern: &str, within: Duration, end: RecvTimeoutError) -> String {
        let printed = self.printed();
        match end {
            RecvTimeoutError::Timeout => {
                format!("{} printed no line with `{pattern}` within {within:?}, but:\n{printed}", self.name)
            }
            RecvTimeoutError::Disconnected => {
                format!("{} ended without a line with `{pattern}`, but printed:\n{printed}", self.name)
            }
        }
    }

    /// Everything printed so far, both outputs in the order in which they arrived.
    pub fn printed(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    /// Waits for the end of the program.
    ///
    /// # Errors
    /// When it still runs after `within`.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let what = format!("the end of {} (pid {})", self.name, self.pid());
        wait_for(&what, within, || self.child.try_wait().transpose())?.context(what)
    }

    /// `kill -9`: the program gets no chance to tidy up, as in a power cut. Returns once it is gone.
    ///
    /// # Errors
    /// When the system refuses the signal.
    pub fn kill_9(&mut self) -> Result<ExitStatus> {
        self.child.kill().with_context(|| format!("could not kill {}", self.name))?;
        self.child.wait().with_context(|| format!("could not wait for {}", self.name))
    }

    /// `kill -TERM`: asks the program to end in order. Follow with [`Process::wait`].
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn terminate(&self) -> Result<()> {
        let status = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.pid().to_string()]).status()?;
        if !status.success() {
            bail!("could not send TERM to {} (pid {})", self.name, self.pid());
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when the program is gone already, which is the aim.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward_lines(from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            // Nobody listens any more: go on reading all the same, or the program would block on a full pipe.
            let _ = to.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
}
