//! What a return code means, in plain words (adms 8).

use super::CommandResult;
use crate::command::Command;
use crate::dialect::Dialect;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Done, or nothing was there to be done.
    Done,
    /// Taken, and not done yet: a later result may follow.
    Pending,
    /// Not done.
    Failed,
}

/// A return code in words. Both texts are for people, and end without a full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// How it ended.
    pub verdict: Verdict,
    /// What the terminal says.
    pub says: &'static str,
    /// What to do about it, where something can be done.
    pub cure: Option<&'static str>,
}

const fn done(says: &'static str) -> Meaning {
    Meaning { verdict: Verdict::Done, says, cure: None }
}

const fn failed(says: &'static str) -> Meaning {
    Meaning { verdict: Verdict::Failed, says, cure: None }
}

const fn curable(says: &'static str, cure: &'static str) -> Meaning {
    Meaning { verdict: Verdict::Failed, says, cure: Some(cure) }
}

const TRY_AGAIN: &str = "try again later";
const MAKE_ROOM: &str = "delete users or templates that are not needed from the terminal, then try again";
const NO_MEANING: &str = "the terminal answered with a code whose meaning is not known";

impl CommandResult<'_> {
    /// What the result means for the command that was sent. A result without a readable code counts as failed.
    pub fn meaning(&self, command: &Command, dialect: Dialect) -> Meaning {
        match self.code {
            Some(-1) if asks_for_data(command) => done("nothing was found"),
            Some(code) => meaning(code, self.command, dialect),
            None => failed("the terminal's result has no return code"),
        }
    }
}

fn asks_for_data(command: &Command) -> bool {
    matches!(command, Command::QueryAttLog { .. } | Command::QueryUsers | Command::QueryUser(_) | Command::UploadAgain)
}

/// What a code means; `command` is the word that was echoed (`DATA`, `ENROLL_FP`). Enrolling has positive codes that are
/// failures, everywhere else 0 and above is success.
pub fn meaning(code: i64, command: &[u8], dialect: Dialect) -> Meaning {
    let is = |word: &str| command.eq_ignore_ascii_case(word.as_bytes());
    match (code, dialect) {
        (0, _) => done("done"),
        (4, _) if is("ENROLL_MF") => failed("no card was shown in all the tries that were allowed"),
        (5, _) if is("ENROLL_MF") => curable("no card was shown in time", TRY_AGAIN),
        (6, _) if is("ENROLL_MF") => failed("somebody cancelled at the terminal"),
        (2.., _) if is("ENROLL_FP") || is("ENROLL_BIO") => enrolled(code),
        (1.., _) => done("done; the number counts what was found"),
        (_, Dialect::Attendance) => attendance(code),
        (_, Dialect::Security) => security(code),
    }
}

fn enrolled(code: i64) -> Meaning {
    match code {
        2 => curable("this user has such a template already", "delete the old one first, or allow it to be replaced"),
        4 => curable("enrolling failed", "clean the sensor and try again"),
        5 => failed("this finger or face is enrolled already, for this user or another one"),
        6 => failed("somebody cancelled at the terminal"),
        7 => curable("the terminal is busy", TRY_AGAIN),
        _ => failed(NO_MEANING),
    }
}

fn attendance(code: i64) -> Meaning {
    match code {
        -1 => failed("a parameter is wrong, or there are no such data"),
        -2 => failed("a picture's size does not match, or a file could not be used"),
        -3 => curable(
            "the terminal could not read or write its storage",
            "restart it; if it comes again, have it repaired",
        ),
        -4 => failed("nothing matches"),
        -5 => curable("there is no space left", MAKE_ROOM),
        -6 => failed("the data are invalid"),
        -9 => failed("a template's size does not match"),
        -10 => curable("the terminal does not have this user number", "send the user first"),
        -11 => failed("a template has a format that the terminal does not read"),
        -12 => failed("a template is invalid"),
        -22 => failed("the terminal does not know this command"),
        -30 => curable(
            "a template was made by another version of the algorithm",
            "enrol at this terminal, or at one of the same version",
        ),
        -1001 => curable("the terminal is full", MAKE_ROOM),
        -1002 => curable(
            "the terminal does not know this command, or reads it in another form",
            "update its firmware, or do it in the terminal's own menu",
        ),
        -1003 => curable("the terminal took too long over it", TRY_AGAIN),
        -1004 => curable(
            "it does not fit how the terminal is configured",
            "look in the terminal's menu whether the function is switched on",
        ),
        -1005 => curable("the terminal is busy", TRY_AGAIN),
        -1006 => failed("the command, or a text in it, is too long for the terminal"),
        -1007 => curable("the terminal ran out of memory", "restart it and try again"),
        -1008 => curable(
            "the terminal could not fetch something from the server",
            "check that it reaches the server under the address in its menu",
        ),
        _ => failed(NO_MEANING),
    }
}

/// The security dialect's own list. Public documents give its ranges, and few of its codes one by one.
fn security(code: i64) -> Meaning {
    match code {
        -5000 => Meaning {
            verdict: Verdict::Pending,
            says: "the controller took it and passes it on to the reader behind it",
            cure: None,
        },
        -708 => failed("the terminal does not support it"),
        -726 => curable(
            "the terminal got an HTTP error from the server",
            "check that it reaches the server under the address in its menu",
        ),
        -801 => failed("the terminal could not read the command"),
        -28..=-1 => failed("the command did not arrive as the terminal expects it"),
        -199..=-100 => failed("the table, one of its fields or a value is not as the terminal has it"),
        -699..=-600 => curable("the terminal's push service failed", "restart the terminal and try again"),
        _ => failed(NO_MEANING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code of the table (adms 8) has words of its own.
    #[test]
    fn every_documented_code_has_a_meaning() {
        let attendance = [-1, -2, -3, -4, -5, -6, -9, -10, -11, -12, -22, -30]
            .into_iter()
            .chain(-1008..=-1001)
            .map(|code| meaning(code, b"DATA", Dialect::Attendance));
        let security = [-1, -28, -100, -600, -708, -726, -801].map(|code| meaning(code, b"DATA", Dialect::Security));
        for meaning in attendance.chain(security) {
            assert_eq!(meaning.verdict, Verdict::Failed);
            assert_ne!(meaning.says, NO_MEANING);
        }
        assert_eq!(meaning(-5000, b"DATA", Dialect::Security).verdict, Verdict::Pending);
        assert_eq!(meaning(-9999, b"DATA", Dialect::Attendance).says, NO_MEANING);
    }

    #[test]
    fn positive_codes_count_except_where_somebody_enrols() {
        assert_eq!(meaning(17, b"DATA", Dialect::Attendance).verdict, Verdict::Done);
        assert_eq!(meaning(5, b"ENROLL_FP", Dialect::Attendance).verdict, Verdict::Failed);
        assert_eq!(meaning(6, b"ENROLL_MF", Dialect::Attendance).says, "somebody cancelled at the terminal");
        for code in [2, 4, 5, 6, 7] {
            assert_ne!(meaning(code, b"enroll_bio", Dialect::Attendance).says, NO_MEANING, "{code}");
        }
    }

    #[test]
    fn an_empty_span_is_no_failure_and_a_lost_code_is_one() {
        let span = ["2015-07-29 00:00:00", "2015-07-30 00:00:00"].map(|time| time.parse().unwrap());
        let query = Command::QueryAttLog { from: span[0], to: span[1] };
        let result = CommandResult { code: Some(-1), ..CommandResult::default() };
        assert_eq!(result.meaning(&query, Dialect::Attendance).verdict, Verdict::Done);
        assert_eq!(result.meaning(&Command::Reboot, Dialect::Attendance).verdict, Verdict::Failed);
        assert_eq!(CommandResult::default().meaning(&query, Dialect::Attendance).verdict, Verdict::Failed);
    }
}
