//! What a terminal does with commands (adms 7), and the results that it reports (adms 8).

mod people;
mod query;

use adms::Dialect;

use super::attendance;
use super::reporter::Reporter;
use super::upload::Upload;

/// How the reporter goes on after a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    GoOn,
    /// With a new opening: CHECK.
    OpenAgain,
    /// With the power off and on: REBOOT.
    Restart,
}

/// Return codes (adms 8).
pub(super) mod code {
    pub(in crate::push) const DONE: i64 = 0;
    pub(in crate::push) const NO_DATA: i64 = -1;
    pub(in crate::push) const NO_SUCH_PIN: i64 = -10;
    pub(in crate::push) const CAPACITY: i64 = -1001;
    pub(in crate::push) const NOT_SUPPORTED: i64 = -1002;
}

/// What came of one command.
struct Done {
    code: i64,
    /// The word that the result echoes.
    word: String,
    /// Pairs in front of the code, each with its `&`.
    pairs: String,
    /// Lines behind it.
    lines: String,
    outcome: Outcome,
}

impl Done {
    fn new(code: i64, word: &str) -> Done {
        Done { code, word: word.to_owned(), pairs: String::new(), lines: String::new(), outcome: Outcome::GoOn }
    }
}

impl Reporter<'_> {
    /// Runs the commands of one reply; their results and what they ask for join the queue.
    pub(super) fn run_commands(&mut self, reply: &str) -> Outcome {
        let commands: Vec<(&str, &str)> = adms::command::read(reply).collect();
        if commands.is_empty() {
            return Outcome::GoOn;
        }
        if self.memory.mishaps.restarts_before_result(self.terminal.faults()) {
            self.queue.clear();
            return Outcome::Restart;
        }
        let mut results = Vec::new();
        let mut outcome = Outcome::GoOn;
        for (id, command) in commands {
            let done = self.run_command(id, command.trim_end());
            self.terminal.note(|progress| progress.commands += 1);
            outcome = outcome.max(done.outcome);
            results.push(self.result(id, &done));
            if done.outcome == Outcome::Restart {
                // What else the reply held is lost (adms 7).
                break;
            }
        }
        self.report(results);
        outcome
    }

    fn run_command(&mut self, id: &str, command: &str) -> Done {
        match self.make.dialect {
            Dialect::Attendance => self.run_attendance(command),
            Dialect::Security => self.run_security(id, command),
        }
    }

    fn run_attendance(&mut self, command: &str) -> Done {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match (verb, rest) {
            ("CHECK", _) => Done { outcome: Outcome::OpenAgain, ..Done::new(code::DONE, "CHECK") },
            ("REBOOT", _) => Done { outcome: Outcome::Restart, ..Done::new(code::DONE, "REBOOT") },
            ("LOG", _) => {
                self.next_upload = tokio::time::Instant::now();
                Done::new(code::DONE, "LOG")
            }
            ("INFO", _) => {
                let options = attendance::options(self.terminal);
                let lines = options.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
                Done { lines, ..Done::new(code::DONE, "INFO") }
            }
            ("SET", _) if rest.starts_with("OPTION ") => self.set_option(rest.trim_start_matches("OPTION ")),
            ("GET", _) if rest.starts_with("OPTION FROM ") => self.get_option(rest.trim_start_matches("OPTION FROM ")),
            ("RELOAD", "OPTIONS") => Done::new(code::DONE, "RELOAD OPTIONS"),
            ("VERIFY", _) if rest.starts_with("SUM ATTLOG") => self.sum_log(rest.trim_start_matches("SUM ATTLOG")),
            ("CLEAR", "LOG") => {
                self.terminal.clear_log();
                Done::new(code::DONE, "CLEAR_LOG")
            }
            ("DATA", _) => {
                let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let (table, fields) = rest.split_once(' ').unwrap_or((rest, ""));
                let code = match (verb, table.trim()) {
                    ("QUERY", table) => self.query(table, fields),
                    ("UPDATE", "USERINFO") => self.update_user(fields),
                    ("DELETE", "USERINFO") => self.delete_user(fields),
                    _ => code::NOT_SUPPORTED,
                };
                Done::new(code, "DATA")
            }
            _ => Done::new(code::NOT_SUPPORTED, verb),
        }
    }

    fn run_security(&mut self, id: &str, command: &str) -> Done {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match (verb, rest) {
            ("CONTROL", _) if rest.starts_with("DEVICE 03") => {
                Done { outcome: Outcome::Restart, ..Done::new(code::DONE, "CONTROL DEVICE") }
            }
            ("CONTROL", _) => Done::new(code::DONE, "CONTROL DEVICE"),
            ("SET", _) if rest.starts_with("OPTIONS ") => {
                let pairs = rest.trim_start_matches("OPTIONS ").split(',');
                let done = pairs.map(|pair| self.set_option(pair).code).min();
                Done::new(done.unwrap_or(code::NO_DATA), "SET OPTIONS")
            }
            ("GET", _) if rest.starts_with("OPTIONS ") => {
                let names = rest.trim_start_matches("OPTIONS ");
                Done::new(self.report_options(id, names), "GET OPTIONS")
            }
            ("DATA", _) => {
                let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let code = match verb {
                    "QUERY" => self.query_table(id, rest),
                    "UPDATE" if rest.starts_with("user ") => self.update_user(rest.trim_start_matches("user ")),
                    "DELETE" if rest.starts_with("user ") => self.delete_user(rest.trim_start_matches("user ")),
                    _ => code::NOT_SUPPORTED,
                };
                Done::new(code, &format!("DATA {verb}"))
            }
            _ => Done::new(code::NOT_SUPPORTED, verb),
        }
    }

    /// The clock is an option, too.
    fn set_option(&self, pair: &str) -> Done {
        let Some((name, value)) = pair.split_once('=') else { return Done::new(code::NO_DATA, "SET OPTION") };
        if name.starts_with('~') {
            return Done::new(code::NOT_SUPPORTED, "SET OPTION");
        }
        if name == "DateTime" {
            let time = people::time(value);
            if let Some(time) = time {
                self.terminal.set_clock(time);
            }
            return Done::new(if time.is_some() { code::DONE } else { code::NO_DATA }, "SET OPTION");
        }
        self.terminal.set_option(name, value);
        Done::new(code::DONE, "SET OPTION")
    }

    fn get_option(&self, name: &str) -> Done {
        match self.terminal.option(name.trim()) {
            Some(value) => Done { lines: format!("{name}={value}\n"), ..Done::new(code::DONE, "GET OPTION") },
            None => Done::new(code::NO_DATA, "GET OPTION"),
        }
    }

    /// `ID=..&Return=..&CMD=..`, and what belongs to it (adms 8).
    fn result(&self, id: &str, done: &Done) -> Upload {
        let Done { code, word, pairs, lines, .. } = done;
        let body = format!("ID={id}&{pairs}Return={code}&CMD={word}\n{lines}");
        Upload::new("devicecmd", "", body.into_bytes(), 0)
    }

    /// Results go out as they are, or as the faults have it. What the commands asked for is in the queue already, and goes first.
    fn report(&mut self, mut results: Vec<Upload>) {
        let faults = self.terminal.faults();
        if faults.results_never {
            return;
        }
        if faults.results_reversed {
            results.reverse();
        }
        if faults.results_joined {
            let body = results.iter().flat_map(|result| result.body.clone()).collect();
            results = vec![Upload::new("devicecmd", "", body, 0)];
        }
        for result in results {
            if faults.results_twice {
                self.queue.push_back(result.clone());
            }
            self.queue.push_back(result);
        }
    }
}
