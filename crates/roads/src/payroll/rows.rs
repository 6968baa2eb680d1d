//! From pay lines to the rows of a file: codes mapped, minutes grouped, figures rounded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::layout::{By, Column, Field, Hours, HoursForm, Layout, Rounding, Unmapped};
use super::number::{Carry, Shown, shown};
use super::text::{self, Told};
use super::{PayDay, PayPerson, PayrollError, Period};

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A date in the form of the file.
    Date(String),
    /// A figure with `.` as decimal mark.
    Number(String),
    /// A duration as `h:mm`.
    Clock(String),
}

impl Cell {
    /// As it is written, but for the decimal mark.
    pub fn text(&self) -> &str {
        let (Self::Text(text) | Self::Date(text) | Self::Number(text) | Self::Clock(text)) = self;
        text
    }
}

/// The rows of a payroll file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayTable {
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// What was left out, by our code, in minutes.
    pub left_out: BTreeMap<String, i64>,
    /// The minutes of pay codes in the file.
    pub minutes: i64,
    /// What the figures of pay codes add up to as they are written, each minute once: those of columns that may stand beside them, as of a
    /// sum, are not counted again.
    pub total: String,
    /// What those minutes come to, rounded once.
    pub exact: String,
}

impl PayTable {
    /// What a person should know of it before it is handed on; empty when there is nothing.
    pub fn remarks(&self) -> Vec<String> {
        let left_out = self.left_out.iter().filter(|(_, minutes)| **minutes != 0);
        let mut remarks: Vec<String> =
            left_out.map(|(code, minutes)| format!("{code}: {minutes} minutes are left out")).collect();
        if self.total != self.exact {
            remarks.push(format!(
                "the figures as written add up to {}, the minutes to {}: each is rounded by itself",
                self.total, self.exact
            ));
        }
        remarks
    }
}

/// What a group of rows is of: date, corrected date, and the receiver's code.
type Key = (Option<(Date, Option<Date>)>, Option<String>);

/// What a group comes to.
#[derive(Default)]
struct Group {
    /// By the receiver's code.
    minutes: BTreeMap<String, i64>,
    worked: i64,
    paid: i64,
    tardy: i64,
    left_early: i64,
    absent: i64,
}

/// The rows of a period in a layout.
///
/// # Errors
/// Names every pay code that has no place in the layout, or the value that is missing.
pub fn table(layout: &Layout, period: Period, people: &[PayPerson]) -> Result<PayTable, PayrollError> {
    layout.check()?;
    let mut making = Making {
        layout,
        period,
        table: PayTable::default(),
        misfits: BTreeSet::new(),
        sums: vec![Sum::default(); layout.columns.len()],
    };
    for person in people {
        making.person(person)?;
    }
    if !making.misfits.is_empty() {
        let named: Vec<&str> = making.misfits.iter().map(String::as_str).collect();
        let codes = named.join(", ");
        return Err(PayrollError::new(
            format!("the layout has no place for pay codes {codes}"),
            "map them in [codes] and give what they become a column of hours, or list them in `drop`",
        ));
    }
    let Making { mut table, sums, .. } = making;
    let counted = counted(layout, &sums, table.minutes);
    let form = counted.map_or(layout.hours.form, |(form, _)| form);
    let exact = shown(table.minutes, &Hours { rounding: Rounding::Nearest, ..layout.hours }, form, &mut 0);
    let units = counted.map_or(exact.units, |(_, units)| units);
    table.exact = exact.text(&layout.text.decimal_mark);
    table.total = Shown { units, ..exact }.text(&layout.text.decimal_mark);
    Ok(table)
}

/// What the figures of a column came to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    minutes: i64,
    /// As they are written.
    units: i64,
}

/// Form and sum of figures that hold each of the minutes once: of the columns of codes together, or else of a column of all of them; those in
/// the layout's own form first. `None` where there are none, as where columns of codes have several forms.
fn counted(layout: &Layout, sums: &[Sum], minutes: i64) -> Option<(HoursForm, i64)> {
    let own = layout.hours.form;
    let forms = [own, HoursForm::Decimal, HoursForm::Clock, HoursForm::Minutes];
    let is_of_code =
        |column: &Column| column.field == Field::OtherHours || (column.field == Field::Hours && !column.of.is_empty());
    let is_of_all = |column: &Column| column.field == Field::Hours && column.of.is_empty();
    let sums_in = |form: HoursForm| {
        let columns = layout.columns.iter().zip(sums);
        columns.filter(move |(column, _)| column.form.unwrap_or(own) == form).map(|(column, sum)| (column, *sum))
    };
    let of_codes = forms.into_iter().filter_map(|form| {
        let added = |one: Sum, other: Sum| Sum { minutes: one.minutes + other.minutes, units: one.units + other.units };
        let figures = sums_in(form).filter(|(column, _)| is_of_code(column)).map(|(_, sum)| sum);
        figures.reduce(added).map(|sum| (form, sum))
    });
    let of_all = forms
        .into_iter()
        .filter_map(|form| sums_in(form).find(|(column, _)| is_of_all(column)).map(|(_, sum)| (form, sum)));
    let mut found = of_codes.chain(of_all).filter(|(_, sum)| sum.minutes == minutes);
    found.next().map(|(form, sum)| (form, sum.units))
}

struct Making<'a> {
    layout: &'a Layout,
    period: Period,
    table: PayTable,
    /// Our codes without a place.
    misfits: BTreeSet<String>,
    /// By the place of the column.
    sums: Vec<Sum>,
}

impl Making<'_> {
    fn person(&mut self, person: &PayPerson) -> Result<(), PayrollError> {
        let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
        for day in &person.days {
            let of_day = self.layout.is_by(By::Day).then_some((day.date, day.corrects));
            if !self.layout.is_by(By::Code) {
                add_figures(groups.entry((of_day, None)).or_default(), day);
            }
            for (ours, minutes) in &day.pay {
                let Some(theirs) = self.mapped(ours, *minutes) else { continue };
                self.table.minutes += minutes;
                let key = (of_day, self.layout.is_by(By::Code).then(|| theirs.clone()));
                *groups.entry(key).or_default().minutes.entry(theirs).or_default() += minutes;
            }
        }
        let mut carries = BTreeMap::new();
        for (key, group) in groups {
            self.rows(person, &key, &group, &mut carries)?;
        }
        Ok(())
    }

    /// The receiver's code of ours; `None` for what is left out, or has no place.
    fn mapped(&mut self, ours: &str, minutes: i64) -> Option<String> {
        let layout = self.layout;
        let is_dropped = layout.drop.iter().any(|code| code == ours);
        let theirs = match (layout.codes.get(ours), layout.unmapped) {
            _ if is_dropped => None,
            (Some(theirs), _) => Some(theirs.clone()),
            (None, Unmapped::Keep) => Some(ours.to_owned()),
            (None, Unmapped::Drop) => None,
            (None, Unmapped::Error) => {
                self.misfits.insert(ours.to_owned());
                return None;
            }
        };
        if theirs.is_none() {
            *self.table.left_out.entry(ours.to_owned()).or_default() += minutes;
        } else if minutes != 0 && theirs.as_deref().is_some_and(|theirs| !self.has_place(theirs)) {
            self.misfits.insert(ours.to_owned());
        }
        theirs
    }

    /// Whether a column takes the receiver's code.
    fn has_place(&self, theirs: &str) -> bool {
        self.layout.columns.iter().any(|column| match column.field {
            Field::Hours => column.of.is_empty() || column.of.iter().any(|code| code == theirs),
            Field::OtherHours => true,
            _ => false,
        })
    }

    /// The receiver's codes of a group that no column names.
    fn others<'g>(&self, group: &'g Group) -> Vec<(&'g str, i64)> {
        let columns = &self.layout.columns;
        if !columns.iter().any(|column| column.field == Field::OtherHours) {
            return Vec::new();
        }
        let is_named = |code: &str| columns.iter().any(|column| column.of.iter().any(|named| named == code));
        let others = group.minutes.iter().filter(|(code, minutes)| **minutes != 0 && !is_named(code));
        others.map(|(code, minutes)| (code.as_str(), *minutes)).collect()
    }

    /// Writes the row of a group, and one more for each other code beyond the first.
    fn rows(
        &mut self,
        person: &PayPerson,
        key: &Key,
        group: &Group,
        carries: &mut BTreeMap<(usize, String), Carry>,
    ) -> Result<(), PayrollError> {
        let is_empty = group.minutes.values().all(|minutes| *minutes == 0);
        let has_figures = self.layout.columns.iter().any(|column| column.field.is_figure());
        if is_empty && (!has_figures || group.is_blank()) {
            return Ok(());
        }
        let others = self.others(group);
        for turn in 0..others.len().max(1) {
            let other = others.get(turn).copied();
            let mut cells = Vec::with_capacity(self.layout.columns.len());
            for (place, column) in self.layout.columns.iter().enumerate() {
                let minutes = match column.field {
                    // Only the first row has what is the group's.
                    field if field.is_duration() && field != Field::OtherHours && turn > 0 => None,
                    _ => group.minutes_of(column, other),
                };
                let code = other.map_or_else(|| key.1.clone().unwrap_or_default(), |(code, _)| code.to_owned());
                cells.push(match minutes {
                    Some(minutes) => {
                        let carry = carries.entry((place, code)).or_default();
                        let (cell, units) = self.duration(column, minutes, carry);
                        if let Some(sum) = self.sums.get_mut(place) {
                            *sum = Sum { minutes: sum.minutes + minutes, units: sum.units + units };
                        }
                        cell
                    }
                    None if column.field.is_duration() => Cell::Text(String::new()),
                    None => self.word(column, person, key, &code)?,
                });
            }
            self.table.rows.push(cells);
        }
        Ok(())
    }

    /// A cell, and its figure in the smallest unit of its form.
    fn duration(&self, column: &Column, minutes: i64, carry: &mut Carry) -> (Cell, i64) {
        let hours = &self.layout.hours;
        let form = column.form.unwrap_or(hours.form);
        let shown = shown(minutes, hours, form, carry);
        let is_of_codes = matches!(column.field, Field::Hours | Field::OtherHours);
        let cell = match form {
            _ if is_of_codes && minutes == 0 && hours.blank_zero => Cell::Text(String::new()),
            HoursForm::Clock => Cell::Clock(shown.text(".")),
            _ => Cell::Number(shown.text(".")),
        };
        (cell, shown.units)
    }

    fn word(&self, column: &Column, person: &PayPerson, key: &Key, code: &str) -> Result<Cell, PayrollError> {
        let date = |date: Option<Date>| {
            let format = if column.format.is_empty() { &self.layout.text.date } else { &column.format };
            let text = date.map(|date| jiff::fmt::strtime::format(format, date)).transpose();
            text.map(|text| Cell::Date(text.unwrap_or_default()))
                .map_err(|error| PayrollError::new(format!("`{format}`: {error}"), "write a form like %Y-%m-%d"))
        };
        let (first, last) = names(&person.name);
        let text = match column.field {
            Field::Employee => person.code.clone(),
            Field::Name => person.name.clone(),
            Field::FirstName => first,
            Field::LastName => last,
            Field::LastFirst if first.is_empty() => last,
            Field::LastFirst => format!("{last}, {first}"),
            Field::Department => person.department.clone(),
            Field::Site => person.site.clone(),
            Field::Date => return date(key.0.map(|(date, _)| date)),
            Field::Corrects => return date(key.0.and_then(|(_, corrects)| corrects)),
            Field::From => return date(Some(self.period.from)),
            Field::To => return date(Some(self.period.to)),
            Field::Row => return Ok(Cell::Number((self.table.rows.len() + 1).to_string())),
            Field::Text => {
                let told =
                    Told { layout: self.layout, period: self.period, date: &self.layout.text.date, counts: None };
                text::filled(&column.text, &told)?
            }
            // Durations were written before.
            _ => code.to_owned(),
        };
        Ok(Cell::Text(text))
    }
}

impl Group {
    /// The minutes of a column of durations.
    fn minutes_of(&self, column: &Column, other: Option<(&str, i64)>) -> Option<i64> {
        Some(match column.field {
            Field::Hours if column.of.is_empty() => self.minutes.values().sum(),
            Field::Hours => column.of.iter().filter_map(|code| self.minutes.get(code)).sum(),
            Field::OtherHours => other?.1,
            Field::Worked => self.worked,
            Field::Paid => self.paid,
            Field::Tardy => self.tardy,
            Field::LeftEarly => self.left_early,
            Field::Absent => self.absent,
            _ => return None,
        })
    }

    const fn is_blank(&self) -> bool {
        self.worked == 0 && self.paid == 0 && self.tardy == 0 && self.left_early == 0 && self.absent == 0
    }
}

fn add_figures(group: &mut Group, day: &PayDay) {
    group.worked += day.worked_minutes;
    group.paid += day.paid_minutes;
    group.tardy += day.tardy_minutes;
    group.left_early += day.left_early_minutes;
    group.absent += day.absent_minutes;
}

/// First and last name: `Doe, Ann` says which is which; otherwise the last word is the last name.
fn names(name: &str) -> (String, String) {
    let (first, last) = match name.split_once(',') {
        Some((last, first)) => (first, last),
        None => name.trim().rsplit_once(char::is_whitespace).unwrap_or(("", name)),
    };
    (first.trim().to_owned(), last.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARCH: Period = Period { from: Date::constant(2026, 3, 1), to: Date::constant(2026, 3, 31) };

    fn day(day: i8, pay: &[(&str, i64)]) -> PayDay {
        let pay: Vec<_> = pay.iter().map(|(code, minutes)| ((*code).to_owned(), *minutes)).collect();
        let worked_minutes = pay.iter().map(|(_, minutes)| minutes).sum();
        PayDay { date: Date::constant(2026, 3, day), pay, worked_minutes, ..PayDay::default() }
    }

    fn person(days: Vec<PayDay>) -> PayPerson {
        PayPerson { code: "7".to_owned(), name: "Ann Doe".to_owned(), days, ..PayPerson::default() }
    }

    fn shown(layout: &str, days: Vec<PayDay>) -> Vec<String> {
        let table = table(&Layout::from_toml(layout).unwrap(), MARCH, &[person(days)]).unwrap();
        table.rows.iter().map(|row| row.iter().map(Cell::text).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn several_of_our_codes_become_one_of_theirs() {
        let layout = "by = [\"code\"]\n[codes]\nREG = \"1\"\nRD = \"1\"\nOT = \"2\"\n
            [[columns]]\ntitle = \"C\"\nfield = \"code\"\n[[columns]]\ntitle = \"H\"\nfield = \"hours\"\n";
        assert_eq!(
            shown(layout, vec![day(2, &[("REG", 480), ("OT", 30)]), day(7, &[("RD", 60)])]),
            ["1|9.00", "2|0.50"]
        );
    }

    #[test]
    fn a_code_without_a_place_is_named_and_one_that_is_dropped_is_told() {
        let base = "[codes]\nREG = \"R\"\nOT = \"O\"\n[[columns]]\ntitle = \"H\"\nfield = \"hours\"\nof = [\"R\"]\n";
        let people = [person(vec![day(2, &[("REG", 480), ("OT", 30), ("ND", 15)])])];
        let error = table(&Layout::from_toml(base).unwrap(), MARCH, &people).unwrap_err().to_string();
        assert!(error.contains("no place for pay codes ND, OT"), "{error}");
        let layout = Layout::from_toml(&format!("drop = [\"OT\", \"ND\"]\n{base}")).unwrap();
        let made = table(&layout, MARCH, &people).unwrap();
        assert_eq!(made.left_out, BTreeMap::from([("ND".to_owned(), 15), ("OT".to_owned(), 30)]));
        assert_eq!((made.minutes, made.total.as_str()), (480, "8.00"));
    }

    #[test]
    fn other_codes_get_rows_of_their_own_and_the_rest_stands_once() {
        let layout =
            "unmapped = \"keep\"\n[codes]\nREG = \"R\"\n[[columns]]\ntitle = \"R\"\nfield = \"hours\"\nof = [\"R\"]\n
            [[columns]]\ntitle = \"C\"\nfield = \"other_code\"\n[[columns]]\ntitle = \"H\"\nfield = \"other_hours\"\n";
        let days = vec![day(2, &[("REG", 480), ("OT", 30), ("ND", 15)])];
        assert_eq!(shown(layout, days), ["8.00|ND|0.25", "|OT|0.50"]);
    }

    /// Total and remarks of two people's thirds of hours in columns.
    fn totals(columns: &[&str]) -> (String, Vec<String>) {
        let layout = format!("unmapped = \"keep\"\n[[columns]]\nfield = \"employee\"\n{}", columns.concat());
        let people = [20, 40].map(|minutes| person(vec![day(2, &[("REG", minutes), ("OT", 20), ("ND", 60)])]));
        let made = table(&Layout::from_toml(&layout).unwrap(), MARCH, &people).unwrap();
        (made.total.clone(), made.remarks())
    }

    #[test]
    fn the_total_has_each_minute_once_whatever_columns_there_are_and_only_rounding_is_called_so() {
        const TOTAL: &str = "[[columns]]\nfield = \"hours\"\n";
        const CLOCK: &str = "[[columns]]\nfield = \"hours\"\nform = \"clock\"\n";
        const REG: &str = "[[columns]]\nfield = \"hours\"\nof = [\"REG\"]\n";
        const REG_CLOCK: &str = "[[columns]]\nfield = \"hours\"\nof = [\"REG\"]\nform = \"clock\"\n";
        const REST: &str = "[[columns]]\nfield = \"hours\"\nof = [\"OT\", \"ND\"]\n";
        const OTHERS: &str = "[[columns]]\nfield = \"other_code\"\n[[columns]]\nfield = \"other_hours\"\n";
        for (columns, total, is_rounded) in [
            (&[TOTAL][..], "3.67", false),
            // 0.33 + 0.67 and two times 1.33.
            (&[REG, REST], "3.66", true),
            (&[REG, REST, TOTAL], "3.66", true),
            (&[TOTAL, REG, REST], "3.66", true),
            (&[REG, OTHERS], "3.66", true),
            (&[REG, OTHERS, TOTAL], "3.66", true),
            (&[CLOCK], "3:40", false),
            (&[TOTAL, CLOCK], "3.67", false),
            (&[REG, REG_CLOCK, REST], "3.66", true),
            // Those of codes do not hold all, so it is the sum of the others.
            (&[REG, TOTAL], "3.67", false),
            (&[REG, REST, REST, CLOCK], "3:40", false),
            // What is written in two forms is not added up.
            (&[REG_CLOCK, REST], "3.67", false),
        ] {
            let (added, remarks) = totals(columns);
            assert_eq!((added.as_str(), remarks.len()), (total, usize::from(is_rounded)), "{columns:?} {remarks:?}");
        }
    }

    #[test]
    fn a_correction_is_a_row_of_its_own_date_and_names_what_it_corrects() {
        let layout = "by = [\"day\"]\nunmapped = \"keep\"\n[[columns]]\ntitle = \"D\"\nfield = \"date\"\n
            [[columns]]\ntitle = \"Of\"\nfield = \"corrects\"\n[[columns]]\ntitle = \"H\"\nfield = \"hours\"\nform = \"clock\"\n";
        let correction = PayDay { corrects: Some(Date::constant(2026, 2, 11)), ..day(2, &[("OT", -65)]) };
        assert_eq!(
            shown(layout, vec![day(2, &[("REG", 480)]), correction]),
            ["2026-03-02||8:00", "2026-03-02|2026-02-11|-1:05"]
        );
    }

    #[test]
    fn names_are_split_by_comma_or_last_word() {
        assert_eq!(names("Doe, Ann Mary"), ("Ann Mary".to_owned(), "Doe".to_owned()));
        assert_eq!(names("Ann Mary Doe"), ("Ann Mary".to_owned(), "Doe".to_owned()));
        assert_eq!(names("Cher"), (String::new(), "Cher".to_owned()));
    }
}
