//! User numbers: whose each is, from when until when, and at which group of terminals.
//!
//! Invariants:
//! * At a group of terminals a number is one employee's on a date: spans of a number never share one.
//! * A terminal is in one group. That without a name is the group of every terminal which is in no other one.
//! * A group knows its own numbers only: where nobody has a number, its punches are held, whatever it means elsewhere.

use std::fmt;

use attendance::punch::canonical_user;
use jiff::ToSpan as _;
use jiff::civil::Date;
use store::people::UserNumber;
use store::{Read, Write};

use crate::Error;
use crate::employment::shown;
use crate::replay::{Replay, note};
use crate::resolve::ALWAYS;

/// Between group and number.
const MARK: char = '/';
/// Longest name of a group, in characters.
const MOST_LETTERS: usize = 40;

/// A user number at a group of terminals. In words it is `12`, or `cebu/12` where the group has a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// The group of terminals; empty for that of all others.
    pub group: String,
    /// The number as terminals say it.
    pub number: String,
}

impl Number {
    /// The number that terminals of a group say.
    pub fn at(group: &str, number: &str) -> Self {
        Self { group: group.to_owned(), number: canonical_user(number).to_owned() }
    }

    /// The number that a person wrote.
    pub fn parse(text: &str) -> Self {
        match text.split_once(MARK) {
            Some((group, number)) => Self::at(group.trim(), number),
            None => Self::at("", text),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, number } = self;
        // A number that has the mark in it is told from a group's by an empty name.
        if group.is_empty() && !number.contains(MARK) {
            f.write_str(number)
        } else {
            write!(f, "{group}{MARK}{number}")
        }
    }
}

/// A span of validity, with its number in words.
pub(crate) fn of(span: &UserNumber) -> Number {
    Number::at(&span.group, &span.number)
}

/// Refuses a name of a group that could not be written before a number.
pub(crate) fn check_group(name: &str) -> Result<(), Error> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, MARK | ';' | '|' | ',');
    if name.chars().any(is_odd) || name.chars().count() > MOST_LETTERS {
        let cure = format!("write up to {MOST_LETTERS} letters, without blanks and without `/`, `;`, `|` and `,`");
        return Err(Error::invalid(format!("`{name}` can't be the name of a group of terminals"), cure));
    }
    Ok(())
}

/// Gives a number to an employee for a range of dates; whoever had it keeps the dates outside. Notes the replay. Returns the spans of
/// others that lost dates, as they were.
pub(crate) fn assign(
    write: &Write<'_>,
    number: &Number,
    employee: i64,
    dates: Dates,
) -> Result<Vec<UserNumber>, Error> {
    let (from, to) = span(dates)?;
    let Number { group, number } = number;
    let known = write.validities(group, number)?;
    note(write, if known.is_empty() { Replay::HeldOfNumber } else { Replay::Number }, number)?;
    let mut lost = Vec::new();
    for before in known.into_iter().filter(|before| before.valid_from <= to && from <= before.valid_to) {
        write.drop_user_number(&before)?;
        if before.valid_from < from {
            write.put_user_number(&UserNumber { valid_to: from.saturating_sub(1.day()), ..before.clone() })?;
        }
        if to < before.valid_to {
            write.put_user_number(&UserNumber { valid_from: to.saturating_add(1.day()), ..before.clone() })?;
        }
        if before.employee != employee {
            lost.push(before);
        }
    }
    let new = UserNumber { group: group.clone(), number: number.clone(), valid_from: from, valid_to: to, employee };
    write.put_user_number(&new)?;
    Ok(lost)
}

/// From when to when; `None` for as long as there is a date.
pub(crate) type Dates = (Option<Date>, Option<Date>);

/// The dates for which a number is still to be given to an employee: none, when it is theirs already. Without dates it is theirs when it
/// was theirs last. A list gives numbers and takes none away, so one that is theirs for longer is refused.
pub(crate) fn missing(
    read: &Read<'_>,
    number: &Number,
    employee: i64,
    dates: Option<(Date, Date)>,
) -> Result<Option<Dates>, Error> {
    let known = read.validities(&number.group, &number.number)?;
    let is_known = match dates {
        Some((from, to)) => {
            let around =
                known.iter().find(|span| span.employee == employee && span.valid_from <= from && to <= span.valid_to);
            if let Some(longer) = around.filter(|span| (span.valid_from, span.valid_to) != (from, to)) {
                let theirs = shown((longer.valid_from, longer.valid_to));
                return Err(Error::invalid(
                    format!("user number {number} is theirs for {theirs}, and a list takes none away"),
                    format!("end it with `POST /api/v1/employees/CODE/numbers/end`, or write {number}@{theirs}"),
                ));
            }
            around.is_some()
        }
        None => known.last().is_some_and(|span| span.employee == employee),
    };
    if is_known {
        return Ok(None);
    }
    let dates = dates.map_or((None, None), |(from, to)| (Some(from), Some(to)));
    check_free(read, number, employee, dates)?;
    Ok(Some(dates))
}

/// Refuses to call a number somebody's that was theirs last and has ended by a date: from which date on is to be said.
pub(crate) fn refuse_ended(read: &Read<'_>, number: &Number, today: Date) -> Result<(), Error> {
    match read.validities(&number.group, &number.number)?.last().map(|span| span.valid_to) {
        Some(to) if to < today => Err(Error::invalid(
            format!("user number {number} was theirs until {to}"),
            "say from which date on it is theirs again",
        )),
        _ => Ok(()),
    }
}

/// Ends a number of an employee after a date: it is nobody's afterwards, until it is given to somebody. Notes the replay. Whether that is
/// anything new.
pub(crate) fn end(write: &Write<'_>, number: &Number, employee: i64, last: Date) -> Result<bool, Error> {
    let known = write.validities(&number.group, &number.number)?;
    let theirs: Vec<UserNumber> = known.into_iter().filter(|span| span.employee == employee).collect();
    let longer: Vec<&UserNumber> = theirs.iter().filter(|span| last < span.valid_to).collect();
    if longer.is_empty() {
        if theirs.iter().any(|span| span.valid_to == last) {
            return Ok(false);
        }
        let cure = "`GET /api/v1/employees` and `punchclock export employees` list whose numbers are whose";
        return Err(Error::invalid(format!("user number {number} is not theirs after {last}"), cure));
    }
    for span in longer {
        write.drop_user_number(span)?;
        if span.valid_from <= last {
            write.put_user_number(&UserNumber { valid_to: last, ..span.clone() })?;
        }
    }
    note(write, Replay::Number, &number.number)?;
    Ok(true)
}

/// Refuses to give a number on dates that are another employee's. One whose span began before and has no end may end there: the number
/// changes hands.
pub(crate) fn check_free(read: &Read<'_>, number: &Number, employee: i64, dates: Dates) -> Result<(), Error> {
    let (from, to) = span(dates)?;
    let known = read.validities(&number.group, &number.number)?;
    let shares = |span: &UserNumber| span.valid_from <= to && from <= span.valid_to;
    let changes_hands = |span: &UserNumber| span.valid_from < from && span.valid_to >= ALWAYS.1;
    let other = known.iter().find(|span| span.employee != employee && shares(span) && !changes_hands(span));
    let Some(other) = other else { return Ok(()) };
    let owner = read.employee(other.employee)?.map_or_else(String::new, |owner| owner.code);
    Err(Error::invalid(
        format!("user number {number} is employee {owner}'s {}", during(other.valid_from, other.valid_to)),
        format!(
            "name a date on which it has changed hands, or take it first: `punchclock held cure --user {number} --employee CODE`"
        ),
    ))
}

fn span(dates: Dates) -> Result<(Date, Date), Error> {
    let (from, to) = (dates.0.unwrap_or(ALWAYS.0), dates.1.unwrap_or(ALWAYS.1));
    if to < from {
        return Err(Error::invalid(format!("a number is given until {to}, before {from}"), "turn the dates round"));
    }
    Ok((from, to))
}

/// Dates of validity in words.
pub(crate) fn during(from: Date, to: Date) -> String {
    match (from <= ALWAYS.0, to >= ALWAYS.1) {
        (true, true) => "always".to_owned(),
        (true, false) => format!("until {to}"),
        (false, true) => format!("from {from} on"),
        (false, false) => format!("from {from} to {to}"),
    }
}

/// Who lost a number by a decision, in words; empty when nobody did.
pub(crate) fn told_lost(read: &Read<'_>, lost: &[UserNumber]) -> Result<String, Error> {
    let mut told = String::new();
    for span in lost {
        let code = read.employee(span.employee)?.map_or_else(String::new, |owner| owner.code);
        told.push_str(&format!("; it was employee {code}'s {}", during(span.valid_from, span.valid_to)));
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_words_reads_back() {
        for (group, number, words) in [("", "12", "12"), ("cebu", "0012", "cebu/0012"), ("", "1/2", "/1/2")] {
            let number = Number::at(group, number);
            assert_eq!((number.to_string().as_str(), Number::parse(words)), (words, number));
        }
        assert_eq!(Number::parse(" cebu / 7 "), Number::at("cebu", "7"));
    }

    #[test]
    fn a_group_has_a_name_that_can_stand_before_a_number() {
        assert!(check_group("cebu-2").is_ok() && check_group("").is_ok());
        for odd in ["a/b", "a b", "a;b", "a,b", &"x".repeat(41)] {
            assert!(check_group(odd).is_err(), "{odd}");
        }
    }
}
