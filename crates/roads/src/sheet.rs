//! Tables as CSV, as Excel workbooks and as JSON, safe to open in a spreadsheet.

use std::borrow::Cow;
use std::io::{self, Seek, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as CellFormat, Workbook, XlsxError};
use serde_json::Value;

/// Rows that a sheet of Excel holds, its titles included.
const MOST_ROWS: u32 = 1_048_576;

/// The forms of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated.
    #[default]
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// An array of objects.
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Xlsx, Self::Json];

    /// The word for it, which is also how its files end.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }

    /// The format of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// How it is called in a reply of HTTP.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
        }
    }
}

/// Writes a table row by row in one of the formats; memory does not grow with the rows. In columns whose name ends with `_minutes` or
/// `_days` whole numbers are numbers, in workbooks and in JSON; all else is text.
pub struct Table<W: Write>(Inner<W>);

enum Inner<W: Write> {
    Csv(Box<CsvTable<W>>),
    Xlsx(Box<XlsxTable<W>>),
    Json(JsonTable<W>),
}

impl<W: Write> Table<W> {
    /// Starts a table with its header.
    ///
    /// # Errors
    /// Of the output.
    pub fn new<S: AsRef<str>>(format: Format, out: W, header: impl IntoIterator<Item = S>) -> io::Result<Self> {
        let header: Vec<String> = header.into_iter().map(|title| title.as_ref().to_owned()).collect();
        let is_number = |title: &String| title.ends_with("_minutes") || title.ends_with("_days");
        let numbers = header.iter().map(is_number).collect();
        Self::with_numbers(format, out, header, numbers)
    }

    /// Starts a table that knows which of its columns hold numbers.
    ///
    /// # Errors
    /// Of the output.
    pub fn with_numbers(format: Format, out: W, header: Vec<String>, numbers: Vec<bool>) -> io::Result<Self> {
        Ok(Self(match format {
            Format::Csv => Inner::Csv(Box::new(CsvTable::new(out, header)?)),
            Format::Xlsx => Inner::Xlsx(Box::new(XlsxTable::new(out, &header, numbers)?)),
            Format::Json => Inner::Json(JsonTable { out, header, numbers, is_started: false }),
        }))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Of the output; of more rows than a workbook holds.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> io::Result<()> {
        match &mut self.0 {
            Inner::Csv(table) => table.row(cells),
            Inner::Xlsx(table) => table.row(cells),
            Inner::Json(table) => table.row(cells),
        }
    }

    /// Writes a row, with each cell whether it is a figure: no figure is changed.
    ///
    /// # Errors
    /// As [`Table::row`].
    pub fn row_with_figures<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = (S, bool)>) -> io::Result<()> {
        match &mut self.0 {
            Inner::Csv(table) => table.row_with_figures(cells),
            _ => self.row(cells.into_iter().map(|(cell, _)| cell)),
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Of the output.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Inner::Csv(table) => table.finish(),
            Inner::Xlsx(table) => table.finish(),
            Inner::Json(table) => table.finish(),
        }
    }
}

/// A workbook of one sheet. Its rows lie in a file for the time being, as a workbook is written at its end.
struct XlsxTable<W: Write> {
    out: W,
    book: Workbook,
    numbers: Vec<bool>,
    row: u32,
}

impl<W: Write> XlsxTable<W> {
    fn new(out: W, header: &[String], numbers: Vec<bool>) -> io::Result<Self> {
        let mut table = Self { out, book: Workbook::new(), numbers, row: 0 };
        let bold = CellFormat::new().set_bold();
        // The same rows give the same bytes, whenever they are written.
        let epoch = ExcelDateTime::from_ymd(2000, 1, 1).map_err(book_error)?;
        table.book.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
        let sheet = table.book.add_worksheet_with_constant_memory().map_err(book_error)?;
        for (column, title) in (0..).zip(header) {
            sheet.write_string_with_format(0, column, title, &bold).map_err(book_error)?;
        }
        sheet.set_freeze_panes(1, 0).map_err(book_error)?;
        table.row = 1;
        Ok(table)
    }

    fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> io::Result<()> {
        if self.row == MOST_ROWS {
            let why = "a sheet of Excel holds 1,048,575 rows, and these are more; narrow the range, or use csv";
            return Err(io::Error::other(why));
        }
        let sheet = self.book.worksheet_from_index(0).map_err(book_error)?;
        for (column, cell) in (0..).zip(cells) {
            let cell = cell.as_ref();
            let is_number = self.numbers.get(usize::from(column)).copied().unwrap_or_default();
            match cell.parse::<f64>() {
                Ok(number) if is_number && number.is_finite() => sheet.write_number(self.row, column, number),
                _ if cell.is_empty() => continue,
                // As a string, whatever it looks like: it is never run as a formula.
                _ => sheet.write_string(self.row, column, cell),
            }
            .map_err(book_error)?;
        }
        self.row += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let mut file = tempfile::tempfile()?;
        self.book.save_to_writer(&mut file).map_err(book_error)?;
        file.rewind()?;
        io::copy(&mut file, &mut self.out)?;
        self.out.flush()
    }
}

fn book_error(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(format!("the workbook can't be written: {other}")),
    }
}

/// An array of objects, one on a line.
struct JsonTable<W: Write> {
    out: W,
    header: Vec<String>,
    numbers: Vec<bool>,
    is_started: bool,
}

impl<W: Write> JsonTable<W> {
    fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> io::Result<()> {
        let start = if self.is_started { ",\n" } else { "[\n" };
        self.is_started = true;
        let value = |cell: &str, is_number: bool| match serde_json::from_str::<serde_json::Number>(cell) {
            Ok(number) if is_number => Value::Number(number),
            _ => Value::String(cell.to_owned()),
        };
        let titled = self.header.iter().zip(&self.numbers).zip(cells);
        let mut parts = Vec::with_capacity(self.header.len());
        for ((title, is_number), cell) in titled {
            parts.push(format!("{}: {}", Value::String(title.clone()), value(cell.as_ref(), *is_number)));
        }
        write!(self.out, "{start}{{{}}}", parts.join(", "))
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.write_all(if self.is_started { b"\n]\n" } else { b"[]\n" })?;
        self.out.flush()
    }
}

/// Writes a table as CSV (RFC 4180, LF line ends, UTF-8). A cell that a spreadsheet would take for a formula is led by an
/// apostrophe; plain numbers stay as they are.
#[derive(Debug)]
pub struct CsvTable<W: Write> {
    csv: csv::Writer<W>,
}

impl<W: Write> CsvTable<W> {
    /// Starts a table with its header.
    ///
    /// # Errors
    /// Of the output.
    pub fn new<S: AsRef<str>>(out: W, header: impl IntoIterator<Item = S>) -> io::Result<Self> {
        let mut table = Self { csv: csv::Writer::from_writer(out) };
        table.row(header)?;
        Ok(table)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Of the output.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> io::Result<()> {
        self.row_with_figures(cells.into_iter().map(|cell| (cell, false)))
    }

    /// Writes a row, with each cell whether it is a figure: a negative `h:mm` is no formula and no plain number.
    fn row_with_figures<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = (S, bool)>) -> io::Result<()> {
        for (cell, is_figure) in cells {
            let cell = cell.as_ref();
            let written = if is_figure { Cow::Borrowed(cell) } else { neutral(cell) };
            self.csv.write_field(written.as_ref()).map_err(output_error)?;
        }
        self.csv.write_record(None::<&[u8]>).map_err(output_error)
    }

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// Of the output.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// The error of the output itself, so that a closed pipe can be told from a full disk.
fn output_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The cell as a spreadsheet shows it, never runs it.
pub fn neutral(cell: &str) -> Cow<'_, str> {
    let is_formula =
        cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !cell.parse::<f64>().is_ok_and(f64::is_finite);
    if is_formula { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// A cell without the apostrophe of [`neutral`].
pub(crate) fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};

    use super::*;

    /// Cells that a spreadsheet would run.
    const FORMULAS: [&str; 8] =
        ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "=HYPERLINK(\"http://a\",\"b\")", "-inf"];

    fn written(format: Format) -> Vec<u8> {
        let mut out = Vec::new();
        let mut table = Table::new(format, &mut out, ["code", "name", "worked_minutes"]).unwrap();
        table.row(["007", "=cmd()|A0", "-15"]).unwrap();
        table.row(["8", "\u{c4}nn \"x\", <b>", ""]).unwrap();
        table.finish().unwrap();
        out
    }

    #[test]
    fn in_json_figures_are_numbers_and_codes_keep_their_zeros() {
        let read: Value = serde_json::from_slice(&written(Format::Json)).unwrap();
        assert_eq!(read[0], serde_json::json!({"code": "007", "name": "=cmd()|A0", "worked_minutes": -15}));
        assert_eq!(read[1]["name"], "\u{c4}nn \"x\", <b>");
        let mut out = Vec::new();
        Table::new(Format::Json, &mut out, ["a"]).unwrap().finish().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), serde_json::json!([]));
    }

    #[test]
    fn the_same_rows_give_the_same_workbook_to_the_byte() {
        let book = written(Format::Xlsx);
        assert!(book.starts_with(b"PK"), "a zip");
        assert_eq!(book, written(Format::Xlsx));
    }

    #[test]
    fn in_a_workbook_what_looks_like_a_formula_is_text_in_every_column() {
        let mut out = Vec::new();
        let mut table = Table::new(Format::Xlsx, &mut out, ["code", "=name", "worked_minutes"]).unwrap();
        for cell in FORMULAS {
            table.row(["007", cell, cell]).unwrap();
        }
        table.row(["7", "-15", "-15"]).unwrap();
        table.finish().unwrap();

        let mut book: Xlsx<_> = open_workbook_from_rs(io::Cursor::new(out)).unwrap();
        let name = book.sheet_names().remove(0);
        assert!(book.worksheet_formula(&name).unwrap().is_empty(), "nothing is a formula");
        let cells = book.worksheet_range(&name).unwrap();
        let text = |text: &str| Data::String(text.to_owned());
        let mut expected = vec![["code", "=name", "worked_minutes"].map(text).to_vec()];
        expected.extend(FORMULAS.map(|cell| ["007", cell, cell].map(text).to_vec()));
        expected.push(vec![text("7"), text("-15"), Data::Float(-15.0)]);
        assert_eq!(cells.rows().map(<[Data]>::to_vec).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn in_csv_what_looks_like_a_formula_is_led_by_an_apostrophe() {
        for cell in FORMULAS {
            assert_eq!(neutral(cell), format!("'{cell}"));
        }
        for cell in ["-15", "+1.5", "1e5", "Ann", "", "a=b"] {
            assert_eq!(neutral(cell), cell);
        }
    }

    #[test]
    fn a_name_that_is_a_formula_is_shown_and_not_run() {
        let mut out = Vec::new();
        let mut table = CsvTable::new(&mut out, ["code", "name", "balance"]).unwrap();
        table.row(["7", "=cmd()|A0", "-15"]).unwrap();
        table.row(["8", "Doe, Ann", ""]).unwrap();
        table.finish().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "code,name,balance\n7,'=cmd()|A0,-15\n8,\"Doe, Ann\",\n");
    }
}
