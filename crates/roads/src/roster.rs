//! Who works when, and who is away, as CSV.
//!
//! * Roster: `code` or `group`, then either `date` and `shift` (another timetable for one date), or `mon` ... `sun` (a week), or
//!   `anchor` and `cycle` (timetables separated by blanks, the first on the date of the anchor); a week and a cycle may have `from`
//!   and `to`. A shift is the code of a timetable, `rest_day`, `off_day` or `unassigned`.
//! * Leave and offsite work: `code`, `date`, and optionally `until` (last date of several), `part` (`full`, `am`, `pm`, `hours`),
//!   `start` and `end` (with `hours`), `reason`, `key`; leave also has `paid` (`yes`, `no`).

use attendance::{Assignment, ClockTime, Leave, Offsite, Override, Part, Shift, WeekPattern};
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::table::{self, BadRow, Kind, NotATable, Row};

/// Most dates of one row of leave or offsite work; more is a slip of the pen.
const MAX_DATES: usize = 400;

/// Whom a row of a roster names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// An employee, by code.
    Employee(String),
    /// A group, by name.
    Group(String),
}

/// What a row of a roster says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A pattern over a range of dates.
    Pattern(Assignment),
    /// Another timetable for one date.
    Single(Override),
}

/// A row of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRow {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Whose it is.
    pub named: Named,
    /// What it says.
    pub turn: Turn,
}

/// A row of leave or offsite work: one entry per date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwayRow<T> {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Employee code.
    pub code: String,
    /// The entries.
    pub entries: Vec<T>,
}

/// The rows of a table, each taken or refused.
pub type Rows<T> = Result<Vec<Result<T, BadRow>>, NotATable>;

const DATE: &str = "2026-01-31";
const CLOCK: &str = "08:00, or 02:00+1 for the next day";

const ROSTER: Kind = Kind {
    name: "roster",
    columns: &[
        "code", "group", "date", "shift", "from", "to", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "anchor",
        "cycle",
    ],
    needs: &["code", "group"],
};
const LEAVE: Kind = Kind {
    name: "leave list",
    columns: &["code", "date", "until", "part", "start", "end", "paid", "reason", "key"],
    needs: &["code"],
};
const OFFSITE: Kind = Kind {
    name: "offsite list",
    columns: &["code", "date", "until", "part", "start", "end", "reason", "key"],
    needs: &["code"],
};

/// Reads a roster.
///
/// # Errors
/// [`NotATable`] when the header is missing, or names a column that a roster doesn't have.
pub fn read(file: &[u8]) -> Rows<RosterRow> {
    table::rows(file, &ROSTER, |row| Ok(RosterRow { line: row.line, named: named(row)?, turn: turn(row)? }))
}

/// Reads a list of leave.
///
/// # Errors
/// As [`read`].
pub fn leave(file: &[u8]) -> Rows<AwayRow<Leave>> {
    table::rows(file, &LEAVE, |row| {
        let paid = match row.cell("paid").to_lowercase().as_str() {
            "" | "yes" | "true" | "1" => true,
            "no" | "false" | "0" => false,
            other => return Err(row.bad(format!("`{other}` in column paid can't be read; write yes or no"))),
        };
        away(row, |away| Leave {
            date: away.date,
            part: away.part,
            from: away.start,
            to: away.end,
            paid,
            reason: away.reason,
            id: away.key,
            recorded_at: None,
        })
    })
}

/// Reads a list of offsite work.
///
/// # Errors
/// As [`read`].
pub fn offsite(file: &[u8]) -> Rows<AwayRow<Offsite>> {
    table::rows(file, &OFFSITE, |row| {
        away(row, |away| Offsite {
            date: away.date,
            part: away.part,
            from: away.start,
            to: away.end,
            reason: away.reason,
            id: away.key,
            recorded_at: None,
        })
    })
}

fn named(row: &Row<'_>) -> Result<Named, BadRow> {
    match (row.cell("code"), row.cell("group")) {
        ("", "") => Err(row.bad("it names nobody; fill in code or group")),
        (code, "") => Ok(Named::Employee(code.to_owned())),
        ("", group) => Ok(Named::Group(group.to_owned())),
        _ => Err(row.bad("it has a code and a group; fill in one of them")),
    }
}

fn turn(row: &Row<'_>) -> Result<Turn, BadRow> {
    if let Some(date) = row.value("date", DATE)? {
        let shift = shift(row.cell("shift"));
        let shift = shift.ok_or_else(|| row.bad("column shift is empty; write a timetable or rest_day"))?;
        return Ok(Turn::Single(Override { date, shift, recorded_at: None }));
    }
    let (from, to): (Option<Date>, Option<Date>) = (row.value("from", DATE)?, row.value("to", DATE)?);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        return Err(row.bad(format!("it ends {to}, before it starts {from}")));
    }
    let cycle: Vec<Shift> = row.cell("cycle").split_whitespace().map(Shift::from).collect();
    if !cycle.is_empty() {
        let anchor = row.needed("anchor", DATE)?;
        return Ok(Turn::Pattern(Assignment::Cycle { from, to, anchor, cycle }));
    }
    let day = |name| shift(row.cell(name));
    let days = WeekPattern {
        mon: day("mon"),
        tue: day("tue"),
        wed: day("wed"),
        thu: day("thu"),
        fri: day("fri"),
        sat: day("sat"),
        sun: day("sun"),
    };
    if days == WeekPattern::default() {
        return Err(row.bad("it says nothing; fill in date and shift, or mon to sun, or anchor and cycle"));
    }
    Ok(Turn::Pattern(Assignment::Weekly { from, to, days }))
}

fn shift(text: &str) -> Option<Shift> {
    (!text.is_empty()).then(|| Shift::from(text))
}

/// One date away.
struct Away {
    date: Date,
    part: Part,
    start: Option<ClockTime>,
    end: Option<ClockTime>,
    reason: Option<String>,
    key: Option<String>,
}

fn away<T>(row: &Row<'_>, entry: impl Fn(Away) -> T) -> Result<AwayRow<T>, BadRow> {
    let code = row.needed("code", "the employee's code")?;
    let date: Date = row.needed("date", DATE)?;
    let until = row.value("until", DATE)?.unwrap_or(date);
    let dates: Vec<Date> = date.series(1.day()).take_while(|date| *date <= until).take(MAX_DATES + 1).collect();
    if dates.is_empty() || dates.len() > MAX_DATES {
        return Err(row.bad(format!("{date} to {until} is no range of 1 to {MAX_DATES} dates")));
    }
    let part = match row.cell("part").to_lowercase().as_str() {
        "" | "full" => Part::Full,
        "am" => Part::Am,
        "pm" => Part::Pm,
        "hours" => Part::Hours,
        other => return Err(row.bad(format!("`{other}` in column part can't be read; write full, am, pm or hours"))),
    };
    let (start, end) = (row.value("start", CLOCK)?, row.value("end", CLOCK)?);
    let text = |name: &str| Some(row.cell(name).to_owned()).filter(|text| !text.is_empty());
    let (reason, key) = (text("reason"), text("key"));
    let entries =
        dates.into_iter().map(|date| entry(Away { date, part, start, end, reason: reason.clone(), key: key.clone() }));
    Ok(AwayRow { line: row.line, code, entries: entries.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_roster_holds_weeks_cycles_and_single_dates() {
        let file = b"code,group,from,date,shift,mon,sun,anchor,cycle\n7,,2026-02-02,,,DAY,rest_day,,\n\
            ,Packing,,,,,,2026-02-01,DAY DAY NIGHT rest_day\n7,,,2026-02-14,off_day,,,,\n7,Packing,,,,DAY,,,\n7,,,,,,,,\n";
        let rows = read(file).unwrap();
        let RosterRow { named, turn, .. } = rows[0].clone().unwrap();
        let Turn::Pattern(Assignment::Weekly { from, to: None, days }) = turn else { panic!("{turn:?}") };
        assert_eq!(
            (named, from, days.sun),
            (Named::Employee("7".into()), Some(date("2026-02-02")), Some(Shift::RestDay))
        );
        let RosterRow { named, turn, .. } = rows[1].clone().unwrap();
        let Turn::Pattern(Assignment::Cycle { cycle, .. }) = turn else { panic!("{turn:?}") };
        assert_eq!((named, cycle.len()), (Named::Group("Packing".into()), 4));
        let single = Override { date: date("2026-02-14"), shift: Shift::OffDay, recorded_at: None };
        assert_eq!(rows[2].as_ref().unwrap().turn, Turn::Single(single));
        assert!(rows[3].as_ref().unwrap_err().what.contains("a code and a group"));
        assert!(rows[4].as_ref().unwrap_err().what.contains("says nothing"));
    }

    #[test]
    fn leave_over_several_dates_is_one_entry_per_date() {
        let rows =
            leave(b"code;date;until;part;paid;key\n7;2026-02-27;2026-03-02;;no;L1\n7;2026-03-02;2026-02-27;;;\n")
                .unwrap();
        let row = rows[0].as_ref().unwrap();
        let dates: Vec<String> = row.entries.iter().map(|leave| leave.date.to_string()).collect();
        assert_eq!(dates, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
        assert_eq!((row.entries[1].id.as_deref(), row.entries[1].paid), (Some("L1"), false));
        assert!(rows[1].as_ref().unwrap_err().what.contains("no range"));
    }

    #[test]
    fn what_can_t_be_read_names_column_and_form() {
        let rows =
            offsite(b"code,date,part,start\n7,2026-02-30,,\n7,2026-02-28,evening,\n7,2026-02-28,hours,8\n").unwrap();
        let says: Vec<&str> = rows.iter().map(|row| row.as_ref().unwrap_err().what.as_str()).collect();
        assert_eq!(
            says,
            [
                "`2026-02-30` in column date can't be read; write 2026-01-31",
                "`evening` in column part can't be read; write full, am, pm or hours",
                "`8` in column start can't be read; write 08:00, or 02:00+1 for the next day",
            ]
        );
    }
}
