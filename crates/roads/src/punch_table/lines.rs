//! The records of a text: a line each, or several where a quoted cell has line breaks.
//!
//! Invariants:
//! * Quotes are those of RFC 4180, and read as the `csv` crate reads them where each of them is closed.
//! * A quote that is not closed costs the line in which it begins, and no other: it is taken for such a one if a line within its cell is a
//!   row by itself and has no quote, if the cell has more than [`MOST_LINES`] line breaks, or if the text ends in it.
//! * No more than these lines are held.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read};

use csv::{ByteRecord, StringRecord};

use super::{BadLine, Record};

/// Most line breaks within the cells of a record.
const MOST_LINES: usize = 100;
const OPEN: &str = "a quote begins in it and does not end; write it twice within quotes, or take it out";
const NOT_UTF8: &str = "it is not UTF-8 text; save the file as UTF-8, or say `encoding` in a mapping of your own";

/// Whether a line is a row of the table by itself.
pub(super) type IsRow<'r> = Box<dyn Fn(&StringRecord) -> bool + Send + 'r>;

/// A text on its way to records.
pub(super) struct Lines<'r, R> {
    from: BufReader<R>,
    separator: u8,
    has_quotes: bool,
    is_row: IsRow<'r>,
    /// Lines that were read to find the end of a quote.
    ahead: VecDeque<Vec<u8>>,
    /// Lines that are behind.
    behind: u64,
}

impl<'r, R: Read> Lines<'r, R> {
    pub(super) fn new(from: R, separator: u8, is_row: IsRow<'r>) -> Self {
        // What separates by tabs has no quotes.
        let has_quotes = separator != b'\t';
        Self { from: BufReader::new(from), separator, has_quotes, is_row, ahead: VecDeque::new(), behind: 0 }
    }

    /// The line that is read next, or in which reading failed.
    pub(super) const fn line(&self) -> u64 {
        self.behind + 1
    }

    /// The next record, without lines that are empty.
    ///
    /// # Errors
    /// Of the file.
    pub(super) fn next_record(&mut self) -> io::Result<Option<Record>> {
        while let Some(first) = self.read_line()? {
            if !first.is_empty() {
                let line = self.behind;
                return self.record(&first).map(|record| Some((line, record)));
            }
        }
        Ok(None)
    }

    /// A line without its end.
    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let line = match self.ahead.pop_front() {
            Some(line) => line,
            None => {
                let mut line = Vec::new();
                if self.from.read_until(b'\n', &mut line)? == 0 {
                    return Ok(None);
                }
                if line.ends_with(b"\n") {
                    line.pop();
                }
                line
            }
        };
        self.behind += 1;
        Ok(Some(line))
    }

    /// The record that begins with a line.
    fn record(&mut self, first: &[u8]) -> io::Result<Result<StringRecord, BadLine>> {
        let mut cells = self.cells();
        cells.take(first);
        let mut more = Vec::new();
        while cells.is_open() {
            let next = if more.len() < MOST_LINES { self.read_line()? } else { None };
            // One that has a quote may be the end of the cell.
            let is_row = |line: &Vec<u8>| {
                !line.contains(&b'"') && text(self.cells().all(line)).is_ok_and(|cells| (self.is_row)(&cells))
            };
            let is_over = next.as_ref().is_none_or(is_row);
            more.extend(next);
            if is_over {
                self.behind -= more.len() as u64;
                for line in more.into_iter().rev() {
                    self.ahead.push_front(line);
                }
                return Ok(Err(BadLine { why: OPEN.to_owned(), original: first.trim_ascii().to_vec() }));
            }
            if let Some(line) = more.last() {
                cells.take(b"\n");
                cells.take(line);
            }
        }
        Ok(text(cells.end()).map_err(|_| BadLine::told(NOT_UTF8)))
    }

    fn cells(&self) -> Cells {
        Cells {
            separator: self.separator,
            has_quotes: self.has_quotes,
            record: ByteRecord::new(),
            cell: Vec::new(),
            at: At::Begin,
        }
    }
}

/// Cells as text, without blanks around them.
fn text(cells: ByteRecord) -> Result<StringRecord, csv::FromUtf8Error> {
    StringRecord::from_byte_record(cells).map(|mut cells| {
        cells.trim();
        cells
    })
}

/// Where in a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    Plain,
    Quoted,
    /// Behind a quote that ends the cell, or is the first of two that stand for one.
    Quote,
}

/// A record that is taken apart, byte by byte.
struct Cells {
    separator: u8,
    has_quotes: bool,
    record: ByteRecord,
    cell: Vec<u8>,
    at: At,
}

impl Cells {
    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.at = match (self.at, byte) {
                (At::Quoted, b'"') => At::Quote,
                (At::Begin, b'"') if self.has_quotes => At::Quoted,
                (At::Quoted, _) | (At::Quote, b'"') => {
                    self.cell.push(byte);
                    At::Quoted
                }
                _ if byte == self.separator => {
                    self.end_cell();
                    At::Begin
                }
                _ => {
                    self.cell.push(byte);
                    At::Plain
                }
            };
        }
    }

    fn is_open(&self) -> bool {
        self.at == At::Quoted
    }

    fn end_cell(&mut self) {
        self.record.push_field(&self.cell);
        self.cell.clear();
    }

    fn end(mut self) -> ByteRecord {
        self.end_cell();
        self.record
    }

    fn all(mut self, line: &[u8]) -> ByteRecord {
        self.take(line);
        self.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8], separator: u8) -> Vec<Result<Vec<String>, BadLine>> {
        let mut lines = Lines::new(text, separator, Box::new(|_| false));
        let next = || lines.next_record().unwrap().map(|(_, record)| record);
        let cells = |record: StringRecord| record.iter().map(str::to_owned).collect();
        std::iter::from_fn(next).map(|record| record.map(cells)).collect()
    }

    proptest! {
        #[test]
        fn a_text_is_read_as_the_csv_crate_reads_it(
            text in proptest::collection::vec(prop_oneof!["[ab\" ,;]{0,6}", Just("\r".to_owned()), Just("\n".to_owned()),
                Just("\"\n\"".to_owned()), "\"[a,\n]{0,4}\",?"], 0..30),
            separator in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
        ) {
            let text = format!("{}\n", text.concat());
            let read = read(text.as_bytes(), separator);
            let mut builder = csv::ReaderBuilder::new();
            builder.has_headers(false).flexible(true).delimiter(separator).trim(csv::Trim::All);
            builder.terminator(csv::Terminator::Any(b'\n')).quoting(separator != b'\t');
            let theirs = builder.from_reader(text.as_bytes()).into_records();
            let theirs: Vec<Vec<String>> = theirs.map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            // Until a quote is not closed.
            let until = read.iter().position(Result::is_err).unwrap_or(read.len());
            let ours: Vec<Vec<String>> = read.into_iter().map_while(Result::ok).collect();
            prop_assert_eq!(&ours, &theirs[..until.min(theirs.len())]);
            prop_assert!(until == ours.len());
        }
    }

    #[test]
    fn a_line_break_in_a_quoted_cell_in_front_of_others_parts_no_row() {
        let all = "\"Gate\n1\",7,2025-03-03\n2,8,2025-03-03\n";
        let mut lines = Lines::new(all.as_bytes(), b',', Box::new(|cells: &StringRecord| cells.len() == 3));
        let mut next =
            || lines.next_record().unwrap().unwrap().1.map(|cells| cells.iter().collect::<Vec<_>>().join("|"));
        assert_eq!([next(), next()].map(Result::unwrap), ["Gate\n1|7|2025-03-03", "2|8|2025-03-03"]);
    }

    #[test]
    fn a_cell_of_very_many_lines_is_one_whose_quote_does_not_end() {
        let text = |lines: usize| format!("7,\"{}\",x\n8,y\n", "note\n".repeat(lines));
        let few = read(text(MOST_LINES).as_bytes(), b',');
        assert_eq!((few.len(), few.iter().all(Result::is_ok)), (2, true));
        let many = read(text(MOST_LINES + 1).as_bytes(), b',');
        // The line in which it begins, and that with the quote that ended it.
        let bad: Vec<_> = many.iter().enumerate().filter(|(_, line)| line.is_err()).map(|(place, _)| place).collect();
        assert_eq!(bad, [0, MOST_LINES + 1]);
        assert_eq!(many.last().unwrap().as_ref().unwrap(), &["8", "y"]);
    }
}
