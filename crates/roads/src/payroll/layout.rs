//! What a payroll file looks like, as data: a TOML file that a person can read and change.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{PayrollError, Period, text};

/// A day to try formats with.
const SOME_DAY: Date = Date::constant(2026, 12, 31);
/// Most decimal places of hours.
const MOST_PLACES: u8 = 4;

/// What a payroll file looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layout {
    /// One line for people.
    pub title: String,
    /// Where the form was looked up, and what could not be verified.
    pub source: String,
    /// Name of the file, with placeholders: `payroll_{from}_{to}.csv`.
    pub file: String,
    /// What a row is of, besides the employee; nothing: of the period.
    pub by: Vec<By>,
    /// What happens with a pay code that `codes` does not name.
    pub unmapped: Unmapped,
    /// Our codes that are left out; what they come to is told.
    pub drop: Vec<String>,
    /// Texts that columns and lines use by name: company codes, numbers of clients.
    pub values: BTreeMap<String, String>,
    /// The receiver's code of each of ours; several of ours may become one.
    pub codes: BTreeMap<String, String>,
    /// How minutes are written.
    pub hours: Hours,
    /// How the text file is written.
    pub text: TextForm,
    /// The columns, in order.
    pub columns: Vec<Column>,
}

/// What tells rows of an employee apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Each date its own.
    Day,
    /// Each of the receiver's codes its own.
    Code,
}

/// What happens with a pay code that has no mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmapped {
    /// There is no file, and the code is named.
    #[default]
    Error,
    /// It is left out, and told.
    Drop,
    /// It goes under its own name.
    Keep,
}

/// How minutes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hours {
    /// Decimal hours, `h:mm` or minutes.
    pub form: HoursForm,
    /// Decimal places of hours; 2 unless it is said.
    pub places: u8,
    /// How figures that do not come out even are rounded.
    pub rounding: Rounding,
    /// Nothing is written in place of 0 where columns hold the hours of codes.
    pub blank_zero: bool,
}

impl Default for Hours {
    fn default() -> Self {
        Self { form: HoursForm::Decimal, places: 2, rounding: Rounding::Nearest, blank_zero: false }
    }
}

/// The forms of a duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoursForm {
    /// `7.50`
    #[default]
    Decimal,
    /// `7:30`
    Clock,
    /// `450`
    Minutes,
}

/// How decimal hours are rounded, half away from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Each figure to its nearest. Rows may add up to something else than the minutes come to.
    #[default]
    Nearest,
    /// What rounding left of a row goes on to the next of the same employee and code, so that the rows add up to the rounded sum.
    Carry,
}

/// How the text file is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextForm {
    /// Between cells: one character.
    pub separator: String,
    /// When cells are in quotes.
    pub quote: Quote,
    /// `.` or `,`.
    pub decimal_mark: String,
    /// Dates, as `strftime` writes them.
    pub date: String,
    /// How characters become bytes.
    pub encoding: Encoding,
    /// How lines end.
    pub line_end: LineEnd,
    /// Whether the titles of the columns are written.
    pub header: bool,
    /// Whether each row ends with a separator.
    pub closing_separator: bool,
    /// Whether a cell that a spreadsheet would run is led by an apostrophe.
    pub guard_formulas: bool,
    /// Lines before the titles, with placeholders.
    pub before: Vec<String>,
    /// Lines after the rows, with placeholders; `{rows}` and `{total}` besides.
    pub after: Vec<String>,
}

impl Default for TextForm {
    fn default() -> Self {
        Self {
            separator: ",".to_owned(),
            quote: Quote::Needed,
            decimal_mark: ".".to_owned(),
            date: "%Y-%m-%d".to_owned(),
            encoding: Encoding::Utf8,
            line_end: LineEnd::Crlf,
            header: true,
            closing_separator: false,
            guard_formulas: true,
            before: Vec::new(),
            after: Vec::new(),
        }
    }
}

/// When cells are in quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quote {
    /// Where a separator, a quote or a line break is in it.
    #[default]
    Needed,
    /// Each cell of text, and each title.
    Always,
    /// Never, as the receiver knows none: a separator or line break in a cell becomes a blank.
    Never,
}

/// How characters become bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-8 with the mark that Excel looks for.
    #[serde(rename = "utf-8-bom")]
    Utf8Bom,
    /// Windows-1252: Western Europe.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// UTF-16, little-endian, with its mark.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// How lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// As on Windows.
    #[default]
    Crlf,
    /// As on Unix.
    Lf,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// What it holds.
    pub field: Field,
    /// For [`Field::Text`]: the text, with placeholders.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// For [`Field::Hours`]: the receiver's codes that it sums; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// For dates: another form than the file's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub format: String,
    /// For durations: another form than the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<HoursForm>,
}

/// What a column may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The same text in each row.
    #[default]
    Text,
    /// Employee code.
    Employee,
    /// Name as it is on the list.
    Name,
    /// What comes before the last word of the name, or after its comma.
    FirstName,
    /// The last word of the name, or what comes before its comma.
    LastName,
    /// `Doe, Ann`
    LastFirst,
    /// Code of the department.
    Department,
    /// Code of the site.
    Site,
    /// The date of the row.
    Date,
    /// First date of the period.
    From,
    /// Last date of the period.
    To,
    /// The locked date that the row corrects; empty for others.
    Corrects,
    /// The receiver's code of the row.
    Code,
    /// Minutes of the row.
    Hours,
    /// The receiver's code of hours that no other column takes: a row for each.
    OtherCode,
    /// Minutes of that code.
    OtherHours,
    /// Worked minutes.
    Worked,
    /// Paid minutes.
    Paid,
    /// Tardy minutes.
    Tardy,
    /// Left-early minutes.
    LeftEarly,
    /// Absent minutes.
    Absent,
    /// Number of the row, from 1.
    Row,
}

impl Field {
    /// All of them, in the order of a list to choose from.
    pub const ALL: [Self; 22] = [
        Self::Employee,
        Self::Name,
        Self::FirstName,
        Self::LastName,
        Self::LastFirst,
        Self::Department,
        Self::Site,
        Self::Date,
        Self::From,
        Self::To,
        Self::Corrects,
        Self::Code,
        Self::Hours,
        Self::OtherCode,
        Self::OtherHours,
        Self::Worked,
        Self::Paid,
        Self::Tardy,
        Self::LeftEarly,
        Self::Absent,
        Self::Row,
        Self::Text,
    ];

    /// The word for it in a layout.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Employee => "employee",
            Self::Name => "name",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::LastFirst => "last_first",
            Self::Department => "department",
            Self::Site => "site",
            Self::Date => "date",
            Self::From => "from",
            Self::To => "to",
            Self::Corrects => "corrects",
            Self::Code => "code",
            Self::Hours => "hours",
            Self::OtherCode => "other_code",
            Self::OtherHours => "other_hours",
            Self::Worked => "worked",
            Self::Paid => "paid",
            Self::Tardy => "tardy",
            Self::LeftEarly => "left_early",
            Self::Absent => "absent",
            Self::Row => "row",
        }
    }

    /// Whether it is a date.
    pub(crate) const fn is_date(self) -> bool {
        matches!(self, Self::Date | Self::From | Self::To | Self::Corrects)
    }

    /// Whether it is a duration.
    pub(crate) const fn is_duration(self) -> bool {
        matches!(self, Self::Hours | Self::OtherHours) || self.is_figure()
    }

    /// Whether it is a figure of a day, whatever its pay codes.
    pub(crate) const fn is_figure(self) -> bool {
        matches!(self, Self::Worked | Self::Paid | Self::Tardy | Self::LeftEarly | Self::Absent)
    }
}

impl Layout {
    /// Reads a layout from TOML.
    ///
    /// # Errors
    /// Of the text, with its line, or of the first thing in it that can't be.
    pub fn from_toml(text: &str) -> Result<Self, PayrollError> {
        let layout: Self = toml::from_str(text).map_err(|error| {
            PayrollError::new(
                format!("the layout does not read: {}", error.to_string().trim_end()),
                "see docs/payroll.md",
            )
        })?;
        layout.check()?;
        Ok(layout)
    }

    /// Writes it as TOML, which [`Layout::from_toml`] reads back.
    ///
    /// # Errors
    /// Of the writer.
    pub fn to_toml(&self) -> Result<String, PayrollError> {
        toml::to_string(self).map_err(|error| PayrollError::new(error.to_string(), "please report this"))
    }

    /// Whether rows are told apart by it.
    pub fn is_by(&self, by: By) -> bool {
        self.by.contains(&by)
    }

    /// With a value of another text.
    ///
    /// # Errors
    /// When the layout has no value of that name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), PayrollError> {
        let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        match self.values.get_mut(name) {
            Some(have) => value.clone_into(have),
            None => {
                return Err(PayrollError::new(format!("the layout has no value `{name}`"), format!("it has {known}")));
            }
        }
        Ok(())
    }

    /// Name of the file of a period.
    ///
    /// # Errors
    /// For a placeholder that is unknown or empty.
    pub fn file_name(&self, period: Period) -> Result<String, PayrollError> {
        let name = if self.file.is_empty() { "payroll_{from}_{to}.csv" } else { &self.file };
        let name = text::filled(name, &text::Told { layout: self, period, date: "%Y-%m-%d", counts: None })?;
        Ok(name.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect())
    }

    /// Looks for what can't be.
    ///
    /// # Errors
    /// Names the first, with its cure.
    pub fn check(&self) -> Result<(), PayrollError> {
        let wrong = |what: String, cure: &str| Err(PayrollError::new(what, cure));
        let form = &self.text;
        if self.columns.is_empty() {
            return wrong("the layout has no columns".to_owned(), "add one: [[columns]]");
        }
        if form.separator.chars().count() != 1 || form.separator.contains(['"', '\n', '\r']) {
            return wrong(format!("`{}` can't separate cells", form.separator), "use one character, like , or ;");
        }
        if !matches!(form.decimal_mark.as_str(), "." | ",") {
            return wrong(format!("`{}` is no decimal mark", form.decimal_mark), "use . or ,");
        }
        if form.quote == Quote::Never && form.decimal_mark == form.separator {
            return wrong("decimal mark and separator are the same, without quotes".to_owned(), "change one of them");
        }
        if self.hours.places > MOST_PLACES {
            return wrong(format!("{} decimal places are too many", self.hours.places), "use 0 to 4");
        }
        self.columns.iter().try_for_each(|column| self.check_column(column))?;
        let has = |field| self.columns.iter().any(|column| column.field == field);
        if has(Field::OtherCode) != has(Field::OtherHours) {
            return wrong("only one of other_code and other_hours is there".to_owned(), "they go together");
        }
        if self.is_by(By::Code) && !has(Field::Hours) {
            return wrong("rows are told apart by code, and no column holds hours".to_owned(), "add a column of hours");
        }
        let told = text::Told {
            layout: self,
            period: Period { from: SOME_DAY, to: SOME_DAY },
            date: &form.date,
            counts: Some((0, String::new())),
        };
        let texts = self.columns.iter().map(|column| &column.text);
        for text in texts.chain(&form.before).chain(&form.after) {
            text::check(text, &told)?;
        }
        self.file_name(Period { from: SOME_DAY, to: SOME_DAY }).map(drop).or_else(|error| {
            // An empty value is asked for when a file is made.
            if error.what.contains("is empty") { Ok(()) } else { Err(error) }
        })
    }

    fn check_column(&self, column: &Column) -> Result<(), PayrollError> {
        let Column { title, field, of, format, .. } = column;
        let wrong = |what: &str, cure: &str| Err(PayrollError::new(format!("column `{title}`: {what}"), cure));
        match field {
            Field::Date | Field::Corrects if !self.is_by(By::Day) => {
                return wrong("rows are not of a day, and have no date", "set by = [\"day\"], or use from and to");
            }
            Field::Code if !self.is_by(By::Code) => {
                return wrong("rows are not of a code", "set by = [\"code\"], or give each code a column of hours");
            }
            Field::OtherCode | Field::OtherHours if self.is_by(By::Code) => {
                return wrong("rows are of a code already", "use code and hours");
            }
            field if field.is_figure() && self.is_by(By::Code) => {
                return wrong("rows of a code have no figures of the day", "leave `code` out of `by`");
            }
            Field::Hours if self.is_by(By::Code) && !of.is_empty() => {
                return wrong("rows are of a code already", "leave `of` out");
            }
            _ => {}
        }
        let is_theirs = |code: &&String| self.codes.values().any(|theirs| theirs == *code);
        if let Some(code) = of.iter().find(|code| !is_theirs(code) && self.unmapped != Unmapped::Keep) {
            return wrong(&format!("no code of ours becomes `{code}`"), "add it to [codes]");
        }
        let format = if format.is_empty() { &self.text.date } else { format };
        if field.is_date() && jiff::fmt::strtime::format(format, SOME_DAY).is_err() {
            return wrong(&format!("`{format}` is no form of a date"), "write one like %Y-%m-%d");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Layout::from_toml(text).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_is_refused_and_named() {
        let column = "[[columns]]\ntitle = \"A\"\nfield = \"employee\"\n";
        assert!(refused("").contains("no columns"));
        assert!(refused(&format!("colour = 1\n{column}")).contains("colour"));
        assert!(refused(&format!("[text]\nseparator = \"ab\"\n{column}")).contains("`ab` can't separate"));
        assert!(refused(&format!("[text]\nquote = \"never\"\ndecimal_mark = \",\"\n{column}")).contains("the same"));
        assert!(refused(&format!("[hours]\nplaces = 5\n{column}")).contains("5 decimal places"));
        assert!(
            refused("[[columns]]\ntitle = \"D\"\nfield = \"date\"\n").contains("column `D`: rows are not of a day")
        );
        assert!(refused("[[columns]]\ntitle = \"H\"\nfield = \"hours\"\nof = [\"R\"]\n").contains("becomes `R`"));
        assert!(refused("by = [\"code\"]\n[[columns]]\ntitle = \"W\"\nfield = \"worked\"\n").contains("no figures"));
        assert!(refused("[[columns]]\ntitle = \"T\"\ntext = \"{what}\"\n").contains("`{what}`"));
        assert!(
            refused("by = [\"day\"]\n[[columns]]\ntitle = \"D\"\nfield = \"date\"\nformat = \"%Q!\"\n").contains("%Q!")
        );
    }

    #[test]
    fn a_layout_is_written_and_read_back() {
        for (name, _) in super::super::PRESETS {
            let layout = super::super::preset(name).unwrap();
            assert_eq!(Layout::from_toml(&layout.to_toml().unwrap()).unwrap(), layout, "{name}");
        }
    }
}
