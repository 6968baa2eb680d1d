//! A payroll file before it is taken out: its first rows as they will stand in it, and what a person should know of its dates.

use jiff::ToSpan as _;
use jiff::civil::Date;
use roads::payroll::Period;

use crate::payroll::PayrollAsk;
use crate::{Dates, Error, Hub};

/// The beginning of a payroll file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayPreview {
    /// Its name.
    pub name: String,
    /// The titles of its columns.
    pub titles: Vec<String>,
    /// Its first rows, each cell as the file says it.
    pub rows: Vec<Vec<String>>,
    /// How many rows there are in all.
    pub count: usize,
    /// Its first lines.
    pub text: String,
    /// Whether there are more lines.
    pub is_cut: bool,
    /// What a person should know of it before it is handed on.
    pub remarks: Vec<String>,
}

/// What is not final in some dates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayDoubts {
    /// Days that are not judged or incomplete: employee code and date.
    pub open: Vec<(String, Date)>,
    /// Weeks that are behind their facts.
    pub behind: u64,
}

impl Hub {
    /// The first rows of a payroll file, and as many lines. The whole file is made for it, so that what it can't be is found.
    ///
    /// # Errors
    /// As [`Hub::payroll_file`].
    pub fn preview_payroll(&self, ask: &PayrollAsk, most: usize) -> Result<PayPreview, Error> {
        let (layout, (from, to)) = (&ask.layout, ask.dates);
        let period = Period { from, to };
        let made = self.payroll_rows(ask)?;
        let text = layout.text.encoding.decode(&made.text(layout, period)?);
        let is_cut = text.lines().count() > most;
        Ok(PayPreview {
            name: layout.file_name(period)?,
            titles: layout.columns.iter().map(|column| column.title.clone()).collect(),
            rows: made
                .rows
                .iter()
                .take(most)
                .map(|row| row.iter().map(|cell| cell.written(layout)).collect())
                .collect(),
            count: made.rows.len(),
            text: text.lines().take(most).collect::<Vec<_>>().join("\n"),
            is_cut,
            remarks: made.remarks(),
        })
    }

    /// What is not final in some dates.
    ///
    /// # Errors
    /// [`Error::Invalid`] for dates that end before they start.
    pub fn pay_doubts(&self, dates: Dates) -> Result<PayDoubts, Error> {
        let open = self.open_days(dates)?;
        let (first, last) = dates;
        let behind = self.store.read(|read| read.marks_within(first.saturating_sub(6.days()), last))?;
        Ok(PayDoubts { open, behind })
    }
}
