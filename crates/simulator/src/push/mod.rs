//! The terminal as an ADMS client: it reports its log to a server and asks for commands (adms 13).
//!
//! Invariants: an upload that was not answered with 200 is kept and sent again as the very same body; the cursor into the log
//! moves only after 200; a stamp of 0 moves it back to the start (adms 5). Delivery is at least once, never at most once.

mod commands;
mod http;
mod lines;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::faults::Every;
use crate::terminal::Terminal;
use commands::Outcome;
use http::Connection;
pub use http::{HttpError, ServerUrl};

/// Where and how a terminal reports.
#[derive(Debug, Clone)]
pub struct PushOptions {
    /// The server.
    pub server: ServerUrl,
    /// Most lines of one upload.
    pub batch_lines: usize,
    /// Pause after a failure; `None` takes the server's `ErrorDelay`.
    pub error_delay: Option<Duration>,
    /// Pause between polls for commands; `None` takes the server's `Delay`.
    pub poll_delay: Option<Duration>,
}

impl PushOptions {
    /// Reports to this server with its own delays, 200 lines at a time.
    pub fn new(server: ServerUrl) -> PushOptions {
        PushOptions { server, batch_lines: 200, error_delay: None, poll_delay: None }
    }
}

/// Reports for ever; end it by dropping the future. Failures are waited out, as terminals do.
pub async fn report(terminal: Terminal, options: PushOptions) {
    let mut reporter = Reporter::new(terminal, options);
    loop {
        if reporter.handshake().await.is_err() {
            reporter.wait_after_failure().await;
            continue;
        }
        reporter.work().await;
    }
}

/// One POST that waits to be acknowledged.
#[derive(Debug, Clone)]
struct Upload {
    path_and_query: String,
    body: String,
    lines: usize,
    moves: Cursor,
    attempts: u32,
}

/// Which cursor an acknowledged upload moves, and to where.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    None,
    Log(usize),
    Users(u64),
}

/// What the server said in the handshake, as far as it matters here.
#[derive(Debug)]
struct Settings {
    error_delay: Duration,
    poll_delay: Duration,
    attlog_stamp: String,
    operlog_stamp: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            error_delay: Duration::from_secs(30),
            poll_delay: Duration::from_secs(10),
            attlog_stamp: "None".to_owned(),
            operlog_stamp: "None".to_owned(),
        }
    }
}

#[derive(Debug)]
struct Reporter {
    terminal: Terminal,
    options: PushOptions,
    connection: Connection,
    settings: Settings,
    log_cursor: usize,
    users_cursor: u64,
    /// Uploads and results that go before anything new, first the one that failed last.
    queue: VecDeque<Upload>,
    /// Users that the server refused: kept for the next round, so that punches are not held up by them.
    refused_users: Option<Upload>,
    log_batches: u32,
}

impl Reporter {
    fn new(terminal: Terminal, options: PushOptions) -> Reporter {
        let connection = Connection::new(options.server.clone());
        Reporter {
            terminal,
            options,
            connection,
            settings: Settings::default(),
            log_cursor: 0,
            users_cursor: 0,
            queue: VecDeque::new(),
            refused_users: None,
            log_batches: 0,
        }
    }

    /// Fetches the settings; a stamp of 0 starts its table again from the beginning (adms 4, 5).
    async fn handshake(&mut self) -> Result<(), HttpError> {
        let serial = http::escaped(&self.terminal.serial());
        let target =
            format!("/iclock/cdata?SN={serial}&options=all&pushver=2.4.1&language=69&DeviceType=att&PushOptionsFlag=1");
        let block = self.connection.get(&target).await?.accepted()?;
        let settings: std::collections::HashMap<&str, &str> = adms::handshake::settings(&block).collect();
        let stamp =
            |new: &str, old: &str| settings.get(new).or(settings.get(old)).copied().unwrap_or("None").to_owned();
        let seconds = |key: &str, default: Duration| {
            settings.get(key).and_then(|value| value.trim().parse().ok()).map_or(default, Duration::from_secs)
        };
        let default = Settings::default();
        self.settings = Settings {
            error_delay: seconds("ErrorDelay", default.error_delay),
            poll_delay: seconds("Delay", default.poll_delay),
            attlog_stamp: stamp("ATTLOGStamp", "Stamp"),
            operlog_stamp: stamp("OPERLOGStamp", "OpStamp"),
        };
        if self.settings.attlog_stamp == "0" {
            self.log_cursor = 0;
            self.note_acknowledged();
            self.queue.retain(|upload| !matches!(upload.moves, Cursor::Log(_)));
        }
        if self.settings.operlog_stamp == "0" {
            self.users_cursor = 0;
            self.queue.retain(|upload| !matches!(upload.moves, Cursor::Users(_)));
        }
        Ok(())
    }

    /// Uploads and polls until the server has to be asked for its settings again.
    async fn work(&mut self) {
        let options = lines::options(&self.terminal);
        self.queue.push_back(self.upload("options", "", options, 1, Cursor::None));
        let mut next_poll = Instant::now();
        let mut info = Some(lines::info(&self.terminal));
        loop {
            let delivered = self.deliver_everything().await;
            if delivered.is_err() {
                self.wait_after_failure().await;
                if !self.connection.is_open() {
                    // The line was dead; terminals ask for the settings when the network is back (adms 4).
                    return;
                }
            }
            if Instant::now() >= next_poll {
                match self.poll(info.take()).await {
                    Ok(Outcome::GoOn) => next_poll = Instant::now() + self.poll_delay(),
                    Ok(Outcome::StartAgain) => return,
                    Err(_) => {
                        self.wait_after_failure().await;
                        return;
                    }
                }
            } else if delivered.is_ok() {
                self.wait_for_work(next_poll).await;
            }
        }
    }

    async fn deliver_everything(&mut self) -> Result<(), HttpError> {
        let mut refusal = Ok(());
        while let Some(upload) = self.next_upload() {
            match self.deliver(upload).await {
                Err(error @ HttpError::Status(_)) if self.set_users_aside() => refusal = Err(error),
                outcome => outcome?,
            }
        }
        self.queue.extend(self.refused_users.take());
        refusal
    }

    /// Takes users that were just refused out of the way. False when it was something else.
    fn set_users_aside(&mut self) -> bool {
        let is_users = self.queue.front().is_some_and(|upload| matches!(upload.moves, Cursor::Users(_)));
        if is_users {
            self.refused_users = self.queue.pop_front();
        }
        is_users
    }

    /// What goes next: what failed or was asked for, then new users, then new punches.
    fn next_upload(&mut self) -> Option<Upload> {
        if let Some(upload) = self.queue.pop_front() {
            return Some(upload);
        }
        let (users, change) = self.terminal.users_changed_since(self.users_cursor);
        if self.refused_users.is_none() && !users.is_empty() {
            let (body, end) = (lines::users(&users), Cursor::Users(change));
            return Some(self.upload("OPERLOG", &self.settings.operlog_stamp, body, users.len(), end));
        }
        let from = self.log_cursor;
        let (from, batch) = self.terminal.log_from(from..from.saturating_add(self.options.batch_lines.max(1)));
        let end = Cursor::Log(from + batch.len());
        (!batch.is_empty()).then(|| {
            let body = lines::attlog(&batch);
            self.upload("ATTLOG", &self.settings.attlog_stamp, body, batch.len(), end)
        })
    }

    /// Sends one upload. On failure it goes back to the head of the queue, body unchanged.
    async fn deliver(&mut self, mut upload: Upload) -> Result<(), HttpError> {
        upload.attempts += 1;
        if matches!(upload.moves, Cursor::Log(_)) && upload.attempts == 1 {
            self.log_batches += 1;
        }
        let sent = self.connection.post(&upload.path_and_query, &upload.body).await;
        self.terminal.note(|progress| progress.sent += upload.lines);
        let outcome = match sent.and_then(http::Reply::accepted) {
            Ok(_) if self.loses_reply(&upload) => Err(HttpError::Lost),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            tracing::debug!(serial = &*self.terminal.serial(), %error, "an upload failed and is kept");
            self.queue.push_front(upload);
            return Err(error);
        }
        if self.repeats(&upload) {
            self.queue.push_front(Upload { moves: Cursor::None, ..upload.clone() });
        }
        self.acknowledged(&upload);
        Ok(())
    }

    fn acknowledged(&mut self, upload: &Upload) {
        match upload.moves {
            Cursor::None => {}
            Cursor::Users(end) => self.users_cursor = end,
            Cursor::Log(end) => {
                self.log_cursor = end;
                self.note_acknowledged();
            }
        }
    }

    fn loses_reply(&self, upload: &Upload) -> bool {
        self.is_struck(upload, self.terminal.faults().lost_reply)
    }

    fn repeats(&self, upload: &Upload) -> bool {
        self.is_struck(upload, self.terminal.faults().duplicate_batch)
    }

    /// Misfortunes meet new batches of punches only, so that every terminal gets through in the end.
    fn is_struck(&self, upload: &Upload, every: Every) -> bool {
        matches!(upload.moves, Cursor::Log(_)) && upload.attempts == 1 && every.strikes(self.log_batches)
    }

    async fn poll(&mut self, info: Option<String>) -> Result<Outcome, HttpError> {
        let serial = http::escaped(&self.terminal.serial());
        let info = info.map(|info| format!("&INFO={}", http::escaped(&info))).unwrap_or_default();
        let reply = self.connection.get(&format!("/iclock/getrequest?SN={serial}{info}")).await?.accepted()?;
        self.terminal.note(|progress| progress.command_polls += 1);
        Ok(self.run_commands(&reply))
    }

    fn upload(&self, table: &str, stamp: &str, body: String, lines: usize, moves: Cursor) -> Upload {
        let serial = http::escaped(&self.terminal.serial());
        let stamp = match (table, stamp) {
            (_, "") => String::new(),
            ("OPERLOG", stamp) => format!("&OpStamp={stamp}"),
            (_, stamp) => format!("&Stamp={stamp}"),
        };
        let path_and_query = format!("/iclock/cdata?SN={serial}&table={table}{stamp}");
        Upload { path_and_query, body, lines, moves, attempts: 0 }
    }

    fn note_acknowledged(&self) {
        let acknowledged = self.log_cursor;
        self.terminal.note(|progress| progress.acknowledged = acknowledged);
    }

    fn poll_delay(&self) -> Duration {
        self.options.poll_delay.unwrap_or(self.settings.poll_delay)
    }

    async fn wait_after_failure(&self) {
        self.terminal.note(|progress| progress.failures += 1);
        tokio::time::sleep(self.options.error_delay.unwrap_or(self.settings.error_delay)).await;
    }

    /// Until somebody punches or the next poll is due.
    async fn wait_for_work(&self, next_poll: Instant) {
        let cursor = self.log_cursor;
        let mut progress = self.terminal.progress();
        // The terminal outlives this task, so waiting ends by a punch or by the time.
        let _ = tokio::time::timeout_at(next_poll, progress.wait_for(|progress| progress.punched > cursor)).await;
    }
}
