//! What is about a person and does not stand under their id: punches that count for nobody, what terminals list and were asked to do, and
//! entries of the audit trail.
//!
//! Invariants:
//! * A user number means somebody only at the terminals of its group, and never on a date on which it is somebody else's.
//! * A punch is theirs by the date that it prints. Of one whose time can't be right, the date of its receipt counts, unless nobody else
//!   ever had the number.
//! * A code or a name counts as a whole word. A code of digits or of letters alone may be a count or a word of the language: it counts
//!   only where the hub writes it as a code.

use std::collections::{BTreeMap, HashMap, HashSet};

use attendance::punch::{Fingerprint, PrintedTime};
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::{CommandState, TerminalCommand};
use store::commands::Command;
use store::held::Uncounted;
use store::people::Employee;
use store::person::Traces;
use store::users::{DismissedUser, TerminalUser};
use store::{Read, Write};

use crate::company::Company;
use crate::completeness::{gap_list, gap_of};
use crate::erasing::is_erased;
use crate::numbers::Number;
use crate::resolve::instant;
use crate::stated::Stated;
use crate::view::HeldReason;
use crate::{AuditEntry, Error, merge};

/// How far a believable time is ahead of its receipt at most, whatever the zones of terminal and hub.
const AHEAD: SignedDuration = SignedDuration::from_hours(48);

/// First and last date of somebody's number, and whether it is theirs who are asked about.
type Span = (Date, Date, bool);

/// A person, with whose their user numbers are.
pub(crate) struct About {
    person: Employee,
    /// The group of each terminal.
    groups: BTreeMap<String, String>,
    /// By group and number, those that are or were theirs.
    numbers: HashMap<(String, String), Vec<Span>>,
    earliest: Date,
}

impl About {
    pub(crate) fn of(read: &Read<'_>, person: Employee) -> Result<Self, Error> {
        let groups = read.terminals()?.into_iter().map(|(terminal, _)| (terminal.serial, terminal.number_group));
        let groups = groups.collect();
        let mut numbers = HashMap::new();
        for theirs in read.numbers_of(person.id)? {
            let spans = read.validities(&theirs.group, &theirs.number)?.into_iter();
            let spans = spans.map(|span| (span.valid_from, span.valid_to, span.employee == person.id)).collect();
            numbers.insert((theirs.group, theirs.number), spans);
        }
        let earliest = Company::load(read)?.earliest_date;
        Ok(Self { person, groups, numbers, earliest })
    }

    /// What of the evidence is theirs now, with the punches that count for nobody.
    pub(crate) fn traces(&self, read: &Read<'_>) -> Result<Traces, Error> {
        let mut traces = read.traces_of(self.person.id)?;
        let punches = self.uncounted(read)?;
        traces.add(Traces { punches, facts: Vec::new() });
        Ok(traces)
    }

    /// The merges of others into them that were taken back: such a fact names their code. One in force is of a double, who goes with them.
    pub(crate) fn merges(&self, read: &Read<'_>) -> Result<Traces, Error> {
        let facts = read.withdrawn_of_kind(merge::KIND)?.into_iter();
        let mut traces = Traces::default();
        for fact in facts {
            if matches!(Stated::of(&fact)?, Stated::Merge(merge) if merge.into == self.person.code) {
                traces.facts.push((fact.number, fact.kind));
            }
        }
        Ok(traces)
    }

    /// Held and dismissed punches that are theirs.
    fn uncounted(&self, read: &Read<'_>) -> Result<Vec<Fingerprint>, Error> {
        let mut asked = Vec::new();
        for (origin, group) in &self.groups {
            let theirs = self.numbers.keys().filter(|(of, _)| of == group);
            asked.extend(theirs.flat_map(|(_, number)| {
                HeldReason::ALL.map(|reason| (reason.word(), origin.as_str(), number.as_str()))
            }));
        }
        let mut found = read.held_under(&asked)?;
        if !self.numbers.is_empty() {
            found.extend(read.dismissed_punches()?);
        }
        Ok(found.iter().filter(|punch| self.has_made(punch)).map(|punch| punch.fingerprint).collect())
    }

    /// Whether a punch is theirs by its number.
    fn has_made(&self, punch: &Uncounted) -> bool {
        let Some(spans) = self.spans(&punch.origin, &punch.user) else { return false };
        let was_theirs = |on: Date| spans.iter().any(|(from, to, is_theirs)| *is_theirs && *from <= on && on <= *to);
        let received = instant(punch.received_us);
        let printed = punch.printed_seconds.and_then(|seconds| PrintedTime::Seconds(seconds).civil());
        let latest = TimeZone::UTC.to_datetime(received.saturating_add(AHEAD).unwrap_or(received));
        match printed.filter(|printed| printed.date() >= self.earliest && *printed <= latest) {
            Some(printed) => was_theirs(printed.date()),
            None => spans.iter().all(|(.., is_theirs)| *is_theirs) || was_theirs(date(punch.received_us)),
        }
    }

    fn spans(&self, origin: &str, number: &str) -> Option<&Vec<Span>> {
        let group = self.groups.get(origin)?;
        self.numbers.get(&(group.clone(), number.to_owned()))
    }

    /// Whether what a terminal says of a number at an instant is about them.
    fn is_meant(&self, origin: &str, number: &str, at_us: i64) -> bool {
        self.spans(origin, number).is_some_and(|spans| is_nobody_elses(spans, date(at_us)))
    }

    /// What terminals list of them.
    pub(crate) fn users(&self, read: &Read<'_>) -> Result<Vec<TerminalUser>, Error> {
        let mut users = read.terminal_users()?;
        users.retain(|user| self.is_meant(&user.origin, &user.user, user.seen_us));
        Ok(users)
    }

    /// What was said of their numbers before these were theirs: that they are nobody's.
    pub(crate) fn dismissed(&self, read: &Read<'_>) -> Result<Vec<DismissedUser>, Error> {
        let mut users = read.dismissed_users()?;
        users.retain(|user| self.is_meant(&user.origin, &user.user, user.at_us));
        Ok(users)
    }

    /// The commands that name their numbers, with what each does.
    pub(crate) fn commands(&self, read: &Read<'_>) -> Result<Vec<(Command, TerminalCommand)>, Error> {
        let mut found = Vec::new();
        for (origin, group) in &self.groups {
            if !self.numbers.keys().any(|(of, _)| of == group) {
                continue;
            }
            for asked in read.commands(Some(origin), u32::MAX)? {
                let command = serde_json::from_str(&asked.command).unwrap_or(TerminalCommand::Unknown);
                let user = match &command {
                    TerminalCommand::PutUser(person) => &person.user,
                    TerminalCommand::RenameUser { user, .. } | TerminalCommand::DeleteUser { user } => user,
                    _ => continue,
                };
                if self.is_meant(origin, user, asked.asked_us) {
                    found.push((asked, command));
                }
            }
        }
        Ok(found)
    }

    /// Forgets what terminals list and have of them, and empties the commands about them. One that is to delete them from a terminal is left alone
    /// until it is done: it goes by its age.
    pub(crate) fn forget_terminals(&self, write: &Write<'_>, now_us: i64) -> Result<(), Error> {
        for user in self.users(write)? {
            write.forget_terminal_user(&user.origin, &user.user)?;
        }
        for user in self.dismissed(write)? {
            write.recall_user(&user.origin, &user.user)?;
        }
        self.forget_gaps(write)?;
        let nothing = serde_json::to_string(&TerminalCommand::Unknown)
            .map_err(|error| Error::Damaged { what: "command", detail: error.to_string() })?;
        for (asked, command) in self.commands(write)? {
            let is_under_way = asked.expires_us > now_us
                && CommandState::from_word(&asked.state).is_some_and(|state| state < CommandState::Expired);
            if !(is_under_way && matches!(command, TerminalCommand::DeleteUser { .. })) {
                write.empty_command(asked.id, &nothing)?;
            }
        }
        Ok(())
    }

    /// The entries of the audit trail about them, after a number: those of their code, their facts and their punches, those that name them,
    /// and those of their user numbers.
    pub(crate) fn audit(&self, read: &Read<'_>, traces: &Traces, after: i64) -> Result<Vec<(i64, AuditEntry)>, Error> {
        let punches = traces.punches.iter().map(Fingerprint::to_string);
        let objects: HashSet<String> =
            traces.facts.iter().map(|(number, kind)| format!("{kind} {number}")).chain(punches).collect();
        let mut about = Vec::new();
        read.each_audit_entry(after, |number, entry| {
            // What is left of somebody who was erased says that and why they were.
            let is_about = if is_erased(&self.person) {
                entry.action.starts_with("number.") && self.is_named(&entry)
            } else {
                objects.contains(&entry.object) || self.is_named(&entry) || self.is_numbered(&entry)
            };
            if is_about {
                about.push((number, entry));
            }
        })?;
        Ok(about)
    }

    /// Whether an entry has their code or their name.
    fn is_named(&self, AuditEntry { action, object, detail, .. }: &AuditEntry) -> bool {
        let Employee { code, name, .. } = &self.person;
        let is_word = code.chars().all(|c| c.is_ascii_digit()) || code.chars().all(char::is_alphabetic);
        let as_code = format!("employee {code}");
        let is_in = |text: &str| {
            has_word(text, &as_code) || !is_word && has_word(text, code) || !name.is_empty() && has_word(text, name)
        };
        // "E1 2026-02-03", the record of a sink.
        let mut record = detail.rsplitn(2, ' ');
        let is_record = action == "sink.requeue"
            && record.next().is_some_and(|date| date.parse::<Date>().is_ok())
            && record.next() == Some(code);
        // A merge as a fact has it.
        let into = serde_json::json!({ "into": code }).to_string();
        object == code || is_in(object) || is_in(detail) || is_record || detail.ends_with(&into)
    }

    /// Whether an entry is about a user number when that was theirs, or nobody's.
    fn is_numbered(&self, AuditEntry { at_us, action, object, detail, .. }: &AuditEntry) -> bool {
        match action.as_str() {
            "match.dismiss" | "match.recall" => {
                let Number { group, number } = Number::parse(object);
                self.numbers.get(&(group, number)).is_some_and(|spans| is_nobody_elses(spans, date(*at_us)))
            }
            "terminal.command" => {
                let mut numbers = self.numbers.keys().map(|(_, number)| number);
                numbers
                    .any(|number| has_word(detail, &format!("user {number}")) && self.is_meant(object, number, *at_us))
            }
            "terminal.gap" => {
                let named = detail.split_once(" are missing: ").map_or("", |(_, named)| named);
                named.split(", ").filter_map(|said| said.split_once(" at ")).any(|(user, at)| {
                    let on = at.get(..10).and_then(|date| date.parse().ok());
                    on.is_some_and(|on| self.is_theirs_on(object, user, on))
                })
            }
            _ => false,
        }
    }

    /// Whether a number means them on a date that a terminal prints.
    fn is_theirs_on(&self, origin: &str, number: &str, on: Date) -> bool {
        self.spans(origin, number).is_some_and(|spans| is_nobody_elses(spans, on))
    }

    /// Forgets which of their punches a terminal has and the hub lacks; how many are missing stays.
    fn forget_gaps(&self, write: &Write<'_>) -> Result<(), Error> {
        for mut told in write.closeouts(Date::MIN, Date::MAX)?.into_iter().filter(|told| !told.missing_list.is_empty())
        {
            let mut missing: Vec<(String, i64)> = gap_of(&told.missing_list)?;
            let count = missing.len();
            missing.retain(|(user, seconds)| {
                let on = PrintedTime::Seconds(*seconds).civil().map(|at| at.date());
                !on.is_some_and(|on| self.is_theirs_on(&told.serial, user, on))
            });
            if missing.len() < count {
                told.missing_list = gap_list(&missing)?;
                write.put_closeout(&told)?;
            }
        }
        Ok(())
    }
}

fn is_nobody_elses(spans: &[Span], on: Date) -> bool {
    !spans.iter().any(|(from, to, is_theirs)| !is_theirs && *from <= on && on <= *to)
}

fn date(at_us: i64) -> Date {
    TimeZone::UTC.to_datetime(instant(at_us)).date()
}

/// Whether a text has a word, or some words, that are no part of a longer one. `ZQ-7` is none of `ZQ-7-B`, and `12` none of `cebu/12`.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + word.len()..).unwrap_or_default());
        !before.ends_with(goes_on) && !after.starts_with(goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(code: &str, name: &str) -> About {
        let person = Employee { code: code.to_owned(), name: name.to_owned(), ..Employee::default() };
        let groups = [("A1", ""), ("C1", "cebu")].map(|(serial, group)| (serial.to_owned(), group.to_owned())).into();
        let day = |month, day| jiff::civil::date(2026, month, day);
        let spans = vec![(day(1, 1), day(1, 31), true), (day(3, 1), day(12, 31), false)];
        let numbers = HashMap::from([(("cebu".to_owned(), "12".to_owned()), spans)]);
        About { person, groups, numbers, earliest: day(1, 1) }
    }

    fn entry(action: &str, object: &str, detail: &str) -> AuditEntry {
        let at_us = 1_770_000_000_000_000; // 2026-02-02
        let [action, object, detail] = [action, object, detail].map(str::to_owned);
        AuditEntry { at_us, actor: "ann".to_owned(), action, object, detail }
    }

    #[test]
    fn an_entry_is_about_whoever_it_names_as_a_whole_word() {
        let (telling, digits) = (about("ZQ-7", "Ann Lee"), about("12", ""));
        for (action, object, detail) in [
            ("x", "ZQ-7", ""),
            ("sink.requeue", "crm", "ZQ-7 2026-02-03"),
            ("number.assign", "99", "employee N1, always; it was employee ZQ-7's until 2026-01-31"),
            ("employee.merge", "N1", "counts as employee ZQ-7: a double"),
            ("fact.withdraw", "merge 4", "they are two; it was: {\"into\":\"ZQ-7\"}"),
            ("match.dismiss", "88", "seen with Ann Lee"),
            ("punch.dismiss", "ab", "it was ZQ-7."),
        ] {
            assert!(telling.is_named(&entry(action, object, detail)), "{action} {object} {detail}");
            let of_digits = detail.replace("ZQ-7", "12");
            let is_told = matches!(action, "sink.requeue" | "number.assign" | "employee.merge" | "fact.withdraw");
            assert_eq!(digits.is_named(&entry(action, object, &of_digits)), is_told, "{action} {object} {of_digits}");
        }
        for (action, object, detail) in [
            ("x", "ZQ-77", "employee ZQ-77, employee ZQ-7-B, employee cebu/ZQ-7, Joann Lee, Ann Leeds"),
            ("sink.requeue", "crm", "ZQ-71 2026-02-03"),
            ("import.attlog", "A1", "17 rows"),
        ] {
            assert!(!telling.is_named(&entry(action, object, detail)), "{action} {object} {detail}");
        }
        for detail in
            ["12 rows", "line 12: name Ben, numbers 12", "expires 2026-12-12T12:00:00Z", "employee 121, always"]
        {
            assert!(!digits.is_named(&entry("x", "y", detail)), "{detail}");
        }
    }

    #[test]
    fn a_number_is_a_person_in_its_group_and_while_it_is_nobody_elses() {
        let person = about("E1", "");
        let command = |object: &str, detail: &str| person.is_numbered(&entry("terminal.command", object, detail));
        assert!(command("C1", "1770000000: delete user 12; expires 2026-02-03T00:00:00Z"));
        assert!(command("C1", "1770000000: write user 12 (Old Name); expires 2026-02-03T00:00:00Z"));
        assert!(!command("A1", "1770000000: delete user 12; expires 2026-02-03T00:00:00Z"), "another group");
        assert!(!command("C1", "1770000000: delete user 121; expires 2026-12-12T00:00:00Z"), "another number");
        assert!(person.is_numbered(&entry("match.dismiss", "cebu/12", "a cleaner")));
        assert!(!person.is_numbered(&entry("match.dismiss", "12", "a cleaner")));
        let later = AuditEntry { at_us: 1_780_000_000_000_000, ..entry("match.dismiss", "cebu/12", "a cleaner") };
        assert!(!person.is_numbered(&later), "it is somebody else's");
    }

    #[test]
    fn a_punch_is_theirs_by_its_date_or_its_receipt_where_that_can_not_be_right() {
        let person = about("E1", "");
        let has_made = |origin: &str, printed: Option<i64>, received: i64| {
            let (origin, user) = (origin.to_owned(), "12".to_owned());
            let fingerprint = Fingerprint([0; 16]);
            let received_us = received * 1_000_000;
            person.has_made(&Uncounted { fingerprint, origin, user, printed_seconds: printed, received_us })
        };
        let (january, february, may) = (1_768_000_000, 1_770_000_000, 1_778_000_000);
        assert!(has_made("C1", Some(january), may) && !has_made("A1", Some(january), may));
        assert!(!has_made("C1", Some(february), february), "it is nobody's then");
        assert!(!has_made("C1", Some(may), may), "it is somebody else's then");
        for wrong in [None, Some(4_000_000_000), Some(0)] {
            assert!(has_made("C1", wrong, january) && !has_made("C1", wrong, may), "{wrong:?}");
        }
    }
}
