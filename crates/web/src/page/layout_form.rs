//! A layout of payroll files as the fields of a form, and back.

use std::collections::BTreeMap;

use hub::layouts::{
    By, Column, Encoding, Field, Hours, HoursForm, Layout, LineEnd, Quote, Rounding, TextForm, Unmapped,
};

use crate::failure::Failure;
use crate::page::Choice;
use crate::{forms, words};

/// Empty rows for more columns and codes.
const SPARE_ROWS: usize = 3;
/// Most rows of one form.
const MOST_ROWS: usize = 200;

/// The fields as they are printed.
pub(crate) struct LayoutForm {
    pub(crate) layout: Layout,
    pub(crate) values: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) codes: Vec<CodeRow>,
    pub(crate) columns: Vec<ColumnRow>,
    pub(crate) choices: Choices,
}

/// One of our codes, and what becomes of it.
pub(crate) struct CodeRow {
    pub(crate) ours: String,
    pub(crate) theirs: String,
    pub(crate) is_dropped: bool,
}

/// A column.
pub(crate) struct ColumnRow {
    pub(crate) place: usize,
    pub(crate) title: String,
    pub(crate) more: String,
    pub(crate) fields: Vec<Choice>,
    pub(crate) forms: Vec<Choice>,
}

/// The drop-down lists.
pub(crate) struct Choices {
    pub(crate) by: Vec<Choice>,
    pub(crate) unmapped: Vec<Choice>,
    pub(crate) hours: Vec<Choice>,
    pub(crate) rounding: Vec<Choice>,
    pub(crate) separator: Vec<Choice>,
    pub(crate) quote: Vec<Choice>,
    pub(crate) mark: Vec<Choice>,
    pub(crate) encoding: Vec<Choice>,
    pub(crate) line_end: Vec<Choice>,
}

/// Each word with what it stands for.
type Words<T> = &'static [(&'static str, &'static str, T)];

const BY: Words<&[By]> = &[
    ("", "Employee: one row for the period", &[]),
    ("code", "Employee and pay code", &[By::Code]),
    ("day", "Employee and date", &[By::Day]),
    ("day,code", "Employee, date and pay code", &[By::Day, By::Code]),
];
const UNMAPPED: Words<Unmapped> = &[
    ("error", "Refuse the file and name the code", Unmapped::Error),
    ("drop", "Leave it out, and tell", Unmapped::Drop),
    ("keep", "Write it under our name", Unmapped::Keep),
];
const HOURS: Words<HoursForm> = &[
    ("decimal", "Decimal: 7.50", HoursForm::Decimal),
    ("clock", "Hours and minutes: 7:30", HoursForm::Clock),
    ("minutes", "Minutes: 450", HoursForm::Minutes),
];
const ROUNDING: Words<Rounding> =
    &[("nearest", "Each figure by itself", Rounding::Nearest), ("carry", "So that rows add up", Rounding::Carry)];
const SEPARATOR: Words<&str> =
    &[(",", "Comma", ","), (";", "Semicolon", ";"), ("tab", "Tab", "\t"), ("|", "Bar |", "|")];
const QUOTE: Words<Quote> = &[
    ("needed", "Where they must be", Quote::Needed),
    ("always", "Around each text", Quote::Always),
    ("never", "Never", Quote::Never),
];
const MARK: Words<&str> = &[(".", "Point: 7.50", "."), (",", "Comma: 7,50", ",")];
const ENCODING: Words<Encoding> = &[
    ("utf-8", "UTF-8", Encoding::Utf8),
    ("utf-8-bom", "UTF-8 with a mark, for Excel", Encoding::Utf8Bom),
    ("windows-1252", "Windows-1252", Encoding::Windows1252),
    ("utf-16", "UTF-16", Encoding::Utf16),
];
const LINE_END: Words<LineEnd> =
    &[("crlf", "CR and LF, as on Windows", LineEnd::Crlf), ("lf", "LF, as on Unix", LineEnd::Lf)];

fn picks<T>(words: Words<T>, is_chosen: impl Fn(&T) -> bool) -> Vec<Choice> {
    words.iter().map(|(value, name, of)| Choice { value, name, is_chosen: is_chosen(of) }).collect()
}

/// What a word stands for.
fn of_word<T: Copy>(field: &str, words: Words<T>, word: &str) -> Result<T, Failure> {
    let known = || words.iter().map(|(word, ..)| *word).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
    words.iter().find(|(known, ..)| *known == word).map(|(.., value)| *value).ok_or_else(|| {
        Failure::invalid(format!("{field}: there is no choice {word}."), format!("Choose one of {}.", known()))
    })
}

impl LayoutForm {
    /// Of a layout; `codes` are ours that it may map.
    pub(crate) fn new(layout: Layout, codes: &[String]) -> Self {
        let others = layout.codes.keys().chain(&layout.drop).filter(|ours| !codes.contains(ours)).cloned();
        let mut ours: Vec<String> = codes.iter().cloned().chain(others).collect();
        ours.dedup();
        let code = |ours: String| CodeRow {
            theirs: layout.codes.get(&ours).cloned().unwrap_or_default(),
            is_dropped: layout.drop.contains(&ours),
            ours,
        };
        let spare = std::iter::repeat_n(String::new(), SPARE_ROWS);
        let rows = layout.columns.iter().map(Some).chain(std::iter::repeat_n(None, SPARE_ROWS)).enumerate();
        let (hours, text) = (&layout.hours, &layout.text);
        let mut separator = picks(SEPARATOR, |one| *one == text.separator);
        if !separator.iter().any(|one| one.is_chosen) {
            separator.push(Choice { value: "", name: "Another one: see the text below", is_chosen: true });
        }
        Self {
            values: lines_of(layout.values.iter().map(|(name, text)| format!("{name} = {text}"))),
            before: lines_of(text.before.iter().cloned()),
            after: lines_of(text.after.iter().cloned()),
            codes: ours.into_iter().chain(spare).map(code).collect(),
            columns: rows.map(|(place, column)| ColumnRow::new(place, column)).collect(),
            choices: Choices {
                by: picks(BY, |one| same(one, &layout.by)),
                unmapped: picks(UNMAPPED, |one| *one == layout.unmapped),
                hours: picks(HOURS, |one| *one == hours.form),
                rounding: picks(ROUNDING, |one| *one == hours.rounding),
                separator,
                quote: picks(QUOTE, |one| *one == text.quote),
                mark: picks(MARK, |one| *one == text.decimal_mark),
                encoding: picks(ENCODING, |one| *one == text.encoding),
                line_end: picks(LINE_END, |one| *one == text.line_end),
            },
            layout,
        }
    }
}

/// Whether rows are told apart by the same, in whatever order.
fn same(one: &[By], other: &[By]) -> bool {
    one.len() == other.len() && one.iter().all(|by| other.contains(by))
}

fn lines_of(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

impl ColumnRow {
    fn new(place: usize, column: Option<&Column>) -> Self {
        let chosen = column.map(|column| column.field);
        let field = |field: Field| Choice {
            value: field.word(),
            name: words::pay_field(field),
            is_chosen: Some(field) == chosen,
        };
        let form = column.and_then(|column| column.form);
        Self {
            place: place + 1,
            title: column.map(|column| column.title.clone()).unwrap_or_default(),
            more: column.map(more_of).unwrap_or_default(),
            fields: Field::ALL.map(field).into(),
            forms: picks(HOURS, |one| form == Some(*one)),
        }
    }
}

/// What stands in the field that means another thing for each kind of column.
fn more_of(column: &Column) -> String {
    match column.field {
        Field::Text => column.text.clone(),
        Field::Hours => column.of.join(", "),
        _ => column.format.clone(),
    }
}

/// The pairs of a form that was sent.
pub(crate) struct Sent(BTreeMap<String, String>);

impl Sent {
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// A field; empty when it was not sent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }

    /// As it was sent, but for its line ends.
    pub(crate) fn raw(&self, name: &str) -> String {
        self.0.get(name).map(|text| text.replace("\r\n", "\n")).unwrap_or_default()
    }

    fn is_ticked(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn lines(&self, name: &str) -> Vec<String> {
        self.raw(name).lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.text(name).split(',').filter_map(forms::filled).collect()
    }

    /// The layout that the fields say, as far as they can be read; and the first field that can't be, with its cure.
    pub(crate) fn layout(&self) -> (Layout, Option<Failure>) {
        let mut wrong = None;
        let (mut codes, mut drop) = (BTreeMap::new(), Vec::new());
        for row in 1..=MOST_ROWS {
            let Some(ours) = forms::filled(self.text(&format!("ours.{row}"))) else { continue };
            if self.is_ticked(&format!("dropped.{row}")) {
                drop.push(ours.clone());
            }
            if let Some(theirs) = forms::filled(self.text(&format!("theirs.{row}"))) {
                codes.insert(ours, theirs);
            }
        }
        let separator = match self.text("separator") {
            // A separator that no list has stays as it was.
            "" => self.0.get("separator_now").cloned().unwrap_or_default(),
            word => noted(&mut wrong, of_word("Separator", SEPARATOR, word)).to_owned(),
        };
        let places = self.text("places");
        let no_places = |_| Failure::invalid(format!("Decimal places: `{places}` is no number."), "Use 0 to 4.");
        let layout = Layout {
            title: self.text("title").to_owned(),
            source: self.text("source").to_owned(),
            file: self.text("file").to_owned(),
            by: noted(&mut wrong, of_word("A row for each", BY, self.text("by"))).to_vec(),
            unmapped: noted(&mut wrong, of_word("A pay code without a mapping", UNMAPPED, self.text("unmapped"))),
            drop,
            values: noted(&mut wrong, self.values()),
            codes,
            hours: Hours {
                form: noted(&mut wrong, of_word("Hours", HOURS, self.text("hours"))),
                places: noted(&mut wrong, places.parse().map_err(no_places)),
                rounding: noted(&mut wrong, of_word("Rounding", ROUNDING, self.text("rounding"))),
                blank_zero: self.is_ticked("blank_zero"),
            },
            text: TextForm {
                separator,
                quote: noted(&mut wrong, of_word("Quotes", QUOTE, self.text("quote"))),
                decimal_mark: noted(&mut wrong, of_word("Decimal mark", MARK, self.text("mark"))).to_owned(),
                date: self.text("date").to_owned(),
                encoding: noted(&mut wrong, of_word("Encoding", ENCODING, self.text("encoding"))),
                line_end: noted(&mut wrong, of_word("Line ends", LINE_END, self.text("line_end"))),
                header: self.is_ticked("header"),
                closing_separator: self.is_ticked("closing_separator"),
                guard_formulas: self.is_ticked("guard_formulas"),
                before: self.lines("before"),
                after: self.lines("after"),
            },
            columns: self.columns(&mut wrong),
        };
        (layout, wrong)
    }

    fn values(&self) -> Result<BTreeMap<String, String>, Failure> {
        let read = |line: String| match line.split_once('=') {
            Some((name, text)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), text.trim().to_owned())),
            _ => Err(Failure::invalid(format!("Values: `{line}` has no name."), "Write each as NAME = TEXT.")),
        };
        self.lines("values").into_iter().map(read).collect()
    }

    /// The columns, by the numbers that stand beside them.
    fn columns(&self, wrong: &mut Option<Failure>) -> Vec<Column> {
        let mut columns = Vec::new();
        for row in 1..=MOST_ROWS {
            let word = self.text(&format!("field.{row}"));
            if word.is_empty() {
                continue;
            }
            let column = format!("Column {row}");
            let field = Field::ALL.into_iter().find(|field| field.word() == word);
            let no_field =
                || Failure::invalid(format!("{column}: there is no value {word}."), "Choose one of the list.");
            let field = noted(wrong, field.ok_or_else(no_field));
            let place = self.text(&format!("place.{row}"));
            let no_place = |_| {
                let cure = "Write a number: columns come in their order.";
                Failure::invalid(format!("{column}: `{place}` is no place."), cure)
            };
            let place: u32 = noted(wrong, place.parse().map_err(no_place));
            let form = match self.text(&format!("form.{row}")) {
                "" => None,
                word => noted(wrong, of_word(&column, HOURS, word).map(Some)),
            };
            let more = self.text(&format!("more.{row}")).to_owned();
            let (mut text, mut of, mut format) = (String::new(), Vec::new(), String::new());
            match field {
                Field::Text => text = more,
                Field::Hours => of = self.list(&format!("more.{row}")),
                _ => format = more,
            }
            let title = self.text(&format!("heading.{row}")).to_owned();
            columns.push((place, Column { title, field, text, of, format, form }));
        }
        columns.sort_by_key(|(place, _)| *place);
        columns.into_iter().map(|(_, column)| column).collect()
    }
}

/// What was read, or what is usual; the first failure is kept.
fn noted<T: Default>(wrong: &mut Option<Failure>, read: Result<T, Failure>) -> T {
    read.unwrap_or_else(|failure| {
        wrong.get_or_insert(failure);
        T::default()
    })
}
