//! Commands of the hub as the push protocol has them, and results in words.

use std::borrow::Cow;

use adms::{CivilTime, Command, CommandResult, Dialect, Pin, Privilege, UserRecord, Verdict};
use jiff::civil::DateTime;
use link::TerminalCommand;
use link::command::{MAX_RESULT_BYTES, TerminalPerson, is_secret_option};

/// The command for the wire.
///
/// # Errors
/// In words, with the cure: no terminal takes it so, or this version does not know it.
pub(crate) fn to_wire(command: &TerminalCommand) -> Result<Command, String> {
    command.check().map_err(|bad| bad.to_string())?;
    Ok(match command {
        TerminalCommand::Info => Command::Info,
        TerminalCommand::Check => Command::Check,
        TerminalCommand::UploadAgain => Command::UploadAgain,
        TerminalCommand::SendPunches { from, to } => Command::QueryAttLog { from: civil(*from), to: civil(*to) },
        TerminalCommand::CountPunches { from, to } => Command::VerifyAttLog { from: civil(*from), to: civil(*to) },
        TerminalCommand::SendUsers => Command::QueryUsers,
        TerminalCommand::PutUser(person) => Command::UpdateUser(record(person)?),
        TerminalCommand::DeleteUser { user } => Command::DeleteUser(pin(user)?),
        TerminalCommand::RenameUser { .. } => {
            return Err(
                "a terminal that pushes can't rename a user; give it an address and register it with `--via both`"
                    .to_owned(),
            );
        }
        TerminalCommand::GetOption { name } => Command::GetOption { name: name.clone() },
        TerminalCommand::SetOption { name, value } => Command::SetOption { name: name.clone(), value: value.clone() },
        TerminalCommand::Reboot => Command::Reboot,
        TerminalCommand::Unknown => return Err("this edge does not know the command; update it".to_owned()),
    })
}

fn record(person: &TerminalPerson) -> Result<UserRecord, String> {
    let TerminalPerson { user, name, card, is_administrator } = person;
    let privilege = if *is_administrator { Privilege::SuperAdministrator } else { Privilege::User };
    Ok(UserRecord { card: *card, privilege, ..UserRecord::new(pin(user)?, name.clone()) })
}

fn pin(user: &str) -> Result<Pin, String> {
    user.parse().map_err(|error: adms::command::NotAPin| error.to_string())
}

fn civil(at: DateTime) -> CivilTime {
    // The fields of a civil time fit: years are checked where it was read, the others are small.
    let small = |field: i8| field.unsigned_abs();
    CivilTime {
        year: at.year().unsigned_abs(),
        month: small(at.month()),
        day: small(at.day()),
        hour: small(at.hour()),
        minute: small(at.minute()),
        second: small(at.second()),
    }
}

/// A result in words: what the terminal says and the cure on the first line, then what was asked for. Values of options
/// that are passwords or keys are left out. At most [`MAX_RESULT_BYTES`].
pub(crate) fn in_words(result: &CommandResult<'_>, command: &Command, dialect: Dialect) -> (Verdict, String) {
    let meaning = result.meaning(command, dialect);
    let mut text = match (command, result.sum()) {
        (Command::VerifyAttLog { .. }, Some(count)) => format!("the terminal has {count} punches in this span"),
        _ => meaning.says.to_owned(),
    };
    if let Some(cure) = meaning.cure {
        text.extend(["; ", cure]);
    }
    if matches!(command, Command::Info | Command::GetOption { .. }) {
        let pairs = result.pairs.iter().map(|(key, value)| (adms::text::decode(key), adms::text::decode(value)));
        text += &options_in_words(pairs, MAX_RESULT_BYTES.saturating_sub(text.len()));
    }
    (meaning.verdict, text)
}

/// Options, each on a line of its own with a line break before it, as many as `limit` bytes hold. Values of passwords and
/// keys are left out.
pub(crate) fn options_in_words<'a>(
    options: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    limit: usize,
) -> String {
    let mut text = String::new();
    for (key, value) in options {
        let value = if is_secret_option(&key) { "(not kept)".into() } else { value };
        let line = format!("\n{key}={value}");
        if text.len() + line.len() > limit {
            break;
        }
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_hub_has_its_form_on_the_wire() {
        let person = TerminalPerson { user: "0012".into(), name: "Ann".into(), card: Some(7), is_administrator: true };
        let line = |command: &TerminalCommand| {
            let command = to_wire(command).unwrap();
            adms::CommandLine::new("1", &command, Dialect::Attendance).unwrap().to_string()
        };
        let (from, to) = ("2026-01-05T00:00:00".parse().unwrap(), "2026-01-05T23:59:59".parse().unwrap());
        assert_eq!(
            line(&TerminalCommand::SendPunches { from, to }),
            "C:1:DATA QUERY ATTLOG StartTime=2026-01-05 00:00:00\tEndTime=2026-01-05 23:59:59"
        );
        assert_eq!(line(&TerminalCommand::DeleteUser { user: "0012".into() }), "C:1:DATA DELETE USERINFO PIN=0012");
        let put = line(&TerminalCommand::PutUser(person));
        assert!(put.starts_with("C:1:DATA UPDATE USERINFO PIN=0012\tName=Ann\tPri=14\tPasswd=\tCard=7\t"), "{put}");
        for command in [TerminalCommand::DeleteUser { user: "0".into() }, TerminalCommand::Unknown] {
            assert!(to_wire(&command).is_err(), "{command}");
        }
    }

    #[test]
    fn options_are_told_without_secrets_and_within_the_limit() {
        let body = b"ID=1&Return=0&CMD=INFO\n~DeviceName=X903\nComKey=4711\nWIFIPwd=hunter2\nFWVersion=Ver 6.60\n";
        let results = adms::results::read(body);
        let (verdict, text) = in_words(&results[0], &Command::Info, Dialect::Attendance);
        assert_eq!(verdict, Verdict::Done);
        assert_eq!(text, "done\n~DeviceName=X903\nComKey=(not kept)\nWIFIPwd=(not kept)\nFWVersion=Ver 6.60");
        let long: String = (0..5000).map(|n| format!("\nOption{n}=1")).collect();
        let body = format!("ID=1&Return=0&CMD=INFO{long}");
        let (_, text) = in_words(&adms::results::read(body.as_bytes())[0], &Command::Info, Dialect::Attendance);
        assert!((MAX_RESULT_BYTES - 20..=MAX_RESULT_BYTES).contains(&text.len()), "{}", text.len());
    }

    #[test]
    fn counts_and_failures_are_told_in_words() {
        let time = || "2026-01-05 00:00:00".parse().unwrap();
        let count = Command::VerifyAttLog { from: time(), to: time() };
        let told =
            |body: &[u8], command: &Command| in_words(&adms::results::read(body)[0], command, Dialect::Attendance);
        assert_eq!(
            told(b"ID=1&Return=0&CMD=VERIFY SUM&AttlogSum=71", &count).1,
            "the terminal has 71 punches in this span"
        );
        let (verdict, text) = told(b"ID=1&Return=-1002&CMD=DATA", &Command::QueryUsers);
        assert_eq!(verdict, Verdict::Failed);
        assert!(text.contains("does not know this command") && text.contains("; update its firmware"), "{text}");
    }
}
