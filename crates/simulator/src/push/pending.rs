//! What waits to be told: operations, users, punches, photos, in the order in which they go.

use adms::Dialect;
use adms::handshake::Transfer;
use tokio::time::Instant;
use zk::{AttendanceRecord, User};

use super::reporter::Reporter;
use super::settings::Settings;
use super::upload::{Moves, Upload};
use super::{attendance, photo, security};
use crate::terminal::OperationEntry;

impl Reporter<'_> {
    /// What goes next: what failed or was asked for, then operations and users, then punches, as many batches as there are
    /// connections.
    pub(super) fn next_uploads(&mut self) -> Vec<Upload> {
        if let Some(upload) = self.queue.pop_front() {
            return vec![upload];
        }
        if Instant::now() < self.next_upload {
            return Vec::new();
        }
        if let Some(upload) = self.news() {
            return vec![upload];
        }
        let batches = self.batches();
        if batches.is_empty() {
            self.plan_upload();
        }
        batches
    }

    /// New operations and changed users.
    fn news(&mut self) -> Option<Upload> {
        let cursors = self.memory.cursors;
        let (start, entries) = self.terminal.operations_from(cursors.operations..usize::MAX);
        let (users, change) = self.terminal.users_changed_since(cursors.users);
        let moves = Moves { log: None, operations: Some(start + entries.len()), users: Some(change) };
        let news = match self.make.dialect {
            Dialect::Attendance if self.refused_people.is_some() => return None,
            Dialect::Attendance => self.tagged_news(&entries, &users, moves),
            Dialect::Security => self.table_news(start, &entries, &users, moves),
        };
        if news.is_none() {
            // What the server does not want, or the dialect can't say, is not kept either.
            self.memory.cursors.follow(moves);
        }
        news
    }

    /// All of it in one OPERLOG body.
    fn tagged_news(&mut self, entries: &[OperationEntry], users: &[User], moves: Moves) -> Option<Upload> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        if self.settings.wants(Transfer::OpLog) {
            lines.extend(entries.iter().map(|entry| attendance::operation(entry).into_bytes()));
        }
        if self.settings.wants_users() {
            lines.extend(users.iter().map(attendance::user));
        }
        if self.settings.wants_templates() {
            lines.extend(attendance::enrolled(self.terminal, entries));
        }
        (!lines.is_empty()).then(|| self.operlog(&lines).moving(moves))
    }

    /// Users as records of a table, then operations as events of the device.
    fn table_news(&self, start: usize, entries: &[OperationEntry], users: &[User], moves: Moves) -> Option<Upload> {
        if !users.is_empty() {
            let lines: Vec<_> = users.iter().map(security::user).collect();
            let query = format!("table=tabledata&tablename=user&count={}", lines.len());
            let moves = Moves { users: moves.users, ..Moves::default() };
            return Some(Upload::new("cdata", query, self.style.body(&lines), lines.len()).moving(moves));
        }
        let events = entries.iter().zip(start..).filter_map(|(entry, index)| security::device_event(entry, index));
        let lines: Vec<_> = events.collect();
        let moves = Moves { operations: moves.operations, ..Moves::default() };
        (!lines.is_empty())
            .then(|| Upload::new("cdata", "table=rtlog", self.style.body(&lines), lines.len()).moving(moves))
    }

    /// An upload of tagged lines.
    pub(super) fn operlog(&mut self, lines: &[Vec<u8>]) -> Upload {
        let stamp = self.stamp(|settings| settings.operlog_stamp.clone());
        let body = self.style.body(lines);
        if self.terminal.faults().archives {
            let query = format!("table=OPERLOG&ContentType=tgz&OpStamp={stamp}");
            return Upload::new("cdata", query, archived(&body), lines.len());
        }
        Upload::new("cdata", format!("table=OPERLOG&OpStamp={stamp}"), body, lines.len())
    }

    /// The next batches of punches.
    fn batches(&mut self) -> Vec<Upload> {
        if self.make.dialect == Dialect::Attendance && !self.settings.wants(Transfer::AttLog) {
            return Vec::new();
        }
        let most = if self.terminal.faults().huge_batch { usize::MAX } else { self.options.batch_lines.max(1) };
        let mut from = self.memory.cursors.log;
        let mut batches = Vec::new();
        for _ in 0..self.connections.len() {
            let (start, records) = self.terminal.log_from(from..from.saturating_add(most));
            if records.is_empty() {
                if batches.is_empty() && start > from {
                    // Cleared or overwritten before they were told.
                    self.memory.cursors.log = start;
                    self.note_acknowledged();
                }
                break;
            }
            from = start + records.len();
            let upload = match self.make.dialect {
                Dialect::Attendance => self.attlog(&records),
                Dialect::Security => {
                    let lines: Vec<_> =
                        records.iter().zip(start..).map(|(record, index)| security::event(record, index)).collect();
                    Upload::new("cdata", "table=rtlog", self.style.body(&lines), lines.len())
                }
            };
            batches.push(upload.moving(Moves { log: Some(from), ..Moves::default() }));
        }
        batches
    }

    /// An upload of punches.
    pub(super) fn attlog(&mut self, records: &[AttendanceRecord]) -> Upload {
        let lines: Vec<_> = records.iter().map(|record| attendance::punch(record, &self.style)).collect();
        let stamp = self.stamp(|settings| settings.attlog_stamp.clone());
        Upload::new("cdata", format!("table=ATTLOG&Stamp={stamp}"), self.style.body(&lines), lines.len())
    }

    /// A cursor as terminals send it: the one that the server gave (adms 5).
    fn stamp(&mut self, given: impl Fn(&Settings) -> String) -> String {
        const NONSENSE: [&str; 5] = ["0", "-1", "", "99999999999999999999", "yesterday"];
        match self.terminal.faults().wrong_stamp {
            true => self.random.pick(&NONSENSE).copied().unwrap_or_default().to_owned(),
            false => given(&self.settings),
        }
    }

    /// Photos of the punches that were just acknowledged, one each.
    pub(super) fn add_photos(&mut self, from: usize, end: usize) {
        let is_wrong = self.terminal.faults().wrong_photo_size;
        let is_asked = self.make.has_camera && self.settings.wants(Transfer::AttPhoto);
        if self.make.dialect != Dialect::Attendance || !(is_wrong || is_asked) {
            return;
        }
        let serial = self.terminal.serial();
        for record in self.terminal.log(from..end) {
            let body = photo::body(&serial, &record, self.terminal.seed(), is_wrong);
            let query = format!("table=ATTPHOTO&PhotoStamp={}", self.settings.photo_stamp);
            self.queue.push_back(Upload::new("cdata", query, body, 0));
        }
    }
}

/// A gzip archive with one file of these lines.
fn archived(lines: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()));
    let mut header = tar::Header::new_gnu();
    header.set_size(lines.len() as u64);
    header.set_mode(0o644);
    // Writing to memory can't fail.
    let _ = archive.append_data(&mut header, "operlog.txt", lines);
    archive.into_inner().and_then(flate2::write::GzEncoder::finish).unwrap_or_default()
}
