//! What a terminal does with commands (adms 7, 8).

use super::{Cursor, Reporter, Upload, http, lines};

/// How the reporter goes on after a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    GoOn,
    /// With a handshake: CHECK and REBOOT.
    StartAgain,
}

/// Return codes (adms 8).
const DONE: i32 = 0;
const NO_DATA: i32 = -1;
const NOT_SUPPORTED: i32 = -1002;

impl Reporter {
    /// Runs the commands of one reply; their results and what they ask for join the queue.
    pub(super) fn run_commands(&mut self, reply: &str) -> Outcome {
        let mut outcome = Outcome::GoOn;
        for (id, command) in adms::command::read(reply) {
            self.terminal.note(|progress| progress.commands += 1);
            if self.run_command(id, command) == Outcome::StartAgain {
                outcome = Outcome::StartAgain;
            }
            if command == "REBOOT" {
                // What else the reply held is lost (adms 7).
                break;
            }
        }
        outcome
    }

    fn run_command(&mut self, id: &str, command: &str) -> Outcome {
        match command {
            "CHECK" => {
                self.result(id, DONE, "CHECK", "");
                return Outcome::StartAgain;
            }
            "REBOOT" => {
                self.result(id, DONE, "REBOOT", "");
                self.connection.close();
                return Outcome::StartAgain;
            }
            "LOG" => self.result(id, DONE, "LOG", ""),
            "INFO" => {
                let options = lines::options(&self.terminal).replace(',', "\n");
                self.result(id, DONE, "INFO", &options);
            }
            _ => match command.strip_prefix("DATA QUERY ") {
                Some(query) => self.query(id, query),
                None => self.result(id, NOT_SUPPORTED, command.split(' ').next().unwrap_or_default(), ""),
            },
        }
        Outcome::GoOn
    }

    fn query(&mut self, id: &str, query: &str) {
        let (table, conditions) = query.split_once(' ').unwrap_or((query, ""));
        match table.trim() {
            "ATTLOG" => self.query_log(id, conditions),
            "USERINFO" => {
                let users = self.terminal.users();
                let body = lines::users(&users);
                let upload = self.upload("OPERLOG", &self.settings.operlog_stamp, body, users.len(), Cursor::None);
                self.queue.push_back(upload);
                self.result(id, DONE, "DATA", "");
            }
            _ => self.result(id, NOT_SUPPORTED, "DATA", ""),
        }
    }

    /// The punches of a span, both ends included; printed times compare as text.
    fn query_log(&mut self, id: &str, conditions: &str) {
        let condition =
            |key: &str| conditions.split('\t').find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key));
        let from = condition("StartTime").map_or("", |(_, value)| value.trim());
        let to = condition("EndTime").map_or("9999", |(_, value)| value.trim());
        let within = |printed: &str| printed >= from && printed <= to;
        let mut found = self.terminal.log(0..usize::MAX);
        found.retain(|record| within(&lines::printed(record.time)));
        for batch in found.chunks(self.options.batch_lines.max(1)) {
            let body = lines::attlog(batch);
            let upload = self.upload("ATTLOG", &self.settings.attlog_stamp, body, batch.len(), Cursor::None);
            self.queue.push_back(upload);
        }
        self.result(id, if found.is_empty() { NO_DATA } else { DONE }, "DATA", "");
    }

    fn result(&mut self, id: &str, code: i32, word: &str, more: &str) {
        let serial = http::escaped(&self.terminal.serial());
        self.queue.push_back(Upload {
            path_and_query: format!("/iclock/devicecmd?SN={serial}"),
            body: format!("ID={id}&Return={code}&CMD={word}\n{more}"),
            lines: 0,
            moves: Cursor::None,
            attempts: 0,
        });
    }
}
