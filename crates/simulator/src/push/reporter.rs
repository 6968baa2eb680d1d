//! One life of a reporting terminal, from power on to power off: it sends, polls and waits.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use adms::Dialect;
use adms::handshake::Transfer;
use tokio::time::Instant;

use super::commands::Outcome;
use super::http::{Accepted, Connection, HttpError, Request};
use super::mishaps::Fate;
use super::settings::Settings;
use super::style::Style;
use super::upload::{Moves, Upload};
use super::{Memory, PushOptions, attendance};
use crate::profile::Push;
use crate::random::Random;
use crate::terminal::Terminal;

pub(super) struct Reporter<'a> {
    pub(super) terminal: &'a Terminal,
    pub(super) make: Push,
    pub(super) options: &'a PushOptions,
    pub(super) memory: &'a mut Memory,
    pub(super) style: Style,
    pub(super) settings: Settings,
    /// The first carries everything; the others what goes at the same time.
    pub(super) connections: Vec<Connection>,
    /// Uploads and results that go before anything new, first the one that failed last.
    pub(super) queue: VecDeque<Upload>,
    /// Users that the server refused: kept for the next round, so that punches are not held up by them.
    pub(super) refused_people: Option<Upload>,
    /// The report that the last poll carried.
    pub(super) info: Option<String>,
    /// New data goes at this time; the command LOG brings it forward.
    pub(super) next_upload: Instant,
    next_poll: Instant,
    pub(super) random: Random,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(
        terminal: &'a Terminal,
        make: Push,
        options: &'a PushOptions,
        memory: &'a mut Memory,
    ) -> Reporter<'a> {
        let style = Style::of(terminal, &make);
        let lanes = terminal.faults().interleaved.size().unwrap_or(1).max(1);
        let connection = || Connection::new(options.server.clone(), style.clone());
        Reporter {
            terminal,
            make,
            options,
            memory,
            settings: Settings::default(),
            connections: (0..lanes).map(|_| connection()).collect(),
            style,
            queue: VecDeque::new(),
            refused_people: None,
            info: None,
            next_upload: Instant::now(),
            next_poll: Instant::now(),
            random: Random::of(&[terminal.seed(), terminal.restarts() as u64]),
        }
    }

    /// Until the power goes off.
    pub(super) async fn live(&mut self) -> Infallible {
        loop {
            match self.open().await {
                Ok(()) => self.work().await,
                Err(error) => {
                    tracing::debug!(serial = &*self.terminal.serial(), %error, "the server was not opened");
                    self.wait_after_failure().await;
                }
            }
        }
    }

    /// Uploads and polls until the server has to be asked for its settings again.
    async fn work(&mut self) {
        self.next_poll = Instant::now();
        self.plan_upload();
        loop {
            let delivered = self.deliver_everything().await;
            if delivered.is_err() {
                self.wait_after_failure().await;
                if !self.connections.iter().any(Connection::is_open) {
                    // The line was dead; terminals ask for the settings when the network is back (adms 4).
                    return;
                }
            }
            if Instant::now() >= self.next_poll {
                match self.poll().await {
                    Ok(Outcome::GoOn) => self.next_poll = Instant::now() + self.poll_delay(),
                    Ok(Outcome::OpenAgain) => return,
                    Ok(Outcome::Restart) => self.restart().await,
                    Err(_) => {
                        self.wait_after_failure().await;
                        return;
                    }
                }
            } else if delivered.is_ok() {
                self.wait_for_work().await;
            }
        }
    }

    /// Results go out first. Whoever plays the terminal ends this life then.
    async fn restart(&mut self) {
        // What can't be delivered now is lost.
        let _ = self.deliver_everything().await;
        self.terminal.restart();
        std::future::pending::<()>().await;
    }

    async fn deliver_everything(&mut self) -> Result<(), HttpError> {
        let mut refusal = Ok(());
        loop {
            let uploads = self.next_uploads();
            if uploads.is_empty() {
                break;
            }
            match self.deliver(uploads).await {
                Err(error @ HttpError::Status(_)) if self.set_people_aside() => refusal = Err(error),
                outcome => outcome?,
            }
        }
        self.queue.extend(self.refused_people.take());
        refusal
    }

    /// Takes users that were just refused out of the way. False when it was something else.
    fn set_people_aside(&mut self) -> bool {
        let is_people = self.queue.front().is_some_and(|upload| upload.moves.users.is_some());
        if is_people {
            self.refused_people = self.queue.pop_front();
        }
        is_people
    }

    /// Sends uploads, all at once. Those that fail go back to the head of the queue in their order, bodies unchanged; those behind
    /// them, too, as their acknowledgement would leave a gap.
    async fn deliver(&mut self, uploads: Vec<Upload>) -> Result<(), HttpError> {
        let punched = self.terminal.progress().borrow().punched;
        let has_punches = uploads.iter().any(|upload| upload.moves.log.is_some());
        if has_punches && self.memory.mishaps.cuts_power(self.terminal.faults(), punched) {
            self.terminal.restart();
            std::future::pending::<()>().await;
        }
        let fates: Vec<Fate> = uploads.iter().map(|upload| self.fate(upload)).collect();
        let serial = self.terminal.serial();
        let targets: Vec<String> =
            uploads.iter().map(|upload| self.target(&serial, upload.endpoint, &upload.query)).collect();
        let sending = self.connections.iter_mut().zip(&uploads).zip(&targets).zip(&fates).map(
            |(((connection, upload), target), fate)| async move {
                let request = Request { target, body: Some(&upload.body), is_cut: fate.is_cut };
                connection.exchange(&request).await.and_then(|reply| reply.accepted())
            },
        );
        let outcomes = futures_util::future::join_all(sending).await;
        let mut failure = None;
        let mut kept = Vec::new();
        for ((mut upload, fate), outcome) in uploads.into_iter().zip(fates).zip(outcomes) {
            upload.attempts += 1;
            self.terminal.note(|progress| progress.sent += upload.lines);
            match outcome {
                Ok(_) if failure.is_some() => kept.push(upload),
                Ok(_) if fate.loses_reply => {
                    failure = Some(HttpError::Lost);
                    kept.push(upload);
                }
                Ok(_) => self.acknowledged(upload, fate),
                Err(error) => {
                    failure.get_or_insert(error);
                    kept.push(upload);
                }
            }
        }
        kept.into_iter().rev().for_each(|upload| self.queue.push_front(upload));
        match failure {
            Some(error) => {
                tracing::debug!(serial = &*serial, %error, "an upload failed and is kept");
                Err(error)
            }
            None => Ok(()),
        }
    }

    fn fate(&mut self, upload: &Upload) -> Fate {
        if upload.moves.log.is_none() || upload.attempts > 0 {
            return Fate::default();
        }
        self.memory.mishaps.next_batch(self.terminal.faults())
    }

    fn acknowledged(&mut self, upload: Upload, fate: Fate) {
        let before = self.memory.cursors.log;
        self.memory.cursors.follow(upload.moves);
        if let Some(end) = upload.moves.log {
            self.note_acknowledged();
            self.add_photos(before, end);
            let is_all = end >= self.terminal.progress().borrow().punched;
            if is_all && self.memory.mishaps.replays(self.terminal.faults()) {
                self.memory.cursors.log = 0;
            }
        }
        if fate.comes_twice {
            self.queue.push_front(Upload { moves: Moves::default(), ..upload });
        }
    }

    /// Asks for commands, on every connection; the first poll, and each after a change, carries the report.
    async fn poll(&mut self) -> Result<Outcome, HttpError> {
        let info = attendance::info(self.terminal, self.make.version);
        let report = match self.info.as_ref() == Some(&info) {
            true => String::new(),
            false => format!("INFO={}", self.style.value(&info)),
        };
        let target = self.target(&self.terminal.serial(), "getrequest", &report);
        let polls = self.connections.iter_mut().map(|connection| connection.get(&target));
        let mut outcome = Outcome::GoOn;
        for reply in futures_util::future::join_all(polls).await {
            let Accepted { body, .. } = reply?.accepted()?;
            self.info = Some(info.clone());
            self.terminal.note(|progress| progress.command_polls += 1);
            outcome = outcome.max(self.run_commands(&body));
        }
        Ok(outcome)
    }

    pub(super) async fn get(&mut self, endpoint: &str, query: &str) -> Result<Accepted, HttpError> {
        let target = self.target(&self.terminal.serial(), endpoint, query);
        self.exchange(&Request { target: &target, body: None, is_cut: false }).await
    }

    pub(super) async fn post(&mut self, endpoint: &str, query: &str, body: &[u8]) -> Result<Accepted, HttpError> {
        let target = self.target(&self.terminal.serial(), endpoint, query);
        self.exchange(&Request { target: &target, body: Some(body), is_cut: false }).await
    }

    async fn exchange(&mut self, request: &Request<'_>) -> Result<Accepted, HttpError> {
        match self.connections.first_mut() {
            Some(connection) => connection.exchange(request).await?.accepted(),
            None => Err(HttpError::Lost),
        }
    }

    fn target(&self, serial: &str, endpoint: &str, query: &str) -> String {
        let key = self.terminal.faults().push_key.as_deref().map(|key| format!("ComKey={key}"));
        let parts = [query, key.as_deref().unwrap_or_default()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        self.style.target(serial, endpoint, &parts.join("&"))
    }

    pub(super) fn note_acknowledged(&self) {
        let acknowledged = self.memory.cursors.log;
        self.terminal.note(|progress| progress.acknowledged = acknowledged);
    }

    /// Sets when new data goes next.
    pub(super) fn plan_upload(&mut self) {
        let wait = self.settings.schedule.wait(self.terminal.now());
        // A year is as good as for ever.
        self.next_upload = Instant::now() + wait.unwrap_or(Duration::from_secs(365 * 86_400));
    }

    fn poll_delay(&self) -> Duration {
        self.options.poll_delay.unwrap_or(self.settings.poll_delay)
    }

    async fn wait_after_failure(&self) {
        self.terminal.note(|progress| progress.failures += 1);
        tokio::time::sleep(self.options.error_delay.unwrap_or(self.settings.error_delay)).await;
    }

    /// Until something happens that is uploaded, or the next poll is due.
    async fn wait_for_work(&self) {
        let cursors = self.memory.cursors;
        let (wants_punches, wants_operations, wants_users) = match self.make.dialect {
            Dialect::Attendance => (
                self.settings.wants(Transfer::AttLog),
                self.settings.wants(Transfer::OpLog),
                self.settings.wants_users(),
            ),
            Dialect::Security => (true, false, true),
        };
        let mut progress = self.terminal.progress();
        let happens = async {
            tokio::time::sleep_until(self.next_upload).await;
            // The terminal outlives this task, so waiting ends by what happens or by the time.
            let _ = progress
                .wait_for(|now| {
                    (wants_punches && now.punched > cursors.log)
                        || (wants_operations && now.operations > cursors.operations)
                        || (wants_users && now.user_changes > cursors.users)
                })
                .await;
        };
        let _ = tokio::time::timeout_at(self.next_poll, happens).await;
    }
}
