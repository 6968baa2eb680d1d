//! Results of commands: the body of `POST devicecmd` (adms 8).

mod verdict;

use crate::{line, text};
pub use verdict::{Meaning, Verdict, meaning};

/// What follows is binary, to the end of the body.
const CONTENT: &[u8] = b"Content=";

/// One result. Order may differ from delivery; ids may arrive late, twice, or be unknown: answer `OK` all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandResult<'a> {
    /// The id that the command carried.
    pub id: &'a [u8],
    /// 0 done, positive counts, negative errors; `None` when missing or no number.
    pub code: Option<i64>,
    /// The command's word as echoed, `DATA`, `CHECK`, ...
    pub command: &'a [u8],
    /// Further pairs: of the same line, and the lines that follow it (INFO lists all options so).
    pub pairs: Vec<(&'a [u8], &'a [u8])>,
    /// What follows `Content=`, to the end of the body.
    pub content: Option<&'a [u8]>,
}

impl<'a> CommandResult<'a> {
    /// The value of a pair; its key is compared without case.
    pub fn value(&self, key: &str) -> Option<&'a [u8]> {
        self.pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes())).map(|(_, value)| *value)
    }

    /// The number of punches that `VERIFY SUM ATTLOG` counted: the spelling of `AttlogSum` varies, so any key that ends
    /// in `Sum` or `Count` will do.
    pub fn sum(&self) -> Option<u64> {
        let ends_with = |key: &[u8], end: &str| {
            key.len()
                .checked_sub(end.len())
                .and_then(|at| key.get(at..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
        };
        self.pairs
            .iter()
            .find(|(key, _)| ends_with(key, "sum") || ends_with(key, "count"))
            .and_then(|(_, value)| text::number(value))
    }

    fn take(&mut self, key: &'a [u8], value: &'a [u8]) {
        let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
        if is("ID") {
            self.id = text::trim(value);
        } else if is("Return") {
            // INFO repeats a bare `Return=0` among its options: the first one counts.
            self.code = self.code.or_else(|| text::number(value));
        } else if is("CMD") && self.command.is_empty() {
            self.command = text::trim(value);
        } else {
            self.pairs.push((text::trim(key), text::trim(value)));
        }
    }
}

/// The results in a body. Pairs are split at `&` and never URL-decoded; lines before the first `ID=` are left out.
pub fn read(body: &[u8]) -> Vec<CommandResult<'_>> {
    let mut results: Vec<CommandResult<'_>> = Vec::new();
    let mut lines = line::lines(body);
    while let Some((start, line)) = lines.next_with_start() {
        if starts_with(line, b"ID=") {
            let mut result = CommandResult::default();
            for (key, value) in line.split(|byte| *byte == b'&').filter_map(|pair| text::split_once(pair, b'=')) {
                result.take(key, value);
            }
            results.push(result);
        } else if let Some(result) = results.last_mut() {
            if starts_with(line, CONTENT) {
                result.content = body.get(start + CONTENT.len()..);
                break;
            }
            if let Some((key, value)) = text::split_once(line, b'=') {
                result.take(key, value);
            }
        }
    }
    results
}

fn starts_with(line: &[u8], prefix: &[u8]) -> bool {
    line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
