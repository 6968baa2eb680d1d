//! Tables as CSV, safe to open in a spreadsheet.

use std::borrow::Cow;
use std::io::{self, Write};

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
        for cell in cells {
            self.csv.write_field(neutral(cell.as_ref()).as_ref()).map_err(output_error)?;
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
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    if is_formula { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
