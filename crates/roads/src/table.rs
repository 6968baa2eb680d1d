//! Tables as CSV: comma, semicolon or tab separate; the first line names the columns in any order.

use std::fmt;

use crate::sheet::plain;

/// A row with its line number.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    /// Line number in the file, from 1.
    pub(crate) line: u64,
    names: &'a [String],
    record: csv::StringRecord,
}

/// A row that can't be taken, and why. Its neighbours pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Line number in the file, from 1.
    pub line: u64,
    /// What is wrong, and what to do.
    pub what: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// A file that is no table of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no {kind}: {what}")]
pub struct NotATable {
    /// What was expected.
    pub kind: &'static str,
    /// What is wrong.
    pub what: String,
}

/// What a table of some kind looks like.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// Columns of which at least one must be there.
    pub(crate) needs: &'static [&'static str],
}

impl Row<'_> {
    /// The text of a column, as it was before an export made it harmless to a spreadsheet; empty when the table does not have it.
    pub(crate) fn cell(&self, name: &str) -> &str {
        let place = self.names.iter().position(|have| have == name);
        plain(place.and_then(|place| self.record.get(place)).unwrap_or_default())
    }

    /// The value of a column; `None` when it is empty.
    pub(crate) fn value<T: std::str::FromStr>(&self, name: &str, example: &str) -> Result<Option<T>, BadRow> {
        let text = self.cell(name);
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |_| self.bad(format!("`{text}` in column {name} can't be read; write {example}"));
        text.parse().map(Some).map_err(wrong)
    }

    /// The value of a column that must not be empty.
    pub(crate) fn needed<T: std::str::FromStr>(&self, name: &str, example: &str) -> Result<T, BadRow> {
        self.value(name, example)?.ok_or_else(|| self.bad(format!("column {name} is empty; write {example}")))
    }

    pub(crate) fn bad(&self, what: impl Into<String>) -> BadRow {
        BadRow { line: self.line, what: what.into() }
    }
}

/// Reads the rows of a table, in file order, each by `read`.
pub(crate) fn rows<T>(
    file: &[u8],
    kind: &Kind,
    mut read: impl FnMut(&Row<'_>) -> Result<T, BadRow>,
) -> Result<Vec<Result<T, BadRow>>, NotATable> {
    let not = |what: String| NotATable { kind: kind.name, what };
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let first = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let separator = *b";\t".iter().find(|byte| first.contains(byte)).unwrap_or(&b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).trim(csv::Trim::All).from_reader(file);
    let header = reader.headers().map_err(|error| not(error.to_string()))?.clone();
    let names: Vec<String> = header.iter().map(str::to_lowercase).collect();
    if let Some(unknown) = names.iter().find(|name| !kind.columns.contains(&name.as_str())) {
        return Err(not(format!("column `{unknown}` is not one of {}", kind.columns.join(", "))));
    }
    if !names.iter().any(|name| kind.needs.contains(&name.as_str())) {
        return Err(not(format!("its first line must name the columns: {}", kind.columns.join(", "))));
    }
    Ok(reader.records().map(|record| row(&names, record).and_then(|row| read(&row))).collect())
}

fn row(names: &[String], record: csv::Result<csv::StringRecord>) -> Result<Row<'_>, BadRow> {
    let record = record.map_err(|error| BadRow {
        line: error.position().map_or(0, csv::Position::line),
        what: "it is not UTF-8 text; save the file as UTF-8".to_owned(),
    })?;
    let line = record.position().map_or(0, csv::Position::line);
    if record.len() != names.len() {
        let what = format!("it has {} columns, the header has {}", record.len(), names.len());
        return Err(BadRow { line, what });
    }
    Ok(Row { line, names, record })
}
