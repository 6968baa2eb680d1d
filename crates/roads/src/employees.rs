//! Employee lists as CSV: `code`, `name`, `numbers` (user numbers, separated by blanks or semicolons), `from`, `to`, `zone`.
//! Only `code` is required. Comma, semicolon or tab separate; the header names the columns in any order.

use std::fmt;

/// One employee of a list. Dates and zone are text here; the hub checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Employee code.
    pub code: String,
    /// Name; empty when not given.
    pub name: String,
    /// User numbers.
    pub numbers: Vec<String>,
    /// First date of employment, ISO; empty when not given.
    pub from: String,
    /// Last date of employment, ISO; empty when not given.
    pub to: String,
    /// IANA zone; empty when not given.
    pub zone: String,
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

/// A file that is no employee list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no employee list: {0}")]
pub struct NotAList(String);

const COLUMNS: [&str; 6] = ["code", "name", "numbers", "from", "to", "zone"];

/// Reads a list. Rows come in file order.
///
/// # Errors
/// [`NotAList`] when the header is missing, or names a column that this list doesn't have.
pub fn read(file: &[u8]) -> Result<Vec<Result<Line, BadRow>>, NotAList> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let first = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let separator = *b";\t".iter().find(|byte| first.contains(byte)).unwrap_or(&b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).trim(csv::Trim::All).from_reader(file);
    let header = reader.headers().map_err(|error| NotAList(error.to_string()))?.clone();
    let names: Vec<String> = header.iter().map(str::to_lowercase).collect();
    if let Some(unknown) = names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(NotAList(format!("column `{unknown}` is not one of {}", COLUMNS.join(", "))));
    }
    if !names.iter().any(|name| name == "code") {
        return Err(NotAList(format!("its first line must name the columns: {}", COLUMNS.join(", "))));
    }
    Ok(reader.records().map(|record| line(&names, record)).collect())
}

fn line(names: &[String], record: csv::Result<csv::StringRecord>) -> Result<Line, BadRow> {
    let record = record.map_err(|error| BadRow {
        line: error.position().map_or(0, csv::Position::line),
        what: "it is not UTF-8 text; save the file as UTF-8".to_owned(),
    })?;
    let number = record.position().map_or(0, csv::Position::line);
    if record.len() != names.len() {
        let what = format!("it has {} columns, the header has {}", record.len(), names.len());
        return Err(BadRow { line: number, what });
    }
    let cell = |name: &str| {
        names.iter().position(|have| have == name).and_then(|place| record.get(place)).unwrap_or_default().to_owned()
    };
    let line = Line {
        line: number,
        code: cell("code"),
        name: cell("name"),
        numbers: cell("numbers").split([';', ' ', '|']).filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        from: cell("from"),
        to: cell("to"),
        zone: cell("zone"),
    };
    if line.code.is_empty() {
        return Err(BadRow { line: number, what: "it has no code".to_owned() });
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_in_any_order_and_a_bad_row_leaves_its_neighbours() {
        let rows = read(b"name;code;numbers\nAnn;7;12 0012\n;;\nBob;8;\n").unwrap();
        assert_eq!(rows.len(), 3);
        let ann = rows[0].as_ref().unwrap();
        assert_eq!((ann.code.as_str(), ann.numbers.len()), ("7", 2));
        assert_eq!(rows[1].as_ref().unwrap_err().to_string(), "line 3: it has no code");
        assert!(rows[2].is_ok());
    }

    #[test]
    fn an_unknown_column_is_named() {
        let error = read(b"code,salary\n7,9\n").unwrap_err().to_string();
        assert!(error.contains("`salary`"), "{error}");
    }
}
